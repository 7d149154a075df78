"""Figures of intervals: every difference, fold and mean where it belongs."""

import math

import pytest

from lesion import config
from lesion.report import intervals, plots
from lesion.report.intervals import FoldAreas


def test_differences_are_drawn_with_their_intervals_and_without_what_is_undefined():
    pairs = {"A − B": {"ROC-AUC": (0.1, (0.05, 0.16)), "accuracy": None}, "A − C": {"ROC-AUC": None, "accuracy": None}}
    axes = intervals.differences(pairs, "90 %").axes[0]
    marks = [float(line.get_xdata()[0]) for line in axes.lines if line.get_marker() == "o"]
    assert marks[0] == 0.1 and math.isnan(marks[1])
    bars = [segment for each in axes.collections for segment in each.get_segments() if len(segment)]
    (bar,) = [segment for segment in bars if not math.isnan(segment[0][0])]
    assert bar[:, 0].tolist() == pytest.approx([0.05, 0.16])
    assert axes.get_xlabel() == "Difference, first minus second, with 90 % interval"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["A\n− B", "A\n− C"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["ROC-AUC", "accuracy"]


def bars(axes):
    segments = [segment for each in axes.collections for segment in each.get_segments() if len(segment)]
    return [segment[:, 0].tolist() for segment in segments]


def test_every_fold_is_a_dot_on_the_line_of_its_partition_and_the_mean_has_its_interval():
    areas = FoldAreas([[0.8, 0.9], [0.7, None]], 0.8, [0.75, 0.84])
    axes = intervals.fold_areas({"mobilenet": areas}, "90 %").axes[0]
    dots = [line for line in axes.lines if line.get_markersize() < 5 and line.get_marker() == "o"]
    assert list(dots[0].get_xdata()) == [0.8, 0.9] and dots[1].get_xdata()[0] == 0.7
    assert math.isnan(dots[1].get_xdata()[1])
    assert dots[0].get_ydata()[0] != dots[1].get_ydata()[0]
    assert bars(axes) == [pytest.approx([0.75, 0.84])]
    assert axes.get_xlabel() == "ROC-AUC, with 90 % interval of the mean"


def test_folds_have_the_colour_of_their_network_and_baselines_are_muted():
    areas = FoldAreas([[0.8, 0.9]], 0.85, None)
    axes = intervals.fold_areas({"scratch": areas, "colour": areas, "patient": areas}, "95 %").axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "CNN from scratch", "Colour alone", "Age, sex and site",
    ]  # fmt: skip
    colours = [line.get_color() for line in axes.lines if line.get_marker() == "o" and line.get_markersize() < 5]
    assert colours == [config.NETWORKS["scratch"].colour, plots.MUTED, plots.MUTED]


def test_folds_take_their_colours_from_the_page():
    figure = intervals.fold_areas({"scratch": FoldAreas([[0.8, 0.9]], 0.85, [0.8, 0.9])}, "95 %")
    assert "var(--scratch, " in plots.svg(figure, "study") and config.title("scratch") in plots.svg(figure, "study")

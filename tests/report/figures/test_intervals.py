"""Figure of intervals: every fold and mean where it belongs."""

import math

import pytest

from lesion import config
from lesion.report.figures import intervals, plots
from lesion.report.figures.intervals import FoldAreas


def bars(axes):
    segments = [segment for each in axes.collections for segment in each.get_segments() if len(segment)]
    return [segment[:, 0].tolist() for segment in segments]


def test_every_fold_is_a_dot_on_the_line_of_its_partition_and_the_mean_has_its_interval():
    areas = FoldAreas([[0.8, 0.9], [0.7, None]], 0.8, [0.75, 0.84])
    axes = intervals.fold_areas({"mobilenet": areas}, "90%").axes[0]
    dots = [line for line in axes.lines if line.get_markersize() < 5 and line.get_marker() == "o"]
    assert list(dots[0].get_xdata()) == [0.8, 0.9] and dots[1].get_xdata()[0] == 0.7
    assert math.isnan(dots[1].get_xdata()[1])
    assert dots[0].get_ydata()[0] != dots[1].get_ydata()[0]
    assert bars(axes) == [pytest.approx([0.75, 0.84])]
    assert axes.get_xlabel() == "ROC-AUC, with 90% interval of the mean"


def test_folds_have_the_colour_of_their_network_and_baselines_are_muted():
    areas = FoldAreas([[0.8, 0.9]], 0.85, None)
    axes = intervals.fold_areas({"scratch": areas, "colour": areas, "patient": areas}, "95%").axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "CNN from scratch", "Colour alone", "Age, sex and site",
    ]  # fmt: skip
    colours = [line.get_color() for line in axes.lines if line.get_marker() == "o" and line.get_markersize() < 5]
    assert colours == [config.NETWORKS["scratch"].colour, plots.MUTED, plots.MUTED]


def test_folds_take_their_colours_from_the_page():
    figure = intervals.fold_areas({"scratch": FoldAreas([[0.8, 0.9]], 0.85, [0.8, 0.9])}, "95%")
    assert "var(--scratch, " in plots.svg(figure, "study") and config.title("scratch") in plots.svg(figure, "study")

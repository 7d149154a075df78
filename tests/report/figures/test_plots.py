"""Figures: what they show, and SVG that neither leaks into the page nor changes between runs."""

import math
import re
from xml.etree import ElementTree

import pytest
from matplotlib.legend import Legend

from lesion import config
from lesion.records.metrics import DecisionCurve
from lesion.report.figures import plots

CURVE = ([0.0, 0.25, 1.0], [0.0, 0.75, 1.0], 0.8125)


def curves(epochs, **changes):
    values = [1 / epoch for epoch in epochs]
    settings = {"model": "mobilenet", "measure": "loss", "phases": {"frozen": 1}, "best_epoch": 1}
    return plots.training_curves(epochs, values, values, **(settings | changes))


def texts(svg):
    return [element.text for element in ElementTree.fromstring(svg).iter("text")]


def test_every_model_has_its_own_colour_line_and_marker():
    for kind in ("title", "colour", "dark_colour", "line", "marker"):
        assert len({getattr(network, kind) for network in config.NETWORKS.values()}) == len(config.NETWORKS)


def test_roc_legend_names_each_model_with_its_area_and_says_where_it_is_undefined():
    figure = plots.roc_curves({"scratch": CURVE, "efficientnet": None}, {})
    labels = legends(figure)[0]
    assert labels == ["guessing, 0.500", "CNN from scratch, 0.812", "EfficientNetB0, undefined"]
    drawn = {line.get_label(): list(line.get_xdata()) for line in figure.axes[0].lines}
    assert drawn["CNN from scratch, 0.812"] == CURVE[0]
    assert drawn["EfficientNetB0, undefined"] == []


def legends(figure):
    """Return the labels of each legend."""
    children = figure.axes[0].get_children()
    return [[text.get_text() for text in one.get_texts()] for one in children if isinstance(one, Legend)]


def test_operating_points_are_marked_on_the_roc_figure_and_told_apart_by_how_they_are_filled():
    points = {"same score": {"scratch": (0.2, 0.9)}, "Youden": {"scratch": (0.1, 0.8)}, "95% sensitivity": {}}
    figure = plots.roc_curves({"scratch": CURVE}, points)
    marks = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 1]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in marks] == [(0.2, 0.9), (0.1, 0.8)]
    assert len({line.get_fillstyle() for line in marks}) == 2
    assert sorted(legends(figure), key=len)[1] == ["same score", "Youden", "95% sensitivity"]
    assert all(line.get_marker() in ("", "None") for line in figure.axes[0].lines if len(line.get_xdata()) > 1)


def test_colour_alone_is_a_thin_line_without_marks_on_the_roc_figure():
    axes = plots.roc_curves({"scratch": CURVE, "colour": CURVE}, {}).axes[0]
    line = next(line for line in axes.lines if line.get_label() == "Colour alone, 0.812")
    network = next(line for line in axes.lines if line.get_label() == "CNN from scratch, 0.812")
    assert line.get_color() == plots.MUTED and line.get_marker() == "None"
    assert line.get_linewidth() < network.get_linewidth()


def curve(benefit):
    return DecisionCurve(0.1, [0.01, 0.3], benefit, [0.07, None], [0.1, None], act_on_all=[0.09, -0.29])


def test_net_benefit_is_drawn_for_each_model_with_bands_for_the_networks_only():
    figure = plots.decision_curves({
        "scratch": curve([0.09, 0.05]), "together": curve([0.095, 0.06]), "colour": curve([0.08, 0.03]),
    })  # fmt: skip
    axes = figure.axes[0]
    drawn = {line.get_label(): list(line.get_ydata()) for line in axes.lines}
    assert drawn == {
        "CNN from scratch": [0.09, 0.05], "All networks together": [0.095, 0.06], "Colour alone": [0.08, 0.03],
        "Call all malignant": [0.09, -0.29], "Call none malignant": [0, 0],
    }  # fmt: skip
    looks = {line.get_label(): (line.get_color(), line.get_linestyle()) for line in axes.lines}
    assert looks["All networks together"] == (plots.INK, "--") and looks["Colour alone"] == (plots.MUTED, "-")
    assert len(axes.collections) == 1
    low, high = axes.get_ylim()
    assert -0.05 < low < 0 and high > 0.1  # what is far below 0 is cut off, what is above never
    assert not re.search(r"\bnan\b", plots.svg(figure, "decision"), re.IGNORECASE)


@pytest.mark.parametrize("count", [1, 2, 100])
def test_epoch_axis_has_whole_numbers_within_the_training(count):
    figure = curves(range(1, count + 1))
    low, high = figure.axes[0].get_xlim()
    ticks = [tick for tick in figure.axes[0].get_xticks() if low <= tick <= high]
    assert ticks and all(tick == int(tick) and 1 <= tick <= count for tick in ticks)


def test_best_epoch_is_ringed_on_the_validation_curve():
    figure = plots.training_curves([1, 2, 3], [3, 2, 1], [0.9, 0.4, 0.6], "scratch", "loss", {"whole": 1}, 2)
    ring = next(line for line in figure.axes[0].lines if line.get_label() == "best epoch")
    assert (list(ring.get_xdata()), list(ring.get_ydata())) == ([2], [0.4])


def test_fine_tuning_is_marked_between_its_first_epoch_and_the_one_before():
    axes = curves(range(1, 10), phases={"frozen": 1, "fine-tuning": 7}).axes[0]
    assert [text.get_text() for text in axes.texts] == ["fine-tuning →"]
    assert [6.5, 6.5] in [list(line.get_xdata()) for line in axes.lines]
    assert not curves(range(1, 10)).axes[0].texts  # one phase: nothing to mark


def test_undefined_values_leave_a_gap():
    figure = plots.training_curves([1, 2], [math.nan, 0.5], [math.nan, 0.6], "scratch", "auc", {"whole": 1}, 2)
    assert "nan" not in plots.svg(figure, "gap").lower()


def test_same_figure_and_name_give_the_same_bytes():
    assert plots.svg(curves(range(1, 9)), "loss") == plots.svg(curves(range(1, 9)), "loss")


def test_figures_share_no_id_and_refer_to_their_own():
    one, two = plots.svg(curves([1, 2]), "one"), plots.svg(curves([1, 2]), "two")
    ids = [re.findall(r' id="([^"]*)"', svg) for svg in (one, two)]
    assert ids[0] and not set(ids[0]) & set(ids[1])
    for svg, own in zip((one, two), ids, strict=True):
        assert len(own) == len(set(own))
        assert set(re.findall(r'(?:href="#|url\(#)([^")]*)', svg)) <= set(own)


def test_svg_has_no_style_sheet_prolog_or_address_and_takes_its_colours_from_the_page():
    svg = plots.svg(plots.roc_curves({"scratch": CURVE}, {}), "roc")
    assert svg.startswith("<svg viewBox=")
    for foreign in ("<style", "<?xml", "<!DOCTYPE", "http", "#000000", "#ffffff"):
        assert foreign not in svg
    assert set(re.findall(r"var\(--(\w+),", svg)) == {"ink", "muted", "rule", "scratch"}
    outside = re.sub(r"var\([^)]*\)", "", svg)
    assert not re.search(r"(?:fill|stroke): #", outside)

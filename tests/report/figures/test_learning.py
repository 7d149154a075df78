"""Figure of learning curves: every point and name where it belongs."""

from dataclasses import replace

import artefacts as fake
import numpy as np
import pytest

from lesion.report.figures import learning, plots


@pytest.fixture
def axes():
    curves = {name: fake.learning_curve(name) for name in ("mobilenet", "efficientnet", "colour")}
    return learning.learning_curves(curves, "90%").axes[0]


def test_points_are_at_their_number_of_images_and_intervals_beside_each_other(axes):
    curve = fake.learning_curve("efficientnet")  # in the middle: at the numbers themselves
    places = [line.get_xdata() for line in axes.lines]
    assert places[1] == pytest.approx([point.images for point in curve.points])
    assert list(axes.lines[1].get_ydata()) == [point.roc_auc.value for point in curve.points]
    assert (places[0] < places[1]).all() and (places[1] < places[2]).all()
    ends = [segment[:, 1].tolist() for segment in axes.collections[1].get_segments()]
    assert ends == [pytest.approx(point.roc_auc.interval) for point in curve.points]
    assert axes.get_ylabel() == "ROC-AUC, with 90% interval"
    assert [line.get_color() for line in axes.lines][2] == plots.MUTED


def test_the_axis_has_the_numbers_of_images_that_have_room(axes):
    assert [label.get_text() for label in axes.get_xticklabels()] == ["567", "283", "142"]
    curve = fake.learning_curve("mobilenet")
    near = replace(curve, points=[replace(curve.points[0], images=images) for images in (100, 950, 1000)])
    labels = learning.learning_curves({"mobilenet": near}, "95%").axes[0].get_xticklabels()
    assert [label.get_text() for label in labels] == ["1,000", "100"]  # 950 would touch 1,000


def test_names_of_curves_that_end_at_one_place_do_not_touch(axes):
    one = fake.learning_curve("mobilenet")
    axes = learning.learning_curves(dict.fromkeys(("scratch", "mobilenet", "efficientnet", "colour"), one), "95%").axes[
        0
    ]
    low, high = axes.get_ylim()
    heights = sorted((text.get_position()[1] - low) / (high - low) for text in axes.texts)
    assert np.diff(heights) == pytest.approx([0.08] * 3)  # of the height, a line of text
    middle = (one.points[-1].roc_auc.value - low) / (high - low)
    assert np.mean(heights) == pytest.approx(middle)


def test_curves_without_intervals_or_with_one_number_of_images_can_be_drawn():
    curve = fake.learning_curve("mobilenet")
    points = [replace(point, images=100, roc_auc=replace(point.roc_auc, interval=None)) for point in curve.points]
    axes = learning.learning_curves({"mobilenet": replace(curve, points=points)}, "95%").axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["100"]
    assert axes.get_xlim()[0] < 100 < axes.get_xlim()[1]

"""Reliability diagrams: what they show, before and after a temperature."""

from lesion.records.metrics import ReliabilityBin
from lesion.report.figures import reliability

BEFORE = [ReliabilityBin(0.1, 0.2, 40), ReliabilityBin(0.9, 0.7, 10)]
AFTER = [ReliabilityBin(0.2, 0.2, 30), ReliabilityBin(0.8, 0.7, 20)]


def points(figure):
    """Return {label: [(mean score, share that is malignant)]}."""
    return {dots.get_label(): dots.get_offsets().tolist() for dots in figure.axes[0].collections}


def test_points_are_drawn_as_scored_and_with_the_temperature_where_one_was_fitted():
    as_scored = [[0.1, 0.2], [0.9, 0.7]]
    figure = reliability.reliability(BEFORE, AFTER, "scratch")
    assert points(figure) == {"as scored": as_scored, "with temperature": [[0.2, 0.2], [0.8, 0.7]]}
    assert points(reliability.reliability(BEFORE, None, "scratch")) == {"as scored": as_scored}


def test_strip_and_sizes_of_the_points_show_how_many_images_each_point_stands_for():
    figure = reliability.reliability(BEFORE, AFTER, "scratch")
    stems = [[segment[1].tolist() for segment in lines.get_segments()] for lines in figure.axes[1].collections]
    assert stems == [[[0.1, 40], [0.9, 10]], [[0.2, 30], [0.8, 20]]]
    sizes = [size for dots in figure.axes[0].collections for size in dots.get_sizes()]
    assert sorted(sizes) == [sizes[1], sizes[3], sizes[2], sizes[0]]

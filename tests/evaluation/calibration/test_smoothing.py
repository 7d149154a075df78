import numpy as np
import pytest

from lesion.evaluation.calibration import smoothing


def test_a_straight_line_is_kept_whatever_the_weights():
    x = np.sort(np.random.default_rng(0).random(60))
    weights = np.random.default_rng(1).integers(1, 4, (3, 60)).astype(float)
    smoothed = smoothing.smooth(smoothing.prepare(x), 0.2 + 0.5 * x, weights)
    assert smoothed == pytest.approx(np.tile(0.2 + 0.5 * x, (3, 1)))


def test_a_point_equals_the_weighted_line_through_its_neighbours():
    random = np.random.default_rng(2)
    x = np.sort(random.random(40))
    labels = (random.random(40) < x).astype(int)
    smoothed = smoothing.smooth(smoothing.prepare(x), labels, np.ones((1, 40)))[0]
    distance = np.abs(x - x[0])  # the lowest row is a point of the grid
    width = np.sort(distance)[29]  # 75 % of 40 rows are near
    tricube = np.clip(1 - (distance / width) ** 3, 0, 1) ** 3
    _, start = np.polyfit(x - x[0], labels, 1, w=np.sqrt(tricube))
    assert smoothed[0] == pytest.approx(np.clip(start, 0, 1))


def test_weights_are_copies_of_rows():
    random = np.random.default_rng(3)
    x = np.concatenate([[0, 1], random.random(58)])
    labels = random.integers(0, 2, 60)
    smoother = smoothing.prepare(x)
    times = random.integers(0, 3, 60).astype(float)
    (weighted,) = smoothing.smooth(smoother, labels, times[np.newaxis])
    shares = [labels * times, times]  # the same as sums over copies: linear in weights and in labels × weights
    assert weighted == pytest.approx(smoothing.smooth(smoother, shares[0] / np.maximum(times, 1), times[np.newaxis])[0])
    both = smoothing.smooth(smoother, np.stack([labels, 1 - labels]), np.ones((1, 60)))
    inside = (both[0] > 0.01) & (both[0] < 0.99)
    assert both.sum(axis=0)[inside] == pytest.approx(1)


def test_equal_probabilities_give_the_share_of_malignant_rows():
    labels = np.array([0, 0, 0, 1])
    smoothed = smoothing.smooth(smoothing.prepare(np.full(4, 0.3)), labels, np.ones((1, 4)))
    assert smoothed == pytest.approx(np.full((1, 4), 0.25))
    mostly = smoothing.smooth(
        smoothing.prepare(np.array([0.3] * 9 + [0.8])), np.array([0] * 6 + [1] * 4), np.ones((1, 10))
    )
    assert mostly[0, 0] == pytest.approx(1 / 3) and np.isfinite(mostly).all()

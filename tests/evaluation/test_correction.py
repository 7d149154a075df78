"""Several comparisons at once."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from lesion import config
from lesion.evaluation import correction


def test_holm_worked_by_hand():
    assert correction.holm([0.03, 0.01, 0.04]) == pytest.approx([0.06, 0.03, 0.06])
    assert correction.holm([0.5, None, 0.02]) == [0.5, None, pytest.approx(0.04)]
    assert correction.holm([0.9, 0.8]) == [1.0, 1.0]


@pytest.mark.parametrize(
    ("values", "levels"),
    [
        ([0.001, 0.02, 0.04], [0.05 / 3, 0.05 / 2, 0.05]),  # all three are supported
        ([0.03, 0.01, 0.04], [0.05 / 2, 0.05 / 3, 0.05 / 2]),  # 0.03 is not below 0.025: the method stops there
        ([0.9, 0.02], [0.05, 0.05 / 2]),  # 0.9 stands alone once 0.02 is supported
        ([0.5, 0.3, 0.2], [0.05 / 3] * 3),  # it stops at once
        ([0.001, 0.001], [0.05 / 2] * 2),  # equal ones are treated alike
        ([None, 0.2], [None, 0.05]),
        ([], []),
    ],
)
def test_each_interval_is_at_the_level_at_which_holm_left_its_test(values, levels):
    expected = [None if level is None else pytest.approx(1 - level) for level in levels]
    assert correction.confidences(values) == expected


def test_an_adjusted_interval_is_never_narrower_than_the_plain_one(monkeypatch):
    monkeypatch.setattr(config, "STATISTICS", replace(config.STATISTICS, significant=0.2))
    assert correction.confidences([0.1, 0.15]) == [0.95, 0.95]


def test_an_interval_whose_test_does_not_agree_is_stretched_to_0():
    assert correction.adjusted([0.01, 0.2], 0.05) == [0.0, 0.2]
    assert correction.adjusted([-0.2, -0.01], 0.4) == [-0.2, 0.0]
    assert correction.adjusted([-0.1, 0.2], 0.4) == [-0.1, 0.2]
    assert correction.adjusted([0.01, 0.2], 0.049) == [0.01, 0.2]
    assert correction.adjusted(None, 0.01) is None and correction.adjusted([0.1, 0.2], None) is None


def test_0_is_left_out_only_strictly():
    assert [correction.leaves_out_0(bounds) for bounds in ([0.0, 1.0], [-1.0, 0.0], [-1, 1], None)] == [False] * 4
    assert correction.leaves_out_0([0.001, 1.0]) and correction.leaves_out_0([-1.0, -0.001])


def test_intervals_of_a_normal_test_say_what_its_corrected_p_says():
    random = np.random.default_rng(0)
    supported = 0
    for _ in range(1000):
        differences = random.normal(scale=2.5, size=random.integers(1, 9))  # in standard errors
        values = (2 * norm.sf(np.abs(differences))).tolist()
        for difference, p, confidence in zip(
            differences, correction.holm(values), correction.confidences(values), strict=True
        ):
            reach = norm.ppf((1 + confidence) / 2)
            low, high = difference - reach, difference + reach
            assert (low > 0 or high < 0) == (p < 0.05)  # without any stretching
            assert correction.adjusted([low, high], p) == [low, high]
            supported += p < 0.05
    assert 500 < supported < 4000

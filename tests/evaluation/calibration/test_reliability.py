from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit
from sklearn.calibration import calibration_curve

from lesion import config, store
from lesion.evaluation.calibration import reliability
from lesion.records.metrics import Estimate, Reliability, ReliabilityBin


def draw(seed, rows=1000, factor=1.0, images=1):
    """Return labels, probabilities whose logits are `factor` times too large, and groups of `images` alike."""
    random = np.random.default_rng(seed)
    logits = np.repeat(random.normal(0, 1.5, rows // images), images)
    labels = np.repeat(random.random(rows // images), images) < expit(logits)
    return labels.astype(int), expit(factor * logits), np.repeat(np.arange(rows // images), images)


def test_brier_and_calibration_error_worked_by_hand():
    labels, probabilities = np.array([0, 1, 0, 1, 1]), np.array([0.04, 0.06, 0.62, 0.68, 0.68])
    measured = reliability.measure(labels, probabilities, np.arange(5))
    # Two bins: (0.04 + 0.06) / 2 said, 1 of 2 came true; 0.66 said, 2 of 3 came true.
    assert measured.curve == [
        ReliabilityBin(predicted=pytest.approx(0.05), observed=pytest.approx(0.5), rows=2),
        ReliabilityBin(predicted=pytest.approx(0.66), observed=pytest.approx(2 / 3), rows=3),
    ]
    assert measured.expected_calibration_error == pytest.approx((2 * 0.45 + 3 * (2 / 3 - 0.66)) / 5)
    assert measured.brier == pytest.approx((0.04**2 + 0.94**2 + 0.62**2 + 2 * 0.32**2) / 5)


def test_curve_equals_that_of_scikit_learn():
    labels, probabilities, _ = draw(0, rows=500, factor=2.5)
    probabilities[:4] = 0.0, 1.0, 0.1, 0.5  # the ends, and two edges of bins
    observed, predicted = calibration_curve(labels, probabilities, n_bins=10)
    curve = reliability.reliability_curve(labels, probabilities)
    assert [bin.observed for bin in curve] == pytest.approx(observed)
    assert [bin.predicted for bin in curve] == pytest.approx(predicted)
    assert sum(bin.rows for bin in curve) == 500


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.5])
def test_intercept_and_slope_say_how_far_the_logits_are_off(factor):
    measured = reliability.measure(*draw(1, rows=3000, factor=factor))
    assert measured.slope.interval[0] < 1 / factor < measured.slope.interval[1]
    assert measured.slope.value == pytest.approx(1 / factor, rel=0.15)
    assert measured.intercept.interval[0] < 0 < measured.intercept.interval[1]
    labels, probabilities, groups = draw(2, rows=3000)
    low = reliability.measure(labels, expit(np.log(probabilities / (1 - probabilities)) - 1), groups).intercept
    assert low.value == pytest.approx(1, abs=0.15) and low.interval[0] > 0.8  # all logits are 1 too low


def test_the_calibration_index_is_the_mean_distance_from_the_truth():
    labels, probabilities, groups = draw(3, rows=5000, factor=2.0)
    truth = expit(np.log(probabilities / (1 - probabilities)) / 2)
    index = reliability.measure(labels, probabilities, groups).ici
    assert index.value == pytest.approx(np.abs(truth - probabilities).mean(), abs=0.015)
    assert index.interval[0] < index.value < index.interval[1]


def test_a_calibrated_model_is_at_the_floor_and_an_overconfident_one_is_not():
    errors = [reliability.measure(*draw(seed, rows=345)) for seed in range(30)]
    means = [np.mean([error.expected_calibration_error for error in errors]), np.mean([e.ici.value for e in errors])]
    floors = [np.mean([error.error_floor.mean for error in errors]), np.mean([e.ici_floor.mean for e in errors])]
    assert means == pytest.approx(floors, rel=0.15)
    assert 0.03 < floors[0] < 0.07  # far from 0: below 0.03 cannot be asked of so few rows
    assert all(error.error_floor.mean < error.error_floor.high for error in errors)
    assert sum(error.expected_calibration_error > error.error_floor.high for error in errors) <= 6  # 2 are expected
    wrong = reliability.measure(*draw(0, rows=345, factor=4))
    assert wrong.expected_calibration_error > wrong.error_floor.high and wrong.ici.value > wrong.ici_floor.high


def test_images_of_one_lesion_raise_the_floor_and_widen_the_intervals():
    labels, probabilities, groups = draw(4, rows=600, images=6)
    by_lesion, by_row = (reliability.measure(labels, probabilities, g) for g in (groups, np.arange(600)))
    assert by_lesion.error_floor.mean > 1.5 * by_row.error_floor.mean
    assert np.ptp(by_lesion.slope.interval) > 1.5 * np.ptp(by_row.slope.interval)


def test_undefined_figures_are_none_and_the_result_is_json(tmp_path):
    nothing = Estimate(None, None)
    one_class = reliability.measure(np.zeros(20, int), np.linspace(0.1, 0.6, 20), np.arange(20))
    assert (one_class.intercept, one_class.slope, one_class.ici) == (nothing,) * 3
    constant = reliability.measure(np.arange(40) % 2, np.full(40, 0.5), np.arange(40))
    assert constant.slope == nothing and constant.intercept.value == pytest.approx(0, abs=1e-9)
    perfect = reliability.measure(np.arange(40) // 20, np.linspace(0.01, 0.99, 40), np.arange(40))
    assert perfect.slope == nothing
    few = reliability.measure(np.array([0, 1, 0, 1, 0, 1]), np.array([0.2, 0.1, 0.3, 0.6, 0.7, 0.8]), np.arange(6))
    assert few.slope.value is not None and few.slope.interval is None
    extreme = reliability.measure(np.arange(40) % 2, np.repeat([0.0, 1.0, 0.4, 0.6], 10), np.arange(40))
    for measured in (one_class, constant, perfect, few, extreme):
        store.write_record(tmp_path / "reliability.json", measured)
        assert store.read_record(tmp_path / "reliability.json", Reliability, "test") == measured


def test_intervals_cover_the_true_slope(monkeypatch):
    monkeypatch.setattr(config, "STATISTICS", replace(config.STATISTICS, calibration_replicates=100, floor_draws=2))
    covered = 0
    for seed in range(100):
        low, high = reliability.measure(*draw(seed, rows=400, factor=2.0, images=2)).slope.interval
        covered += low <= 0.5 <= high
    assert covered >= 89

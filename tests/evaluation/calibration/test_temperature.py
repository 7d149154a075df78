import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from lesion import store
from lesion.evaluation.calibration import temperature
from lesion.records.metrics import Calibration


def overconfident(seed, rows=4000, temperature=2.5):
    """Return labels that come true by expit(logit), and probabilities from logits that are too large."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 1.5, rows)
    return (random.random(rows) < expit(logits)).astype(int), expit(logits * temperature)


@pytest.mark.parametrize("true", [0.5, 1.0, 2.5])
def test_temperature_is_found_and_keeps_the_ranking(true, tmp_path):
    validation, test = overconfident(1, temperature=true), overconfident(2, temperature=true)
    calibrated = temperature.before_and_after(validation, test, np.arange(4000))
    assert calibrated.temperature == pytest.approx(true, rel=0.1)
    assert calibrated.not_fitted is None
    after = temperature.apply(temperature.fit_temperature(*validation), test[1])
    assert roc_auc_score(test[0], after) == roc_auc_score(*test)
    assert np.array_equal(after >= 0.5, test[1] >= 0.5)
    if true > 1:
        assert calibrated.after.expected_calibration_error < 0.3 * calibrated.before.expected_calibration_error
        assert calibrated.after.brier < calibrated.before.brier
    store.write_record(tmp_path / "temperature.json", calibrated)
    assert store.read_record(tmp_path / "temperature.json", Calibration, "test") == calibrated


def test_temperature_worked_by_hand():
    # Three of four right at logits of ±2 ln 3: the loss is least where they say 3/4, a logit of ln 3, so T = 2.
    labels, probabilities = np.array([1, 1, 1, 0, 0, 0, 0, 1]), np.array([0.9] * 4 + [0.1] * 4)
    fitted = temperature.fit_temperature(labels, probabilities)
    assert fitted.value == pytest.approx(2, rel=1e-3)
    assert temperature.apply(fitted, probabilities)[0] == pytest.approx(0.75, rel=1e-3)


def test_probabilities_of_0_and_1_are_finite_and_stay_the_extremes():
    labels, probabilities = np.array([0, 0, 1, 1, 0, 1]), np.array([0.0, 1e-8, 1 - 1e-8, 1.0, 1.0, 0.3])
    fitted = temperature.fit_temperature(labels, probabilities)
    after = temperature.apply(fitted, probabilities)
    assert fitted.value > 1 and np.isfinite(after).all()
    assert after[0] < after[1] < after[5] < after[2] < after[3]


@pytest.mark.parametrize(
    ("labels", "probabilities", "reason"),
    [
        ([0, 0, 0, 0], [0.1, 0.2, 0.3, 0.4], "only one class"),
        ([0, 1, 0, 1], [0.3, 0.3, 0.3, 0.3], "constant"),
        ([0, 0, 1, 1], [0.1, 0.2, 0.7, 0.8], "right side of 0.5"),
        ([0, 0, 1, 1], [0.9, 0.8, 0.2, 0.3], "wrong way"),
        ([0, 0, 0, 1] * 5 + [1, 1, 1, 0] * 5, [0.4999] * 20 + [0.5001] * 20, "near 0.5"),
    ],
)
def test_if_no_temperature_is_best_it_stays_1_with_the_reason(labels, probabilities, reason):
    data = np.array(labels), np.array(probabilities)
    calibrated = temperature.before_and_after(data, data, np.arange(len(labels)))
    assert calibrated.temperature == 1 and reason in calibrated.not_fitted
    assert calibrated.after == calibrated.before

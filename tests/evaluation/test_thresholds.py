import numpy as np
import pytest

from lesion import store
from lesion.errors import LesionError
from lesion.evaluation import thresholds
from lesion.records.metrics import OperatingPoint, PredictiveValues

# From the lowest probability up: b b m b b m m b m m, 0.05 to 0.95. 5 malignant, 5 benign.
LABELS = np.array([0, 0, 1, 0, 0, 1, 1, 0, 1, 1])
PROBABILITIES = np.arange(10) / 10 + 0.05


def test_thresholds_worked_by_hand():
    chosen = thresholds.choose(LABELS, PROBABILITIES)
    # From 0.55 on: 4 of 5 malignant found, 4 of 5 benign passed, J = 0.6; no other threshold has more.
    assert chosen == {"youden": pytest.approx(0.55), "sensitive": pytest.approx(0.25)}


def test_the_sensitive_threshold_is_the_highest_that_reaches_95_percent():
    probabilities = np.concatenate([np.arange(1, 21) / 100 + 0.5, np.full(5, 0.1)])
    labels = np.repeat([1, 0], [20, 5])
    assert thresholds.choose(labels, probabilities)["sensitive"] == pytest.approx(0.52)  # 19 of 20 are exactly 95 %


def test_of_equally_good_thresholds_the_lowest_is_taken():
    # b m b m: J is 1/2 from 0.2 on (all malignant, half the benign) and from 0.4 on (half and all).
    assert thresholds.choose(np.array([0, 1, 0, 1]), np.array([0.1, 0.2, 0.3, 0.4]))["youden"] == pytest.approx(0.2)


def test_thresholds_that_no_value_qualifies_for():
    equal = thresholds.choose(np.array([0, 1, 0, 1]), np.full(4, 0.3))
    assert equal == {"youden": None, "sensitive": pytest.approx(0.3)}  # that one calls all malignant
    reversed_ = thresholds.choose(np.array([1, 1, 0, 0]), np.array([0.1, 0.2, 0.3, 0.4]))
    assert reversed_["youden"] is None
    assert thresholds.choose(np.zeros(3, int), np.array([0.1, 0.2, 0.3])) == {"youden": None, "sensitive": None}
    assert thresholds.choose(np.ones(3, int), np.array([0.1, 0.2, 0.3]))["youden"] is None
    with pytest.raises(LesionError, match="no probability"):
        thresholds.choose(np.array([0, 1]), np.array([0.5, np.nan]))


def test_figures_at_a_frozen_threshold():
    point = thresholds.measure(LABELS, PROBABILITIES, 0.55)
    assert point.threshold == 0.55
    assert point.confusion == [[4, 1], [1, 4]]
    for name in ("accuracy", "sensitivity", "specificity", "balanced_accuracy"):
        assert getattr(point, name) == pytest.approx(0.8)
    assert point.mcc == pytest.approx((4 * 4 - 1 * 1) / 25)
    assert [values.prevalence for values in point.prevalences] == [0.02, 0.10, 0.50]


def test_predictive_values_worked_by_hand():
    # Of 10,000 people 200 have it: 180 found, 20 missed. Of 9,800 without it 7,840 pass, 1,960 are false alarms.
    screened = thresholds.predictive_values(0.9, 0.8, 0.02)
    assert (screened.ppv, screened.npv) == pytest.approx((180 / 2140, 7840 / 7860))
    assert thresholds.predictive_values(0.9, 0.8, 0.5).ppv == pytest.approx(9 / 11)
    assert thresholds.predictive_values(0.0, 1.0, 0.1) == PredictiveValues(0.1, None, pytest.approx(0.9))
    assert thresholds.predictive_values(None, 1.0, 0.1) == PredictiveValues(0.1, None, None)


def test_undefined_figures_are_none_and_the_result_is_json(tmp_path):
    nothing = thresholds.measure(LABELS, PROBABILITIES, 0.99)
    assert (nothing.mcc, nothing.sensitivity, nothing.prevalences[0].ppv) == (None, 0.0, None)
    one_class = thresholds.measure(np.zeros(3, int), np.array([0.1, 0.6, 0.2]), 0.5)
    assert (one_class.sensitivity, one_class.balanced_accuracy, one_class.mcc) == (None, None, None)
    for point in (nothing, one_class):
        store.write_record(tmp_path / "point.json", point)
        assert store.read_record(tmp_path / "point.json", OperatingPoint, "test") == point

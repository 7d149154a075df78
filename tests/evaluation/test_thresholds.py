import numpy as np
import pytest
from scipy.special import logit

from lesion import store
from lesion.errors import LesionError
from lesion.evaluation import intervals, thresholds
from lesion.records.metrics import OperatingPoint

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
    point = thresholds.measure(LABELS, PROBABILITIES, 0.55, np.arange(10))
    assert point.threshold == 0.55
    assert point.confusion == [[4, 1], [1, 4]]
    for name in ("accuracy", "sensitivity", "specificity", "balanced_accuracy"):
        assert getattr(point, name) == pytest.approx(0.8)
    assert point.mcc == pytest.approx((4 * 4 - 1 * 1) / 25)
    assert [values.prevalence for values in point.prevalences] == [0.02, 0.10, 0.50]


def test_predictive_values_worked_by_hand():
    # Of 10,000 people 200 have it: 180 found, 20 missed. Of 9,800 without it 7,840 pass, 1,960 are false alarms.
    assert thresholds.predictive_values(0.9, 0.8, 0.02) == pytest.approx((180 / 2140, 7840 / 7860))
    assert thresholds.predictive_values(0.9, 0.8, 0.5)[0] == pytest.approx(9 / 11)
    assert thresholds.predictive_values(0.0, 1.0, 0.1) == (None, pytest.approx(0.9))
    assert thresholds.predictive_values(np.nan, 1.0, 0.1) == (None, None)


def verdicts(hit, missed, alarm, passed):
    """Return labels and probabilities with these numbers of verdicts at a threshold of 0.5."""
    counts = (hit, missed, alarm, passed)
    return np.repeat([1, 1, 0, 0], counts), np.repeat([0.9, 0.1, 0.9, 0.1], counts)


def measure(*counts):
    labels, probabilities = verdicts(*counts)
    return thresholds.measure(labels, probabilities, 0.5, np.arange(len(labels)))


def test_no_false_alarm_is_no_certainty():
    # 172 benign lesions without a false alarm: up to 2.12 % of them could be (.025 to the power of 1/172 is .9788).
    # With 115 of 173 malignant ones found, 2 % malignant: .02 × .6647 / (.02 × .6647 + .98 × .0212) = 39 %.
    point = measure(115, 58, 0, 172)
    assert point.specificity == 1 and point.intervals["specificity"] == pytest.approx([0.9788, 1], abs=1e-4)
    screened = point.prevalences[0]
    assert screened.ppv == 1 and screened.ppv_interval == pytest.approx([0.39, 1], abs=0.002)
    assert 0 < screened.npv_interval[0] < screened.npv < screened.npv_interval[1] < 1


def test_no_miss_and_nothing_right_have_an_interval_too():
    none_missed = measure(60, 0, 40, 60).prevalences[1]
    # At least .025 to the power of 1/60 = .9404 of the malignant lesions are found; .6 of the benign ones pass.
    assert none_missed.npv == 1
    assert none_missed.npv_interval == pytest.approx([0.54 / (0.54 + 0.1 * 0.0596), 1], abs=1e-4)
    none_found = measure(0, 60, 40, 60).prevalences[1]
    assert none_found.ppv == 0
    assert none_found.ppv_interval == pytest.approx([0, 0.1 * 0.0596 / (0.1 * 0.0596 + 0.9 * 0.4)], abs=1e-4)
    nothing_called = measure(0, 60, 0, 60).prevalences[1]
    assert (nothing_called.ppv, nothing_called.ppv_interval) == (None, None)


def test_the_interval_of_a_predictive_value_is_mercaldos():
    # Rows as lesions: the variance of ln(sensitivity / false alarm rate) is (1 - .8) / 160 + (1 - .1) / 20.
    point = measure(160, 40, 20, 180)
    reach = intervals.reach(np.repeat([1, 0], 200), np.arange(400))
    for values in point.prevalences:
        low, high = logit(values.ppv_interval)
        assert (low + high) / 2 == pytest.approx(logit(values.ppv))
        assert (high - low) / 2 == pytest.approx(reach * np.sqrt(0.2 / 160 + 0.9 / 20), rel=0.05)
        low, high = logit(values.npv_interval)
        assert (high - low) / 2 == pytest.approx(reach * np.sqrt(0.8 / 40 + 0.1 / 180), rel=0.05)


def test_the_intervals_at_the_fixed_threshold_are_those_of_the_headline_figures():
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(60), random.integers(1, 5, 60))
    labels = groups % 2
    probabilities = 1 / (1 + np.exp(-random.normal(2 * labels - 1, 1)))
    headline = intervals.intervals(labels, probabilities, groups, 0.5)
    point = thresholds.measure(labels, probabilities, 0.5, groups)
    assert point.intervals == {
        "accuracy": headline["accuracy"],
        "sensitivity": headline["recall"],
        "specificity": headline["specificity"],
        "balanced_accuracy": headline["balanced_accuracy"],
        "mcc": headline["mcc"],
    }


def test_too_few_lesions_leave_no_interval():
    point = measure(3, 1, 1, 3)
    assert set(point.intervals.values()) == {None}
    assert {values.ppv_interval for values in point.prevalences} == {None}
    assert {values.npv_interval for values in point.prevalences} == {None}


def test_undefined_figures_are_none_and_the_result_is_json(tmp_path):
    nothing = thresholds.measure(LABELS, PROBABILITIES, 0.99, np.arange(10))
    assert (nothing.mcc, nothing.sensitivity, nothing.prevalences[0].ppv) == (None, 0.0, None)
    one_class = thresholds.measure(np.zeros(3, int), np.array([0.1, 0.6, 0.2]), 0.5, np.arange(3))
    assert (one_class.sensitivity, one_class.balanced_accuracy, one_class.mcc) == (None, None, None)
    for point in (nothing, one_class):
        store.write_record(tmp_path / "point.json", point)
        assert store.read_record(tmp_path / "point.json", OperatingPoint, "test") == point

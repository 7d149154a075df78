import json

import numpy as np
import pytest

from lesion.errors import LesionError
from lesion.evaluation import metrics

# Worked by hand: sorted by probability the labels are 0 0 1 0 1 1, and 0.5 divides them in the middle.
LABELS = np.array([0, 0, 1, 0, 1, 1])
PROBABILITIES = np.array([0.1, 0.2, 0.4, 0.6, 0.7, 0.9])


def score(labels, probabilities):
    """Score rows of which each is a lesion of its own; the thresholds are chosen on the same rows."""
    return metrics.score(labels, probabilities, np.arange(len(labels)), (labels, probabilities))


def test_numbers_equal_those_worked_by_hand():
    scored = score(LABELS, PROBABILITIES)
    assert scored["confusion"] == [[2, 1], [1, 2]]
    for name in ("accuracy", "precision", "recall", "f1", "specificity"):
        assert scored[name] == pytest.approx(2 / 3), name
    assert scored["roc_auc"] == pytest.approx(8 / 9)  # of 9 pairs one, .4 against .6, is the wrong way round
    logs = np.log([0.9, 0.8, 0.4, 0.4, 0.7, 0.9])
    assert scored["log_loss"] == pytest.approx(-logs.mean())
    assert (scored["rows"], scored["positives"], scored["sentinel"]) == (6, 3, [])


def test_per_class_report_with_averages():
    labels, verdicts = np.array([0] * 8 + [1] * 2), np.array([0] * 6 + [1] * 2 + [1, 0])
    report = metrics.per_class(labels, verdicts)
    assert report["benign"] == {
        "precision": pytest.approx(6 / 7),
        "recall": 0.75,
        "f1": pytest.approx(0.8),
        "support": 8,
    }
    assert report["malignant"] == {
        "precision": pytest.approx(1 / 3),
        "recall": 0.5,
        "f1": pytest.approx(0.4),
        "support": 2,
    }
    assert report["macro average"]["f1"] == pytest.approx(0.6)
    assert report["weighted average"]["f1"] == pytest.approx(0.8 * 0.8 + 0.2 * 0.4)
    assert report["weighted average"]["support"] == 10


def test_roc_curve_starts_and_ends_in_the_corners():
    curve = score(LABELS, PROBABILITIES)["roc"]
    assert (curve["false_positive_rate"][0], curve["true_positive_rate"][0]) == (0, 0)
    assert (curve["false_positive_rate"][-1], curve["true_positive_rate"][-1]) == (1, 1)
    area = np.trapezoid(curve["true_positive_rate"], curve["false_positive_rate"])
    assert area == pytest.approx(8 / 9)


def test_a_long_roc_curve_is_thinned_but_keeps_its_area():
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 20_000)
    probabilities = 1 / (1 + np.exp(-random.normal(labels, 1.0)))
    scored = score(labels, probabilities)
    curve = scored["roc"]
    assert len(curve["true_positive_rate"]) <= 500
    area = np.trapezoid(curve["true_positive_rate"], curve["false_positive_rate"])
    assert area == pytest.approx(scored["roc_auc"], abs=0.002)


@pytest.mark.parametrize(
    ("probabilities", "said"),
    [
        (np.full(6, 0.5), "all 6 probabilities are 0.500"),
        (np.linspace(0.1, 0.4, 6), "all 6 images are called benign"),
        (np.linspace(0.6, 0.9, 6), "all 6 images are called malignant"),
    ],
)
def test_collapsed_predictions_are_named(probabilities, said):
    assert score(LABELS, probabilities)["sentinel"] == [said]


def test_figures_without_a_threshold_equal_those_worked_by_hand():
    scored = score(LABELS, PROBABILITIES)
    # Malignant images stand on places 1, 2 and 4 from above: the precisions there are 1, 1 and 3/4.
    assert scored["average_precision"] == pytest.approx((1 + 1 + 3 / 4) / 3)
    # Above 80 % sensitivity there is only the last step, 3 of 3 found at 2 of 3 benign passed, from where the curve
    # rises over the share of missed malignant rows 0 to .2 as a level line at 2/3.
    assert scored["partial_auc"] == pytest.approx(0.2 * 2 / 3)
    assert scored["balanced_accuracy"] == pytest.approx(2 / 3)
    assert scored["mcc"] == pytest.approx((2 * 2 - 1 * 1) / 9)
    assert scored["brier"] == pytest.approx((0.1**2 + 0.2**2 + 0.6**2 + 0.6**2 + 0.3**2 + 0.1**2) / 6)


def test_thresholds_and_temperature_come_from_the_validation_split():
    validation = np.array([1, 1, 1, 0, 0, 0, 0, 1]), np.array([0.9] * 4 + [0.1] * 4)
    scored = metrics.score(LABELS, PROBABILITIES, np.arange(6), validation)
    # Youden: from .9 on 3 of 4 are right in each class. 95 % sensitivity only from .1 on, which all images have.
    thresholds = {name: point["threshold"] for name, point in scored["operating"].items()}
    assert thresholds == {"fixed": 0.5, "youden": pytest.approx(0.9), "sensitive": pytest.approx(0.1)}
    assert scored["operating"]["youden"]["confusion"] == [[3, 0], [2, 1]]
    assert scored["operating"]["sensitive"]["sensitivity"] == 1
    assert scored["calibration"]["temperature"] == pytest.approx(2, rel=1e-3)  # said .9, came true .75 of the time
    assert scored["calibration"]["before"]["brier"] == scored["brier"]


def test_rows_of_one_lesion_make_the_interval_wider_and_too_few_lesions_leave_none():
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(40) % 2, 5)
    probabilities = 1 / (1 + np.exp(-(2 * labels - 1 + random.normal(size=40).repeat(5))))  # 5 equal images a lesion
    by_lesion, by_row = (
        metrics.score(labels, probabilities, groups, (labels, probabilities))
        for groups in (np.repeat(np.arange(40), 5), np.arange(200))
    )
    assert (by_lesion["groups"], by_row["groups"]) == (40, 200)
    assert by_lesion["roc_auc"] == by_row["roc_auc"]
    for name in ("accuracy", "recall", "roc_auc", "brier"):
        (low, high), (inner_low, inner_high) = by_lesion["intervals"][name], by_row["intervals"][name]
        assert low < inner_low < by_row[name] < inner_high < high, name
    assert set(score(LABELS, PROBABILITIES)["intervals"].values()) == {None}  # 3 lesions of a class


def test_predictions_that_are_no_probabilities_are_refused():
    with pytest.raises(LesionError, match="2 of 6 predictions are no probability"):
        score(LABELS, np.array([0.1, np.nan, 0.2, 1.5, 0.3, 0.4]))


def test_undefined_metrics_are_none_and_the_result_is_json():
    nothing_called = score(LABELS, np.linspace(0.1, 0.4, 6))
    assert nothing_called["precision"] is None
    assert nothing_called["per_class"]["malignant"]["precision"] is None
    assert nothing_called["per_class"]["macro average"]["precision"] is None
    assert nothing_called["recall"] == 0
    one_class = score(np.zeros(4, int), np.array([0.1, 0.2, 0.7, 0.3]))
    assert one_class["roc_auc"] is None
    assert one_class["roc"] is None
    assert [one_class[name] for name in ("average_precision", "partial_auc", "mcc")] == [None] * 3
    assert one_class["operating"]["youden"] is None
    json.dumps([nothing_called, one_class], allow_nan=False)

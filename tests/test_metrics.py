import json

import numpy as np
import pytest

from lesion import metrics

# Worked by hand: sorted by probability the labels are 0 0 1 0 1 1, and 0.5 divides them in the middle.
LABELS = np.array([0, 0, 1, 0, 1, 1])
PROBABILITIES = np.array([0.1, 0.2, 0.4, 0.6, 0.7, 0.9])


def test_numbers_equal_those_worked_by_hand():
    scored = metrics.score(LABELS, PROBABILITIES)
    assert scored["confusion"] == [[2, 1], [1, 2]]
    for name in ("accuracy", "precision", "recall", "f1", "specificity"):
        assert scored[name] == pytest.approx(2 / 3), name
    assert scored["roc_auc"] == pytest.approx(8 / 9)  # of 9 pairs one, .4 against .6, is the wrong way round
    logs = np.log([0.9, 0.8, 0.4, 0.4, 0.7, 0.9])
    assert scored["log_loss"] == pytest.approx(-logs.mean())
    assert (scored["rows"], scored["positives"], scored["collapsed"]) == (6, 3, None)


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
    curve = metrics.score(LABELS, PROBABILITIES)["roc"]
    assert (curve["false_positive_rate"][0], curve["true_positive_rate"][0]) == (0, 0)
    assert (curve["false_positive_rate"][-1], curve["true_positive_rate"][-1]) == (1, 1)
    area = np.trapezoid(curve["true_positive_rate"], curve["false_positive_rate"])
    assert area == pytest.approx(8 / 9)


def test_a_long_roc_curve_is_thinned_but_keeps_its_area():
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 20_000)
    probabilities = 1 / (1 + np.exp(-random.normal(labels, 1.0)))
    scored = metrics.score(labels, probabilities)
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
    assert metrics.score(LABELS, probabilities)["collapsed"] == said


def test_undefined_metrics_are_none_and_the_result_is_json():
    nothing_called = metrics.score(LABELS, np.linspace(0.1, 0.4, 6))
    assert nothing_called["precision"] is None
    assert nothing_called["per_class"]["malignant"]["precision"] is None
    assert nothing_called["per_class"]["macro average"]["precision"] is None
    assert nothing_called["recall"] == 0
    one_class = metrics.score(np.zeros(4, int), np.array([0.1, 0.2, 0.7, 0.3]))
    assert one_class["roc_auc"] is None
    assert one_class["roc"] is None
    json.dumps([nothing_called, one_class], allow_nan=False)

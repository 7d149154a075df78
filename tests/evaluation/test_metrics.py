"""Scores of one model, the rows that are scored together, and predictions that cannot be scored."""

import numpy as np
import pytest

from lesion import config, store
from lesion.errors import LesionError
from lesion.evaluation import metrics
from lesion.prepared import PreparedData
from lesion.records.metrics import ClassScores, Scores

# Worked by hand: sorted by probability the labels are 0 0 1 0 1 1, and 0.5 divides them in the middle.
LABELS = np.array([0, 0, 1, 0, 1, 1])
PROBABILITIES = np.array([0.1, 0.2, 0.4, 0.6, 0.7, 0.9])


def score(labels, probabilities):
    """Score rows that each show a lesion of their own; the thresholds are chosen on the same rows."""
    return metrics.score(labels, probabilities, np.arange(len(labels)), (labels, probabilities))


def test_numbers_equal_those_worked_by_hand():
    scores = score(LABELS, PROBABILITIES)
    assert scores.confusion == [[2, 1], [1, 2]]
    for name in ("accuracy", "precision", "recall", "f1", "specificity"):
        assert getattr(scores, name) == pytest.approx(2 / 3), name
    assert scores.roc_auc == pytest.approx(8 / 9)  # of 9 pairs one, .4 against .6, is the wrong way round
    assert (scores.rows, scores.groups, scores.collapsed) == (6, 6, [])


def test_per_class_report_with_averages():
    labels, verdicts = np.array([0] * 8 + [1] * 2), np.array([0] * 6 + [1] * 2 + [1, 0])
    report = metrics.per_class(labels, verdicts)
    assert report["benign"] == ClassScores(pytest.approx(6 / 7), 0.75, pytest.approx(0.8), 8)
    assert report["malignant"] == ClassScores(pytest.approx(1 / 3), 0.5, pytest.approx(0.4), 2)
    assert report["macro average"].f1 == pytest.approx(0.6)
    assert report["weighted average"].f1 == pytest.approx(0.8 * 0.8 + 0.2 * 0.4)
    assert report["weighted average"].support == 10


def test_roc_curve_starts_and_ends_in_the_corners():
    curve = score(LABELS, PROBABILITIES).roc
    assert (curve.false_positive_rate[0], curve.true_positive_rate[0]) == (0, 0)
    assert (curve.false_positive_rate[-1], curve.true_positive_rate[-1]) == (1, 1)
    area = np.trapezoid(curve.true_positive_rate, curve.false_positive_rate)
    assert area == pytest.approx(8 / 9)


def test_a_long_roc_curve_is_thinned_but_keeps_its_area():
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 20_000)
    probabilities = 1 / (1 + np.exp(-random.normal(labels, 1.0)))
    scores = score(labels, probabilities)
    curve = scores.roc
    assert len(curve.true_positive_rate) <= 500
    area = np.trapezoid(curve.true_positive_rate, curve.false_positive_rate)
    assert area == pytest.approx(scores.roc_auc, abs=0.002)


@pytest.mark.parametrize(
    ("probabilities", "said"),
    [
        (np.full(6, 0.5), "all 6 probabilities are 0.500"),
        (np.linspace(0.1, 0.4, 6), "all 6 images are called benign"),
        (np.linspace(0.6, 0.9, 6), "all 6 images are called malignant"),
    ],
)
def test_collapsed_predictions_are_named(probabilities, said):
    assert score(LABELS, probabilities).collapsed == [said]


def test_figures_without_a_threshold_equal_those_worked_by_hand():
    scores = score(LABELS, PROBABILITIES)
    # Malignant images are on places 1, 2 and 4 from above: the precisions there are 1, 1 and 3/4.
    assert scores.average_precision == pytest.approx((1 + 1 + 3 / 4) / 3)
    # Above 80 % sensitivity there is only the last step, 3 of 3 found at 2 of 3 benign passed, from where the curve
    # rises over the share of missed malignant rows 0 to .2 as a level line at 2/3.
    assert scores.partial_auc == pytest.approx(0.2 * 2 / 3)
    assert scores.balanced_accuracy == pytest.approx(2 / 3)
    assert scores.mcc == pytest.approx((2 * 2 - 1 * 1) / 9)
    assert scores.brier == pytest.approx((0.1**2 + 0.2**2 + 0.6**2 + 0.6**2 + 0.3**2 + 0.1**2) / 6)


def test_thresholds_and_temperature_come_from_the_validation_split():
    validation = np.array([1, 1, 1, 0, 0, 0, 0, 1]), np.array([0.9] * 4 + [0.1] * 4)
    scores = metrics.score(LABELS, PROBABILITIES, np.arange(6), validation)
    # Youden: from .9 on 3 of 4 are right in each class. 95 % sensitivity only from .1 on, which all images have.
    thresholds = {name: point.threshold for name, point in scores.operating.items()}
    assert thresholds == {"fixed": 0.5, "youden": pytest.approx(0.9), "sensitive": pytest.approx(0.1)}
    assert scores.operating["fixed"].confusion == scores.confusion
    assert scores.operating["youden"].confusion == [[3, 0], [2, 1]]
    assert scores.operating["sensitive"].sensitivity == 1
    assert scores.calibration.temperature == pytest.approx(2, rel=1e-3)  # said .9, came true .75 of the time
    assert scores.calibration.before.brier == scores.brier


def test_rows_of_one_lesion_make_the_interval_wider_and_too_few_lesions_leave_none():
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(40) % 2, 5)
    # 5 equal images of each lesion.
    probabilities = 1 / (1 + np.exp(-(2 * labels - 1 + random.normal(size=40).repeat(5))))
    by_lesion, by_row = (
        metrics.score(labels, probabilities, groups, (labels, probabilities))
        for groups in (np.repeat(np.arange(40), 5), np.arange(200))
    )
    assert (by_lesion.groups, by_row.groups) == (40, 200)
    assert by_lesion.roc_auc == by_row.roc_auc
    for name in ("accuracy", "recall", "roc_auc", "brier"):
        (low, high), (inner_low, inner_high) = by_lesion.intervals[name], by_row.intervals[name]
        assert low < inner_low < getattr(by_row, name) < inner_high < high, name
    assert set(score(LABELS, PROBABILITIES).intervals.values()) == {None}  # 3 lesions of a class


def test_predictions_that_are_no_probabilities_are_refused():
    with pytest.raises(LesionError, match="2 of 6 predictions are no probability"):
        score(LABELS, np.array([0.1, np.nan, 0.2, 1.5, 0.3, 0.4]))


def test_undefined_metrics_are_none_and_the_result_is_json(tmp_path):
    nothing_called = score(LABELS, np.linspace(0.1, 0.4, 6))
    assert nothing_called.precision is None
    assert nothing_called.per_class["malignant"].precision is None
    assert nothing_called.per_class["macro average"].precision is None
    assert nothing_called.recall == 0
    one_class = score(np.zeros(4, int), np.array([0.1, 0.2, 0.7, 0.3]))
    assert one_class.roc_auc is None
    assert one_class.roc is None
    assert (one_class.average_precision, one_class.partial_auc, one_class.mcc) == (None, None, None)
    assert one_class.operating["youden"] is None
    for scores in (nothing_called, one_class):
        store.write_record(tmp_path / "scores.json", scores)
        assert store.read_record(tmp_path / "scores.json", Scores, "test") == scores


def data(splits, groups, labels):
    images = np.zeros((len(splits), 1, 1, 3), np.uint8)
    return PreparedData(images, np.arange(len(splits)), labels, splits, groups, record=None, fingerprint="some")


@pytest.fixture
def drawn():
    """Return 40 validation, 60 test and 20 external rows, half of them malignant, and a good and a bad model."""
    labels = (np.arange(120) % 2).astype(np.int8)
    splits = np.repeat(["validation", "test", "external"], [40, 60, 20])
    random = np.random.default_rng(0)
    noise = random.normal(size=(2, 120))
    good, bad = (1 / (1 + np.exp(-(apart * (2 * labels - 1) + noise[k]))) for k, apart in enumerate((2, 0.2)))
    return data(splits, np.arange(120), labels), {"scratch": good, "mobilenet": bad}


def test_external_rows_with_a_sibling_in_any_split_are_left_out_of_the_new_ones():
    splits = np.array(["train", "validation", "test", "unreadable", *["external"] * 5])
    groups = np.array([1, 2, 3, 4, 1, 3, 4, 5, 2])
    positions = {name: rows.tolist() for name, rows in metrics.subsets(splits, groups).items()}
    assert positions == {"validation": [1], "test": [2], "external": [4, 5, 6, 7, 8], "external_new": [6, 7]}


@pytest.mark.parametrize(("groups", "why"), [([1, 2, 3, 4], "none has a sibling"), ([1, 2, 1, 2], "all have one")])
def test_there_are_new_external_rows_only_if_some_but_not_all_have_a_sibling(groups, why):
    splits = np.array(["validation", "test", "external", "external"])
    assert list(metrics.subsets(splits, np.array(groups))) == ["validation", "test", "external"], why


def measure(content, probabilities):
    return metrics.measure(content, probabilities, {name: f"weights of {name}" for name in probabilities})


def test_models_are_scored_and_compared_on_each_split(drawn):
    results = measure(*drawn)
    assert results.models["scratch"].digest == "weights of scratch"
    assert [results.models["scratch"].of(subset).rows for subset in config.SCORED] == [40, 60, 20]
    assert results.models["scratch"].external_new is None
    (pair,) = results.comparisons["test"]
    assert (pair.first, pair.second, pair.rows) == ("scratch", "mobilenet", 60)
    assert pair.roc_auc.first == results.models["scratch"].test.roc_auc
    assert results.preference["test"][0] == (
        "Prefer CNN from scratch: the data support that it ranks better than MobileNetV2."
    )
    assert set(results.comparisons) == set(results.preference) == set(config.SCORED)


def test_a_model_that_cannot_be_scored_is_left_out_and_the_others_are_not(drawn):
    content, models = drawn
    models["mobilenet"] = np.where(content.splits == "test", np.nan, models["mobilenet"])
    results = measure(content, models)
    assert list(results.models) == ["scratch"]
    assert results.failed == {
        "mobilenet": "not measured: 60 of 60 predictions are no probability: run `invoke train --force`"
    }
    assert results.comparisons["test"] == [] and results.preference["test"] == []


def test_the_same_predictions_give_the_same_figures(drawn):
    assert measure(*drawn) == measure(*drawn)

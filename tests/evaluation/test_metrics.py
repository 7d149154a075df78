"""Scores of one model, the rows that are scored together, and predictions that cannot be scored."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from lesion import config, store
from lesion.errors import LesionError
from lesion.evaluation import comparison, decisions, figures, metrics
from lesion.prepared import PreparedData
from lesion.records.metrics import ClassScores, Scores, SubsetSize

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


def test_a_model_that_ranks_is_not_called_collapsed_on_few_images():
    # True ROC-AUC .60 on 120 images: its interval nearly always holds 0.5, which is a caution and no collapse.
    collapsed = cautioned = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        labels = np.arange(120) % 2
        probabilities = 1 / (1 + np.exp(-(0.358 * (labels - 0.5) + random.normal(size=120))))  # √2 Φ⁻¹(.6) apart
        scores = score(labels, probabilities)
        collapsed += bool(scores.collapsed)
        cautioned += any("cannot be told apart from guessing on these images (ROC-AUC" in s for s in scores.cautions)
    assert collapsed == 0 and cautioned > 15


def test_the_decision_curve_takes_the_share_of_malignant_rows_from_the_validation_split():
    random = np.random.default_rng(0)
    labels = (np.arange(200) % 4 == 0).astype(int)
    probabilities = 1 / (1 + np.exp(-(2 * labels - 1 + random.normal(size=200))))
    lone = np.arange(200)
    even = metrics.score(labels, probabilities, lone, (lone % 2, probabilities)).decision
    uneven = metrics.score(labels, probabilities, lone, (labels, probabilities)).decision
    assert even == decisions.curve(labels, probabilities, lone, share=0.5)
    assert uneven == decisions.curve(labels, probabilities, lone, share=0.25) != even


def test_rows_of_one_lesion_make_the_interval_wider_and_too_few_lesions_leave_none():
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(60) % 2, 5)
    # 5 equal images of each lesion.
    probabilities = 1 / (1 + np.exp(-(2 * labels - 1 + random.normal(size=60).repeat(5))))
    by_lesion, by_row = (
        metrics.score(labels, probabilities, groups, (labels, probabilities))
        for groups in (np.repeat(np.arange(60), 5), np.arange(300))
    )
    assert (by_lesion.groups, by_row.groups) == (60, 300)
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
    count = len(splits)
    unknown = np.full(count, "")
    return PreparedData(
        images=np.zeros((count, 1, 1, 3), np.uint8),
        rows=np.arange(count),
        labels=labels,
        splits=splits,
        groups=groups,
        ages=np.full(count, np.nan),
        sexes=unknown,
        sites=unknown,
        cropped=np.zeros(count, bool),
        cleaned_shares=np.zeros(count),
        record=None,
        fingerprint="some",
    )


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
    assert results.preference["test"][0] == "CNN from scratch did best, and its lead is more than chance."
    assert results.preference["test"][1].startswith("CNN from scratch ranks better than MobileNetV2 (0.")
    assert set(results.comparisons) == set(results.preference) == set(config.SCORED)


def test_a_model_that_cannot_be_scored_is_left_out_and_the_others_are_not(drawn):
    content, models = drawn
    models["mobilenet"] = np.where(content.splits == "test", np.nan, models["mobilenet"])
    results = measure(content, models)
    assert list(results.models) == ["scratch"]
    assert results.failed == {
        "mobilenet": "not measured: 60 of 60 predictions are no probability: train it with a smaller --learning-rate"
    }
    assert results.comparisons["test"] == []
    area = results.models["scratch"].test.roc_auc
    assert results.preference["test"] == [
        f"CNN from scratch reaches a ROC-AUC of {area:.3f}. There is nothing to compare it with."
    ]


def test_the_size_of_a_subset_counts_rows_and_lesions():
    labels, groups = np.array([1, 1, 0, 0, 0]), np.array([7, 7, 7, 2, 3])
    assert figures.size(labels, groups) == SubsetSize(rows=5, malignant_rows=2, lesions=3, malignant_lesions=1)


def test_all_networks_together_have_the_mean_of_their_logits():
    # Odds of 1:4 and 4:1 cancel out; of 1:9 and 1:1 the mean logit is that of odds of 1:3.
    first, second = np.array([0.2, 0.1, 0.0, np.nan]), np.array([0.8, 0.5, 1.0, 0.5])
    together = figures.combine([first, second])
    assert together[:3] == pytest.approx([0.5, 0.25, 0.5])  # 0 and 1 count as equally far from 0.5
    assert np.isnan(together[3])


@pytest.fixture
def with_baselines(drawn):
    """Return the same rows and models with a third network and three baselines, not in the order of the config."""
    content, models = drawn
    random = np.random.default_rng(1)
    models["efficientnet"] = random.uniform(size=120)
    baselines = {name: random.uniform(size=120) for name in ("colour_patient", "colour", "frame")}
    return content, {**baselines, **models}


def test_what_the_networks_stand_beside_follows_them_and_is_scored_alike(with_baselines):
    content, models = with_baselines
    results = measure(content, models)
    assert list(results.models) == [
        "scratch", "mobilenet", "efficientnet", "together", "together_colour", "frame", "colour", "colour_patient",
    ]  # fmt: skip
    alone = measure(content, {"scratch": models["colour"]}).models["scratch"]
    assert results.models["colour"].test == alone.test
    logits = [np.log(models[name] / (1 - models[name])) for name in config.NETWORKS]
    test = content.splits == "test"
    assert results.models["together"].test.roc_auc == pytest.approx(
        roc_auc_score(content.labels[test], np.mean(logits, axis=0)[test])
    )
    logits.append(np.log(models["colour"] / (1 - models["colour"])))
    assert results.models["together_colour"].test.roc_auc == pytest.approx(
        roc_auc_score(content.labels[test], np.mean(logits, axis=0)[test])
    )
    rows = {subset: size.rows for subset, size in results.sizes.items()}
    assert rows == {"validation": 40, "test": 60, "external": 20}


def test_baselines_take_no_part_in_the_comparison_of_the_networks(with_baselines):
    content, models = with_baselines
    alone = measure(content, {name: models[name] for name in config.NETWORKS})
    beside = measure(content, models)
    assert beside.comparisons == alone.comparisons and beside.preference == alone.preference
    assert {name: beside.models[name] for name in alone.models} == alone.models
    assert alone.against_colour == {}


def test_networks_and_all_of_them_together_are_compared_with_colour_alone(with_baselines):
    content, models = with_baselines
    pairs = measure(content, models).against_colour["test"]
    assert [(pair.first, pair.second) for pair in pairs] == [
        (name, "colour") for name in ("scratch", "mobilenet", "efficientnet", "together")
    ]
    smallest = min(pairs, key=lambda pair: pair.roc_auc.p)
    assert smallest.roc_auc.p_corrected == pytest.approx(min(1, 4 * smallest.roc_auc.p))  # Holm over these four
    test = content.splits == "test"
    expected = comparison.compare(
        content.labels[test],
        {"scratch": models["scratch"][test], "colour": models["colour"][test]},
        content.groups[test],
        config.DECISION.threshold,
    )
    assert pairs[0].roc_auc.difference == expected.roc_auc.difference
    assert (pairs[0].roc_auc.interval, pairs[0].roc_auc.p) == (expected.roc_auc.interval, expected.roc_auc.p)


def test_one_network_has_nothing_to_be_combined_with(drawn):
    content, models = drawn
    models["mobilenet"] = np.full(120, np.nan)
    results = measure(content, {**models, "colour": np.linspace(0.1, 0.9, 120)})
    assert list(results.models) == ["scratch", "colour"]
    assert [pair.first for pair in results.against_colour["test"]] == ["scratch"]


def test_the_digest_of_all_together_changes_with_that_of_a_member(with_baselines):
    content, models = with_baselines
    digests = {name: name for name in models}

    def combined(**others):
        measured = metrics.measure(content, models, {**digests, **others}).models
        return measured["together"].digest, measured["together_colour"].digest

    networks, with_colour = combined()
    assert combined() == (networks, with_colour) and networks != with_colour
    assert combined(colour="other")[0] == networks and combined(colour="other")[1] != with_colour
    assert combined(mobilenet="other")[0] != networks and combined(mobilenet="other")[1] != with_colour


def test_colour_that_cannot_be_scored_is_combined_with_nothing(with_baselines):
    content, models = with_baselines
    models["colour"] = np.full(120, np.nan)
    results = measure(content, models)
    assert "together" in results.models and "together_colour" not in results.models
    assert list(results.failed) == ["colour"]


def test_the_same_predictions_give_the_same_figures(drawn):
    assert measure(*drawn) == measure(*drawn)

"""Estimates of a study, on figures worked out by hand and in a small simulation."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm
from scipy.stats import t as student

from lesion import config
from lesion.errors import LesionError
from lesion.evaluation import intervals
from lesion.evaluation.correction import holm
from lesion.groups import split
from lesion.records.study import Design
from lesion.studies import estimates
from lesion.studies.estimates import Scored

# Four malignant lesions, M1 to M4, and four benign ones, N1 to N4, of one image each.
LABELS = np.repeat([1, 0], 4)
LESIONS = np.arange(8)
TWICE = Design(["grouped"], folds=2, tested=2, repeats=2, seed=0)
HALVES = np.array([[0, 0, 1, 1, 0, 0, 1, 1], [0, 1, 0, 1, 0, 1, 0, 1]])
SCORES = np.array(
    [
        [0.9, 0.4, 0.8, 0.7, 0.5, 0.1, 0.3, 0.2],  # fold 0: M2 is below N1, 3 of 4 pairs; fold 1: all 4
        [0.6, 0.3, 0.2, 0.9, 0.4, 0.5, 0.1, 0.4],  # fold 0: M3 is below N1, 3 of 4; fold 1: M2 below both, 2 of 4
    ]
)
GUESSED = np.full((2, 8), 0.5)
ONCE = np.ones(8)
M1_FOR_M2 = np.array([2.0, 0, 1, 1, 1, 1, 1, 1])


@pytest.fixture
def by_hand(monkeypatch):
    """Let a bootstrap draw every lesion once, then M1 twice and M2 not at all; half of what is left is for validation.

    A lesion is then tested for each half that is trained on: the factor for shared lesions is 1 + 1 / .5 = 3.
    """
    monkeypatch.setattr(config, "STATISTICS", replace(config.STATISTICS, minimum_groups=4))
    monkeypatch.setattr(config, "FOLDS", replace(config.FOLDS, validation=0.5))
    draw(monkeypatch, [ONCE, M1_FOR_M2])


def draw(monkeypatch, weights):
    monkeypatch.setattr(intervals, "bootstrap", lambda labels, groups, measure: measure(np.array(weights)))


def summarise(scores, design=TWICE, folds=HALVES, labels=LABELS, groups=LESIONS, **counts):
    """Return the models and differences of models with these probabilities by name."""
    scored = {name: Scored(folds, each) for name, each in scores.items()}
    return estimates.summarise(labels, groups, design, scored, counts.get("failed", {}), counts.get("seconds", {}))


def test_the_variance_of_a_study_of_two_by_two_trainings_is_as_worked_out_by_hand(by_hand):
    # Cells: 3/4 and 1; 3/4 and 1/2. Mean 3/4; of the partitions 7/8 and 5/8, variance 1/32, so B = 1/64 = 9/576.
    # M1 for M2: 1 and 1; (2·2 + 1)/(3·2) = 5/6 and 1: mean 23/24. Variance of 18/24 and 23/24: 25/1152.
    # V_lesions = 4/3 · 25/1152 = 25/864; three times that is 50/576. V = 59/576.
    # Freedom: 59² / (50²/(8 - 2) + 9²/1) = 3481 / 497.67 = 6.9946.
    models, _ = summarise({"scratch": SCORES})
    area = models["scratch"].roc_auc
    assert models["scratch"].cells == [[0.75, 1.0], [0.75, 0.5]]
    assert area.value == 0.75
    assert area.lesions == pytest.approx(np.sqrt(25 / 864))
    assert area.trainings == pytest.approx(1 / 8)
    assert area.error == pytest.approx(np.sqrt(59) / 24)
    # On the logit scale: ln 3 ± 2.3650 · .32005 / (3/4 · 1/4) = 1.0986 ± 4.0369, that is e^-2.938 and e^5.1355.
    odds = np.exp([1.0986 - 4.0369, 1.0986 + 4.0369])
    assert area.interval == pytest.approx(odds / (1 + odds), abs=2e-4)


def test_a_difference_has_a_symmetric_interval_a_p_and_chances(by_hand):
    # The other model guesses in each training and draw: the difference is 1/4, with the error of the first model.
    _, (difference,) = summarise({"scratch": SCORES, "mobilenet": GUESSED})
    error, freedom = np.sqrt(59) / 24, 3481 / (2500 / 6 + 81)
    half = student.ppf(0.975, freedom) * error
    assert difference.value == 0.25 and difference.error == pytest.approx(error)
    assert difference.interval == pytest.approx([0.25 - half, 1])  # not above 1
    assert difference.adjusted == difference.interval  # there is no other
    assert difference.p == difference.p_corrected == pytest.approx(2 * student.cdf(-0.25 / error, freedom))
    assert not (difference.supported or difference.equivalent)
    # s = .0009/(.0009 + .10243) = .0087099: normal around .0021775 with a standard deviation of .029869.
    assert difference.chances.above == pytest.approx(norm.cdf(-0.26189), abs=1e-4)
    assert difference.chances.below == pytest.approx(norm.cdf(-0.40770), abs=1e-4)
    assert difference.chances.within == pytest.approx(1 - norm.cdf(-0.26189) - norm.cdf(-0.40770), abs=2e-4)


def test_failures_and_seconds_are_kept_with_their_model(by_hand):
    models, _ = summarise(
        {"scratch": SCORES, "mobilenet": GUESSED}, failed={"mobilenet": 4}, seconds={"scratch": 7.0, "mobilenet": 3.0}
    )
    assert [(model.failed, model.seconds) for model in models.values()] == [(0, 7.0), (4, 3.0)]
    assert models["mobilenet"].cells == [[0.5, 0.5], [0.5, 0.5]]
    assert models["mobilenet"].roc_auc.interval is None  # nothing varies


def test_folds_that_are_not_tested_take_no_part(by_hand, monkeypatch):
    draw(monkeypatch, [np.ones(6), [2, 0, 1, 1, 1, 1]])  # M4 and N4 are tested in no partition
    scores = np.where(HALVES == 0, SCORES, np.nan)
    monkeypatch.setattr(config, "STATISTICS", replace(config.STATISTICS, minimum_groups=3))
    models, _ = summarise({"scratch": scores}, replace(TWICE, tested=1))
    # 3/4 and 3/4; then 1 and 5/6: mean 11/12. Variance of 9/12 and 11/12: 1/72, times 3/2 for three lesions a class.
    assert models["scratch"].cells == [[0.75], [0.75]]
    assert models["scratch"].roc_auc.lesions == pytest.approx(np.sqrt(1 / 48))
    assert models["scratch"].roc_auc.trainings == 0


def assert_unknown(difference):
    assert difference.adjusted is None
    assert difference.interval is difference.p is difference.p_corrected is difference.chances is None
    assert not (difference.supported or difference.equivalent)


def test_with_too_few_lesions_there_is_a_value_and_nothing_more(by_hand, monkeypatch):
    monkeypatch.setattr(config, "STATISTICS", replace(config.STATISTICS, minimum_groups=5))
    models, (difference,) = summarise({"scratch": SCORES, "mobilenet": GUESSED})
    assert (models["scratch"].roc_auc.value, difference.value) == (0.75, 0.25)
    assert models["scratch"].roc_auc.interval is models["scratch"].roc_auc.error is None
    assert_unknown(difference)


def test_draws_that_leave_a_fold_without_a_class_too_often_give_no_interval(by_hand, monkeypatch):
    only_first_half = [2.0, 2, 0, 0, 1, 1, 1, 1]  # no malignant lesion in fold 1 of the first partition
    draw(monkeypatch, [ONCE, M1_FOR_M2] * 4 + [only_first_half])
    assert_unknown(summarise({"scratch": SCORES, "mobilenet": GUESSED})[1][0])
    draw(monkeypatch, [ONCE, M1_FOR_M2] * 5 + [only_first_half])
    assert summarise({"scratch": SCORES, "mobilenet": GUESSED})[1][0].interval is not None


def test_perfect_and_equal_models_have_no_interval(by_hand):
    perfect = np.tile(LABELS, (2, 1)).astype(float)
    models, (difference,) = summarise({"scratch": perfect, "mobilenet": perfect})
    assert models["scratch"].roc_auc.value == 1 and models["scratch"].roc_auc.interval is None
    assert difference.value == difference.error == 0
    assert_unknown(difference)


def test_a_fold_of_one_class_is_refused(by_hand):
    with pytest.raises(LesionError, match="fold 1 of partition 2 has images of one class only"):
        summarise({"scratch": SCORES}, folds=np.array([HALVES[0], 1 - LABELS]))


def many(random, models, lesions=300, knowledge=1.5):
    """Return labels, groups, folds and scores (models, 3, P), most of whose noise all trainings have in common."""
    groups = np.repeat(np.arange(lesions), 2)
    labels = groups % 2
    folds = np.array([split.folds("grouped", labels, groups, 5, [0, repeat]) for repeat in range(3)])
    shared = knowledge * labels + random.normal(size=len(labels))
    return labels, groups, folds, shared + 0.01 * random.normal(size=(models, 3, len(labels)))


@pytest.fixture
def few_replicates(monkeypatch):
    """Draw lesions 100 times only."""
    monkeypatch.setattr(config, "STATISTICS", replace(config.STATISTICS, replicates=100))


def test_networks_that_hardly_differ_are_equivalent_and_others_are_not(few_replicates):
    random = np.random.default_rng(1)
    labels, groups, folds, (one, same, other) = many(random, 3)
    other = other + 2 * random.normal(size=other.shape)
    scores = {"scratch": one, "mobilenet": same, "efficientnet": other}
    design = Design(["grouped"], 5, 5, 3, 0)
    models, differences = summarise(scores, design, folds, labels, groups)
    assert [(each.supported, each.equivalent) for each in differences] == [(False, True), (True, False), (True, False)]
    assert differences[0].chances.within > 0.99 and differences[1].chances.above > 0.95
    low, high = models["scratch"].roc_auc.interval
    assert low < models["scratch"].roc_auc.value < high


def test_pairs_of_networks_and_differences_from_colour_are_corrected_apart(few_replicates):
    random = np.random.default_rng(2)
    labels, groups, folds, scores = many(random, 6)
    scores = scores + 0.8 * random.normal(size=scores.shape)
    names = ["scratch", "mobilenet", "efficientnet", "colour", "frame", "together"]
    design = Design(["grouped"], 5, 5, 3, 0)
    models, differences = summarise(dict(zip(names, scores, strict=True)), design, folds, labels, groups)
    assert list(models) == names
    assert [(each.first, each.second) for each in differences] == [
        ("scratch", "mobilenet"), ("scratch", "efficientnet"), ("mobilenet", "efficientnet"),
        ("scratch", "colour"), ("mobilenet", "colour"), ("efficientnet", "colour"), ("together", "colour"),
    ]  # fmt: skip
    for family in (differences[:3], differences[3:]):
        assert [each.p_corrected for each in family] == holm([each.p for each in family])
        for each in family:
            low, high = each.adjusted
            assert low <= each.interval[0] and each.interval[1] <= high
            assert each.supported == (low > 0 or high < 0) == (each.p_corrected < 0.05)
    first = min(differences[:3], key=lambda each: each.p)
    freedom = brentq(  # those of the p-value
        lambda x: 2 * student.sf(abs(first.value) / first.error, x) - first.p, 1, 1000
    )
    half = student.ppf(1 - 0.05 / 3 / 2, freedom) * first.error
    assert first.adjusted == pytest.approx([first.value - half, first.value + half])


# --- the simulation of a study, in small ------------------------------------------------------------
FEATURES, KEPT, STRENGTH = 30, 18, 2.4  # each training sees its own random projection; distance of the classes
SIMULATED = 180  # lesions


def lda(features, labels, projection):
    """Return the weights of the features in Fisher's linear discriminant of a projection of them."""
    seen = features @ projection
    means = np.array([seen[labels == label].mean(axis=0) for label in (0, 1)])
    centred = seen - means[labels]
    return projection @ np.linalg.solve(centred.T @ centred / len(seen), means[1] - means[0])


def simulated(random, design):
    """Return a study of two procedures that are equal but for chance, and the true areas of what they trained."""
    groups = np.repeat(np.arange(SIMULATED), random.integers(1, 4, SIMULATED))
    labels = groups % 2
    features = np.sqrt(0.6) * random.normal(size=(SIMULATED, FEATURES))[groups]
    features += np.sqrt(0.4) * random.normal(size=(len(groups), FEATURES))
    features[:, 0] += STRENGTH * labels
    folds = np.array([split.folds("grouped", labels, groups, 5, random.integers(2**31, size=2)) for _ in range(3)])
    scores = np.zeros((2, 3, len(labels)))
    truth = []
    for repeat, fold in np.ndindex(3, 5):
        tested = folds[repeat] == fold
        trained = ~tested & (random.random(SIMULATED) < 1 - config.FOLDS.validation)[groups]
        for model in range(2):
            weights = lda(features[trained], labels[trained], random.normal(size=(FEATURES, KEPT)))
            scores[model, repeat, tested] = features[tested] @ weights
            truth.append(norm.cdf(STRENGTH * weights[0] / np.linalg.norm(weights) / np.sqrt(2)))
    named = dict(zip(("scratch", "mobilenet"), scores, strict=True))
    return summarise(named, design, folds, labels, groups), np.mean(truth)


def test_equal_networks_are_rarely_called_different_and_intervals_cover_what_they_should(few_replicates):
    random = np.random.default_rng(0)
    studies = [simulated(random, Design(["grouped"], 5, 5, 3, 0)) for _ in range(200)]
    expected = np.mean([truth for _, truth in studies])
    bounds = [model.roc_auc.interval for (models, _), _ in studies for model in models.values()]
    differences = [difference for (_, (difference,)), _ in studies]
    assert np.mean([difference.p < 0.05 for difference in differences]) < 0.09
    assert np.mean([low <= expected <= high for low, high in bounds]) > 0.91
    assert np.mean([each.interval[0] <= 0 <= each.interval[1] for each in differences]) > 0.91

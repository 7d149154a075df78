from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from draws import draw
from scipy.stats import binomtest, norm
from sklearn import metrics as sk

from lesion import config, store
from lesion.evaluation import comparison, correction, intervals
from lesion.evaluation.words import wording
from lesion.records.metrics import Comparison

# 113 patients after a subarachnoid haemorrhage: outcome (1 poor), WFNS grade, S100B in 0.01 µg/l (Turck et al.,
# Intensive Care Medicine 36 (2010) 107). The example of the R package pROC.
OUTCOME = np.array(
    [*"000011010010110010111010000000001001101100000000011000100"
     "01010011101101111000110100000010000000000001111110001000"]
).astype(int)  # fmt: skip
GRADE = np.array(
    [*"111132541252551252252111121211342145414255112411255212512"
     "22151125214524414121421232421451154221113125225552445111"]
).astype(float)  # fmt: skip
S100B = np.array([
    13, 14, 10, 4, 13, 10, 47, 16, 18, 10, 12, 10, 44, 71, 4, 8, 49, 4, 7, 33, 9, 9, 7, 11, 7, 17, 7, 11, 13, 19, 5,
    16, 41, 14, 34, 35, 48, 9, 96, 25, 50, 46, 16, 7, 43, 45, 11, 8, 9, 86, 52, 8, 6, 13, 207, 10, 14, 15, 7, 6, 77,
    5, 9, 30, 3, 9, 4, 23, 70, 9, 27, 71, 8, 26, 8, 16, 9, 13, 10, 8, 11, 33, 11, 28, 7, 10, 32, 22, 7, 5, 24, 38,
    10, 15, 8, 14, 10, 7, 4, 19, 56, 14, 58, 32, 82, 74, 15, 47, 17, 44, 15, 50, 48,
])  # fmt: skip


def test_delong_equals_the_published_example():
    areas, covariance = comparison.roc_areas(OUTCOME, [GRADE, S100B], np.arange(113))
    assert areas == pytest.approx([0.8236789, 0.7313686], abs=1e-7)
    assert covariance[0, 1] == pytest.approx(0.00119615567376754)
    # pROC: roc.test(wfns, s100b): Z = 2.209, p-value = 0.02718
    p = comparison.delong(areas, covariance)
    assert norm.isf(p / 2) == pytest.approx(2.20898359144091)
    assert p == pytest.approx(0.0271757822291882)


def test_covariance_equals_obuchowskis_sums_written_out():
    random = np.random.default_rng(0)
    labels, groups = random.integers(0, 2, 30), random.integers(0, 8, 30)  # groups of both classes, and ties
    models = [random.integers(0, 6, 30) / 5 for _ in range(2)]
    areas, covariance = comparison.roc_areas(labels, models, groups)
    malignant, benign = np.flatnonzero(labels == 1), np.flatnonzero(labels == 0)
    wins = [np.array([[(s[i] > s[j]) + (s[i] == s[j]) / 2 for j in benign] for i in malignant]) for s in models]
    assert areas == pytest.approx([win.mean() for win in wins])
    tens, ones = np.zeros((8, 2)), np.zeros((8, 2))
    for model, win in enumerate(wins):
        for place, i in enumerate(malignant):
            tens[groups[i], model] += win[place].mean() - areas[model]
        for place, j in enumerate(benign):
            ones[groups[j], model] += win[:, place].mean() - areas[model]
    i10, i01, i = len(set(groups[malignant])), len(set(groups[benign])), len(set(groups))
    m, n = len(malignant), len(benign)
    for r, s in product(range(2), repeat=2):
        s10 = i10 / ((i10 - 1) * m) * np.sum(tens[:, r] * tens[:, s])
        s01 = i01 / ((i01 - 1) * n) * np.sum(ones[:, r] * ones[:, s])
        s11 = [i / (i - 1) * np.sum(tens[:, x] * ones[:, y]) for x, y in ((r, s), (s, r))]
        assert covariance[r, s] == pytest.approx(s10 / m + s01 / n + sum(s11) / (m * n))


def test_delong_of_equal_models_and_without_variance():
    labels, scores = np.array([0, 0, 0, 1, 1, 1]), np.array([0.1, 0.2, 0.6, 0.3, 0.8, 0.9])
    groups = np.arange(6)
    assert comparison.delong(*comparison.roc_areas(labels, [scores, scores], groups)) == 1
    exact = comparison.roc_areas(labels, [labels / 1.0, np.full(6, 0.5)], groups)
    assert comparison.delong(*exact) == 0  # 1 against 0.5, both without any variance
    alone = comparison.roc_areas(labels, [scores, 1 - scores], labels)  # one group a class
    assert comparison.delong(*alone) is None


def test_mcnemar_of_single_rows_is_the_exact_binomial_test():
    gained = np.array([1] * 9 + [-1] * 2 + [0] * 20)
    # Of 11 discordant rows at most 2 or at least 9 on one side: 2 (1 + 11 + 55) / 2048
    p = comparison.mcnemar_of_groups(gained, np.arange(31))
    assert p == pytest.approx(2 * 67 / 2048)
    assert p == pytest.approx(binomtest(9, 11).pvalue)
    assert comparison.mcnemar_of_groups(np.zeros(5, int), np.arange(5)) == 1


def test_mcnemar_of_groups_counts_all_swaps():
    random = np.random.default_rng(1)
    for _ in range(10):
        gained, groups = random.integers(-1, 2, 40), random.integers(0, 8, 40)
        net = np.bincount(groups, weights=gained, minlength=8)
        swaps = np.abs([np.dot(signs, net) for signs in product((-1, 1), repeat=8)])
        assert comparison.mcnemar_of_groups(gained, groups) == pytest.approx(np.mean(swaps >= abs(gained.sum())))


def test_comparison_holds_both_models_and_is_json(tmp_path):
    labels, first, second, groups = draw(0, areas=(0.95, 0.8))
    pair = comparison.compare(labels, {"a": first, "b": second}, groups, 0.5)
    assert (pair.first, pair.second, pair.rows, pair.groups) == ("a", "b", len(labels), 60)
    right = [(scores >= 0.5) == labels for scores in (first, second)]
    accuracy = pair.accuracy
    assert [accuracy.first, accuracy.second] == [pytest.approx(row.mean()) for row in right]
    assert [pair.roc_auc.first, pair.roc_auc.second] == [
        pytest.approx(sk.roc_auc_score(labels, scores)) for scores in (first, second)
    ]
    assert accuracy.only_first_right - accuracy.only_second_right == right[0].sum() - right[1].sum()
    for figures in (pair.roc_auc, accuracy):
        assert figures.interval[0] < figures.difference < figures.interval[1]
    swapped = comparison.compare(labels, {"b": second, "a": first}, groups, 0.5)
    assert (swapped.first, swapped.second) == ("b", "a")
    assert swapped.roc_auc.interval == pytest.approx([-end for end in pair.roc_auc.interval[::-1]])
    assert swapped.accuracy.p == pytest.approx(accuracy.p)
    store.write_record(tmp_path / "pair.json", pair)
    assert store.read_record(tmp_path / "pair.json", Comparison, "test") == pair


def test_every_pair_is_compared_and_its_p_values_are_corrected_for_their_number():
    labels, first, second, groups = draw(0, areas=(0.95, 0.8))
    models = {"a": first, "b": second, "c": 1 - first}
    pairs = comparison.compare_all(labels, models, groups, 0.5)
    assert [(pair.first, pair.second) for pair in pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    for metric in ("roc_auc", "accuracy"):
        figures = [getattr(pair, metric) for pair in pairs]
        assert [each.p_corrected for each in figures] == correction.holm([each.p for each in figures])
    one_class = comparison.compare_all(np.zeros(30, int), {"a": first[:30], "b": second[:30]}, np.arange(30), 0.5)
    assert one_class[0].roc_auc.difference is None and one_class[0].roc_auc.p_corrected is None
    assert comparison.compare_all(labels, {"a": first}, groups, 0.5) == []


def test_the_detectable_difference_is_found_in_four_of_five_cases():
    covariance = np.array([[0.0004, 0.0001], [0.0001, 0.0003]])
    assert comparison.detectable(covariance) == pytest.approx((1.959964 + 0.841621) * np.sqrt(0.0005), rel=1e-5)
    assert norm.sf(1.959964 - 2.801585) == pytest.approx(0.8, abs=1e-4)  # a test statistic that far from 0
    assert comparison.detectable(np.full((2, 2), np.nan)) is None
    assert comparison.detectable(np.full((2, 2), 0.0004)) is None  # the same model twice
    labels, first, second, groups = draw(0)
    pair = comparison.compare(labels, {"a": first, "b": second}, groups, 0.5).roc_auc
    half = (pair.interval[1] - pair.interval[0]) / 2 / intervals.reach(labels, groups)
    assert pair.detectable == pytest.approx(2.8 * half, rel=0.1)
    few = comparison.compare(labels[:12], {"a": first[:12], "b": second[:12]}, groups[:12], 0.5)
    assert few.roc_auc.detectable is None


def test_tests_by_groups_hold_their_level_and_those_by_rows_do_not(monkeypatch):
    monkeypatch.setattr(config, "STATISTICS", replace(config.STATISTICS, replicates=100))
    simulations, counts = 200, {"roc_auc": 0, "accuracy": 0, "rows": 0, "covered": 0}
    for seed in range(simulations):
        labels, first, second, groups = draw(seed)  # equally good models
        pair = comparison.compare(labels, {"a": first, "b": second}, groups, 0.5)
        only = pair.accuracy.only_first_right, pair.accuracy.only_second_right
        counts["roc_auc"] += pair.roc_auc.p < 0.05
        counts["accuracy"] += pair.accuracy.p < 0.05
        counts["rows"] += binomtest(only[0], sum(only)).pvalue < 0.05  # McNemar's test as if rows were independent
        counts["covered"] += pair.roc_auc.interval[0] <= 0 <= pair.roc_auc.interval[1]
    assert counts["roc_auc"] / simulations < 0.08 and counts["accuracy"] / simulations < 0.08
    assert counts["covered"] / simulations == pytest.approx(0.95, abs=0.03)
    assert counts["rows"] / simulations > 0.10


def test_adjusted_intervals_are_those_of_holms_levels_from_the_same_bootstrap(monkeypatch):
    monkeypatch.setattr(config, "STATISTICS", replace(config.STATISTICS, replicates=200))
    labels, good, bad, groups = draw(3, lesions=200, areas=(0.9, 0.8))
    models = {"a": good, "b": bad, "c": bad + 1e-3 * np.cos(np.arange(len(bad)))}
    pairs = [pair.roc_auc for pair in comparison.compare_all(labels, models, groups, 0.5)]
    assert [pair.p_corrected < 0.05 for pair in pairs] == [True, True, False]
    smallest, second = sorted(pairs[:2], key=lambda pair: pair.p)
    halves = [[(high - low) / 2 for low, high in (pair.interval, pair.adjusted)] for pair in (smallest, second)]
    reaches = [intervals.reach(labels, groups, confidence) for confidence in (0.95, 1 - 0.05 / 3, 0.975)]
    assert halves[0][1] / halves[0][0] == pytest.approx(reaches[1] / reaches[0])
    assert halves[1][1] / halves[1][0] == pytest.approx(reaches[2] / reaches[0])
    assert pairs[2].adjusted == pytest.approx(pairs[2].interval)  # the last one stands alone
    (alone,) = comparison.compare_all(labels, {"a": good, "b": bad}, groups, 0.5)
    assert alone.roc_auc.adjusted == alone.roc_auc.interval
    assert comparison.compare(labels, {"a": good, "b": bad}, groups, 0.5).roc_auc.adjusted is None


def test_too_few_lesions_leave_nothing_to_adjust():
    labels, first, second, groups = draw(0)
    (pair,) = comparison.compare_all(labels[:12], {"a": first[:12], "b": second[:12]}, groups[:12], 0.5)
    assert pair.roc_auc.adjusted is pair.accuracy.adjusted is None
    assert not wording.supported(pair.roc_auc) and wording.verdict(pair.roc_auc) == "Cannot be judged"


def test_pictures_and_words_agree_on_every_pair(monkeypatch):
    """What is called more than chance has an adjusted interval beyond 0, and a p-value that agrees."""
    monkeypatch.setattr(config, "STATISTICS", replace(config.STATISTICS, replicates=100))
    monkeypatch.setattr(config, "title", lambda name: f"Net {name.upper()}")
    random = np.random.default_rng(0)
    seen = set()
    for seed in range(40):
        labels, first, second, groups = draw(seed, lesions=int(random.choice([8, 40, 120])), areas=(0.8, 0.9))
        models = {"a": first, "b": second, "c": np.clip(first + random.normal(scale=0.15, size=len(first)), 0, 1)}
        pairs = comparison.compare_all(labels, models, groups, 0.5)
        for pair, metric in product(pairs, ("roc_auc", "accuracy")):
            figures = getattr(pair, metric)
            sentence = wording.pair_sentence(pair, metric, len(pairs))
            if figures.interval is None:
                assert "cannot be compared" in sentence
                continue
            (low, high), (lower, upper) = figures.interval, figures.adjusted
            assert lower <= low + 1e-12 and high - 1e-12 <= upper
            beyond = lower > 0 or upper < 0
            assert beyond == wording.supported(figures)
            assert not beyond or figures.p_corrected < 0.05
            assert wording.verdict(figures).startswith("More than chance (" if beyond else "Could be chance (")
            assert ("could be chance" in sentence or "are level" in sentence) != beyond
            assert (" ranks better than " in sentence or " is more accurate than " in sentence) == beyond
            seen.add((metric, (beyond, low > 0 or high < 0, figures.p_corrected < 0.05)))
    assert {(True, True, True), (False, False, False), (False, True, False)} <= {kinds for _, kinds in seen}

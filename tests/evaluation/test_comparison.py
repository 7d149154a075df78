import json
from itertools import product

import numpy as np
import pytest
from scipy.stats import binomtest, norm

from lesion import config
from lesion.evaluation import comparison, wording

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
NAMES = {"a": "Net A", "b": "Net B", "c": "Net C"}


def draw(seed, lesions=60, areas=(0.85, 0.85), shared=0.7):
    """Return labels, two models' probabilities and groups; a lesion's 1 to 6 images resemble each other."""
    random = np.random.default_rng(seed)
    groups = np.repeat(np.arange(lesions), random.integers(1, 7, lesions))
    labels = (np.arange(lesions) < lesions // 2).astype(int)[groups]
    models = []
    for area in areas:
        noise = np.sqrt(shared) * random.normal(size=lesions)[groups]
        noise += np.sqrt(1 - shared) * random.normal(size=len(groups))
        apart = np.sqrt(2) * norm.ppf(area)
        models.append(1 / (1 + np.exp(-apart * (apart * (labels - 0.5) + noise))))
    return labels, *models, groups


def test_delong_equals_the_published_example():
    areas, covariance = comparison.roc_areas(OUTCOME, [GRADE, S100B], np.arange(113))
    assert areas == pytest.approx([0.8236789, 0.7313686], abs=1e-7)
    assert covariance[0, 1] == pytest.approx(0.00119615567376754)
    # pROC: roc.test(wfns, s100b): Z = 2.209, p-value = 0.02718
    assert comparison.delong(areas, covariance) == {
        "z": pytest.approx(2.20898359144091),
        "p": pytest.approx(0.0271757822291882),
    }


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
    assert comparison.delong(*comparison.roc_areas(labels, [scores, scores], groups)) == {"z": None, "p": 1.0}
    exact = comparison.roc_areas(labels, [labels / 1.0, np.full(6, 0.5)], groups)
    assert comparison.delong(*exact) == {"z": None, "p": 0.0}  # 1 against 0.5, both without any variance
    alone = comparison.roc_areas(labels, [scores, 1 - scores], labels)  # one group a class
    assert comparison.delong(*alone) == {"z": None, "p": None}


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


def test_holm_worked_by_hand():
    assert comparison.holm([0.03, 0.01, 0.04]) == pytest.approx([0.06, 0.03, 0.06])
    assert comparison.holm([0.5, None, 0.02]) == [0.5, None, pytest.approx(0.04)]
    assert comparison.holm([0.9, 0.8]) == [1.0, 1.0]


def test_comparison_holds_both_models_and_is_json():
    labels, first, second, groups = draw(0, areas=(0.95, 0.8))
    found = comparison.compare(labels, first, second, groups, 0.5)
    right = [(scores >= 0.5) == labels for scores in (first, second)]
    accuracy = found["accuracy"]
    assert [accuracy["first"], accuracy["second"]] == [pytest.approx(row.mean()) for row in right]
    assert accuracy["only_first_right"] - accuracy["only_second_right"] == right[0].sum() - right[1].sum()
    for figures in (found["roc_auc"], accuracy):
        assert figures["interval"][0] < figures["difference"] < figures["interval"][1]
    swapped = comparison.compare(labels, second, first, groups, 0.5)
    assert swapped["roc_auc"]["interval"] == pytest.approx([-end for end in found["roc_auc"]["interval"][::-1]])
    assert swapped["accuracy"]["p"] == pytest.approx(accuracy["p"])
    json.dumps(found, allow_nan=False)


def test_tests_by_groups_hold_their_level_and_those_by_rows_do_not(monkeypatch):
    monkeypatch.setattr(config, "REPLICATES", 100)
    simulations, found = 200, {"roc_auc": 0, "accuracy": 0, "rows": 0, "covered": 0}
    for seed in range(simulations):
        labels, first, second, groups = draw(seed)  # equally good models
        result = comparison.compare(labels, first, second, groups, 0.5)
        found["roc_auc"] += result["roc_auc"]["p"] < 0.05
        found["accuracy"] += result["accuracy"]["p"] < 0.05
        found["rows"] += result["accuracy"]["p_rows"] < 0.05
        found["covered"] += result["roc_auc"]["interval"][0] <= 0 <= result["roc_auc"]["interval"][1]
    assert found["roc_auc"] / simulations < 0.08 and found["accuracy"] / simulations < 0.08
    assert found["covered"] / simulations == pytest.approx(0.95, abs=0.03)
    assert found["rows"] / simulations > 0.10


def test_sentences_name_the_model_to_prefer_and_what_is_open(monkeypatch):
    monkeypatch.setattr(config, "REPLICATES", 200)
    labels, good, bad, groups = draw(4, lesions=200, areas=(0.95, 0.75))
    models = {"a": bad, "b": good, "c": np.clip(good + 1e-3 * np.cos(np.arange(len(good))), 0, 1)}
    found = wording.sentences(comparison.compare_all(labels, models, groups, 0.5), NAMES)
    assert len(found) == 7
    assert found[0].startswith("Prefer Net ") and " to Net A: " in found[0] and "cannot be told apart" in found[0]
    assert found[1].startswith("The data support that Net B ranks better than Net A: ROC-AUC 0.9")
    assert "p < 0.001, corrected for 3 comparisons" in found[1]
    images = f"on these {len(labels)} images of 200 lesions"
    assert "cannot be told apart by ROC-AUC " + images in found[5] and "interval −0.00" in found[5]
    pair = {name: models[name] for name in "ab"}
    found = wording.sentences(comparison.compare_all(labels, pair, groups, 0.5), NAMES)
    assert found[0] == "Prefer Net B: the data support that it ranks better than Net A."
    assert "corrected" not in found[1]


def test_sentences_prefer_nothing_without_support(monkeypatch):
    monkeypatch.setattr(config, "REPLICATES", 200)
    labels, first, second, groups = draw(5)
    found = wording.sentences(comparison.compare_all(labels, {"a": first, "b": second}, groups, 0.5), NAMES)
    assert found[0].startswith("The data do not say which model to prefer: Net ")
    one = comparison.compare_all(np.zeros(30, int), {"a": first[:30], "b": second[:30]}, np.arange(30), 0.5)
    found = wording.sentences(one, NAMES)
    assert found[0].startswith("No model can be preferred: the images are all of one class")
    assert "cannot be compared by ROC-AUC" in found[1]
    json.dumps(one, allow_nan=False)
    guessing = comparison.compare_all(labels, {"a": 1 - first, "b": 1 - second}, groups, 0.5)
    assert "better than guessing" in wording.sentences(guessing, NAMES)[0]


def test_a_difference_that_only_the_correction_takes_away_is_explained():
    figures = {
        "first": 0.9,
        "second": 0.85,
        "difference": 0.05,
        "interval": [0.01, 0.09],
        "p": 0.02,
        "p_corrected": 0.06,
    }
    level = {**figures, "difference": 0.0, "interval": [-0.04, 0.04], "p_corrected": 1.0}
    found = {"first": "a", "second": "b", "rows": 90, "groups": 90, "roc_auc": figures, "accuracy": level}
    said = wording.sentences([found] * 3, NAMES)
    assert said[1].startswith("Net A and Net B cannot be told apart by ROC-AUC on these 90 images: ")
    assert said[1].endswith(
        "The interval alone leaves out 0, but among several comparisons one does so by chance too easily."
    )
    assert "leaves out" not in said[2]

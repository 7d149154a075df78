"""Phrases, and comparisons of models in sentences."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from lesion import config
from lesion.evaluation import comparison, wording
from lesion.records.metrics import AccuracyDifference, AreaDifference, Comparison


@pytest.fixture(autouse=True)
def networks(monkeypatch):
    """Register three networks by the names a, b and c, and draw few replicates."""
    scratch = config.NETWORKS["scratch"]
    nets = {name: replace(scratch, title=f"Net {name.upper()}") for name in "abc"}
    monkeypatch.setattr(config, "NETWORKS", nets)
    monkeypatch.setattr(config, "STATISTICS", replace(config.STATISTICS, replicates=200))


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


def test_phrases():
    assert wording.interval_phrase(0.912, [0.85, 0.95]) == "0.912 (95 % interval 0.850 to 0.950)"
    assert wording.interval_phrase(0.1, [-0.02, 0.22], plus=True) == "+0.100 (95 % interval −0.020 to +0.220)"
    assert wording.interval_phrase(1.0, None) == "1.000 (95 % interval undefined)"
    assert wording.interval_phrase(None, None) == "undefined"
    assert [wording.p_phrase(p) for p in (0.0004, 0.0126, None)] == ["p < 0.001", "p = 0.013", "no p-value"]
    assert [wording.listed(list("abc")[:count], "or") for count in range(4)] == ["", "a", "a or b", "a, b or c"]
    assert [wording.signed(x, decimals=1, plus=True) for x in (-0.24, 0.0, 0.26)] == ["−0.2", "+0.0", "+0.3"]
    assert wording.signed(0.5) == "0.500"


def test_the_confidence_in_words_is_that_of_the_settings(monkeypatch):
    monkeypatch.setattr(config, "STATISTICS", replace(config.STATISTICS, confidence=0.9))
    assert wording.interval_phrase(0.5, [0.4, 0.6]) == "0.500 (90 % interval 0.400 to 0.600)"


def test_sentences_name_the_model_to_prefer_and_what_is_open():
    labels, good, bad, groups = draw(4, lesions=200, areas=(0.95, 0.75))
    models = {"a": bad, "b": good, "c": np.clip(good + 1e-3 * np.cos(np.arange(len(good))), 0, 1)}
    pairs = comparison.compare_all(labels, models, groups, 0.5)
    sentences = wording.sentences(pairs)
    assert len(sentences) == 7
    assert sentences[0].startswith("Prefer Net ") and " to Net A: " in sentences[0]
    assert "cannot be told apart" in sentences[0]
    assert sentences[1].startswith("The data support that Net B ranks better than Net A: ROC-AUC 0.9")
    assert "p < 0.001, corrected for 3 comparisons" in sentences[1]
    images = f"on these {len(labels)} images of 200 lesions"
    assert "cannot be told apart by ROC-AUC " + images in sentences[5] and "interval −0.00" in sentences[5]
    assert wording.pair_sentence(pairs[2], "roc_auc", len(pairs)) == sentences[5]
    assert wording.pair_sentence(pairs[2], "accuracy", len(pairs)) == sentences[6]
    two = {name: models[name] for name in "ab"}
    sentences = wording.sentences(comparison.compare_all(labels, two, groups, 0.5))
    assert sentences[0] == "Prefer Net B: the data support that it ranks better than Net A."
    assert "corrected" not in sentences[1]


def test_sentences_prefer_nothing_without_support():
    labels, first, second, groups = draw(5)
    sentences = wording.sentences(comparison.compare_all(labels, {"a": first, "b": second}, groups, 0.5))
    assert sentences[0].startswith("The data do not say which model to prefer: Net ")
    one_class = comparison.compare_all(np.zeros(30, int), {"a": first[:30], "b": second[:30]}, np.arange(30), 0.5)
    sentences = wording.sentences(one_class)
    assert sentences[0].startswith("No model can be preferred: the images are all of one class")
    assert "cannot be compared by ROC-AUC" in sentences[1]
    guessing = comparison.compare_all(labels, {"a": 1 - first, "b": 1 - second}, groups, 0.5)
    assert "better than guessing" in wording.sentences(guessing)[0]
    assert wording.sentences([]) == []


def test_a_difference_that_only_the_correction_takes_away_is_explained():
    area = AreaDifference(0.9, 0.85, 0.05, [0.01, 0.09], p=0.02, p_corrected=0.06)
    accuracy = AccuracyDifference(0.9, 0.9, 0.0, [-0.04, 0.04], 5, 5, p=1.0, p_corrected=1.0)
    pair = Comparison("a", "b", rows=90, groups=90, roc_auc=area, accuracy=accuracy)
    sentences = wording.sentences([pair] * 3)
    assert sentences[1].startswith("Net A and Net B cannot be told apart by ROC-AUC on these 90 images: ")
    assert sentences[1].endswith(
        "The interval alone leaves out 0, but among several comparisons one does so by chance too easily."
    )
    assert "leaves out" not in sentences[2]

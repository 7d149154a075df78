"""Headline figures against those of scikit-learn, and against rows that are copied instead of weighted."""

from dataclasses import replace

import numpy as np
import pytest
from draws import by_scikit_learn

from lesion import config
from lesion.evaluation import figures
from lesion.evaluation.areas import rank


def draw(seed, rows=80):
    """Return labels and probabilities, with ties, that are right more often than not."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, rows)
    return labels, (1 / (1 + np.exp(-random.normal(2 * labels - 1, 2)))).round(2)


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.8])
def test_values_equal_those_of_scikit_learn(threshold):
    labels, probabilities = draw(0)
    values = figures.values(labels, probabilities, threshold)
    wanted = by_scikit_learn(labels, probabilities, threshold)
    assert set(values) == {*wanted, "partial_auc"}
    for name, value in wanted.items():
        assert values[name] == pytest.approx(value, rel=1e-12), name


def test_weighted_figures_equal_those_of_copied_rows():
    labels, probabilities = draw(1)
    weights = np.random.default_rng(2).integers(0, 4, (10, len(labels)))
    weighted = figures.weighted(labels, probabilities, 0.5, rank(labels, probabilities), weights.astype(float))
    for place, times in enumerate(weights):
        copied = np.repeat(np.arange(len(labels)), times)
        for name, value in by_scikit_learn(labels[copied], probabilities[copied], 0.5).items():
            assert weighted[name][place] == pytest.approx(value), name


def test_figures_that_a_missing_class_or_verdict_leaves_undefined():
    nothing_called = figures.values(np.array([0, 1, 1]), np.array([0.1, 0.2, 0.3]), 0.5)
    undefined = {name for name, value in nothing_called.items() if np.isnan(value)}
    assert undefined == {"precision", "mcc"}
    one_class = figures.values(np.zeros(3, int), np.array([0.1, 0.6, 0.2]), 0.5)
    undefined = {name for name, value in one_class.items() if np.isnan(value)}
    assert undefined == {"recall", "roc_auc", "average_precision", "partial_auc", "balanced_accuracy", "mcc"}
    assert figures.or_none(one_class["recall"]) is None and figures.or_none(np.float64(0.5)) == 0.5


def test_limits_follow_the_settings(monkeypatch):
    assert figures.limits("accuracy") == (0, 1) and figures.limits("mcc") == (-1, 1)
    assert figures.limits("partial_auc") == pytest.approx((0, 0.2))
    monkeypatch.setattr(config, "STATISTICS", replace(config.STATISTICS, partial_auc_sensitivity=0.7))
    assert figures.limits("partial_auc") == pytest.approx((0, 0.3))

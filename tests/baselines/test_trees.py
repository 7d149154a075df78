"""Boosted trees: what they learn, from which rows, and that they do so in the same way each time."""

import numpy as np
import pytest

from lesion import config
from lesion.baselines import trees
from lesion.baselines.inputs import Numbers
from lesion.errors import LesionError
from lesion.evaluation.areas import rank, roc_area


@pytest.fixture
def drawn():
    """Return 400 rows with one number that tells the classes apart and two that do not, 300 of them for training."""
    random = np.random.default_rng(0)
    labels = np.arange(400) % 2
    values = np.column_stack([random.normal(3.0 * labels), *random.normal(size=(2, 400))])
    return Numbers(values, np.zeros(3, bool)), labels, np.arange(400) < 300


def area(labels, scores):
    return roc_area(rank(labels, scores), np.ones((1, len(labels))))[0]


def test_trees_rank_rows_that_they_have_not_seen(drawn):
    numbers, labels, trained = drawn
    probabilities = trees.probabilities(numbers, labels, trained)
    assert np.all((probabilities >= 0) & (probabilities <= 1))
    assert area(labels[~trained], probabilities[~trained]) > 0.95


def test_the_labels_of_other_rows_are_not_looked_at(drawn):
    numbers, labels, trained = drawn
    turned = np.where(trained, labels, 1 - labels)
    assert np.array_equal(trees.probabilities(numbers, labels, trained), trees.probabilities(numbers, turned, trained))


def test_the_same_numbers_give_the_same_probabilities(drawn):
    assert np.array_equal(trees.probabilities(*drawn), trees.probabilities(*drawn))


def test_unknown_numbers_and_names_are_no_obstacle(drawn):
    numbers, labels, trained = drawn
    values = numbers.values.copy()
    values[::3, 0] = np.nan
    values[:, 2] = np.where(np.arange(400) % 5 == 0, np.nan, labels)  # a name that tells the classes apart
    probabilities = trees.probabilities(Numbers(values, np.array([False, False, True])), labels, trained)
    assert area(labels[~trained], probabilities[~trained]) > 0.95


@pytest.mark.parametrize(("label", "missing"), [(0, "malignant"), (1, "benign")])
def test_a_class_that_is_missing_for_training_is_named(drawn, label, missing):
    numbers, labels, trained = drawn
    with pytest.raises(LesionError, match=f"no {missing} image is in the train split"):
        trees.probabilities(numbers, np.where(trained, label, labels), trained)


def test_the_settings_are_those_of_the_config(drawn, monkeypatch):
    before = trees.probabilities(*drawn)
    monkeypatch.setattr(config, "BASELINES", config.Baselines(iterations=1))
    after = trees.probabilities(*drawn)
    assert np.ptp(after) < np.ptp(before)

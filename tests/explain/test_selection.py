from collections import Counter

import numpy as np

from lesion.explain import selection
from lesion.runs import Predictions


def predictions(seed, count=200):
    random = np.random.default_rng(seed)
    labels = np.random.default_rng(99).integers(0, 2, count)
    splits = np.where(np.arange(count) % 2, "test", "validation")
    return Predictions(
        np.arange(count) + 1000, splits, labels, np.clip(labels * 0.4 + random.random(count) * 0.6, 0, 1)
    )


def outcomes(model, rows):
    chosen = np.isin(model.rows, rows)
    right = (model.probabilities[chosen] >= 0.5) == model.labels[chosen]
    return Counter(zip(model.labels[chosen].tolist(), right.tolist(), strict=True))


def test_every_outcome_of_every_model_is_shown_from_the_test_split_alone():
    models = {"scratch": predictions(1), "mobilenet": predictions(2)}
    rows = selection.choose(models, seed=0)
    assert len(set(rows)) == len(rows)
    for model in models.values():
        test = model.rows[model.splits == "test"]
        assert set(rows) <= set(test.tolist())
        available = outcomes(model, test)
        for outcome, shown in outcomes(model, rows).items():
            assert shown >= min(3, available[outcome])
        assert set(outcomes(model, rows)) == set(available)


def test_the_choice_repeats_with_the_seed():
    models = {"scratch": predictions(1)}
    assert selection.choose(models, seed=0) == selection.choose(models, seed=0)
    assert selection.choose(models, seed=0) != selection.choose(models, seed=1)


def test_a_perfect_model_has_no_wrong_predictions_to_show():
    perfect = predictions(1)
    perfect = Predictions(perfect.rows, perfect.splits, perfect.labels, perfect.labels.astype(float))
    assert outcomes(perfect, selection.choose({"scratch": perfect}, seed=0)) == {(0, True): 3, (1, True): 3}

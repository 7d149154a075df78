"""Which rows are scored together, what is compared, and what becomes of predictions that cannot be scored."""

import json

import numpy as np
import pytest

from lesion import config
from lesion.evaluation import metrics
from lesion.prepared import PreparedData


def data(splits, groups, labels):
    images = np.zeros((len(splits), 1, 1, 3), np.uint8)
    return PreparedData(images, np.arange(len(splits)), labels, splits, groups, {"data": "some"})


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
    found = metrics.subsets(splits, groups)
    assert {name: positions.tolist() for name, positions in found.items()} == {
        "validation": [1], "test": [2], "external": [4, 5, 6, 7, 8], "external_new": [6, 7]
    }  # fmt: skip


@pytest.mark.parametrize(("groups", "why"), [([1, 2, 3, 4], "none has a sibling"), ([1, 2, 1, 2], "all have one")])
def test_there_are_new_external_rows_only_where_some_but_not_all_have_a_sibling(groups, why):
    splits = np.array(["validation", "test", "external", "external"])
    assert list(metrics.subsets(splits, np.array(groups))) == ["validation", "test", "external"], why


def test_models_are_scored_and_compared_on_each_split(drawn):
    measured = metrics.measure(*drawn)
    assert list(measured["models"]["scratch"]) == ["validation", "test", "external"]
    assert measured["models"]["scratch"]["test"]["rows"] == 60
    (pair,) = measured["comparisons"]["test"]
    assert (pair["first"], pair["second"], pair["rows"]) == ("scratch", "mobilenet", 60)
    assert pair["roc_auc"]["first"] == measured["models"]["scratch"]["test"]["roc_auc"]
    assert measured["preference"]["test"][0] == (
        "Prefer CNN from scratch: the data support that it ranks better than MobileNetV2."
    )
    assert set(measured["comparisons"]) == set(measured["preference"]) == set(config.SCORED)
    json.dumps(measured, allow_nan=False)


def test_a_model_that_cannot_be_scored_is_left_out_and_the_others_are_not(drawn):
    content, models = drawn
    models["mobilenet"] = np.where(content.splits == "test", np.nan, models["mobilenet"])
    measured = metrics.measure(content, models)
    assert list(measured["models"]) == ["scratch"]
    assert measured["failed"] == {
        "mobilenet": "not measured: 60 of 60 predictions are no probability: run `invoke train --force`"
    }
    assert measured["comparisons"]["test"] == [] and measured["preference"]["test"] == []


def test_the_same_predictions_give_the_same_figures(drawn):
    assert json.dumps(metrics.measure(*drawn)) == json.dumps(metrics.measure(*drawn))

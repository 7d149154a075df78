"""The leak on hand-made predictions; tests/tasks trains for it."""

from dataclasses import replace

import numpy as np
import pytest

from lesion import config
from lesion.prepared import PreparedData
from lesion.records.leak import MeanDifference
from lesion.records.study import Design
from lesion.studies import design as designs
from lesion.studies import leak
from lesion.studies.estimates import Scored

LESIONS = 120
OWN = 4 * LESIONS


@pytest.fixture(autouse=True)
def few_replicates(monkeypatch):
    """Draw lesions only so often."""
    monkeypatch.setattr(config, "STATISTICS", replace(config.STATISTICS, replicates=400))


@pytest.fixture
def data():
    """Return OWN rows of LESIONS lesions, and 8 external and 2 unreadable ones."""
    groups = np.r_[np.repeat(np.arange(LESIONS), 4), np.arange(8), LESIONS, LESIONS + 1]
    splits = np.array(["train"] * OWN + ["external"] * 8 + ["unreadable"] * 2)
    labels = (groups % 2).astype(np.int8)
    images = np.zeros((len(groups), 4, 4, 3), np.uint8)
    unread = [np.zeros(len(groups))] * 5  # ages, sexes, sites, cropped, cleaned shares
    return PreparedData(images, np.arange(len(groups)), labels, splits, groups, *unread, None, fingerprint="some")


def design_of(seeds):
    return Design(list(config.SPLIT_KINDS), folds=5, tested=1, repeats=seeds, seed=0)


def scored_of(data, design, kind, knowledge):
    """Return trainings whose probabilities follow the label by `knowledge`, plus noise of each lesion."""
    folds = np.array([designs.folds(data, design, kind, repeat) for repeat in range(design.repeats)])
    labels, groups = data.labels[:OWN], data.groups[:OWN]
    probabilities = np.full(folds.shape, np.nan)
    for repeat, own in enumerate(folds):
        random = np.random.default_rng([repeat, config.SPLIT_KINDS.index(kind)])
        noise = random.normal(size=LESIONS)[groups] + 0.3 * random.normal(size=OWN)
        logits = knowledge * (2.0 * labels - 1) + noise
        probabilities[repeat, own == 0] = (1 / (1 + np.exp(-logits)))[own == 0]
    return Scored(folds, probabilities)


def results(data, seeds, random, grouped):
    """Return the lines and the differences if models know so much on either kind of split."""
    design = design_of(seeds)
    scored = [scored_of(data, design, "random", random), scored_of(data, design, "grouped", grouped)]
    differences = leak.differences(data.labels[:OWN], data.groups[:OWN], design, *scored)
    return leak.table(data, design, *scored), differences


def test_a_random_split_that_flatters_is_told_with_an_interval(data):
    lines, differences = results(data, 6, random=3.0, grouped=0.3)
    for metric in ("roc_auc", "accuracy"):
        pairs = [[getattr(line, metric) for line in lines if line.split == split] for split in ("random", "grouped")]
        assert differences[metric].mean == pytest.approx(np.mean(pairs[0]) - np.mean(pairs[1]))
        low, high = differences[metric].interval
        assert 0 < low < differences[metric].mean < high <= 1
    said = leak.sentence("mobilenet", lines, differences)
    assert said.startswith("A random split flatters MobileNetV2 in ROC-AUC and accuracy: against a split that keeps")
    assert f"ROC-AUC by {differences['roc_auc'].mean:+.3f} (95% interval " in said and "6 seeds" in said


def test_each_training_has_a_line_with_its_test_rows_and_their_siblings(data):
    lines, _ = results(data, 3, random=1.0, grouped=1.0)
    assert [(line.seed, line.split) for line in lines] == [
        (seed, kind) for seed in range(3) for kind in config.SPLIT_KINDS
    ]
    assert {line.rows for line in lines} == {OWN // 5}
    assert {line.with_sibling for line in lines if line.split == "grouped"} == {0}
    assert all(line.with_sibling > 70 for line in lines if line.split == "random")


def test_the_figures_of_a_line_are_those_of_its_own_test_rows(data):
    design = design_of(2)
    grouped, random = (scored_of(data, design, kind, 1.0) for kind in config.SPLIT_KINDS)
    line = leak.table(data, design, random, grouped)[2]
    tested = grouped.folds[1] == 0
    labels, scores = data.labels[:OWN][tested], grouped.probabilities[1][tested]
    pairs = scores[labels == 1][:, None] - scores[labels == 0]
    assert (line.seed, line.split) == (1, "grouped")
    assert line.roc_auc == pytest.approx(np.mean(pairs > 0))
    assert line.accuracy == pytest.approx(np.mean((scores >= 0.5) == labels))


def test_no_leak_is_claimed_if_the_splits_do_equally_well(data):
    lines, differences = results(data, 3, random=0.8, grouped=0.8)
    low, high = differences["roc_auc"].interval
    assert low < 0 < high
    said = leak.sentence("scratch", lines, differences)
    assert said.startswith("These runs do not show that a random split flatters CNN from scratch: ")


def test_perfect_models_do_not_differ_and_have_no_interval(data):
    lines, differences = results(data, 2, random=30, grouped=30)
    assert differences == {metric: MeanDifference(0.0, None) for metric in ("roc_auc", "accuracy")}
    assert "ROC-AUC by +0.000 (95% interval undefined)" in leak.sentence("scratch", lines, differences)

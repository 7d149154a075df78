"""The leak on hand-made predictions; test_tasks.py trains for it."""

import numpy as np
import pytest
from scipy.stats import t as student

from lesion import config
from lesion.prepared import PreparedData
from lesion.records.leak import MeanDifference
from lesion.studies import leak
from lesion.studies.leak import Trial

LESIONS = 120
OWN = 4 * LESIONS


@pytest.fixture
def data():
    """Return OWN rows of LESIONS lesions, and 8 external and 2 unreadable ones."""
    groups = np.r_[np.repeat(np.arange(LESIONS), 4), np.arange(8), LESIONS, LESIONS + 1]
    splits = np.array(["train"] * OWN + ["external"] * 8 + ["unreadable"] * 2)
    labels = (groups % 2).astype(np.int8)
    images = np.zeros((len(groups), 4, 4, 3), np.uint8)
    unread = [np.zeros(len(groups))] * 5  # ages, sexes, sites, cropped, cleaned shares
    return PreparedData(images, np.arange(len(groups)), labels, splits, groups, *unread, None, fingerprint="some")


def test_the_same_images_are_split_anew_and_only_what_took_part_in_the_split(data):
    grouped, random = (leak.resplit(data, kind, seed=1) for kind in ("grouped", "random"))
    for new in (grouped, random):
        assert new.images is data.images
        assert (new.splits[OWN:] == data.splits[OWN:]).all()
        assert abs(np.mean(new.splits[:OWN] == "test") - 0.15) <= 0.01
    in_splits = [set(grouped.splits[:OWN][data.groups[:OWN] == group]) for group in range(LESIONS)]
    assert all(len(splits) == 1 for splits in in_splits)
    assert any(len(set(random.splits[:OWN][data.groups[:OWN] == group])) > 1 for group in range(LESIONS))
    assert (data.splits[:OWN] == "train").all()


def test_other_splits_have_other_fingerprints(data):
    made = [leak.resplit(data, kind, seed) for kind in config.SPLIT_KINDS for seed in (0, 1)]
    assert len({each.fingerprint for each in [data, *made]}) == 5
    assert leak.resplit(data, "random", 1).fingerprint == made[3].fingerprint


def test_the_pool_holds_every_row_that_a_split_may_hold_and_no_other(data):
    assert leak.pool(leak.resplit(data, "random", 0)).tolist() == list(range(OWN))


def test_figures_of_a_trial():
    labels, probabilities = np.array([0, 0, 1, 1]), np.array([0.1, 0.7, 0.6, 0.9])
    assert leak.figures(labels, probabilities) == {"roc_auc": 0.75, "accuracy": 0.75}


def test_the_interval_adds_the_variance_over_seeds_to_that_over_lesions():
    # Over seeds: .0008 / 2 = .0004. Over lesions: 2 × .0129² × 6 / 5 = .0004. Freedom: 8² / (4² / 1 + 4² / 8) = 32 / 9.
    step = np.sqrt(0.0004 / 2.4)
    low, high = leak.interval(np.array([0.04, 0.08]), np.array([0.06 - step, 0.06 + step]), fewest=6, groups=10)
    half = student.ppf(0.975, 32 / 9) * np.sqrt(0.0008)
    assert (low, high) == pytest.approx((0.06 - half, 0.06 + half))


def test_no_interval_if_there_are_too_few_lesions_or_nothing_varies():
    varied, constant = np.array([0.0, 0.1, 0.2]), np.full(3, 0.1)
    assert leak.interval(varied, varied, fewest=config.STATISTICS.minimum_groups - 1, groups=50) is None
    assert leak.interval(constant, constant, fewest=30, groups=60) is None
    assert leak.interval(varied, np.array([np.nan, 0.1, 0.2]), fewest=30, groups=60) is None


def trials_of(data, seeds, knowledge):
    """Return trials whose probabilities follow the label by `knowledge[split]`, plus noise of each lesion."""
    trials = []
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        for split in config.SPLIT_KINDS:
            positions = np.flatnonzero(leak.resplit(data, split, seed).splits == "test")
            noise = random.normal(size=LESIONS)[data.groups[positions]] + 0.3 * random.normal(size=len(positions))
            logits = knowledge[split] * (2.0 * data.labels[positions] - 1) + noise
            trials.append(Trial(seed, split, positions, 1 / (1 + np.exp(-logits))))
    return trials


def test_a_random_split_that_flatters_is_told_with_an_interval(data):
    trials = trials_of(data, 6, {"random": 3.0, "grouped": 0.3})
    differences = leak.differences(data.labels, data.groups, trials)
    lines = leak.table(data, trials)
    for metric in ("roc_auc", "accuracy"):
        pairs = [[getattr(line, metric) for line in lines if line.split == split] for split in ("random", "grouped")]
        assert differences[metric].mean == pytest.approx(np.mean(pairs[0]) - np.mean(pairs[1]))
        low, high = differences[metric].interval
        assert 0 < low < differences[metric].mean < high <= 1
    assert {line.with_sibling for line in lines if line.split == "grouped"} == {0}
    assert all(line.with_sibling > 50 for line in lines if line.split == "random")
    said = leak.sentence("mobilenet", lines, differences)
    assert said.startswith("A random split flatters MobileNetV2 in ROC-AUC and accuracy: against a split that keeps")
    assert f"ROC-AUC by {differences['roc_auc'].mean:+.3f} (95 % interval " in said and "6 seeds" in said


def test_no_leak_is_claimed_if_the_splits_do_equally_well(data):
    trials = trials_of(data, 2, {"random": 0.8, "grouped": 0.8})
    differences = leak.differences(data.labels, data.groups, trials)
    low, high = differences["roc_auc"].interval
    assert low < 0 < high
    said = leak.sentence("scratch", leak.table(data, trials), differences)
    assert said.startswith("These runs do not show that a random split flatters CNN from scratch: ")


def test_perfect_models_do_not_differ_and_have_no_interval(data):
    trials = [
        Trial(seed, split, positions, data.labels[positions].astype(float))
        for seed in range(2)
        for split in config.SPLIT_KINDS
        for positions in [np.flatnonzero(leak.resplit(data, split, seed).splits == "test")]
    ]
    differences = leak.differences(data.labels, data.groups, trials)
    assert differences == {metric: MeanDifference(0.0, None) for metric in ("roc_auc", "accuracy")}
    said = leak.sentence("scratch", leak.table(data, trials), differences)
    assert "ROC-AUC by +0.000 (95 % interval undefined)" in said

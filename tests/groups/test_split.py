import numpy as np
import pytest

from lesion.errors import LesionError
from lesion.groups.split import folds, hold_out, split_groups

SHARES = {"train": 0.70, "validation": 0.15, "test": 0.15}


def random_groups(seed):
    """Return labels and groups of 2,000 rows or so; groups of 1 to 4 rows, a third of them malignant."""
    random = np.random.default_rng(seed)
    sizes = random.integers(1, 5, 800)
    groups = np.repeat(random.permutation(800), sizes)
    label_of_group = random.random(800) < 1 / 3
    order = random.permutation(len(groups))
    return label_of_group[groups].astype(int)[order], groups[order]


@pytest.mark.parametrize("seed", range(5))
def test_groups_stay_whole_and_shares_are_within_one_percent(seed):
    labels, groups = random_groups(seed)
    splits = split_groups(labels, groups, seed)
    for group in np.unique(groups):
        assert len(set(splits[groups == group])) == 1
    for name, share in SHARES.items():
        for rows in (labels == 0, labels == 1, labels >= 0):
            assert np.mean(splits[rows] == name) == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize("seed", range(5))
def test_every_split_has_large_groups_in_proportion(seed):
    labels, groups = random_groups(seed)
    splits = split_groups(labels, groups, seed)
    size_of_row = np.bincount(groups)[groups]
    for size in range(1, 5):
        for name, share in SHARES.items():
            assert np.mean(splits[size_of_row == size] == name) == pytest.approx(share, abs=0.03)


def test_single_rows_are_divided_exactly():
    labels = np.array([0] * 100 + [1] * 40)
    splits = split_groups(labels, np.arange(140), seed=3)
    counts = {name: [int(np.sum((splits == name) & (labels == label))) for label in (0, 1)] for name in SHARES}
    assert counts == {"train": [70, 28], "validation": [15, 6], "test": [15, 6]}


def test_seed_decides_the_split():
    labels, groups = random_groups(0)
    first, again, other = (split_groups(labels, groups, seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_too_few_images_of_a_class_are_an_error():
    labels = np.array([0] * 50 + [1] * 2)
    with pytest.raises(LesionError, match="no malignant image is left for the test split"):
        split_groups(labels, np.arange(52), seed=0)


def test_every_group_has_the_same_chance_to_be_tested_large_ones_too():
    """Of 80 groups of 1 to 6 rows and one of 30; the split was once the same for all rare sizes, whatever the seed."""
    sizes = np.random.default_rng(0).permutation([*np.repeat(np.arange(1, 7), [40, 20, 10, 5, 3, 2]), 30])
    groups = np.repeat(np.arange(len(sizes)), sizes)
    labels = groups % 2
    first = np.unique(groups, return_index=True)[1]
    seeds = 200
    for name, share in SHARES.items():
        chosen = sum((split_groups(labels, groups, seed) == name)[first] for seed in range(seeds))
        error = np.sqrt(share * (1 - share) / seeds)
        assert chosen.min() > 0
        assert np.abs(chosen / seeds - share).max() < 4 * error  # .005 of all designs have one of 81 beyond
        assert np.mean(chosen / seeds) == pytest.approx(share, abs=0.005)


@pytest.mark.parametrize("count", [10, 13, 23])
def test_ten_lesions_of_each_class_are_enough(count):
    labels = np.arange(2 * count) % 2
    for seed in range(100):
        split_groups(labels, np.arange(2 * count), seed)


def test_every_group_is_in_each_fold_with_the_same_chance_large_ones_too():
    sizes = np.random.default_rng(0).permutation([*np.repeat(np.arange(1, 7), [40, 20, 10, 5, 3, 2]), 30])
    groups = np.repeat(np.arange(len(sizes)), sizes)
    labels = groups % 2
    first = np.unique(groups, return_index=True)[1]
    seeds = 300
    dealt = np.array([folds("grouped", labels, groups, 5, [0, seed]) for seed in range(seeds)])
    assert (dealt == dealt[:, first][:, groups]).all()
    error = np.sqrt(0.2 * 0.8 / seeds)
    for fold in range(5):
        chosen = np.mean(dealt[:, first] == fold, axis=0)
        assert np.abs(chosen - 0.2).max() < 4.5 * error  # 405 chances, of which .003 of all designs have one beyond
        assert np.mean(chosen) == pytest.approx(0.2, abs=0.005)


def test_folds_have_groups_of_each_size_and_both_classes_in_proportion():
    labels, groups = random_groups(0)
    dealt = folds("grouped", labels, groups, 5, [0, 0])
    size_of_row = np.bincount(groups)[groups]
    for fold in range(5):
        assert [np.mean(dealt[labels == label] == fold) for label in (0, 1)] == pytest.approx([0.2, 0.2], abs=0.01)
        for size in range(1, 5):
            assert np.mean(dealt[size_of_row == size] == fold) == pytest.approx(0.2, abs=0.02)


def test_random_folds_are_of_one_size_and_the_seed_decides_them():
    labels, groups = np.arange(100) % 2, np.arange(100) // 4
    dealt = [folds("random", labels, groups, 5, [0, repeat]) for repeat in (0, 0, 1)]
    assert np.bincount(dealt[0]).tolist() == [20] * 5
    assert (dealt[0] == dealt[1]).all() and (dealt[0] != dealt[2]).any()
    assert any(len(set(dealt[0][groups == group])) > 1 for group in range(25))


def test_folds_need_a_lesion_of_each_class_in_every_one():
    labels = np.array([0] * 40 + [1] * 8)
    groups = np.arange(48) // 2  # 20 benign and 4 malignant
    assert set(folds("grouped", labels, groups, 4, [0])) == {0, 1, 2, 3}
    with pytest.raises(LesionError, match="5 folds need at least 5 malignant lesions, and there are 4: prepare more"):
        folds("grouped", labels, groups, 5, [0])
    assert set(folds("random", labels, groups, 5, [0])) == {0, 1, 2, 3, 4}


def test_a_share_of_whole_groups_is_held_out():
    labels, groups = random_groups(1)
    held = hold_out("grouped", labels, groups, 0.15, [0, 1, 2])
    assert all(len(set(held[groups == group])) == 1 for group in np.unique(groups))
    assert [np.mean(held[labels == label]) for label in (0, 1)] == pytest.approx([0.15, 0.15], abs=0.015)

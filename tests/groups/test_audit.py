import numpy as np
import pandas as pd
import pytest

from lesion.groups.audit import describe, largest, siblings_of_test
from lesion.groups.find import Grouping
from lesion.groups.split import split_rows
from lesion.records.preparation import PreparationSettings, Siblings

SPLITS = np.array(["train", "train", "test", "validation", "test", "train", "external", "external", "test"])
GROUPS = np.array([1, 1, 1, 2, 2, 3, 3, 4, 5])


def many(rows_a_group=4, count=60):
    """Return labels and groups of `count` groups, half of them malignant, shuffled."""
    groups = np.random.default_rng(0).permutation(np.repeat(np.arange(count), rows_a_group))
    return groups % 2, groups


def lines(labels, splits, groups):
    """Return lines of index.csv."""
    return pd.DataFrame({"label": labels, "split": splits, "group": groups, "group_origin": "source"})


def settings(kind, seed):
    return PreparationSettings(
        data="sample", limit=0, image_size=64, seed=seed, split=kind, clean=True, metadata="", search=False
    )


def test_groups_are_counted_by_size_and_by_the_splits_they_are_in():
    labels = np.array([0, 0, 0, 1, 1, 0, 0, 1, 1])
    groups = describe(lines(labels, SPLITS, GROUPS), "source", None, settings("random", 0), [])
    assert groups.count == 5
    assert groups.sizes == {"1": 2, "2": 2, "3": 1}
    assert groups.shared == {"train/validation": 0, "train/test": 1, "validation/test": 1}
    assert groups.siblings["random"] == Siblings(rows=3, with_sibling=1)
    assert groups.siblings["grouped"] is None  # five groups cannot be split
    assert groups.external == Siblings(rows=2, with_sibling=1)


def test_the_grouped_split_shares_nothing_and_the_random_one_is_what_it_would_have_been():
    labels, groups = many()
    splits = split_rows("grouped", labels, groups, seed=3)
    described = describe(lines(labels, splits, groups), "source", None, settings("grouped", 3), [])
    assert set(described.shared.values()) == {0}
    assert described.siblings["grouped"] == Siblings(rows=int(np.sum(splits == "test")), with_sibling=0)
    random = split_rows("random", labels, groups, seed=3)
    trained = set(groups[random == "train"])
    known = sum(group in trained for group in groups[random == "test"])
    assert described.siblings["random"] == Siblings(rows=36, with_sibling=known)
    assert known > 30  # of 36: a lesion with three other images hardly ever has none of them in 70 %
    assert described.external is None


def test_who_says_which_images_show_one_lesion():
    labels, groups = many()
    index = lines(labels, split_rows("grouped", labels, groups, seed=0), groups)
    known = describe(index, "source", None, settings("grouped", 0), [])
    assert (known.origin, known.checked, known.links, known.dropped) == ("source", None, None, None)
    assert known.origins == {"source": 240}
    index.loc[:9, "group_origin"] = "pixels"
    index.loc[10:29, "group_origin"] = "alone"
    grouping = Grouping(groups, checked=70, links=50, dropped=2)
    searched = describe(index, "table and pixels", grouping, settings("grouped", 0), [])
    assert (searched.origin, searched.checked, searched.links, searched.dropped) == ("table and pixels", 70, 50, 2)
    assert searched.origins == {"source": 210, "pixels": 10, "alone": 20}


def test_there_are_no_siblings_if_each_row_is_a_lesion():
    labels, groups = many(rows_a_group=1, count=100)
    splits = split_rows("random", labels, groups, seed=0)
    assert siblings_of_test(splits, groups) == Siblings(rows=int(np.sum(splits == "test")), with_sibling=0)


def test_the_largest_groups_come_with_their_splits_and_first_rows():
    groups = np.array([7] * 8 + [3, 3, 5, 5, 1, 9, 9, 9])
    splits = np.array(["test"] * 4 + ["external"] * 2 + ["train"] * 2 + ["train"] * 8)
    assert largest(splits, groups, count=3, rows=6) == [
        (8, "train, test, external", [0, 1, 2, 3, 4, 5]),
        (3, "train", [13, 14, 15]),
        (2, "train", [8, 9]),
    ]


@pytest.mark.parametrize("rows", [1, 3])
def test_single_images_are_not_large_groups(rows):
    assert largest(np.array(["train"] * rows), np.arange(rows), count=3, rows=6) == []

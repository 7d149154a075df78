from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from lesion import config
from lesion.evaluation import intervals, subgroups
from lesion.prepared import PreparedData
from lesion.records.metrics import SubsetSize


def draw(seed=0, lesions=120, one=0.5, several=2.0):
    """Return data of lesions with one or three images, half of each class, and a model that ranks the latter better.

    Rows 0 to 9 are training rows: second images of lesions whose other image is in the test split.
    """
    random = np.random.default_rng(seed)
    sizes = np.where(np.arange(lesions) % 4 < 2, 1, 3)
    groups = np.concatenate([np.arange(10) * 4, np.repeat(np.arange(lesions), sizes)])
    labels = (groups % 2).astype(np.int8)
    count = len(groups)
    apart = np.where(sizes[groups] == 1, one, several) * (2 * labels - 1)
    data = PreparedData(
        images=np.zeros((count, 1, 1, 3), np.uint8),
        rows=np.arange(count),
        labels=labels,
        splits=np.where(np.arange(count) < 10, "train", "test"),
        groups=groups,
        ages=np.full(count, np.nan),
        sexes=np.full(count, ""),
        sites=np.full(count, ""),
        cropped=np.zeros(count, bool),
        cleaned_shares=np.zeros(count),
        record=None,
        fingerprint="some",
    )
    return data, {"scratch": expit(apart + random.normal(size=count)), "colour": np.full(count, 0.5)}


def measure(data, models):
    return subgroups.subgroups(data, np.flatnonzero(data.splits == "test"), models)


def test_lesions_of_one_and_of_several_photographs_counted_over_all_rows():
    data, models = draw()
    (one, several), (difference,) = measure(data, models)
    assert (one.factor, one.level, several.level) == ("photographs of the lesion", "one", "several")
    # Lesions 0, 4, ... 36 have a second photograph among the training rows: 60 - 10 single ones are left.
    assert one.size == SubsetSize(rows=50, malignant_rows=30, lesions=50, malignant_lesions=30)
    assert several.size == SubsetSize(rows=190, malignant_rows=90, lesions=70, malignant_lesions=30)
    _, group, count = np.unique(data.groups, return_inverse=True, return_counts=True)
    for part, chosen in ((one, count[group] == 1), (several, count[group] > 1)):
        rows = np.flatnonzero(chosen & (data.splits == "test"))
        labels, values, groups = data.labels[rows], models["scratch"][rows], data.groups[rows]
        assert part.roc_auc["scratch"].value == pytest.approx(roc_auc_score(labels, values))
        bounds = intervals.intervals(labels, values, groups, 0.5)["roc_auc"]
        assert part.roc_auc["scratch"].interval == pytest.approx(bounds)
    gap = one.roc_auc["scratch"].value - several.roc_auc["scratch"].value
    assert difference.roc_auc["scratch"].value == pytest.approx(gap)
    low, high = difference.roc_auc["scratch"].interval
    assert low < gap < high < 0
    assert one.roc_auc["colour"].value == 0.5 and one.roc_auc["colour"].interval is None
    assert difference.roc_auc["colour"].interval is None


def test_patients_and_preprocessing_are_factors_where_they_differ():
    data, models = draw()
    count = len(data.groups)
    known = replace(
        data,
        ages=np.where(data.groups % 3 == 0, np.nan, np.where(data.groups % 3 == 1, 30.0, 50.0)),
        sexes=np.array(["female", "male", ""])[data.groups % 3],
        sites=np.array(["back", "face", "trunk"])[data.groups % 3],
        cropped=np.arange(count) % 2 == 0,
        cleaned_shares=np.where(np.arange(count) % 2 == 0, 0.01, 0.0),
    )
    parts, differences = measure(known, models)
    levels = {factor: [part.level for part in parts if part.factor == factor] for factor in {p.factor for p in parts}}
    assert levels == {
        "photographs of the lesion": ["one", "several"],
        "dark frame": ["cropped", "none"],
        "hair or marks": ["none", "painted over"],
        "age": ["50 and above", "below 50"],
        "sex": ["female", "male"],
        "site": ["back", "face", "trunk"],
    }
    assert "site" not in {difference.factor for difference in differences}  # three parts make no one difference
    assert len(differences) == 5


def test_parts_with_fewer_than_five_lesions_of_a_class_and_factors_of_one_part_are_left_out():
    data, models = draw()
    sites = np.where(data.groups < 8, "palm", np.where(data.groups % 4 < 2, "back", "face"))  # 4 malignant on palms
    parts, differences = measure(replace(data, sites=sites, sexes=np.full(len(sites), "male")), models)
    assert [part.level for part in parts if part.factor == "site"] == ["back", "face"]
    assert [difference.factor for difference in differences] == ["photographs of the lesion", "site"]
    assert "sex" not in {part.factor for part in parts}
    assert measure(replace(data, groups=np.arange(len(sites))), models) == ([], [])


def test_the_interval_of_the_difference_covers_it(monkeypatch):
    monkeypatch.setattr(config, "STATISTICS", replace(config.STATISTICS, replicates=200))
    covered = 0
    for seed in range(100):
        data, models = draw(seed, one=0.7, several=0.7)
        low, high = measure(data, models)[1][0].roc_auc["scratch"].interval
        covered += low <= 0 <= high
    assert covered >= 89

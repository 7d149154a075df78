from dataclasses import replace

import numpy as np
import pytest
from draws import by_scikit_learn
from scipy.stats import binomtest, norm

from lesion import config
from lesion.evaluation import figures, intervals
from lesion.evaluation.areas import rank

METRICS = ("accuracy", "precision", "recall", "f1", "specificity", "balanced_accuracy", "mcc", "brier")
METRICS += ("roc_auc", "average_precision", "partial_auc")


def draw(seed, lesions=60, area=0.85, shared=0.7):
    """Return labels, probabilities and groups of lesions with 1 to 6 images that resemble each other by `shared`."""
    random = np.random.default_rng(seed)
    groups = np.repeat(np.arange(lesions), random.integers(1, 7, lesions))
    labels = (np.arange(lesions) < lesions // 2).astype(int)[groups]
    noise = np.sqrt(shared) * random.normal(size=lesions)[groups]
    noise += np.sqrt(1 - shared) * random.normal(size=len(groups))
    apart = np.sqrt(2) * norm.ppf(area)  # of the classes' means: the ROC-AUC is then `area`
    return labels, 1 / (1 + np.exp(-apart * (apart * (labels - 0.5) + noise))), groups


def test_every_headline_metric_has_an_interval_around_it():
    labels, probabilities, groups = draw(0, lesions=120)
    bounds = intervals.intervals(labels, probabilities, groups, 0.5)
    values = by_scikit_learn(labels, probabilities, 0.5)
    assert set(bounds) == set(METRICS)
    for name, value in values.items():
        low, high = bounds[name]
        assert -1 <= low < value < high <= 1, name
        ends = np.array([low, value, high])
        logits = np.log((ends + 1) / (1 - ends)) if name == "mcc" else np.log(ends / (1 - ends))
        assert logits[1] == pytest.approx((logits[0] + logits[2]) / 2), name  # so the metric is scikit-learn's
    assert 0 < bounds["partial_auc"][0] < bounds["partial_auc"][1] < 0.2


def test_standard_error_of_single_rows_is_that_of_a_proportion():
    # 400 images, each a lesion of its own, 80 % right: the error is sqrt(.8 × .2 / 400) = .02. Drawing as many of
    # each class as there are leaves it as it is, because both classes are right equally often.
    labels = np.repeat([0, 1], 200)
    right = np.tile([1, 1, 1, 1, 0], 80) == 1
    probabilities = np.where(right == (labels == 1), 0.9, 0.1)
    low, high = intervals.intervals(labels, probabilities, np.arange(400), 0.5)["accuracy"]
    logits = np.log([low / (1 - low), high / (1 - high)])
    assert np.diff(logits)[0] / 2 == pytest.approx(intervals.reach(labels, np.arange(400)) * 0.02 / 0.16, rel=0.05)


def test_copies_of_a_lesion_add_no_certainty():
    labels, probabilities, _ = draw(1, lesions=120, shared=0)
    lesions = np.arange(len(labels))
    single = intervals.intervals(labels, probabilities, lesions, 0.5)
    copied = intervals.intervals(*(np.tile(values, 3) for values in (labels, probabilities, lesions)), 0.5)
    for name in METRICS:
        assert copied[name] == pytest.approx(single[name]), name


@pytest.mark.parametrize(("name", "enough"), [("partial_auc", 50), ("brier", 25)])
def test_figures_whose_interval_misses_too_often_on_few_lesions_have_none_there(name, enough):
    for lesions, defined in ((2 * enough - 2, False), (2 * enough, True)):
        bounds = intervals.intervals(*draw(0, lesions=lesions), 0.5)
        assert (bounds[name] is not None) == defined
        assert bounds["roc_auc"] is not None


def test_fewer_replicates_are_the_first_of_more():
    labels, _, groups = draw(0)
    more, fewer = (
        intervals.bootstrap(labels, groups, lambda weights: {"w": weights}, count)["w"] for count in (None, 9)
    )
    assert more.shape == (config.STATISTICS.replicates, len(labels)) and np.array_equal(more[:9], fewer)
    for label in (0, 1):  # as many lesions of each class as there are, each with all of its images
        lesions = np.unique(groups[labels == label], return_index=True)[1]
        assert set(fewer[:, np.flatnonzero(labels == label)[lesions]].sum(axis=1)) == {30}


def test_a_symmetric_interval_reaches_equally_far_and_not_beyond_the_limits():
    replicates = np.array([1.0, 3.0, 1.0, 3.0, np.nan])  # too many undefined
    assert intervals.symmetric(2.0, replicates, 2.0, (-np.inf, np.inf)) is None
    spread = np.std(replicates[:4], ddof=1)
    assert intervals.symmetric(2.0, replicates[:4], 2.0, (0, 4)) == pytest.approx([0, 4])
    assert intervals.symmetric(2.0, replicates[:4], 1.0, (0, 4)) == pytest.approx([2 - spread, 2 + spread])
    for undefined in (np.nan, None):
        arguments = (2.0, replicates[:4], undefined) if undefined is None else (undefined, replicates[:4], 2.0)
        assert intervals.symmetric(*arguments, (0, 4)) is None
    assert intervals.symmetric(2.0, np.full(4, 2.0), 2.0, (0, 4)) is None


def test_coverage_is_right_by_groups_and_too_small_by_rows(monkeypatch):
    monkeypatch.setattr(config, "STATISTICS", replace(config.STATISTICS, replicates=100))
    simulations, area = 200, 0.85
    accuracy = norm.cdf(norm.ppf(area) / np.sqrt(2))  # at the threshold midway between the classes
    covered = {"groups": 0, "rows": 0}
    for seed in range(simulations):
        labels, probabilities, groups = draw(seed, area=area)
        for name, units in (("groups", groups), ("rows", np.arange(len(labels)))):
            bounds = intervals.intervals(labels, probabilities, units, 0.5)
            for metric, truth in (("roc_auc", area), ("accuracy", accuracy)):
                covered[name] += bounds[metric][0] <= truth <= bounds[metric][1]
    assert covered["groups"] / (2 * simulations) == pytest.approx(0.95, abs=0.03)  # 2 standard errors
    assert covered["rows"] / (2 * simulations) < 0.85


def test_too_many_replicates_without_a_value_leave_no_interval():
    # One of 40 images is called malignant: about a third of the replicates miss it and have no precision.
    labels, probabilities = np.repeat([0, 1], 20), np.full(40, 0.1)
    probabilities[[0, 39]] = 0.2, 0.9
    order = rank(labels, probabilities)
    replicates = intervals.bootstrap(
        labels, np.arange(40), lambda weights: figures.weighted(labels, probabilities, 0.5, order, weights)
    )
    assert {len(values) for values in replicates.values()} == {config.STATISTICS.replicates}
    assert np.isnan(replicates["precision"]).mean() == pytest.approx((19 / 20) ** 20, abs=0.04)
    assert not np.isnan(replicates["recall"]).any()
    bounds = intervals.intervals(labels, probabilities, np.arange(40), 0.5)
    assert bounds["precision"] is None and bounds["recall"] is not None


def test_a_rate_without_errors_gets_the_exact_interval():
    labels, probabilities = np.repeat([0, 1], [30, 20]), np.repeat([0.1, 0.9], [30, 20])
    bounds = intervals.intervals(labels, probabilities, np.arange(50), 0.5)
    for name in ("accuracy", "recall", "roc_auc"):
        assert bounds[name] == pytest.approx([0.8316, 1], abs=1e-4)  # Clopper and Pearson, 20 of 20
    assert bounds["precision"] is None
    missed = intervals.intervals(labels, np.full(50, 0.1), np.arange(50), 0.5)
    assert missed["recall"] == pytest.approx([0, 0.1684], abs=1e-4)
    assert missed["roc_auc"] is None  # constant predictions: 0.5 in every replicate


@pytest.mark.parametrize("count", [5, 17, 60])
def test_the_exact_interval_is_that_of_clopper_and_pearson(count):
    for value, hits in ((1.0, count), (0.0, 0)):
        exact = binomtest(hits, count).proportion_ci(0.95, method="exact")
        assert intervals.at_limit(value, count) == pytest.approx([exact.low, exact.high])


def test_perfect_scores_of_an_awkward_number_of_rows_get_no_spurious_interval():
    labels, scores = np.repeat([0, 1], [37, 23]), np.linspace(0.01, 0.99, 60)
    bounds = intervals.intervals(labels, scores, np.arange(60), 0.5)
    assert bounds["roc_auc"] == pytest.approx([0.025 ** (1 / 23), 1])
    assert bounds["average_precision"] is None and bounds["partial_auc"] is None


def test_too_few_groups_or_one_class_leave_no_interval():
    labels, probabilities, groups = draw(2)
    few = np.minimum(groups, 30) // 8
    assert set(intervals.intervals(labels, probabilities, few, 0.5).values()) == {None}
    one = intervals.intervals(np.zeros(30, int), probabilities[:30], np.arange(30), 0.5)
    assert set(one.values()) == {None}


def test_intervals_are_the_same_each_time():
    data = draw(3)
    assert intervals.intervals(*data, 0.5) == intervals.intervals(*data, 0.5)

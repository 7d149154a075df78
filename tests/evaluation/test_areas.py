import numpy as np
import pytest
from sklearn import metrics as sk

from lesion.evaluation.areas import areas, rank, roc_area


def partial_auc(labels, scores):
    """Return the partial area of rows that count once each."""
    return areas(rank(labels, scores), np.ones((1, len(labels))))["partial_auc"][0]


def test_partial_area_of_a_curve_worked_by_hand():
    # 5 malignant, 5 benign. From the lowest score up: b b m b b b m m m m. One malignant image (a fifth) is missed
    # at the third place, where two fifths of the benign ones are below: the area is 0.2 wide and 2/5 high.
    labels = np.array([0, 0, 1, 0, 0, 0, 1, 1, 1, 1])
    assert partial_auc(labels, np.arange(10) / 10) == pytest.approx(0.2 * 0.4)


def test_partial_area_with_ties_follows_the_straight_line_between_corners():
    # All malignant and half of the benign images share one score; the other benign ones lie below it. The curve runs
    # from specificity 1/2 at no missed image to 1 at all missed; over the first fifth it rises from 0.5 to 0.6.
    labels, scores = np.array([0, 0, 0, 0, 1, 1]), np.array([0.1, 0.2, 0.5, 0.5, 0.5, 0.5])
    assert partial_auc(labels, scores) == pytest.approx(0.2 * (0.5 + 0.6) / 2)


@pytest.mark.parametrize(
    ("scores", "area"), [([0.1, 0.2, 0.8, 0.9], 0.2), ([0.5] * 4, 0.02), ([0.9, 0.8, 0.2, 0.1], 0.0)]
)
def test_partial_area_of_perfect_equal_and_reversed_scores(scores, area):
    assert partial_auc(np.array([0, 0, 1, 1]), np.array(scores)) == pytest.approx(area)


def test_partial_area_of_one_class_is_undefined():
    assert np.isnan(partial_auc(np.ones(3, int), np.array([0.1, 0.2, 0.3])))


def mirrored_area(labels, scores):
    """Return the partial area from scikit-learn's curve with classes and scores mirrored, as ISIC scores."""
    missed, specificity, _ = sk.roc_curve(1 - labels, -scores)
    grid = np.union1d(missed[missed <= 0.2], 0.2)
    last = {x: np.interp(x, missed, specificity) for x in grid}
    corners = [(x, y) for x, y in zip(missed, specificity, strict=True) if x <= 0.2] + [(0.2, last[0.2])]
    return sk.auc(*np.array(sorted(corners)).T)


@pytest.mark.parametrize("decimals", [1, 8])
def test_weighted_areas_equal_those_of_copied_rows(decimals):
    random = np.random.default_rng(decimals)
    labels = random.integers(0, 2, 60)
    scores = (1 / (1 + np.exp(-random.normal(labels, 1)))).round(decimals)
    weights = random.integers(0, 4, (20, 60))
    by_name = areas(rank(labels, scores), weights.astype(float))
    assert roc_area(rank(labels, scores), weights) == pytest.approx(by_name["roc_auc"])
    for place, times in enumerate(weights):
        copied = np.repeat(np.arange(60), times)
        rows = (labels[copied], scores[copied])
        assert by_name["roc_auc"][place] == pytest.approx(sk.roc_auc_score(*rows))
        assert by_name["average_precision"][place] == pytest.approx(sk.average_precision_score(*rows))
        assert by_name["partial_auc"][place] == pytest.approx(mirrored_area(*rows))


def test_areas_without_weight_on_a_class_are_undefined():
    order = rank(np.array([0, 1, 1]), np.array([0.1, 0.2, 0.3]))
    by_name = areas(order, np.array([[0.0, 1, 1], [1, 0, 0], [1, 1, 0]]))
    for values in by_name.values():
        assert np.isnan(values).tolist() == [True, True, False]

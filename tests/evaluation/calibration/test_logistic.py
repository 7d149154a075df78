import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from lesion.evaluation.calibration import logistic


def draw(seed, rows=200, slope=0.6, intercept=0.4):
    """Return logits, and labels that come true by expit(intercept + slope × logit)."""
    random = np.random.default_rng(seed)
    logits = random.normal(1, 3, rows)
    return logits, (random.random(rows) < expit(intercept + slope * logits)).astype(int)


def once(logits):
    return np.ones((1, len(logits)))


def test_slopes_equal_scikit_learns_for_each_weighting():
    logits, labels = draw(0)
    weights = np.random.default_rng(1).integers(0, 4, (5, 200)).astype(float)
    slopes = logistic.slopes(logits, labels, weights)
    for slope, times in zip(slopes, weights, strict=True):
        model = LogisticRegression(C=np.inf, tol=1e-9, max_iter=1000)
        model.fit(logits[:, np.newaxis], labels, sample_weight=times)
        assert slope == pytest.approx(model.coef_[0, 0], rel=1e-4)


def test_the_intercept_makes_the_mean_probability_the_share_of_malignant_rows():
    logits, labels = draw(2)
    weights = np.random.default_rng(3).integers(0, 4, (5, 200)).astype(float)
    for intercept, times in zip(logistic.intercepts(logits, labels, weights), weights, strict=True):
        assert np.average(expit(logits + intercept), weights=times) == pytest.approx(np.average(labels, weights=times))


def test_both_worked_by_hand():
    # Logit 0: one of four malignant; logit ln 9: three of four. The line through (0, −ln 3) and (ln 9, ln 3): slope 1,
    # and an intercept of −ln 3, the same as with the slope held at 1.
    logits, labels = np.repeat([0, np.log(9)], 4), np.array([0, 0, 0, 1, 0, 1, 1, 1])
    assert logistic.slopes(logits, labels, once(logits)) == pytest.approx([1])
    assert logistic.intercepts(logits, labels, once(logits)) == pytest.approx([-np.log(3)])
    assert logistic.slopes(2 * logits, labels, once(logits)) == pytest.approx([0.5])


@pytest.mark.parametrize("far", [0.0, 30.0, -30.0])
def test_extreme_logits_are_fitted_too(far):
    logits, labels = draw(4)
    assert logistic.intercepts(logits - far, labels, once(logits)) == pytest.approx(
        logistic.intercepts(logits, labels, once(logits)) + far, abs=1e-5
    )
    assert logistic.slopes(6 * logits - far, labels, once(logits)) == pytest.approx(
        logistic.slopes(logits, labels, once(logits)) / 6, rel=1e-5
    )


def test_what_no_slope_fits_best_is_undefined():
    labels = np.array([0, 0, 1, 1])
    for logits in (
        [0.0, 1, 2, 3],
        [3.0, 2, 1, 0],
        [0.0, 1, 1, 2],
        [1.0, 1, 1, 1],
    ):  # divided, reversed, touching, equal
        assert np.isnan(logistic.slopes(np.array(logits), labels, np.ones((1, 4)))).all(), logits
    mixed = np.array([0.0, 2, 1, 3])
    weights = np.array([[1.0, 1, 1, 1], [1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 1]])  # all, one class twice, divided
    assert np.isnan(logistic.slopes(mixed, labels, weights)).tolist() == [False, True, True, True]
    assert np.isnan(logistic.intercepts(mixed, labels, weights)).tolist() == [False, True, True, False]

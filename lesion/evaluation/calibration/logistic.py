"""Logistic regression of the labels on the logits, for many weightings of the rows at once.

It says how far probabilities can be taken at their word (Cox, Biometrika 45 (1958) 562): logit P(malignant) = a + b ·
logit of the probability, where a = 0 and b = 1 is perfect. Both fits are unpenalised, by Newton's method.
"""

import numpy as np
from scipy.special import expit

STEPS = 40  # of Newton's method at most; a fit that still moves then is undefined
LONGEST = 2.0  # step, so that no fit jumps over its optimum for good
TOLERANCE = 1e-7  # a shorter step is none


def intercepts(logits: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the intercept (R,) with the slope held at 1 for each row of `weights` (R, N); NaN for one class.

    Calibration in the large: above 0 the probabilities are too low on the whole. `logits` and `labels` (N,).
    """
    fitted = np.zeros(len(weights))
    malignant = weights @ labels
    for _ in range(STEPS):
        probabilities = expit(logits + fitted[:, np.newaxis])
        with np.errstate(invalid="ignore", divide="ignore"):
            step = (malignant - _sum(weights, probabilities)) / _sum(weights, probabilities * (1 - probabilities))
        step = np.clip(np.nan_to_num(step), -LONGEST, LONGEST)
        fitted += step
        if np.abs(step).max() < TOLERANCE:
            break
    one_class = (malignant == 0) | (weights @ (1 - labels) == 0)
    return np.where(one_class | (np.abs(step) >= TOLERANCE), np.nan, fitted)


def slopes(logits: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the slope (R,) of the regression with a free intercept for each row of `weights` (R, N).

    Below 1 the probabilities are too extreme. NaN if no slope is best: one class, equal logits, or logits that divide
    the classes without an error. `logits` and `labels` (N,).
    """
    spread = np.std(logits)
    if spread == 0:
        return np.full(len(weights), np.nan)
    x = (logits - logits.mean()) / spread
    intercept, slope = np.zeros((2, len(weights)))
    for _ in range(STEPS):
        probabilities = expit(intercept[:, np.newaxis] + slope[:, np.newaxis] * x)
        curvature = weights * probabilities * (1 - probabilities)
        residuals = weights * (labels - probabilities)
        steps = _solve(curvature @ np.stack([np.ones_like(x), x, x**2], axis=1), residuals.sum(axis=1), residuals @ x)
        intercept += steps[0]
        slope += steps[1]
        if np.abs(steps).max() < TOLERANCE:
            break
    undefined = _separated(x, labels, weights) | (np.abs(steps) >= TOLERANCE).any(axis=0)
    return np.where(undefined, np.nan, slope / spread)


def _sum(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the weighted sum (R,) of values (R, N)."""
    return np.einsum("rn,rn->r", weights, values)


def _solve(moments: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return Newton's steps (2, R) from the curvature's moments (R, 3) and the gradient, both (R,)."""
    one, x, square = moments.T
    determinant = one * square - x**2
    with np.errstate(invalid="ignore", divide="ignore"):
        steps = np.stack([square * first - x * second, one * second - x * first]) / determinant
    return np.clip(np.nan_to_num(steps), -LONGEST, LONGEST)


def _separated(x: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Tell (R,) where a class has no weight, or some value of `x` divides the classes, in either direction."""
    ends = []
    for label in (0, 1):
        own = (labels == label)[np.newaxis] & (weights > 0)
        ends.append((np.where(own, x, np.inf).min(axis=1), np.where(own, x, -np.inf).max(axis=1)))
    (benign_low, benign_high), (malignant_low, malignant_high) = ends
    return (benign_high <= malignant_low) | (malignant_high <= benign_low)

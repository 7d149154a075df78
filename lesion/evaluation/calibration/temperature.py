"""Calibration: a temperature that the validation split chooses, and the reliability of the probabilities with it."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import expit

from lesion import config
from lesion.evaluation import collapse, figures
from lesion.evaluation.calibration import reliability
from lesion.records.metrics import Calibration

EDGE = 1.01  # an optimum within this factor of the range's ends lies outside it


@dataclass(frozen=True)
class Temperature:
    """Divisor of the logits: above 1 makes probabilities less extreme, 1 leaves them as they are."""

    value: float
    not_fitted: str | None = None  # why the value is 1 though nothing was fitted


def fit_temperature(labels: np.ndarray, probabilities: np.ndarray) -> Temperature:
    """Return the temperature of the lowest log loss on the validation split (Guo et al., ICML 2017).

    The log loss is convex in 1/T, so a bounded search finds the one minimum. The temperature stays 1, with the
    reason, if no finite one is best: constant predictions, one class, a threshold of 0.5 that makes no mistake
    (the loss falls for ever as T falls), or predictions so wrong that equal ones of 0.5 would be better.
    """
    if np.unique(labels).size < 2:
        return Temperature(1.0, "only one class is there to fit on")
    if collapse.is_constant(probabilities):
        return Temperature(1.0, "the predictions are constant")
    signed = figures.logits(probabilities) * np.where(labels == 1, 1, -1)
    if signed.min() > 0:
        return Temperature(1.0, "every validation image is on the right side of 0.5, so any temperature below 1 fits")
    lowest, highest = config.STATISTICS.temperatures
    search = minimize_scalar(
        lambda log_t: np.mean(np.logaddexp(0, -signed / np.exp(log_t))),
        bounds=np.log([lowest, highest]),
        method="bounded",
    )
    value = float(np.exp(search.x))
    if value > highest / EDGE:
        return Temperature(1.0, "the probabilities point the wrong way, so none is best")
    if value < lowest * EDGE:
        return Temperature(1.0, "the probabilities are all so near 0.5 that the temperature has no sound value")
    return Temperature(value)


def apply(temperature: Temperature, probabilities: np.ndarray) -> np.ndarray:
    """Return the probabilities (N,) with their logits divided by the temperature.

    The ranking stays, and so does every verdict at 0.5. Temperatures below 0.5 may make probabilities equal that lie
    within 1e-7 of 0 or 1.
    """
    return expit(figures.logits(probabilities) / temperature.value)


def before_and_after(
    validation: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray], groups: np.ndarray
) -> Calibration:
    """Fit the temperature on `validation` and measure `other`, each (labels, probabilities), without and with it.

    `groups` (N,) integers are those of `other`.
    """
    temperature = fit_temperature(*validation)
    labels, probabilities = other
    before = reliability.measure(labels, probabilities, groups)
    return Calibration(
        temperature=temperature.value,
        not_fitted=temperature.not_fitted,
        before=before,
        after=before
        if temperature.not_fitted
        else reliability.measure(labels, apply(temperature, probabilities), groups),
    )

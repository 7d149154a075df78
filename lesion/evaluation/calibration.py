"""Calibration: what probabilities are worth as such, before and after a temperature fitted on the validation split."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit

from lesion import config
from lesion.evaluation import collapse, figures
from lesion.records.metrics import Calibration, Reliability, ReliabilityBin

CLIP = 5e-9  # half of the last decimal that predictions.csv keeps: 0 and 1 stay the most extreme, and finite
EDGE = 1.01  # an optimum within this factor of the range's ends lies outside it


@dataclass(frozen=True)
class Temperature:
    """Divisor of the logits: above 1 makes probabilities less extreme, 1 leaves them as they are."""

    value: float
    not_fitted: str | None = None  # why the value is 1 though nothing was fitted


def measure(labels: np.ndarray, probabilities: np.ndarray) -> Reliability:
    """Return the Brier score, the expected calibration error and the reliability curve of predictions.

    `labels` (N,) of 0 and 1, `probabilities` (N,) of malignancy in 0 to 1. The Brier score is the mean squared error
    of the probability: 0 is perfect, and always answering 0.5 scores 0.25. The expected calibration error is the mean
    distance of observed share and mean probability over the bins of `reliability_curve`, weighted by their rows.
    """
    curve = reliability_curve(labels, probabilities)
    return Reliability(
        brier=figures.values(labels, probabilities, config.DECISION.threshold)["brier"],
        expected_calibration_error=sum(bin.rows * abs(bin.observed - bin.predicted) for bin in curve) / len(labels),
        curve=curve,
    )


def reliability_curve(labels: np.ndarray, probabilities: np.ndarray) -> list[ReliabilityBin]:
    """Return the bins that hold rows: their mean probability, their share of malignant rows, and their number of rows.

    Bins of equal width over 0 to 1, of the probability of malignancy; a bin holds its upper end, the first its lower
    end as well (Guo et al., ICML 2017; scikit-learn's `calibration_curve`, which gives no counts).
    """
    bins = config.STATISTICS.calibration_bins
    bin_of_row = np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], probabilities)
    rows = np.bincount(bin_of_row, minlength=bins)
    predicted = np.bincount(bin_of_row, weights=probabilities, minlength=bins)
    malignant = np.bincount(bin_of_row, weights=labels, minlength=bins)
    return [
        ReliabilityBin(float(predicted[bin] / rows[bin]), float(malignant[bin] / rows[bin]), int(rows[bin]))
        for bin in np.flatnonzero(rows)
    ]


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
    signed = _logits(probabilities) * np.where(labels == 1, 1, -1)
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
    return expit(_logits(probabilities) / temperature.value)


def before_and_after(validation: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]) -> Calibration:
    """Fit the temperature on `validation` and measure `other`, each (labels, probabilities), without and with it."""
    temperature = fit_temperature(*validation)
    labels, probabilities = other
    after = probabilities if temperature.not_fitted else apply(temperature, probabilities)
    return Calibration(
        temperature=temperature.value,
        not_fitted=temperature.not_fitted,
        before=measure(labels, probabilities),
        after=measure(labels, after),
    )


def _logits(probabilities: np.ndarray) -> np.ndarray:
    return logit(np.clip(probabilities, CLIP, 1 - CLIP))

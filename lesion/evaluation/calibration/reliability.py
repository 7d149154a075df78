"""Reliability: how far probabilities can be taken at their word, and how far chance alone would take them off it."""

import numpy as np

from lesion import config
from lesion.evaluation import figures, intervals
from lesion.evaluation.calibration import logistic, smoothing
from lesion.records.metrics import Estimate, NoiseFloor, Reliability, ReliabilityBin

EVERYWHERE = (-np.inf, np.inf)  # limits of a figure without limits


def measure(labels: np.ndarray, probabilities: np.ndarray, groups: np.ndarray) -> Reliability:
    """Return how well calibrated the predictions are.

    `labels` (N,) of 0 and 1, `probabilities` (N,) of malignancy in 0 to 1, `groups` (N,) integers. The Brier score is
    the mean squared error of the probability: 0 is perfect, and always answering 0.5 scores 0.25. The expected
    calibration error is the mean distance of observed share and mean probability over the bins of `reliability_curve`,
    weighted by their rows. On few rows it is far from 0 even of a perfect model (Roelofs et al., AISTATS 2022), so the
    floor stands beside it. Intercept and slope as in `logistic`; the integrated calibration index is the mean distance
    of the smoothed share of malignant rows from the probability (Austin and Steyerberg, Statistics in Medicine 38
    (2019) 4051), which is above 0 of a perfect model too and has its own floor. The intervals of these three are from
    config.STATISTICS.calibration_replicates of the bootstrap over groups.
    """
    estimates = _estimates(labels, probabilities, groups)
    error_floor, ici_floor = _floors(probabilities, groups)
    return Reliability(
        brier=figures.values(labels, probabilities, config.DECISION.threshold)["brier"],
        expected_calibration_error=float(_errors(labels[np.newaxis], probabilities)[0]),
        error_floor=error_floor,
        intercept=estimates["intercept"],
        slope=estimates["slope"],
        ici=estimates["ici"],
        ici_floor=ici_floor,
        curve=reliability_curve(labels, probabilities),
    )


def reliability_curve(labels: np.ndarray, probabilities: np.ndarray) -> list[ReliabilityBin]:
    """Return the bins that hold rows: their mean probability, their share of malignant rows, and their number of rows.

    Bins of equal width over 0 to 1, of the probability of malignancy; a bin holds its upper end, the first its lower
    end as well (Guo et al., ICML 2017; scikit-learn's `calibration_curve`, which gives no counts).
    """
    inside = _bins(probabilities)
    rows = inside.sum(axis=0)
    predicted, malignant = probabilities @ inside, labels @ inside
    return [
        ReliabilityBin(float(predicted[bin] / rows[bin]), float(malignant[bin] / rows[bin]), int(rows[bin]))
        for bin in np.flatnonzero(rows)
    ]


def _bins(probabilities: np.ndarray) -> np.ndarray:
    """Return (N, B), 1 where a row is in a bin."""
    edges = np.linspace(0, 1, config.STATISTICS.calibration_bins + 1)
    return np.eye(len(edges) - 1)[np.searchsorted(edges[1:-1], probabilities)]


def _errors(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return the expected calibration error (D,) for each row of `labels` (D, N)."""
    return np.abs((labels - probabilities) @ _bins(probabilities)).sum(axis=1) / len(probabilities)


def _estimates(labels: np.ndarray, probabilities: np.ndarray, groups: np.ndarray) -> dict[str, Estimate]:
    """Return intercept, slope and integrated calibration index with their intervals; undefined for one class."""
    logits = figures.logits(probabilities)
    smoother = smoothing.prepare(probabilities)

    def measure(weights: np.ndarray) -> dict[str, np.ndarray]:
        off = np.abs(smoothing.smooth(smoother, labels, weights) - probabilities)
        return {
            "intercept": logistic.intercepts(logits, labels, weights),
            "slope": logistic.slopes(logits, labels, weights),
            "ici": np.sum(weights * off, axis=1) / weights.sum(axis=1),
        }

    if np.unique(labels).size < 2:
        return dict.fromkeys(("intercept", "slope", "ici"), Estimate(None, None))
    replicates = intervals.bootstrap(labels, groups, measure, config.STATISTICS.calibration_replicates)
    errors = intervals.reach(labels, groups)
    estimates = {}
    for name, (value,) in measure(np.ones((1, len(labels)))).items():
        if name == "ici":
            interval = intervals.spread(value, replicates[name], errors, (0.0, 1.0), len(labels))
        else:
            interval = intervals.symmetric(value, replicates[name], errors, EVERYWHERE)
        estimates[name] = Estimate(figures.or_none(value), interval)
    return estimates


def _floors(probabilities: np.ndarray, groups: np.ndarray) -> tuple[NoiseFloor, NoiseFloor]:
    """Return the floors of the expected calibration error and of the integrated calibration index.

    They come from config.STATISTICS.floor_draws draws of labels that are true to the probabilities. All images of a
    lesion share one random number, and each is malignant if the number is below its own probability: so every
    probability is right, and images of one lesion agree wherever their probabilities do. In simulations with lesions
    as in HAM10000 the floors are those of a calibrated model, up to a fifth too high if the number of malignant lesions
    is fixed. Labels drawn image by image give too low a floor, one label for a lesion's mean too high a one.
    """
    _, group_of_row = np.unique(groups, return_inverse=True)
    random = np.random.default_rng([config.STATISTICS.seed, len(probabilities)])
    numbers = random.random((config.STATISTICS.floor_draws, group_of_row.max() + 1))
    labels = (numbers[:, group_of_row] < probabilities).astype(float)
    smoothed = smoothing.smooth(smoothing.prepare(probabilities), labels, np.ones((1, len(probabilities))))
    return _floor(_errors(labels, probabilities)), _floor(np.abs(smoothed - probabilities).mean(axis=1))


def _floor(drawn: np.ndarray) -> NoiseFloor:
    return NoiseFloor(mean=float(drawn.mean()), high=float(np.quantile(drawn, 0.95)))

"""Operating points: thresholds that the validation split chooses, and what they give on other rows."""

from collections.abc import Mapping

import numpy as np
from scipy.special import expit, logit

from lesion import config
from lesion.errors import LesionError
from lesion.evaluation import figures, intervals
from lesion.records.common import Interval
from lesion.records.metrics import OperatingPoint, PredictiveValues

ROUNDING = 1e-9  # sensitivities that differ by less are equal
# Figures of `figures.rates` that an operating point holds, behind their names there.
RATES = {
    "accuracy": "accuracy",
    "recall": "sensitivity",
    "specificity": "specificity",
    "balanced_accuracy": "balanced_accuracy",
    "mcc": "mcc",
}


def choose(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float | None]:
    """Choose two thresholds on the validation split; from a threshold on, the verdict is malignant.

    `labels` (N,) of 0 and 1, `probabilities` (N,) in 0 to 1. Returns `youden`, the greatest sensitivity + specificity
    - 1 (Youden, Cancer 3 (1950) 32); and `sensitive`, the highest threshold whose sensitivity is at least 95%, since
    any lower one only loses specificity. If several thresholds are equally good, the lowest is taken, which misses
    least. None if no threshold qualifies: `youden` if a class is missing or no threshold does better than guessing,
    `sensitive` without malignant rows.

    Raises LesionError if a probability is not in 0 to 1.
    """
    if not np.all((probabilities >= 0) & (probabilities <= 1)):
        raise LesionError("a prediction is no probability in 0 to 1: run `invoke train --force`")
    chosen: dict[str, float | None] = {"youden": None, "sensitive": None}
    malignant = np.sort(probabilities[labels == 1])
    benign = np.sort(probabilities[labels == 0])
    if len(malignant) == 0:
        return chosen
    thresholds = np.unique(probabilities)  # each gives the same as all thresholds down to the next lower probability
    sensitivity = 1 - np.searchsorted(malignant, thresholds) / len(malignant)
    chosen["sensitive"] = float(thresholds[sensitivity >= config.STATISTICS.screening_sensitivity - ROUNDING].max())
    if len(benign):
        youden = sensitivity + np.searchsorted(benign, thresholds) / len(benign) - 1
        if youden.max() > ROUNDING:
            chosen["youden"] = float(thresholds[youden >= youden.max() - ROUNDING].min())
    return chosen


def measure(labels: np.ndarray, probabilities: np.ndarray, threshold: float, groups: np.ndarray) -> OperatingPoint:
    """Return what `threshold` gives on rows that did not choose it; a figure is None if it is undefined.

    `labels` (N,) of 0 and 1, `probabilities` (N,) in 0 to 1, `groups` (N,) integers. The intervals come from a
    bootstrap over groups that holds the threshold fixed. The result holds one entry for each of
    config.STATISTICS.prevalences, with the predictive values to be expected there.
    """
    verdicts = probabilities >= threshold
    counts = figures.outcomes(labels, verdicts, np.ones((1, len(labels))))
    rates = {name: float(value[0]) for name, value in figures.rates(*counts).items() if name in RATES}
    replicates = intervals.bootstrap(
        labels, groups, lambda weights: _rates_and_ratios(figures.outcomes(labels, verdicts, weights))
    )
    bounds = intervals.around(rates, replicates, labels, groups)
    spreads = _reach_of_ratios(replicates, labels, groups)
    hit, missed, alarm, passed = counts[:, 0].astype(int).tolist()
    return OperatingPoint(
        threshold=float(threshold),
        confusion=[[passed, alarm], [missed, hit]],
        accuracy=rates["accuracy"],
        sensitivity=figures.or_none(rates["recall"]),
        specificity=figures.or_none(rates["specificity"]),
        balanced_accuracy=figures.or_none(rates["balanced_accuracy"]),
        mcc=figures.or_none(rates["mcc"]),
        intervals={title: bounds[name] for name, title in RATES.items()},
        prevalences=[
            _at_prevalence(rates, bounds, spreads, prevalence) for prevalence in config.STATISTICS.prevalences
        ],
    )


def predictive_values(sensitivity: float, specificity: float, prevalence: float) -> tuple[float | None, float | None]:
    """Return PPV and NPV, the shares of malignant and of benign verdicts that are right, at a `prevalence`.

    All in 0 to 1, by Bayes' theorem. None if a rate is NaN, or if no row would get the verdict. They assume that both
    rates are the same there as here.
    """
    hit = sensitivity * prevalence
    missed = (1 - sensitivity) * prevalence
    passed = specificity * (1 - prevalence)
    alarm = (1 - specificity) * (1 - prevalence)
    return _ratio(hit, hit + alarm), _ratio(passed, passed + missed)


def _ratio(share: float, total: float) -> float | None:
    return None if np.isnan(total) or total == 0 else float(share / total)


def _rates_and_ratios(outcomes: np.ndarray) -> dict[str, np.ndarray]:
    """Return the figures of RATES and the logarithms of both likelihood ratios, (R,) each.

    Half a row is added to each of the four outcomes (4, R), so that the ratios are finite.
    """
    hit, missed, alarm, passed = outcomes + 0.5
    uneven = np.log((alarm + passed) / (hit + missed))
    ratios = {"ppv": np.log(hit / alarm) + uneven, "npv": np.log(passed / missed) - uneven}
    rates = figures.rates(*outcomes)
    return {**{name: rates[name] for name in RATES}, **ratios}


def _reach_of_ratios(
    replicates: Mapping[str, np.ndarray], labels: np.ndarray, groups: np.ndarray
) -> dict[str, float] | None:
    """Return how far the intervals of PPV and NPV reach on the logit scale; None if there are too few lesions."""
    errors = intervals.reach(labels, groups)
    return None if errors is None else {name: errors * np.std(replicates[name], ddof=1) for name in ("ppv", "npv")}


def _at_prevalence(
    rates: Mapping[str, float], bounds: Mapping[str, Interval], spreads: Mapping[str, float] | None, prevalence: float
) -> PredictiveValues:
    """Return both predictive values at a prevalence with their intervals.

    An interval is symmetric on the logit scale, where the prevalence only shifts the logarithm of the likelihood ratio
    (Mercaldo, Lau and Zhou, Statistics in Medicine 26 (2007) 2170). A value of exactly 0 or 1 comes from a rate of
    exactly 0 or 1: one end is then the value that the other end of that rate's interval gives.
    """
    sensitivity, specificity = rates["recall"], rates["specificity"]
    ppv, npv = predictive_values(sensitivity, specificity, prevalence)
    if spreads is None or bounds["recall"] is None or bounds["specificity"] is None:
        return PredictiveValues(prevalence, ppv, npv, None, None)
    (least, most), (lowest, highest) = bounds["recall"], bounds["specificity"]
    extremes = {
        "ppv": (
            predictive_values(most, specificity, prevalence)[0],
            predictive_values(sensitivity, lowest, prevalence)[0],
        ),
        "npv": (
            predictive_values(sensitivity, highest, prevalence)[1],
            predictive_values(least, specificity, prevalence)[1],
        ),
    }
    return PredictiveValues(
        prevalence,
        ppv,
        npv,
        _around(ppv, spreads["ppv"], extremes["ppv"]),
        _around(npv, spreads["npv"], extremes["npv"]),
    )


def _around(value: float | None, spread: float, extremes: tuple[float | None, float | None]) -> Interval:
    """Return the interval of a predictive value; `extremes`: its upper end if it is 0, its lower end if it is 1."""
    if value is None:
        return None
    if value in (0, 1):
        other = extremes[int(value)]
        return None if other is None else sorted([value, other])
    return expit(logit(value) + np.array([-1, 1]) * spread).tolist()

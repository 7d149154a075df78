"""Decision curve: what acting on a model's verdicts is worth, over thresholds of the probability."""

import numpy as np
from scipy.special import expit, logit

from lesion import config
from lesion.evaluation import figures, intervals
from lesion.records.common import Interval
from lesion.records.metrics import DecisionCurve


def curve(labels: np.ndarray, probabilities: np.ndarray, groups: np.ndarray, share: float) -> DecisionCurve | None:
    """Return the net benefit at the prevalence and the thresholds of config.DECISIONS; None if a class is missing.

    `labels` (N,) of 0 and 1, `probabilities` (N,) of malignancy in 0 to 1, `groups` (N,) integers; `share` of malignant
    rows, in 0 to 1, that the probabilities assume: that of the data the model was fitted to. The probabilities are
    moved from it to the prevalence π. The net benefit at a threshold t is π · sensitivity − (1 − π) · (1 − specificity)
    · t / (1 − t): found malignant lesions, less the false alarms at the exchange rate that t stands for (Vickers and
    Elkin, Medical Decision Making 26 (2006) 565). Calling none malignant has 0. The ends come from the bootstrap over
    groups.
    """
    if np.unique(labels).size < 2 or not 0 < share < 1:
        return None
    prevalence = config.DECISIONS.prevalence
    thresholds = np.linspace(config.DECISIONS.lowest, config.DECISIONS.highest, config.DECISIONS.steps)
    moved = expit(figures.logits(probabilities) + logit(prevalence) - logit(share))
    columns = _counted(labels, moved[:, np.newaxis] >= thresholds)
    edges = [len(thresholds), 2 * len(thresholds), 2 * len(thresholds) + 1]
    cost = (1 - prevalence) * thresholds / (1 - thresholds)

    def measure(weights: np.ndarray) -> dict[str, np.ndarray]:
        caught, alarms, malignant, benign = np.split(weights @ columns, edges, axis=1)
        with np.errstate(invalid="ignore"):  # a replicate without a class
            return {"net_benefit": prevalence * caught / malignant - cost * alarms / benign}

    (benefit,) = measure(np.ones((1, len(labels))))["net_benefit"]
    replicates = intervals.bootstrap(labels, groups, measure)["net_benefit"]
    errors = intervals.reach(labels, groups)
    bounds: list[Interval] = [
        intervals.symmetric(value, drawn, errors, (-np.inf, prevalence))
        for value, drawn in zip(benefit, replicates.T, strict=True)
    ]
    return DecisionCurve(
        prevalence=prevalence,
        thresholds=thresholds.round(9).tolist(),
        net_benefit=benefit.tolist(),
        low=[ends[0] if ends else None for ends in bounds],
        high=[ends[1] if ends else None for ends in bounds],
        act_on_all=(prevalence - cost).tolist(),
    )


def _counted(labels: np.ndarray, verdicts: np.ndarray) -> np.ndarray:
    """Return columns (N, 2 T + 2) to add up: the verdicts (N, T) on malignant and on benign rows, then both classes."""
    classes = [labels[:, np.newaxis] == label for label in (1, 0)]
    return np.hstack([verdicts & member for member in classes] + classes).astype(float)

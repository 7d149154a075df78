"""A mean over the trainings of a study, and how far it may be from the truth: error, interval, p-value and chances.

Two things make the mean uncertain. The lesions: the variance over draws of lesions is multiplied by
`design.shared_part`, since trainings share lesions (Nadeau and Bengio, Machine Learning 52 (2003) 239). The seeds and
partitions: the variance over the partitions. Both are added, with the degrees of freedom of Satterthwaite (Biometrics
Bulletin 2 (1946) 110). No unbiased estimate of such a variance exists (Bengio and Grandvalet, JMLR 5 (2004) 1089); this
one was checked by simulation.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit
from scipy.stats import norm
from scipy.stats import t as student

from lesion import config
from lesion.evaluation import intervals
from lesion.records.common import Interval
from lesion.records.study import Chances, Design
from lesion.studies import design as designs


@dataclass(frozen=True)
class Estimate:
    """A mean over all trainings; None where its error is not known."""

    value: float
    lesions: float | None  # standard deviation that comes from the lesions, without the factor for shared ones
    trainings: float | None  # that comes from partitions and seeds
    error: float | None  # standard error: both together
    freedom: float | None  # degrees of freedom of Student's t; None if nothing varies, too


def estimate(
    cells: np.ndarray, replicates: np.ndarray, fewest: int, lesions: int, design: Design, fraction: float = 1.0
) -> Estimate:
    """Return the mean of `cells` (r, tested) and its error, as this module explains it.

    `replicates` (R,) of the mean, NaN if undefined; `fewest` lesions of the rarer class among `lesions` in all;
    `fraction` of the training lesions is trained on, the smallest one in a difference. The error is None if too few
    replicates are defined, or if there are too few lesions or partitions to see a spread.
    """
    value = float(cells.mean())
    drawn = replicates[~np.isnan(replicates)]
    undefined = len(drawn) < max(2, config.STATISTICS.defined_replicates * len(replicates))
    if undefined or fewest < config.STATISTICS.minimum_groups or len(cells) < 2:
        return Estimate(value, None, None, None, None)
    of_lesions = np.var(drawn, ddof=1) * fewest / (fewest - 1)  # a bootstrap of few lesions has too small a spread
    of_trainings = np.var(cells.mean(axis=1), ddof=1) / len(cells)
    shared = designs.shared_part(design, fraction) * of_lesions
    variance = shared + of_trainings
    freedom = None
    if np.sqrt(variance) > intervals.ROUNDING:
        freedom = float(variance**2 / (shared**2 / (lesions - 2) + of_trainings**2 / (len(cells) - 1)))
    return Estimate(value, float(np.sqrt(of_lesions)), float(np.sqrt(of_trainings)), float(np.sqrt(variance)), freedom)


def logit_interval(own: Estimate) -> Interval:
    """Return the interval of a rate or ROC-AUC, symmetric on the logit scale; None at 0 or 1 or without an error."""
    half = half_width(own, config.STATISTICS.confidence)
    if half is None or not intervals.ROUNDING < own.value < 1 - intervals.ROUNDING:
        return None
    half /= own.value * (1 - own.value)
    return expit(logit(own.value) + np.array([-half, half])).tolist()


def symmetric_interval(own: Estimate, confidence: float | None = None) -> Interval:
    """Return the interval of a difference, within -1 to 1; None without an error.

    The confidence is by default config.STATISTICS.confidence.
    """
    half = half_width(own, confidence or config.STATISTICS.confidence)
    return None if half is None else np.clip(own.value + np.array([-half, half]), -1, 1).tolist()


def half_width(own: Estimate, confidence: float) -> float | None:
    """Return how far an interval of this confidence reaches to either side; None without an error."""
    if own.error is None or own.freedom is None:
        return None
    return float(student.ppf((1 + confidence) / 2, own.freedom) * own.error)


def p_value(own: Estimate) -> float | None:
    """Return the two-sided p of a difference of 0 by Student's t; None without an error."""
    if own.error is None or own.freedom is None:
        return None
    return float(2 * student.sf(abs(own.value) / own.error, own.freedom))


def chances(own: Estimate) -> Chances | None:
    """Return the chances of a difference, with config.MARGIN's prior of true differences; None without an error.

    Normal prior around 0 and normal error: the posterior is normal around the shrunken difference (Gelman et al.,
    Bayesian Data Analysis, 3rd edition, section 2.5).
    """
    if own.error is None or own.freedom is None:
        return None
    margin = config.MARGIN.margin
    shrink = config.MARGIN.prior**2 / (config.MARGIN.prior**2 + own.error**2)
    middle = shrink * own.value
    spread = np.sqrt(shrink) * own.error
    above = float(norm.cdf((middle - margin) / spread))
    below = float(norm.cdf((-margin - middle) / spread))
    return Chances(above=above, within=max(0.0, 1 - above - below), below=below)

"""Several comparisons at once: p-values, and intervals that say the same, by Holm's step-down method.

Of m p-values in rising order, p(0) to p(m - 1), Holm (Scandinavian Journal of Statistics 6 (1979) 65) tests each at the
level significant / (m - k) and stops at the first that is not below it; that one and all after it are not supported.
The interval of each difference is therefore made at the level at which the method left it,

    1 - significant / (m - min(k, s)),    s: the k at which the method stopped,

so that those left over have Bonferroni's interval for m - s comparisons. Such an interval decides as its test does. It
does not hold for all differences at once with that confidence: those that were supported on the way are at a level of
their own.
"""

from collections.abc import Sequence

from lesion import config
from lesion.records.common import Interval


def holm(values: Sequence[float | None]) -> list[float | None]:
    """Return p-values corrected by Holm's step-down method; None stays None and is not counted."""
    known = sorted((value, index) for index, value in enumerate(values) if value is not None)
    corrected = list(values)
    highest = 0.0
    for place, (value, index) in enumerate(known):
        highest = max(highest, min(1.0, (len(known) - place) * value))
        corrected[index] = highest
    return corrected


def confidences(values: Sequence[float | None]) -> list[float | None]:
    """Return the confidence, in 0 to 1, of the adjusted interval of each difference with these p-values.

    As this module explains it; equal p-values have equal ones. It is at least config.STATISTICS.confidence, so that no
    adjusted interval is narrower than the plain one. None for a p-value of None.
    """
    statistics = config.STATISTICS
    known = [value for value in values if value is not None]
    supported = [p is not None and p < statistics.significant for p in holm(values)].count(True)

    def confidence(value: float) -> float:
        place = min(sum(other < value for other in known), supported)
        return max(statistics.confidence, 1 - statistics.significant / (len(known) - place))

    return [None if value is None else confidence(value) for value in values]


def adjusted(interval: Interval, p_corrected: float | None) -> Interval:
    """Return the `interval` of a difference at its own confidence, so that it leaves out 0 only if p agrees.

    An interval by bootstrap and an exact test differ a little: where p does not support the difference, the interval is
    stretched until it reaches 0. None if one of the two is unknown.
    """
    if interval is None or p_corrected is None:
        return None
    if p_corrected < config.STATISTICS.significant:
        return interval
    low, high = interval
    return [min(low, 0.0), max(high, 0.0)]


def leaves_out_0(interval: Interval) -> bool:
    """Tell whether all of an interval is on one side of 0; without one, nothing is known."""
    return interval is not None and (interval[0] > 0 or interval[1] < 0)

"""Results in words: figures with their intervals, and what comparisons of models support.

Functions with an argument `statistics` take the confidence and the limit of significance from it: the present settings
by default, those of a record if the results are of an earlier run.
"""

from collections.abc import Sequence

from lesion import config
from lesion.records.common import Interval
from lesion.records.metrics import AccuracyDifference, AreaDifference, Comparison

METRIC_NAMES = {"roc_auc": "ROC-AUC", "accuracy": "accuracy"}
BETTER = {"roc_auc": "ranks better", "accuracy": "is right more often"}


def interval_phrase(
    value: float | None, bounds: Interval, plus: bool = False, statistics: config.Statistics | None = None
) -> str:
    """Return a figure with its interval: 0.912 (95 % interval 0.850 to 0.950).

    `plus` puts a plus sign before positive numbers. A value of None is undefined.
    """
    return "undefined" if value is None else f"{signed(value, plus=plus)} ({bounds_phrase(bounds, plus, statistics)})"


def p_phrase(p: float | None) -> str:
    """Return a p-value as it is written in a sentence: p = 0.012, p < 0.001, or no p-value."""
    if p is None:
        return "no p-value"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def listed(words: Sequence[str], conjunction: str = "and") -> str:
    """Join words as in a sentence: a, b and c."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {conjunction} {words[-1]}"


def signed(x: float, decimals: int = 3, plus: bool = False) -> str:
    """Return a number with a real minus sign if it is negative, and with a plus sign if it is not and `plus` is set."""
    return format(x, f"{'+' if plus else ''}.{decimals}f").replace("-", "−")


def bounds_phrase(bounds: Interval, plus: bool = False, statistics: config.Statistics | None = None) -> str:
    """Return an interval with its confidence: 95 % interval 0.850 to 0.950, or 95 % interval undefined."""
    ends = f"{signed(bounds[0], plus=plus)} to {signed(bounds[1], plus=plus)}" if bounds else "undefined"
    return f"{100 * (statistics or config.STATISTICS).confidence:g} % interval {ends}"


def title(model: str) -> str:
    """Return the name that readers know a model by, `model` a key of config.NETWORKS."""
    return config.NETWORKS[model].title


def supported(figures: AreaDifference | AccuracyDifference, statistics: config.Statistics | None = None) -> bool:
    """Tell whether a difference is more than chance: by its corrected p-value, and by its interval."""
    if figures.p_corrected is None or figures.interval is None:
        return False
    low, high = figures.interval
    return figures.p_corrected < (statistics or config.STATISTICS).significant and (low > 0 or high < 0)


def sentences(comparisons: Sequence[Comparison]) -> list[str]:
    """Say which model to prefer and which differences the data support, for a reader who is no statistician.

    `comparisons` as `comparison.compare_all` returns them. The first sentence is the preference, by ROC-AUC; then two
    sentences follow for each pair, on ROC-AUC and on accuracy. Without comparisons there is nothing to say.
    """
    if not comparisons:
        return []
    pairs = [pair_sentence(pair, metric, len(comparisons)) for pair in comparisons for metric in METRIC_NAMES]
    return [_preference(comparisons), *pairs]


def pair_sentence(comparison: Comparison, metric: str, pairs: int, statistics: config.Statistics | None = None) -> str:
    """Describe one pair's difference in `metric`, a key of METRIC_NAMES, the better model first.

    `pairs` is the number of comparisons for which the p-values were corrected. The sentence also says whether the data
    support the difference.
    """
    figures: AreaDifference | AccuracyDifference = getattr(comparison, metric)
    name = METRIC_NAMES[metric]
    first, second = title(comparison.first), title(comparison.second)
    if figures.first is None or figures.second is None or figures.difference is None or figures.interval is None:
        return f"{first} and {second} cannot be compared by {name}: there are too few images of a class."
    better, worse, (low, high) = figures.first, figures.second, figures.interval
    if figures.difference < 0:
        first, second = second, first
        better, worse = worse, better
        low, high = -high, -low
    corrected = f", corrected for {pairs} comparisons" if pairs > 1 and figures.p_corrected is not None else ""
    detail = (
        f"{name} {better:.3f} against {worse:.3f}, difference {better - worse:.3f} "
        f"({bounds_phrase([low, high], statistics=statistics)}; {p_phrase(figures.p_corrected)}{corrected})"
    )
    if supported(figures, statistics):
        return f"The data support that {first} {BETTER[metric]} than {second}: {detail}."
    lesions = f" of {comparison.groups:,} lesions" if comparison.groups < comparison.rows else ""
    sentence = (
        f"{first} and {second} cannot be told apart by {name} on these {comparison.rows:,} images{lesions}: {detail}."
    )
    if pairs > 1 and (low > 0 or high < 0):
        sentence += " The interval alone leaves out 0, but among several comparisons one does so by chance too easily."
    return sentence


def _preference(comparisons: Sequence[Comparison]) -> str:
    areas: dict[str, float] = {}
    beaten = set()
    for pair in comparisons:
        figures = pair.roc_auc
        if figures.first is None or figures.second is None or figures.difference is None:
            return "No model can be preferred: the images are all of one class, so no ROC-AUC is defined."
        areas |= {pair.first: figures.first, pair.second: figures.second}
        if supported(figures):
            beaten.add((pair.first, pair.second) if figures.difference > 0 else (pair.second, pair.first))
    best, *others = sorted(areas, key=lambda model: areas[model], reverse=True)
    worse = [title(other) for other in others if (best, other) in beaten]
    level = [title(other) for other in others if (best, other) not in beaten]
    if areas[best] <= 0.5:
        return "No model can be preferred: none ranks the images better than guessing."
    if not level:
        return f"Prefer {title(best)}: the data support that it ranks better than {listed(worse)}."
    highest = f"{title(best)} has the highest ROC-AUC, {areas[best]:.3f}, but cannot be told apart from {listed(level)}"
    if worse:
        return f"Prefer {listed([title(best), *level], 'or')} to {listed(worse)}: {highest}."
    return f"The data do not say which model to prefer: {highest}."

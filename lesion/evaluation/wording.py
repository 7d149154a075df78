"""Which model to prefer, and how sure that is: the comparisons in plain words, no more than the data support."""

from collections.abc import Mapping, Sequence
from typing import Any

from lesion import config

BETTER = {"roc_auc": "ranks better", "accuracy": "is right more often"}
NAMES = {"roc_auc": "ROC-AUC", "accuracy": "accuracy"}


def supported(figures: Mapping[str, Any]) -> bool:
    """Return whether a difference is more than chance: by its corrected p-value, and by its interval.

    `figures` is the `roc_auc` or `accuracy` of one comparison from `comparison.compare_all`.
    """
    if figures["p_corrected"] is None or figures["interval"] is None:
        return False
    low, high = figures["interval"]
    return figures["p_corrected"] < config.STATISTICS.significant and (low > 0 or high < 0)


def sentences(comparisons: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> list[str]:
    """Say which model to prefer and which differences the data support, for a reader who is no statistician.

    `comparisons` as `comparison.compare_all` returns them, of at least two models; `names` what each is called.
    The first sentence is the preference, by ROC-AUC; then two sentences a pair, on ROC-AUC and on accuracy.
    """
    pairs = [_pair(found, metric, names, len(comparisons)) for found in comparisons for metric in NAMES]
    return [_preference(comparisons, names), *pairs]


def _preference(comparisons: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> str:
    areas, beaten = {}, set()
    for found in comparisons:
        first, second, figures = found["first"], found["second"], found["roc_auc"]
        if figures["difference"] is None:
            return "No model can be preferred: the images are all of one class, so no ROC-AUC is defined."
        areas |= {first: figures["first"], second: figures["second"]}
        if supported(figures):
            beaten.add((first, second) if figures["difference"] > 0 else (second, first))
    best, *others = sorted(areas, key=areas.get, reverse=True)
    worse = [names[other] for other in others if (best, other) in beaten]
    level = [names[other] for other in others if (best, other) not in beaten]
    if areas[best] <= 0.5:
        return "No model can be preferred: none ranks the images better than guessing."
    if not level:
        return f"Prefer {names[best]}: the data support that it ranks better than {_listed(worse)}."
    highest = (
        f"{names[best]} has the highest ROC-AUC, {areas[best]:.3f}, but cannot be told apart from {_listed(level)}"
    )
    if worse:
        return f"Prefer {_listed([names[best], *level], 'or')} to {_listed(worse)}: {highest}."
    return f"The data do not say which model to prefer: {highest}."


def _pair(found: Mapping[str, Any], metric: str, names: Mapping[str, str], pairs: int) -> str:
    """Say of one pair what its difference in `metric` is, the better model first, and whether it is supported."""
    figures, first, second = found[metric], names[found["first"]], names[found["second"]]
    if figures["difference"] is None or figures["interval"] is None:
        return f"{first} and {second} cannot be compared by {NAMES[metric]}: there are too few images of a class."
    values, bounds = [figures["first"], figures["second"]], figures["interval"]
    if figures["difference"] < 0:
        first, second, values, bounds = second, first, values[::-1], [-bounds[1], -bounds[0]]
    p = figures["p_corrected"]
    chance = "no p-value" if p is None else "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
    detail = (
        f"{NAMES[metric]} {values[0]:.3f} against {values[1]:.3f}, difference {values[0] - values[1]:.3f} "
        f"(95 % interval {_signed(bounds[0])} to {_signed(bounds[1])}; {chance}"
        f"{f', corrected for {pairs} comparisons' if pairs > 1 and p is not None else ''})"
    )
    if supported(figures):
        return f"The data support that {first} {BETTER[metric]} than {second}: {detail}."
    rows, groups = found["rows"], found["groups"]
    images = f"{rows:,} images" + (f" of {groups:,} lesions" if groups < rows else "")
    alone = pairs > 1 and (bounds[0] > 0 or bounds[1] < 0)
    why = " The interval alone leaves out 0, but among several comparisons one does so by chance too easily."
    return f"{first} and {second} cannot be told apart by {NAMES[metric]} on these {images}: {detail}.{why * alone}"


def _signed(value: float) -> str:
    return f"{value:.3f}".replace("-", "−")


def _listed(parts: Sequence[str], word: str = "and") -> str:
    """Join as in a sentence: a, b and c."""
    return f" {word} ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)

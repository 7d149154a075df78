"""Results in words: figures with their intervals, and what comparisons of models support.

Functions with an argument `statistics` take the confidence and the limit of significance from it: the present settings
by default, those of a record if the results are of an earlier run.
"""

from collections.abc import Mapping, Sequence

from lesion import config
from lesion.records.common import Interval
from lesion.records.metrics import AccuracyDifference, AreaDifference, Comparison, MetricsRecord

METRIC_NAMES = {"roc_auc": "ROC-AUC", "accuracy": "accuracy"}
BETTER = {"roc_auc": "ranked better", "accuracy": "was right more often"}


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
    """Return the name that readers know a model by, `model` a key of config.NETWORKS or config.REFERENCES."""
    return config.title(model)


def supported(figures: AreaDifference | AccuracyDifference, statistics: config.Statistics | None = None) -> bool:
    """Tell whether a difference is more than chance: by its corrected p-value, and by its interval."""
    if figures.p_corrected is None or figures.interval is None:
        return False
    low, high = figures.interval
    return figures.p_corrected < (statistics or config.STATISTICS).significant and (low > 0 or high < 0)


def sentences(comparisons: Sequence[Comparison]) -> list[str]:
    """Say which trained models ranked better than which on these images, for a reader who is no statistician.

    `comparisons` as `comparison.compare_all` returns them: each model was trained once, so that they say nothing of
    its architecture. The first sentence is the headline, by ROC-AUC; then two sentences follow for each pair, on
    ROC-AUC and on accuracy. Without comparisons there is nothing to say.
    """
    if not comparisons:
        return []
    pairs = [pair_sentence(pair, metric, len(comparisons)) for pair in comparisons for metric in METRIC_NAMES]
    return [_headline(comparisons), *pairs]


def pair_sentence(comparison: Comparison, metric: str, pairs: int, statistics: config.Statistics | None = None) -> str:
    """Describe one pair's difference in `metric`, a key of METRIC_NAMES, the better model first.

    `pairs` is the number of comparisons for which the p-values were corrected. The sentence also says whether the data
    support the difference.
    """
    figures: AreaDifference | AccuracyDifference = getattr(comparison, metric)
    name = METRIC_NAMES[metric]
    first, second = comparison.first, comparison.second
    if figures.first is None or figures.second is None or figures.difference is None or figures.interval is None:
        return f"{title(first)} and {title(second)} cannot be compared by {name}: there are too few images of a class."
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
        sentence = f"{_trained(first)} {BETTER[metric]} than {_trained(second)}: {detail}."
        return sentence[0].upper() + sentence[1:]
    lesions = f" of {comparison.groups:,} lesions" if comparison.groups < comparison.rows else ""
    return (
        f"{title(first)} and {title(second)} cannot be told apart by {name} on these {comparison.rows:,} "
        f"images{lesions}: {detail}.{_why_not(figures, statistics or config.STATISTICS)}"
    )


def _why_not(figures: AreaDifference | AccuracyDifference, statistics: config.Statistics) -> str:
    """Return why a difference is not supported though its interval leaves out 0; empty if the interval does not."""
    if figures.interval is None or figures.interval[0] <= 0 <= figures.interval[1]:
        return ""
    if figures.p is not None and figures.p < statistics.significant:
        return " The interval alone leaves out 0, but among several comparisons one does so by chance too easily."
    return " The interval leaves out 0, the test does not confirm it."


def _headline(comparisons: Sequence[Comparison]) -> str:
    """Name each supported pair by ROC-AUC, better and worse, and each pair that cannot be told apart."""
    areas: dict[str, float] = {}
    better: dict[str, list[str]] = {}
    undecided = []
    for pair in comparisons:
        figures = pair.roc_auc
        if figures.first is None or figures.second is None or figures.difference is None:
            return "No comparison: the images are all of one class, so no ROC-AUC is defined."
        areas |= {pair.first: figures.first, pair.second: figures.second}
        names = (pair.first, pair.second) if figures.difference >= 0 else (pair.second, pair.first)
        if supported(figures):
            better.setdefault(names[0], []).append(names[1])
        else:
            undecided.append(names)
    ranked = sorted(areas, key=lambda model: -areas[model])
    guessing = ["None of these trainings ranked the images better than guessing."] if areas[ranked[0]] <= 0.5 else []
    if not better:
        return guessing[0] if guessing else _none_better(ranked, areas)
    claims = [_ranked_better(model, better[model], areas) for model in ranked if model in better]
    claims[0] = f"On this split, {claims[0]}"
    return " ".join([*guessing, *(claim[0].upper() + claim[1:] for claim in claims), *_open(undecided)])


def _ranked_better(model: str, others: Sequence[str], areas: Mapping[str, float]) -> str:
    than = sorted(others, key=lambda other: -areas[other])
    names = listed([_trained(than[0]), *(f"of {title(other)}" for other in than[1:])])
    figures = listed([f"{areas[other]:.3f}" for other in than])
    return f"{_trained(model)} ranked better than {names}: ROC-AUC {areas[model]:.3f} against {figures}."


def _none_better(ranked: Sequence[str], areas: Mapping[str, float]) -> str:
    figures = listed([f"{areas[model]:.3f}" for model in ranked])
    names = listed([title(model) for model in ranked])
    return f"On this split, these trainings of {names} cannot be told apart: ROC-AUC {figures}."


def _open(pairs: Sequence[tuple[str, str]]) -> list[str]:
    if not pairs:
        return []
    first, *others = (f"{title(one)} and {title(other)}" for one, other in pairs)
    return [f"{first} cannot be told apart{''.join(f', and neither can {names}' for names in others)}."]


def _trained(model: str) -> str:
    """Return a model's name in a sentence that holds for one training of it; what is no network is only named."""
    return f"this training of {title(model)}" if model in config.NETWORKS else title(model)


def colour_sentence(record: MetricsRecord) -> str | None:
    """Say which networks ranked the test images better than colour alone, and how far the frame alone gets.

    A few sentences; None if neither was measured.
    """
    return " ".join([*_against_colour(record), *_frame(record)]) or None


def _against_colour(record: MetricsRecord) -> list[str]:
    pairs = [pair for pair in record.against_colour.get("test", []) if pair.first in config.NETWORKS]
    measured = [pair for pair in pairs if pair.roc_auc.difference is not None and pair.roc_auc.interval is not None]
    if not measured:
        cannot = "Whether a network ranks better than colour alone cannot be said: there are too few images of a class."
        return [cannot] if pairs else []
    better = [pair for pair in measured if supported(pair.roc_auc, record.statistics) and _gain(pair) > 0]
    worse = [pair for pair in measured if supported(pair.roc_auc, record.statistics) and _gain(pair) < 0]
    sentences = [] if better else [f"{_no_network(pairs)} shown to rank better than colour alone."]
    for pair in (*better, *worse):
        verb = "better" if pair in better else "worse"
        detail = _beside_colour(pair.roc_auc, record)
        sentences.append(f"On this split, {_trained(pair.first)} ranked {verb} than colour alone: {detail}.")
    undecided = [pair for pair in pairs if pair not in (*better, *worse)]
    if not (better or worse):
        best = max(measured, key=lambda pair: pair.roc_auc.first or 0.0)
        sentences.append(f"The highest, {title(best.first)}: {_beside_colour(best.roc_auc, record)}.")
    elif undecided:
        sentences.append(f"No such difference is shown for {listed([title(pair.first) for pair in undecided])}.")
    return sentences


def _gain(pair: Comparison) -> float:
    return pair.roc_auc.difference or 0.0


def _no_network(pairs: Sequence[Comparison]) -> str:
    names = [pair.first for pair in pairs]
    if set(names) == set(config.NETWORKS):
        return "No network is"
    return f"{listed([title(name) for name in names])} {'is' if len(names) == 1 else 'are'} not"


def _beside_colour(figures: AreaDifference, record: MetricsRecord) -> str:
    difference = interval_phrase(figures.difference, figures.interval, statistics=record.statistics)
    corrected = f"corrected {p_phrase(figures.p_corrected)}"
    return f"ROC-AUC {figures.first:.3f} against {figures.second:.3f}, difference {difference[:-1]}; {corrected})"


def _frame(record: MetricsRecord) -> list[str]:
    if "frame" not in record.models or record.models["frame"].test.roc_auc is None:
        return []
    test = record.models["frame"].test
    area = interval_phrase(test.roc_auc, test.intervals["roc_auc"], statistics=record.statistics)
    width = f"{100 * record.baselines.frame_share:.0f} %"
    return [
        f"The frame alone, the outermost {width} of the picture on every side, which hardly show any lesion, has a "
        f"ROC-AUC of {area}."
    ]

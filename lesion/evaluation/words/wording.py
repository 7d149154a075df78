"""Results in words: scores with their intervals, and what comparisons of models support.

Functions with an argument `statistics` take the confidence and the limit of significance from it: the present settings
by default, those of a record if the results are of an earlier run.
"""

from collections.abc import Mapping, Sequence

from lesion import config
from lesion.evaluation.correction import leaves_out_0
from lesion.records.common import Interval
from lesion.records.metrics import AccuracyDifference, AreaDifference, Comparison, MetricsRecord
from lesion.records.study import CurveStep, StudyDifference

METRIC_NAMES = {"roc_auc": "ROC-AUC", "accuracy": "accuracy"}
BETTER = {"roc_auc": "ranks better than", "accuracy": "is more accurate than"}

Figures = AreaDifference | AccuracyDifference | StudyDifference | CurveStep  # differences, supported or not


def interval_phrase(
    value: float | None, bounds: Interval, plus: bool = False, statistics: config.Statistics | None = None
) -> str:
    """Return a score with its interval: 0.912 (95% interval 0.850 to 0.950).

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
    """Return an interval with its confidence: 95% interval 0.850 to 0.950, or 95% interval undefined."""
    ends = f"{signed(bounds[0], plus=plus)} to {signed(bounds[1], plus=plus)}" if bounds else "undefined"
    return f"{100 * (statistics or config.STATISTICS).confidence:g}% interval {ends}"


def title(model: str) -> str:
    """Return the name that readers know a model by, `model` a key of config.NETWORKS or config.REFERENCES."""
    return config.title(model)


def supported(figures: Figures) -> bool:
    """Tell whether a difference is more than chance: its adjusted interval leaves out 0.

    A picture that draws this interval therefore never contradicts the words. Without one nothing is supported.
    """
    return leaves_out_0(figures.adjusted)


def verdict(figures: Figures) -> str:
    """Return what a difference is worth: More than chance (p = 0.002), or Could be chance (p = 0.118).

    The p-value is the corrected one; where it alone would be small enough, the interval is named instead. A difference
    without an interval cannot be judged.
    """
    if figures.interval is None:
        return "Cannot be judged"
    if supported(figures):
        return f"More than chance ({p_phrase(figures.p_corrected)})"
    small = figures.p_corrected is not None and figures.p_corrected < config.STATISTICS.significant
    return f"Could be chance ({'the interval reaches 0' if small else p_phrase(figures.p_corrected)})"


def pair_sentence(comparison: Comparison, metric: str, pairs: int, statistics: config.Statistics | None = None) -> str:
    """Describe one pair's difference in `metric`, a key of METRIC_NAMES, the better model first.

    `pairs` is the number of comparisons for which the p-values were corrected. A supported difference is stated; of
    any other the sentence says that it could be chance.
    """
    figures: AreaDifference | AccuracyDifference = getattr(comparison, metric)
    name = METRIC_NAMES[metric]
    first, second = comparison.first, comparison.second
    if figures.first is None or figures.second is None or figures.difference is None or figures.interval is None:
        names = f"{title(first)} and {config.in_sentence(second)}"
        return f"{names} cannot be compared in {name}: there are too few images of a class."
    better, worse, bounds = figures.first, figures.second, figures.interval
    if figures.difference < 0:
        first, second = second, first
        better, worse = worse, better
        bounds = [-bounds[1], -bounds[0]]
    p = f"{'corrected ' if pairs > 1 and figures.p_corrected is not None else ''}{p_phrase(figures.p_corrected)}"
    scores = f"{better:.3f} and {worse:.3f}"
    detail = f"difference {better - worse:.3f}, {bounds_phrase(bounds, statistics=statistics)}, {p}"
    if supported(figures):
        return f"{title(first)} {BETTER[metric]} {config.in_sentence(second)} ({scores}; {detail})."
    if better == worse:
        return f"{title(first)} and {config.in_sentence(second)} are level in {name} ({scores}; {detail})."
    return (
        f"{title(first)} scored higher than {config.in_sentence(second)} in {name}, but its lead could be chance "
        f"({scores}; {detail}).{_why_not(figures, pairs, statistics or config.STATISTICS)}"
    )


def no_longer_significant(pairs: int) -> str:
    """Say why a difference is not supported though its interval leaves out 0, by the number of comparisons."""
    return (
        f"On its own this interval excludes 0; corrected for {pairs} comparisons the difference is no longer "
        "significant."
    )


def _why_not(figures: AreaDifference | AccuracyDifference, pairs: int, statistics: config.Statistics) -> str:
    """Return why a difference is not supported though its interval or its p-value is; empty if neither is."""
    significant = statistics.significant
    if not leaves_out_0(figures.interval):
        if figures.p_corrected is not None and figures.p_corrected < significant:
            return " The test finds a difference, but its interval includes 0."
        return ""
    if figures.p_corrected is not None and figures.p_corrected < significant:
        return f" The test finds a difference, but the interval, corrected for {pairs} comparisons, includes 0."
    if figures.p is not None and figures.p < significant:
        return f" {no_longer_significant(pairs)}"
    return " The interval excludes 0, but the test does not confirm it."


def colour_sentence(record: MetricsRecord) -> str | None:
    """Say how well colour alone ranks the test images, and which networks do better; None if that is not measured."""
    pairs = [pair for pair in record.against_colour.get("test", []) if pair.first in config.NETWORKS]
    if not pairs:
        return None
    areas = {pair.first: pair.roc_auc for pair in pairs if pair.roc_auc.first is not None and pair.roc_auc.interval}
    if not areas:
        return "Whether a network does better than colour alone cannot be said: there are too few images of a class."
    ranked = sorted(areas, key=lambda name: -(areas[name].first or 0.0))
    shown = [name for name in ranked if supported(areas[name])]
    better = [name for name in shown if (areas[name].difference or 0.0) > 0]
    worse = [name for name in shown if name not in better]
    undecided = [name for name in ranked if name not in shown]
    clauses = [] if shown else [_not_better(ranked, areas, record.statistics)]
    clauses += [_does(better, "better", areas, record.statistics)] if better else []
    clauses += [_does(worse, "worse", {} if better else areas, record.statistics)] if worse else []
    if shown and undecided:
        clauses.append(f"{_titles(undecided)} {_are(undecided)} not shown to{' differ' if worse else ''}")
    area = next(iter(areas.values())).second
    return (
        f"Colour alone (numbers of each image's colours, no network) reaches ROC-AUC {area:.3f}; {', '.join(clauses)}."
    )


def frame_sentence(record: MetricsRecord) -> str | None:
    """Say how well the frame alone, which hardly shows any lesion, ranks the test images; None if it does not."""
    if "frame" not in record.models or record.models["frame"].test.roc_auc is None:
        return None
    test = record.models["frame"].test
    area = interval_phrase(test.roc_auc, test.intervals["roc_auc"], statistics=record.statistics)
    return (
        f"The frame alone, the outermost {100 * record.baselines.frame_share:.0f}% of the image on every side, shows "
        f"hardly any lesion and reaches ROC-AUC {area}."
    )


def _does(names: Sequence[str], how: str, areas: Mapping[str, AreaDifference], statistics: config.Statistics) -> str:
    """Say that networks do `how`, better or worse, than colour alone; with the first one's difference if in `areas`."""
    which = "the first: " if len(names) > 1 else ""
    detail = f" ({which}{_difference(areas[names[0]], statistics)})" if names[0] in areas else ""
    return f"{_titles(names)} {'does' if len(names) == 1 else 'do'} {how}{detail}"


def _not_better(ranked: Sequence[str], areas: Mapping[str, AreaDifference], statistics: config.Statistics) -> str:
    """Say that none of these networks is shown to do better than colour alone, with the difference of the best."""
    difference = _difference(areas[ranked[0]], statistics)
    which = f"the best, {title(ranked[0])}: " if len(ranked) > 1 else ""
    nobody = "no network" if set(ranked) == set(config.NETWORKS) else _titles(ranked)
    verb = "is" if nobody == "no network" else f"{_are(ranked)} not"
    return f"{nobody} {verb} shown to do better ({which}{difference})"


def _difference(figures: AreaDifference, statistics: config.Statistics) -> str:
    value = 0.0 if figures.difference is None else figures.difference
    return f"difference {signed(value)}, {bounds_phrase(figures.interval, statistics=statistics)}"


def _titles(names: Sequence[str]) -> str:
    return listed([title(name) for name in names])


def _are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"

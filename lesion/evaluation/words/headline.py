"""The headline by rule: which network did best on some images, and whether its lead is more than chance.

The best ranks best (ROC-AUC; of equal ones, the more accurate). Its lead over another network is clear where
`wording.supported` says so, in ROC-AUC and in accuracy apart. It is about networks as they were trained once.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations, product

from lesion import config
from lesion.evaluation.words.wording import BETTER, METRIC_NAMES, listed, pair_sentence, supported, title
from lesion.records.metrics import Comparison, MetricsRecord, Scores

IMAGES = {"validation": "validation", config.EXTERNAL: "external", config.EXTERNAL_NEW: "external"}  # others: test
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")
MOST_NAMED = 2  # clear differences among the others that the headline names; more of them are counted
CLEAR, OPEN = "is clear", "could still be chance"  # a lead over all others


def headline(metrics: MetricsRecord, subset: str = "test") -> str:
    """Return a few plain sentences: which network did best on `subset` and how sure that is.

    It compares the networks, not the baselines; one alone is told by its ROC-AUC. Empty if none was measured.
    """
    networks = {name: models for name, models in metrics.models.items() if name in config.NETWORKS}
    scores = {name: own for name, models in networks.items() if (own := models.of(subset))}
    return of_networks(scores, metrics.comparisons.get(subset, []), subset, metrics.threshold)


def sentences(
    scores: Mapping[str, Scores], comparisons: Sequence[Comparison], subset: str, threshold: float
) -> list[str]:
    """Return the headline of networks on a subset, and two sentences on each pair, on ROC-AUC and on accuracy.

    Arguments as those of `of_networks`. Empty if there is no network.
    """
    pairs = [pair_sentence(pair, metric, len(comparisons)) for pair in comparisons for metric in METRIC_NAMES]
    return [of_networks(scores, comparisons, subset, threshold), *pairs] if scores else []


def of_networks(scores: Mapping[str, Scores], comparisons: Sequence[Comparison], subset: str, threshold: float) -> str:
    """Return the headline of networks by name, with their `scores` and `comparisons` on a subset.

    `comparisons` as `comparison.compare_all` returns them, of each two networks; `threshold` that of the verdicts.
    """
    images = f"{IMAGES.get(subset, 'test')} images"
    areas = {name: own.roc_auc for name, own in scores.items() if own.roc_auc is not None}
    if not areas:
        return f"The {images} are all of one class, so no ROC-AUC can be computed." if scores else ""
    if not any(_learned(own) for own in scores.values()):
        return _nothing_learned(list(scores))
    field = Field(
        ranked=sorted(areas, key=lambda name: (-areas[name], -scores[name].accuracy)),
        areas=areas,
        accuracies={name: scores[name].accuracy for name in areas},
        clear=_clear(comparisons),
        images=images,
    )
    words = [_alone(areas)] if len(areas) == 1 else [_verdict(field, threshold)]
    if not any(_beats_guessing(own) for own in scores.values()):
        words.append(_no_better_than_guessing(areas))
    return " ".join(words)


@dataclass(frozen=True)
class Field:
    """The networks that are compared, and which differences between them are more than chance."""

    ranked: list[str]  # the best first
    areas: dict[str, float]
    accuracies: dict[str, float]
    clear: dict[str, set[tuple[str, str]]]  # metric -> (better, worse)
    images: str  # what they were measured on

    def beaten(self, metric: str, name: str) -> list[str]:
        """Return those that `name` is clearly better than by `metric`."""
        return [other for other in self.ranked if (name, other) in self.clear[metric]]

    def others(self, *names: str) -> list[str]:
        """Return those that are not `names`."""
        return [name for name in self.ranked if name not in names]

    def differ(self, names: Sequence[str]) -> bool:
        """Tell whether two of `names` clearly differ by any metric."""
        return any(better in names and worse in names for pairs in self.clear.values() for better, worse in pairs)


def _learned(scores: Scores) -> bool:
    """Tell whether a network ranks better than guessing; one whose predictions collapsed must show that it does."""
    if scores.roc_auc is None or scores.roc_auc <= 0.5:
        return False
    return not scores.collapsed or _beats_guessing(scores)


def _beats_guessing(scores: Scores) -> bool:
    """Tell whether a ROC-AUC is above guessing's by its whole interval, or has none but is above it."""
    if scores.roc_auc is None:
        return False
    interval = scores.intervals.get("roc_auc")
    return scores.roc_auc > 0.5 if interval is None else interval[0] > 0.5


def _alone(areas: Mapping[str, float]) -> str:
    ((name, area),) = areas.items()
    return f"{title(name)} reaches a ROC-AUC of {area:.3f}. There is nothing to compare it with."


def _nothing_learned(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"{title(names[0])} did not learn to tell malignant from benign."
    return f"None of the {_count(names)} networks learned to tell malignant from benign."


def _no_better_than_guessing(names: Collection[str]) -> str:
    few = {1: "It is not", 2: "Neither is"}
    none = few.get(len(names), f"None of the {_count(names)} is")
    return f"{none} shown to do better than guessing."


def _clear(comparisons: Sequence[Comparison]) -> dict[str, set[tuple[str, str]]]:
    """Return for each metric the pairs that differ by more than chance, the better one first."""
    clear: dict[str, set[tuple[str, str]]] = {metric: set() for metric in METRIC_NAMES}
    for pair in comparisons:
        for metric, pairs in clear.items():
            figures = getattr(pair, metric)
            if supported(figures):
                pairs.add((pair.first, pair.second) if figures.difference > 0 else (pair.second, pair.first))
    return clear


def _verdict(field: Field, threshold: float) -> str:
    """Return the headline of two or more networks of which one at least has learned something."""
    best = field.ranked[0]
    by_area, by_accuracy = (field.beaten(metric, best) for metric in METRIC_NAMES)
    if field.accuracies[best] < max(field.accuracies.values()):
        return _two_best(field, threshold)
    if not by_area and not by_accuracy:
        return _open(field)
    if by_area == field.others(best):
        return _best_by_area(field, by_accuracy, threshold)
    if by_area and _are_alike(field, by_area):
        return _several_best(field, by_area)
    did = "did best" if by_accuracy == field.others(best) else "scored highest"
    metrics = sorted(METRIC_NAMES, key=lambda metric: -len(field.beaten(metric, best)))
    leads = {METRIC_NAMES[metric]: _lead(field, metric, [best]) for metric in metrics}
    if len(set(leads.values())) == 1:
        return f"{title(best)} {did}. Its lead in {listed(list(leads))} {leads[METRIC_NAMES['roc_auc']]}."
    claims = [f"lead in {name} {lead}" for name, lead in leads.items()]
    return f"{title(best)} {did}. Its {'; its '.join(claims)}."


def _two_best(field: Field, threshold: float) -> str:
    """Return the headline where the one that ranks best is not the most accurate one."""
    best = field.ranked[0]
    highest = max(field.accuracies.values())
    accurate = [name for name in field.ranked if field.accuracies[name] == highest]
    are = "is" if len(accurate) == 1 else "are"
    words = f"{title(best)} ranks best; {_listed(accurate)} {are} right most often at threshold {threshold:g}"
    first, second = _lead(field, "roc_auc", [best]), _lead(field, "accuracy", accurate)
    if first == second == CLEAR:
        return f"{words}. Both leads are clear."
    if first == second == OPEN:
        return f"{words}. Neither lead is clear."
    return f"{words}. The first lead {first}; the second {second}."


def _open(field: Field) -> str:
    """Return the headline where no lead of the best is clear."""
    best = field.ranked[0]
    scored = {name: (field.areas[name], field.accuracies[name]) for name in field.ranked}
    tied = [name for name in field.ranked if scored[name] == scored[best]]
    if field.differ(field.ranked):
        return f"{_listed(tied)} scored highest, but {_its(tied)} lead could be chance. {_among_others(field)}"
    if len(tied) == len(field.ranked):
        return f"{_listed(tied)} scored exactly the same."
    return f"{_listed(tied)} scored highest, but the {field.images} are too few to tell the {_count(scored)} apart."


def _among_others(field: Field) -> str:
    """Say which networks differ clearly, though the best leads none of them."""
    claims = [
        f"{title(better)} {BETTER[metric]} {title(worse)}"
        for metric, pairs in field.clear.items()
        for better, worse in permutations(field.ranked, 2)
        if (better, worse) in pairs
    ]
    if len(claims) > MOST_NAMED:
        return f"{len(claims)} differences among the others are more than chance."
    return f"More than chance: {listed(claims)}."


def _best_by_area(field: Field, by_accuracy: Sequence[str], threshold: float) -> str:
    """Return the headline where the best ranks clearly better than all others, and is more accurate than some."""
    best = title(field.ranked[0])
    if len(by_accuracy) == len(field.ranked) - 1:
        return f"{best} did best, and its lead is more than chance."
    clearly = f"clearly more accurate only than {_listed(by_accuracy)}" if by_accuracy else "not clearly more accurate"
    return f"{best} ranks best, and that is more than chance. At threshold {threshold:g} it is {clearly}."


def _are_alike(field: Field, beaten: Sequence[str]) -> bool:
    """Tell whether the others rank clearly better than `beaten`, as the best does, and do not clearly differ."""
    contenders = field.others(*beaten)
    shared = all(pair in field.clear["roc_auc"] for pair in product(contenders, beaten))
    return shared and not field.differ(contenders)


def _several_best(field: Field, beaten: Sequence[str]) -> str:
    """Return the headline where several may be the best."""
    contenders = field.others(*beaten)
    count = _count(contenders)
    both = "both" if len(contenders) == 2 else f"all {count}"
    return (
        f"{_listed(contenders, 'or')}: {both} rank better than {_listed(beaten)}, and the {field.images} cannot tell "
        f"the {count} apart."
    )


def _lead(field: Field, metric: str, leaders: Sequence[str]) -> str:
    """Say over which others the lead is clear that these share by `metric`."""
    beaten = [other for other in field.ranked if all((name, other) in field.clear[metric] for name in leaders)]
    rest = field.others(*leaders, *beaten)
    if not beaten:
        return OPEN
    return f"is clear over {_listed(beaten)}, but could be chance over {_listed(rest)}" if rest else CLEAR


def _listed(names: Sequence[str], conjunction: str = "and") -> str:
    return listed([title(name) for name in names], conjunction)


def _count(names: Collection[str]) -> str:
    return NUMBERS[len(names)] if len(names) < len(NUMBERS) else str(len(names))


def _its(names: Sequence[str]) -> str:
    return "its" if len(names) == 1 else "their"

"""Made-up comparisons of networks, of which it is known which are more than chance."""

from itertools import combinations
from types import SimpleNamespace

from lesion.evaluation.words import headline
from lesion.records.metrics import AccuracyDifference, AreaDifference, Comparison


def pair_of(first, second, areas, accuracies=None, supported=()):
    """Return a comparison; `supported` names the metrics whose difference is more than chance."""
    accuracies = accuracies or {first: 0.8, second: 0.8}
    area, accuracy = (
        _difference(scores[first], scores[second], metric in supported)
        for metric, scores in (("roc_auc", areas), ("accuracy", accuracies))
    )
    return Comparison(
        first,
        second,
        90,
        90,
        AreaDifference(**area),
        AccuracyDifference(**accuracy, only_first_right=5, only_second_right=5),
    )


def _difference(first, second, supported):
    difference = first - second
    reach = abs(difference) / 2 if supported else abs(difference) + 0.01
    bounds = [difference - reach, difference + reach]
    p = 0.01 if supported else 0.3
    return {
        "first": first,
        "second": second,
        "difference": difference,
        "interval": bounds,
        "p": p / 3,
        "p_corrected": p,
        "adjusted": bounds,
    }


def compared(areas, accuracies, clear=()):
    """Return the comparisons of each two of these networks; `clear` has (metric, one, other) that differ."""
    return [
        pair_of(
            first,
            second,
            areas,
            accuracies,
            [
                metric
                for metric in ("roc_auc", "accuracy")
                if {(metric, first, second), (metric, second, first)} & {*clear}
            ],
        )
        for first, second in combinations(areas, 2)
    ]


def scores_of(area, accuracy=0.8, interval=(0.6, 0.99), collapsed=()):
    """Return what a headline reads of a network's scores."""
    bounds = None if area is None or interval is None else list(interval)
    return SimpleNamespace(roc_auc=area, accuracy=accuracy, intervals={"roc_auc": bounds}, collapsed=list(collapsed))


def said(areas, accuracies, clear=(), subset="test", **of_all):
    """Return the headline of these networks."""
    scores = {name: scores_of(areas[name], accuracies[name], **of_all) for name in areas}
    return headline.of_networks(scores, compared(areas, accuracies, clear), subset, 0.5)

"""What a study's trainings say together: the ROC-AUC of each network trained anew, and the differences, with intervals.

    models, differences = summarise(labels, groups, design, scored, failed, seconds)

The quantity is the ROC-AUC that a network is expected to have on new lesions when it is trained anew, with another seed
on other lesions: the mean over all trainings, each on its own tested fold. Scores of different trainings are never
pooled. The bootstrap gives each lesion one weight, which counts in the tested fold of every partition.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from lesion import config
from lesion.errors import LesionError
from lesion.evaluation import correction, intervals
from lesion.evaluation.areas import rank, roc_area
from lesion.evaluation.correction import leaves_out_0
from lesion.records.common import Interval
from lesion.records.study import Design, StudyArea, StudyDifference, StudyModel
from lesion.studies import uncertainty
from lesion.studies.design import COLOUR
from lesion.studies.uncertainty import Estimate

TOGETHER = "together"  # all networks, which are compared with colour alone as each of them is

Weighted = Callable[[np.ndarray], np.ndarray]  # weights (R, n) of a fold's rows -> a figure (R,), NaN if undefined
Figure = Callable[[np.ndarray, np.ndarray], Weighted]  # labels (n,) and probabilities (n,) of a fold's rows


@dataclass(frozen=True)
class Scored:
    """What the trainings of one model say of the rows that they were not trained on."""

    folds: np.ndarray  # (r, P) int: the fold of each row in each partition
    probabilities: np.ndarray  # (r, P) of malignancy; NaN in folds that are not tested


@dataclass(frozen=True)
class Measured:
    """A figure of several models in all trainings, and how it varies with the lesions that are drawn."""

    cells: dict[str, np.ndarray]  # (r, tested) in each partition's folds
    replicates: dict[str, np.ndarray]  # (R,) the mean over all of these, in each draw of lesions
    fewest: int  # tested lesions of the rarer class
    lesions: int  # tested lesions in all


def summarise(
    labels: np.ndarray,
    groups: np.ndarray,
    design: Design,
    scored: Mapping[str, Scored],
    failed: Mapping[str, int],
    seconds: Mapping[str, float],
) -> tuple[dict[str, StudyModel], list[StudyDifference]]:
    """Return what the trainings say of each model, of each two networks, and of networks against colour alone.

    Each network is compared with colour alone, and so are all of them together. `labels` (P,) of 0 and 1 and `groups`
    (P,) integers of the rows of `design.pool`; `scored` has networks, baselines and combinations by name, `failed` the
    trainings that failed, whose rows have a probability of .5, and `seconds` those of all trainings; a model that these
    two lack has none. Raises LesionError if a tested fold lacks a class.
    """
    measured = measure(labels, groups, design, scored, area)
    models = {}
    for name in scored:
        models[name] = StudyModel(
            roc_auc=as_area(of_model(measured, design, name)),
            cells=measured.cells[name].tolist(),
            failed=failed.get(name, 0),
            seconds=seconds.get(name, 0.0),
        )
    networks = [name for name in scored if name in config.NETWORKS]
    beside = [name for name in (*networks, TOGETHER) if name in scored and COLOUR in scored]
    families = [list(combinations(networks, 2)), [(name, COLOUR) for name in beside]]
    return models, [each for pairs in families for each in _family(measured, design, pairs)]


def measure(
    labels: np.ndarray, groups: np.ndarray, design: Design, scored: Mapping[str, Scored], figure: Figure
) -> Measured:
    """Measure a figure of each model in every tested fold, for all rows and for many draws of lesions.

    Arguments as those of `summarise`. Rows that are tested in no partition are not drawn.
    """
    tested = np.any([each.folds < design.tested for each in scored.values()], axis=(0, 1))
    functions = {name: _functions(labels, tested, design, each, figure) for name, each in scored.items()}

    def means(weights: np.ndarray) -> dict[str, np.ndarray]:
        return {name: _in_cells(own, weights).mean(axis=(0, 1)) for name, own in functions.items()}

    return Measured(
        cells={name: cells(labels, design, each, figure) for name, each in scored.items()},
        replicates=intervals.bootstrap(labels[tested], groups[tested], means),
        fewest=intervals.fewest_groups(labels[tested], groups[tested]),
        lesions=len(np.unique(groups[tested])),
    )


def cells(labels: np.ndarray, design: Design, scored: Scored, figure: Figure) -> np.ndarray:
    """Return the figure (r, tested) of one model in each tested fold of each partition.

    `labels` (P,) of 0 and 1. Raises LesionError if a fold lacks a class.
    """
    everything = np.ones(len(labels), bool)
    values = _in_cells(_functions(labels, everything, design, scored, figure), np.ones((1, len(labels))))[:, :, 0]
    for repeat, fold in np.argwhere(np.isnan(values)).tolist():
        raise LesionError(
            f"fold {fold + 1} of partition {repeat + 1} has images of one class only: "
            "prepare more images, or divide them into fewer folds"
        )
    return values


def area(labels: np.ndarray, probabilities: np.ndarray) -> Weighted:
    """Return the ROC-AUC of a fold's rows as a function of their weights."""
    ranking = rank(labels, probabilities)
    return lambda weights: roc_area(ranking, weights)


def _functions(
    labels: np.ndarray, tested: np.ndarray, design: Design, scored: Scored, figure: Figure
) -> list[list[tuple[np.ndarray, Weighted]]]:
    """Return, for each partition and fold, the places of its rows among those `tested` (P,) bool, and its figure."""
    return [
        [
            (np.flatnonzero(folds[tested] == fold), figure(labels[folds == fold], probabilities[folds == fold]))
            for fold in range(design.tested)
        ]
        for folds, probabilities in zip(scored.folds, scored.probabilities, strict=True)
    ]


def _in_cells(functions: list[list[tuple[np.ndarray, Weighted]]], weights: np.ndarray) -> np.ndarray:
    """Return the figure (r, tested, R) in each fold for each of the weightings (R, n) of the tested rows."""
    return np.array([[figure(weights[:, rows]) for rows, figure in folds] for folds in functions])


def of_model(measured: Measured, design: Design, name: str, fraction: float = 1.0) -> Estimate:
    """Estimate the figure of one model, trained on a `fraction` of the training lesions."""
    return uncertainty.estimate(
        measured.cells[name], measured.replicates[name], measured.fewest, measured.lesions, design, fraction
    )


def of_difference(measured: Measured, design: Design, first: str, second: str, fraction: float = 1.0) -> Estimate:
    """Estimate the difference of two models, `first` minus `second`, training by training and draw by draw.

    `fraction` is the smaller one of those that the two were trained on.
    """
    return uncertainty.estimate(
        measured.cells[first] - measured.cells[second],
        measured.replicates[first] - measured.replicates[second],
        measured.fewest,
        measured.lesions,
        design,
        fraction,
    )


def as_area(own: Estimate) -> StudyArea:
    """Return the estimate of a ROC-AUC as the record has it."""
    return StudyArea(own.value, uncertainty.logit_interval(own), own.lesions, own.trainings, own.error)


def _family(measured: Measured, design: Design, pairs: list[tuple[str, str]]) -> list[StudyDifference]:
    """Return the differences of these pairs, p-values and adjusted intervals corrected for the number of pairs.

    A difference is supported if its adjusted interval leaves out 0.
    """
    estimates = [of_difference(measured, design, *pair) for pair in pairs]
    return [
        replace(_difference(own, *pair), p_corrected=p, adjusted=adjusted, supported=leaves_out_0(adjusted))
        for own, pair, (p, adjusted) in zip(estimates, pairs, corrected(estimates), strict=True)
    ]


def corrected(differences: Sequence[Estimate]) -> list[tuple[float | None, Interval]]:
    """Return the p-value and the interval of each difference, corrected for the number of them.

    See `evaluation.correction`. The interval is by Student's t with the same error and degrees of freedom as p.
    """
    values = [uncertainty.p_value(own) for own in differences]
    pairs = []
    for own, p, confidence in zip(differences, correction.holm(values), correction.confidences(values), strict=True):
        pairs.append((p, correction.adjusted(uncertainty.symmetric_interval(own, confidence), p)))
    return pairs


def _difference(own: Estimate, first: str, second: str) -> StudyDifference:
    """Return the difference as the record has it, not yet corrected for other pairs."""
    reach = uncertainty.half_width(own, config.MARGIN.equivalence)
    return StudyDifference(
        first=first,
        second=second,
        value=own.value,
        interval=uncertainty.symmetric_interval(own),
        lesions=own.lesions,
        trainings=own.trainings,
        error=own.error,
        p=uncertainty.p_value(own),
        adjusted=None,
        p_corrected=None,
        supported=False,
        equivalent=reach is not None and abs(own.value) + reach < config.MARGIN.margin,
        chances=uncertainty.chances(own),
    )

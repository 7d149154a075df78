"""Learning curves: the ROC-AUC of a network on fractions of the training lesions, and what the last step brought.

    sizes = mean_sizes(data, design)
    curves = summarise(labels, groups, design, scored, failed, sizes)

A fraction has its trainings on the same divisions as all lesions, so the two are compared training by training.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lesion.evaluation.correction import leaves_out_0
from lesion.prepared import PreparedData
from lesion.records.common import Interval
from lesion.records.study import CurvePoint, CurveStep, Design, LearningCurve
from lesion.studies import curve_wording, estimates, uncertainty
from lesion.studies import design as designs
from lesion.studies.estimates import Measured, Scored
from lesion.studies.uncertainty import Estimate


@dataclass(frozen=True)
class Size:
    """What a training learns from, the mean over all trainings."""

    images: float
    lesions: float


def mean_sizes(data: PreparedData, design: Design) -> dict[float, Size]:
    """Return how many images and lesions the trainings on each fraction learn from."""
    drawn: dict[float, list[tuple[int, int]]] = {fraction: [] for fraction in design.fractions}
    for cell in designs.cells(design, [designs.COLOUR]):  # the division is the same for every model
        rows, _ = designs.divide(data, design, cell).of_split("train")
        drawn[cell.fraction].append((len(rows), len(np.unique(data.groups[rows]))))
    return {fraction: Size(*np.mean(counts, axis=0).tolist()) for fraction, counts in drawn.items()}


def summarise(
    labels: np.ndarray,
    groups: np.ndarray,
    design: Design,
    scored: Mapping[float, Mapping[str, Scored]],
    failed: Mapping[float, Mapping[str, int]],
    sizes: Mapping[float, Size],
) -> dict[str, LearningCurve]:
    """Return the curve of each model that was trained on every fraction.

    `labels` (P,) of 0 and 1 and `groups` (P,) integers of the rows of `design.pool`; the others by fraction, of which
    there are two or more, `scored` and `failed` then by model. Raises LesionError if a tested fold lacks a class.
    """
    measured = {
        name: estimates.measure(
            labels, groups, design, {str(fraction): scored[fraction][name] for fraction in scored}, estimates.area
        )
        for name in scored[design.fractions[0]]
    }
    smaller, whole = design.fractions[-2:]
    steps = [estimates.of_difference(each, design, str(whole), str(smaller), smaller) for each in measured.values()]
    curves = {}
    for (name, own), step, (p, adjusted) in zip(measured.items(), steps, estimates.corrected(steps), strict=True):
        points = [_point(own, design, fraction, sizes[fraction], failed[fraction][name]) for fraction in sizes]
        last = _step(step, smaller, p, adjusted)
        curves[name] = LearningCurve(points, last, curve_wording.sentence(name, points, last, len(steps)))
    return curves


def _point(measured: Measured, design: Design, fraction: float, size: Size, failed: int) -> CurvePoint:
    name = str(fraction)
    return CurvePoint(
        fraction=fraction,
        images=size.images,
        lesions=size.lesions,
        roc_auc=estimates.as_area(estimates.of_model(measured, design, name, fraction)),
        cells=measured.cells[name].tolist(),
        failed=failed,
    )


def _step(own: Estimate, fraction: float, p_corrected: float | None, adjusted: Interval) -> CurveStep:
    return CurveStep(
        fraction=fraction,
        value=own.value,
        interval=uncertainty.symmetric_interval(own),
        error=own.error,
        p=uncertainty.p_value(own),
        adjusted=adjusted,
        p_corrected=p_corrected,
        supported=leaves_out_0(adjusted),
    )

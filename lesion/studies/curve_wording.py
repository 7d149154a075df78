"""What a learning curve says in words: what the last step brought, and what that lets one expect of more images.

No number beyond the data: a curve that rises may flatten at any time.
"""

import math
from collections.abc import Sequence

from lesion import config
from lesion.evaluation.correction import leaves_out_0
from lesion.evaluation.words.wording import interval_phrase, no_longer_significant, signed
from lesion.records.study import CurvePoint, CurveStep

# A curve flattens if its last step raises the ROC-AUC, for each doubling of the lesions, by less than this share of
# what the step before did. Less than half is plain to the eye; single steps are too uncertain for a finer limit.
FLATTER = 0.5


def sentence(name: str, points: Sequence[CurvePoint], step: CurveStep, steps: int) -> str:
    """Say what the last step brought the model `name`; p is corrected for so many `steps`, those of all models."""
    doubled = math.isclose(points[-1].fraction, 2 * points[-2].fraction)
    more = _more(doubled, *points[-2:])
    area = f"the ROC-AUC of {config.in_sentence(name)}"
    if step.interval is None:
        nothing = "nothing varies" if step.error is not None else "there are too few lesions of a class"
        change = signed(step.value, plus=True)
        return f"{more} changed {area} by {change}; whether that is chance cannot be said, since {nothing}."
    if not step.supported:
        detail = interval_phrase(step.value, step.interval, plus=True)
        why = f" {no_longer_significant(steps)}" if leaves_out_0(step.interval) else ""
        return f"{more} changed {area} by {detail}, which could be chance: more images are not shown to help.{why}"
    if step.value < 0:
        bounds = [-end for end in reversed(step.interval)]
        return f"{more} lowered {area} by {interval_phrase(-step.value, bounds)}: more images are not shown to help."
    detail = interval_phrase(step.value, step.interval)
    another = "another doubling" if doubled else "another such step"
    return f"{more} raised {area} by {detail}: {another} may bring {_as_much(points)}."


def _more(doubled: bool, smaller: CurvePoint, whole: CurvePoint) -> str:
    if doubled:
        return f"Doubling the training images from {smaller.images:,.0f} to {whole.images:,.0f}"
    return f"Training on {whole.images:,.0f} images instead of {smaller.images:,.0f}"


def _as_much(points: Sequence[CurvePoint]) -> str:
    """Say how much another doubling may bring a network that the last step has raised."""
    rises = [_rise(*pair) for pair in zip(points[-3:], points[-2:], strict=False)] if len(points) > 2 else []
    if rises and rises[-1] < FLATTER * rises[0]:
        return "less, since the curve flattens"
    return "about as much"


def _rise(first: CurvePoint, second: CurvePoint) -> float:
    """Return by how much the ROC-AUC rises from one point to the next, for each doubling of the lesions."""
    return (second.roc_auc.value - first.roc_auc.value) / math.log2(second.fraction / first.fraction)

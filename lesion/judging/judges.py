"""The networks as judges of images: what each says and why, and what all say together.

Import it after TensorFlow.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lesion import config, options
from lesion.console import say
from lesion.evaluation import figures
from lesion.evaluation.unlike import Reference
from lesion.explain import gradcam, layercam
from lesion.explain.mapper import Explanation, Mapper
from lesion.images import jpeg
from lesion.judging import verdicts
from lesion.judging.photographs import Photograph
from lesion.judging.verdicts import Verdict
from lesion.networks import batches, features, models
from lesion.runs import Run


@dataclass(frozen=True)
class Judged:
    """What a network says of the images, or what all of them say together."""

    name: str
    probabilities: np.ndarray  # (N,) of malignancy
    ratios: Sequence[float | None]  # (N,) above 1 if the image is unlike the training images; None if not known
    explanations: Sequence[Explanation]  # (N,) of the plain view; empty of all together
    method: str = ""  # whose maps are shown


class Judge:
    """One network, ready to judge images, batch after batch."""

    def __init__(self, run: Run) -> None:
        """Load the network of a run; say so if it cannot tell which images are unlike its training images."""
        model = models.load(run.model)
        self.name = run.name
        self._graph = features.judging(model, config.UNLIKE.stride)
        self._method = layercam.shown_method(model)
        self._mapper = Mapper(model, layercam.strides_of(self._method))
        self._reference = _reference(run)

    def judge(self, images: np.ndarray) -> Judged:
        """Return what the network says of `images` (N×S×S×3 uint8, one batch of a session), and why."""
        probabilities, means = features.predict_few(self._graph, images, config.TEST_VIEWS.number)
        explanations = list(self._mapper.explain_batch(batches.to_float(images)))
        return Judged(self.name, probabilities, self._ratios(means), explanations, self._method)

    def _ratios(self, means: np.ndarray) -> Sequence[float | None]:
        """Return how far each image, with the features `means`, is from the training images.

        It is a multiple of the distance that is too far, or None if that is not known.
        """
        return [None] * len(means) if self._reference is None else self._reference.ratios(means).tolist()


def _reference(run: Run) -> Reference | None:
    command = f"invoke evaluate --model {run.name}"
    evaluated = run.evaluated()
    record = run.evaluation_record().unlike if evaluated else None
    if record is not None:
        return Reference.read(run.unlike, record.distance, command)
    few = f"it had fewer than {config.UNLIKE.least} images to train or to validate on"
    reason = few if evaluated else f"run `{command}` for that"
    say(f"{config.title(run.name)} checks no image for being unlike the training images: {reason}")
    return None


def judge(judges: Sequence[Judge], photographs: Sequence[Photograph]) -> Iterator[Verdict]:
    """Yield the verdicts of all judges on each photograph, all of which can be read; draw the overlays."""
    images = np.stack([photograph.image for photograph in photographs if photograph.image is not None])
    judged = [each.judge(images) for each in judges]
    if len(judged) > 1:
        judged.append(_together(judged))
    for place, photograph in enumerate(photographs):
        for each in judged:
            yield _verdict(each, place, photograph, images[place])


def _together(judged: Sequence[Judged]) -> Judged:
    """Return what all networks say together; an image that is unlike for one of them is so for all."""
    known = zip(*(each.ratios for each in judged), strict=True)
    ratios = [max((ratio for ratio in own if ratio is not None), default=None) for own in known]
    return Judged(options.TOGETHER, figures.combine([each.probabilities for each in judged]), ratios, [])


def _verdict(judged: Judged, place: int, photograph: Photograph, image: np.ndarray) -> Verdict:
    """Return what a network says of an image, and draw the overlay."""
    probability = float(judged.probabilities[place])
    ratio = judged.ratios[place]
    called = config.CLASSES[probability >= config.DECISION.threshold]
    overlay = ""
    note = ""
    if judged.explanations:
        explanation = judged.explanations[place]
        fields = explanation.maps[judged.method]
        overlay = verdicts.overlay_name(photograph.file, judged.name)
        jpeg.write_jpeg(verdicts.FOLDER / overlay, gradcam.overlay(image, fields))
        note = _note(fields, config.CLASSES[explanation.malignant], called)
    return Verdict(
        file=verdicts.cell_text(photograph.file),
        model=judged.name,
        probability=f"{probability:.{verdicts.DECIMALS}f}",
        verdict="" if ratio is not None and ratio > 1 else called,
        unlike="" if ratio is None else f"{ratio:.2f}",
        overlay=overlay,
        note=note,
        image=photograph.digest,
    )


def _note(fields: np.ndarray, explained: str, called: str) -> str:
    """Return what to know of a map: that it is empty, or explains another verdict, that of the plain view."""
    if not fields.any():
        return "no evidence on the map"
    return "" if explained == called else f"the map shows the evidence for {explained}"

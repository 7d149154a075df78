"""Tell malignant from benign on images of your own.

    python scripts/predict.py --image photograph.jpg
    python scripts/predict.py --image photograph.jpg --model together

Reads runs/MODEL/, or those of all networks; prints probability and verdict of each image, writes
reports/predictions/predictions.csv and, beside it, each image lit by its map: Grad-CAM's, or LayerCAM's where that has
too few fields. An image unlike the training images gets no verdict. The probability is that of several views, as in
`evaluate`; the map explains the image as it is. Images are prepared like the training images: a dark frame is cropped,
hair is painted over unless `prepare` had --no-clean, and all are squeezed to a square.
Research software: not for diagnosis.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import stage

from lesion import config, options, runs, store
from lesion.console import progress, say
from lesion.errors import LesionError
from lesion.evaluation.unlike import Reference
from lesion.images import jpeg, preprocess
from lesion.runs import Run
from lesion.sources.folders import SUFFIXES

if TYPE_CHECKING:  # it takes seconds to import
    from lesion.explain.mapper import Explanation

PREDICTIONS = config.REPORTS / "predictions"
DECIMALS = 6  # of the probabilities in predictions.csv


@dataclass(frozen=True)
class Judged:
    """What a network says of the images, or what all of them say together."""

    name: str
    probabilities: np.ndarray  # (N,) of malignancy
    ratios: Sequence[float | None]  # (N,) above 1 if the image is unlike the training images; None if not known
    explanations: Sequence["Explanation"]  # (N,) of the plain view; empty of all together
    method: str = ""  # whose maps are shown


def main() -> bool:
    """Predict all images; return False if some of them cannot be read."""
    values = options.parse("predict", __doc__)
    judges = _all_trained() if values.model == options.TOGETHER else [Run(values.model) if values.model else _best()]
    files = _files(values.image)
    preprocessing = judges[0].record().preprocessing
    readable = []
    images = []
    squeezed = 0
    for path in progress(files, len(files), "read"):
        try:
            # Just as the model's training data was prepared.
            image = preprocess.prepare_image(path.read_bytes(), preprocessing.image_size, preprocessing.clean)
        except LesionError as error:
            say(f"{path}: cannot be read: {error}")
            continue
        readable.append(path)
        images.append(image.image)
        squeezed += image.squeezed
    if not readable:
        raise LesionError(f"--image {values.image!r}: none of {len(files)} files is an image that can be read")
    if squeezed:
        limit = preprocess.PREPROCESSING.squeezed - 1
        say(f"{squeezed} of {len(readable)} images squeezed by more than {limit:.0%} into a square, as in training")
    _predict(judges, readable, np.stack(images))
    return len(readable) == len(files)


def _best() -> Run:
    """Return the trained model with the highest ROC-AUC on the validation split; raises LesionError if none is."""
    return max(_trained(), key=_validation_auc)


def _trained() -> list[Run]:
    """Return the trained networks; raises LesionError if there are none."""
    trained = [run for run in runs.all_runs().values() if run.manifest.exists()]
    if not trained:
        raise LesionError("no model is trained yet: run `invoke all`, or `invoke train` after `invoke prepare`")
    return trained


def _all_trained() -> list[Run]:
    """Return the trained networks; raises LesionError unless there are several, all trained on the same data."""
    trained = _trained()
    if len(trained) == 1:
        raise LesionError(f"only {trained[0].name} is trained, so nothing can be taken together: run `invoke train`")
    if len({run.record().data for run in trained}) > 1:
        names = ", ".join(run.name for run in trained)
        raise LesionError(f"{names} were trained on different data: run `invoke train`, or give one of them by --model")
    return trained


def _validation_auc(run: Run) -> float:
    auc = run.record().best.val_auc
    return -math.inf if auc is None else auc


def _files(image: str) -> list[Path]:
    """Return the file `image`, or the image files in the folder `image`; raises LesionError if it has none."""
    path = Path(image).expanduser()
    if path.is_file():
        return [path]
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES)
    if not files:
        raise LesionError(f"--image {image!r} holds no image file ({', '.join(sorted(SUFFIXES))})")
    return files


def _predict(judges: Sequence[Run], files: Sequence[Path], images: np.ndarray) -> None:
    """Predict and explain `images` (N×S×S×3 uint8), which are of `files`; say, draw and write the results."""
    stage.import_tensorflow()
    import pandas as pd

    judged = [_judge(run, images) for run in judges]
    if len(judged) > 1:
        judged.append(_together(judged))
    lines = [line for place, path in enumerate(files) for line in _lines(judged, place, path, images[place])]
    table = pd.DataFrame(lines, columns=["file", "model", "probability", "verdict", "unlike", "overlay"])
    store.write_table(PREDICTIONS / "predictions.csv", table, decimals=DECIMALS)
    last = table[table["model"] == judged[-1].name]
    if withheld := sum(not verdict for verdict in last["verdict"]):
        verb = "is" if withheld == 1 else "are"
        say(f"{withheld} of {len(images)} images {verb} unlike the training images: no verdict")
    say(f"overlays: {PREDICTIONS} (research software: not for diagnosis)")


def _judge(run: Run, images: np.ndarray) -> Judged:
    """Return what one network says of `images`, and why."""
    from lesion.explain import layercam
    from lesion.explain.mapper import Mapper
    from lesion.networks import features, training

    model = training.load(run.model)
    rows = np.arange(len(images))
    probabilities, means = features.predict(model, config.UNLIKE.stride, images, rows, config.TEST_VIEWS.number)
    method = layercam.shown_method(model)
    explanations = list(Mapper(model, layercam.strides_of(method)).explain(images, rows))
    return Judged(run.name, probabilities, _ratios(run, means), explanations, method)


def _together(judged: Sequence[Judged]) -> Judged:
    """Return what all networks say together; an image that is unlike for one of them is so for all."""
    from lesion.evaluation import figures

    known = zip(*(each.ratios for each in judged), strict=True)
    ratios = [max((ratio for ratio in own if ratio is not None), default=None) for own in known]
    return Judged(options.TOGETHER, figures.combine([each.probabilities for each in judged]), ratios, [])


def _lines(judged: Sequence[Judged], place: int, path: Path, image: np.ndarray) -> Iterator[tuple[object, ...]]:
    """Yield what each network says of an image as a line of the table; say it, and draw the overlay."""
    from lesion.explain import gradcam

    for each in judged:
        probability = float(each.probabilities[place])
        ratio = each.ratios[place]
        called = config.CLASSES[probability >= config.DECISION.threshold]
        verdict = "" if ratio is not None and ratio > 1 else called
        overlay = ""
        note = ""
        if each.explanations:
            explanation = each.explanations[place]
            fields = explanation.maps[each.method]
            overlay = f"{path.name}.{each.name}.jpg"
            jpeg.write_jpeg(PREDICTIONS / overlay, gradcam.overlay(image, fields))
            note = _note(fields, config.CLASSES[explanation.malignant], called)
        shown = verdict or "no verdict: unlike the training images"
        say(f"{path}: probability of malignancy {probability:.3f}, {shown} ({each.name}){note}")
        yield str(path), each.name, probability, verdict, "" if ratio is None else f"{ratio:.2f}", overlay


def _note(fields: np.ndarray, explained: str, called: str) -> str:
    """Return what to know of a map: that it is empty, or explains another verdict, that of the plain view."""
    if not fields.any():
        return ", no evidence on the map"
    return "" if explained == called else f", the map shows the evidence for {explained}"


def _ratios(run: Run, means: np.ndarray) -> Sequence[float | None]:
    """Return how far each image, with the features `means`, is from the training images.

    It is a multiple of the distance that is too far. If that is not known it says why, and returns None for each image.
    """
    command = f"invoke evaluate --model {run.name}"
    evaluated = run.evaluated()
    record = run.evaluation_record().unlike if evaluated else None
    if record is None:
        few = f"it had fewer than {config.UNLIKE.least} images to train or to validate on"
        reason = few if evaluated else f"run `{command}` for that"
        say(f"{config.title(run.name)} checks no image for being unlike the training images: {reason}")
        return [None] * len(means)
    return Reference.read(run.unlike, record.distance, command).ratios(means).tolist()


if __name__ == "__main__":
    stage.run("predict", main, exclusive=False)

"""Tell malignant from benign on images of your own.

    python scripts/predict.py --image photograph.jpg

Reads runs/MODEL/; prints probability and verdict of each image, writes reports/predictions/predictions.csv and, beside
it, each image lit by its map: Grad-CAM's, or LayerCAM's where that has too few fields. An image unlike the training
images gets no verdict. Images are prepared like the training images: a dark frame is cropped, hair is painted over
unless `prepare` had --no-clean, and all are squeezed to a square.
Research software: not for diagnosis.
"""

import math
from collections.abc import Sequence
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
    import keras

PREDICTIONS = config.REPORTS / "predictions"
DECIMALS = 6  # of the probabilities in predictions.csv


def main() -> bool:
    """Predict all images; return False if some of them cannot be read."""
    values = options.parse("predict", __doc__)
    run = Run(values.model) if values.model else _best()
    files = _files(values.image)
    preprocessing = run.record().preprocessing
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
    _predict(run, readable, np.stack(images))
    return len(readable) == len(files)


def _best() -> Run:
    """Return the trained model with the highest ROC-AUC on the validation split; raises LesionError if none is."""
    trained = [run for run in runs.all_runs().values() if run.manifest.exists()]
    if not trained:
        raise LesionError("no model is trained yet: run `invoke all`, or `invoke train` after `invoke prepare`")
    return max(trained, key=_validation_auc)


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


def _predict(run: Run, files: Sequence[Path], images: np.ndarray) -> None:
    """Predict and explain `images` (N×S×S×3 uint8), which are of `files`; say, draw and write the results."""
    stage.import_tensorflow()
    import pandas as pd

    from lesion.explain import gradcam, layercam
    from lesion.explain.mapper import Mapper
    from lesion.networks import training

    model = training.load(run.model)
    ratios = _ratios(run, model, images)
    method = layercam.shown_method(model)
    explanations = Mapper(model, layercam.strides_of(method)).explain(images, np.arange(len(images)))
    lines = []
    for path, image, explanation, ratio in zip(files, images, explanations, ratios, strict=True):
        fields = explanation.maps[method]
        strange = ratio is not None and ratio > 1
        verdict = "" if strange else config.CLASSES[explanation.malignant]
        overlay = PREDICTIONS / f"{path.name}.{run.name}.jpg"
        jpeg.write_jpeg(overlay, gradcam.overlay(image, fields))
        times = "" if ratio is None else f"{ratio:.2f}"
        lines.append((str(path), run.name, explanation.probability, verdict, times, overlay.name))
        note = "" if fields.any() else ", no evidence on the map"
        shown = verdict or "no verdict: unlike the training images"
        say(f"{path}: probability of malignancy {explanation.probability:.3f}, {shown} ({run.name}){note}")
    table = pd.DataFrame(lines, columns=["file", "model", "probability", "verdict", "unlike", "overlay"])
    store.write_table(PREDICTIONS / "predictions.csv", table, decimals=DECIMALS)
    if withheld := sum(not verdict for verdict in table["verdict"]):
        verb = "is" if withheld == 1 else "are"
        say(f"{withheld} of {len(images)} images {verb} unlike the training images: no verdict")
    say(f"overlays: {PREDICTIONS} (research software: not for diagnosis)")


def _ratios(run: Run, model: "keras.Model", images: np.ndarray) -> Sequence[float | None]:
    """Return how far each image is from the training images, as a multiple of the distance that is too far.

    If that is not known it says why, and returns None for each image.
    """
    from lesion.networks import features

    command = f"invoke evaluate --model {run.name}"
    evaluated = run.evaluated()
    record = run.evaluation_record().unlike if evaluated else None
    if record is None:
        few = f"{config.title(run.name)} had fewer than {config.UNLIKE.least} images to train or to validate on"
        reason = few if evaluated else f"run `{command}` for that"
        say(f"no image is checked for being unlike the training images: {reason}")
        return [None] * len(images)
    reference = Reference.read(run.unlike, record.distance, command)
    return reference.ratios(features.features(model, config.UNLIKE.stride, images, np.arange(len(images)))).tolist()


if __name__ == "__main__":
    stage.run("predict", main, exclusive=False)

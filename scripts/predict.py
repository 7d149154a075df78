"""Tell malignant from benign on images of your own.

    python scripts/predict.py --image photograph.jpg

Reads runs/MODEL/; prints probability and verdict of each image, writes reports/predictions/predictions.csv
and beside it each image's Grad-CAM overlay. Research software: not for diagnosis.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import stage

from lesion import config, runs, store
from lesion.console import progress, say
from lesion.errors import LesionError
from lesion.images import jpeg, preprocess
from lesion.sources.source import SUFFIXES

PREDICTIONS = config.REPORTS / "predictions"


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--image", required=True, help="an image file, or a folder of them")
    parser.add_argument("--model", default="", help="default: the best by validation ROC-AUC")
    return parser.parse_args()


def main() -> bool:
    """Predict all images; False when some of them cannot be read."""
    given = options()
    name = options.chosen_networks(given.model)[0] if given.model else _best()
    files = _files(given.image)
    run = runs.manifest(name)
    readable, images = [], []
    for path in progress(files, len(files), "read"):
        try:
            images.append(_prepare(path, run["preprocessing"]))
            readable.append(path)
        except LesionError as error:
            say(f"{path}: cannot be read: {error}")
    if not readable:
        raise LesionError(f"--image {given.image!r}: none of {len(files)} files is an image that can be read")
    _predict(name, readable, np.stack(images))
    return len(readable) == len(files)


def _best() -> str:
    """Return the trained model with the highest ROC-AUC on the validation split; raises LesionError."""
    trained = [name for name in config.NETWORKS if (config.RUNS / name / "manifest.json").exists()]
    if not trained:
        raise LesionError("no model is trained yet: run `invoke all`, or `invoke train` after `invoke prepare`")
    return max(trained, key=lambda name: runs.manifest(name)["best"]["val_auc"])


def _files(given: str) -> list[Path]:
    path = Path(given).expanduser()
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise LesionError(f"--image {given!r} is neither a file nor a folder")
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES)
    if not files:
        raise LesionError(f"--image {given!r} holds no image file ({', '.join(sorted(SUFFIXES))})")
    return files


def _prepare(path: Path, preprocessing: dict[str, Any]) -> np.ndarray:
    """Prepare an image just as the model's training data was."""
    return preprocess.prepare_image(path.read_bytes(), preprocessing["image_size"], preprocessing["clean"]).image


def _predict(name: str, files: list[Path], images: np.ndarray) -> None:
    stage.import_tensorflow()
    from lesion.explain import gradcam
    from lesion.networks import training

    model = training.load(config.RUNS / name / "model.keras")
    lines = []
    for path, image, explained in zip(
        files, images, gradcam.Explainer(model).explain(images, np.arange(len(images))), strict=True
    ):
        verdict = config.CLASSES[explained.malignant]
        overlay = PREDICTIONS / f"{path.name}.{name}.jpg"
        jpeg.write_jpeg(overlay, gradcam.overlay(image, explained.heat))
        lines.append(
            {
                "file": path,
                "model": name,
                "probability": f"{explained.probability:.6f}",
                "verdict": verdict,
                "overlay": overlay.name,
            }
        )
        note = ", no evidence on the map" if explained.empty else ""
        say(f"{path}: probability of malignancy {explained.probability:.3f}, {verdict} ({name}){note}")
    store.write_table(PREDICTIONS / "predictions.csv", lines)
    say(f"overlays: {PREDICTIONS} (research software: not for diagnosis)")


if __name__ == "__main__":
    stage.run("predict", main, exclusive=False)

"""Show where in the image each network finds the evidence for its verdict (Grad-CAM).

    python scripts/explain.py

Reads data/, runs/*/model.keras and runs/*/predictions.csv; writes reports/explanations.json and
reports/gradcam/. Every test image is explained; the pictures are of the same few images for every model.
"""

import argparse
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import stage

from lesion import config, prepared, runs, store
from lesion.console import progress, say
from lesion.errors import LesionError
from lesion.explain import selection
from lesion.images import jpeg
from lesion.prepared import PreparedData

if TYPE_CHECKING:  # it imports TensorFlow, which a stage that has nothing to do must not wait for
    from lesion.explain.gradcam import Explanation

EXPLANATIONS = config.REPORTS / "explanations.json"


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="", help=f"one of {', '.join(config.NETWORKS)} (default: all three)")
    parser.add_argument("--force", action="store_true", help="explain again though it is done")
    return parser.parse_args()


def main() -> bool:
    """Explain the models asked for; False when one of them cannot be."""
    given = options()
    names = options.chosen_networks(given.model)
    data = prepared.read_manifest()
    unusable = runs.missing(data["data"])
    evaluated = [name for name in config.NETWORKS if name not in unusable and runs.is_evaluated(name)]
    reasons = {
        name: unusable.get(name, "not evaluated: run `invoke evaluate`") for name in names if name not in evaluated
    }
    if len(reasons) == len(names):
        raise LesionError("; ".join(f"{name} is {reason}" for name, reason in reasons.items()))
    chosen = selection.choose({name: runs.predictions(name) for name in evaluated}, data["settings"]["seed"])
    wanted = {name: _fingerprint(name, chosen) for name in evaluated}
    done = {name: old for name, old in _finished().items() if old["fingerprint"] == wanted.get(name)}
    todo = [name for name in names if name in evaluated and (given.force or name not in done)]
    for name in (name for name in names if name not in todo and name not in reasons):
        say(f"explain: {name} is explained already (--force does it again)")
    if todo:
        _explain(todo, chosen, wanted, done)
    for name, reason in reasons.items():
        say(f"explain: {name} is {reason}")
    return not reasons


def _fingerprint(name: str, chosen: list[int]) -> str:
    run = runs.manifest(name)
    return store.fingerprint(stage="explain", data=run["data"], digest=run["digest"], rows=chosen)


def _finished() -> dict[str, Any]:
    """Return what is in explanations.json by model, where its pictures are still there."""
    if not EXPLANATIONS.exists():
        return {}
    models = store.read_json(EXPLANATIONS, "invoke explain")["models"]
    return {
        name: model
        for name, model in models.items()
        if all((config.REPORTS / shown[key]).exists() for shown in model["maps"] for key in ("map", "overlay"))
    }


def _explain(todo: list[str], chosen: list[int], wanted: dict[str, str], done: dict[str, Any]) -> None:
    stage.import_tensorflow()
    data = prepared.open_data()
    for name in todo:
        done[name] = {"fingerprint": wanted[name], **_explain_model(name, data, chosen)}
        say(f"explain: {name}: {done[name]['explained']} test images, {done[name]['empty']} maps empty")
    positions = {int(row): position for position, row in enumerate(data.rows)}
    images = []
    for row in chosen:
        path = f"gradcam/{row}.jpg"
        jpeg.write_jpeg(config.REPORTS / path, data.images[positions[row]])
        images.append({"row": row, "label": int(data.labels[positions[row]]), "photograph": path})
    ordered = {name: done[name] for name in config.NETWORKS if name in done}
    store.write_json(EXPLANATIONS, {"data": data.fingerprint, "images": images, "models": ordered})
    _remove_unused(images, ordered)


def _explain_model(name: str, data: PreparedData, chosen: list[int]) -> dict[str, Any]:
    """Explain the whole test split; write the pictures of the rows in `chosen`."""
    from lesion.explain import gradcam
    from lesion.networks import training

    begin = time.monotonic()
    model = training.load(config.RUNS / name / "model.keras")
    layer = gradcam.explained_layer(model)
    positions, labels = data.of_split("test")
    maps, empty = {}, 0
    explanations = progress(gradcam.Explainer(model).explain(data.images, positions), len(positions), f"explain {name}")
    for position, label, explanation in zip(positions, labels, explanations, strict=True):
        empty += explanation.empty
        row = int(data.rows[position])
        if row in chosen:
            maps[row] = _picture(name, row, int(label), data.images[position], explanation)
    return {
        "digest": runs.manifest(name)["digest"],
        "layer": layer.name,
        "resolution": list(layer.output.shape[1:3]),
        "explained": len(positions),
        "empty": empty,
        "maps": [maps[row] for row in chosen],
        "provenance": store.provenance(time.monotonic() - begin, training.device()),
    }


def _picture(name: str, row: int, label: int, image: np.ndarray, explanation: "Explanation") -> dict[str, Any]:
    from lesion.explain import gradcam

    paths = {kind: f"gradcam/{name}_{row}_{kind}.jpg" for kind in ("map", "overlay")}
    jpeg.write_jpeg(config.REPORTS / paths["map"], gradcam.picture(explanation.heat))
    jpeg.write_jpeg(config.REPORTS / paths["overlay"], gradcam.overlay(image, explanation.heat))
    return {
        "row": row,
        "probability": explanation.probability,
        "logit": explanation.logit,
        "explains": config.CLASSES[explanation.malignant],
        "correct": explanation.malignant == bool(label),
        "peak": explanation.peak,
        "empty": explanation.empty,
        **paths,
    }


def _remove_unused(images: list[dict[str, Any]], models: dict[str, Any]) -> None:
    """Remove the pictures of earlier explanations."""
    used = {image["photograph"] for image in images}
    used |= {shown[key] for model in models.values() for shown in model["maps"] for key in ("map", "overlay")}
    for path in (config.REPORTS / "gradcam").glob("*.jpg"):
        if f"gradcam/{path.name}" not in used:
            path.unlink()


if __name__ == "__main__":
    stage.run("explain", main)

"""Show where in the image each network finds the evidence for its verdict (Grad-CAM).

    python scripts/explain.py

Reads data/, runs/*/model.keras and runs/*/predictions.csv; writes reports/explanations.json and
reports/gradcam/. Every test image is explained; the pictures show the same few images for every model.
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import stage

from lesion import config, options, prepared, runs, store
from lesion.console import progress, say
from lesion.errors import LesionError
from lesion.explain import selection
from lesion.images import jpeg
from lesion.prepared import PreparedData
from lesion.records.explanations import ExplainedImage, ExplanationsRecord, MapRecord, ModelExplanations
from lesion.runs import Run

if TYPE_CHECKING:  # it imports TensorFlow, which takes seconds: a stage that has nothing to do must not wait for it
    from lesion.explain.gradcam import Explanation

PICTURES = "gradcam"  # folder below reports/


def main() -> bool:
    """Explain the requested models; return False if one of them cannot be explained."""
    values = options.parse("explain", __doc__)
    names = options.chosen_networks(values.model)
    data = prepared.read_manifest()
    reasons = _why_not(data.data)
    missing = {name: reasons[name] for name in names if name in reasons}
    if len(missing) == len(names):
        raise LesionError("; ".join(f"{name} is {reason}" for name, reason in missing.items()))
    usable = [name for name in config.NETWORKS if name not in reasons]
    rows = selection.choose({name: Run(name).read_predictions() for name in usable}, data.settings.seed)
    wanted = {name: fingerprint(name, rows) for name in usable}
    done = {name: model for name, model in _explained().items() if model.fingerprint == wanted.get(name)}
    todo = [name for name in names if name in usable and (values.force or name not in done)]
    for name in names:
        if name not in todo and name not in missing:
            say(f"explain: {name} is explained already (--force does it again)")
    if todo:
        _explain(todo, rows, wanted, done)
    for name, reason in missing.items():
        say(f"explain: {name} is {reason}")
    return not missing


def _why_not(data: str) -> dict[str, str]:
    """Return why a network cannot be explained, by name; `data` is the fingerprint of the prepared content."""
    reasons = dict(runs.missing(data))
    for name, run in runs.all_runs().items():
        if name not in reasons and not run.evaluated():
            reasons[name] = "not evaluated: run `invoke evaluate`"
    return reasons


def fingerprint(name: str, rows: Sequence[int]) -> str:
    """Return the fingerprint of the explanations of a network, with pictures of `rows`."""
    record = Run(name).record()
    method = store.blocks(config.GALLERY, config.DECISION)
    return store.fingerprint(stage="explain", data=record.data, digest=record.digest, rows=rows, method=method)


def _explained() -> dict[str, ModelExplanations]:
    """Return the models of explanations.json whose pictures are still there; none if the file cannot be used."""
    try:
        models = store.read_record(runs.EXPLANATIONS, ExplanationsRecord, "invoke explain").models
    except LesionError:  # missing or damaged: it is written again
        return {}
    return {name: model for name, model in models.items() if all(path.exists() for path in _pictures(model))}


def _pictures(model: ModelExplanations) -> list[Path]:
    return [config.REPORTS / path for shown in model.maps for path in (shown.map, shown.overlay)]


def _explain(
    todo: Sequence[str], rows: Sequence[int], wanted: Mapping[str, str], done: Mapping[str, ModelExplanations]
) -> None:
    """Explain the models `todo`; write them together with those that are `done`."""
    stage.import_tensorflow()
    data = prepared.open_data()
    models = dict(done)
    for name in todo:
        models[name] = _explain_model(name, data, rows, wanted[name])
        say(f"explain: {name}: {models[name].explained} test images, {models[name].empty} maps empty")
    images = _write_photographs(data, rows)
    in_order = {name: models[name] for name in config.NETWORKS if name in models}
    record = ExplanationsRecord(data=data.fingerprint, images=images, models=in_order)
    store.write_record(runs.EXPLANATIONS, record)
    _remove_unused(record)


def _write_photographs(data: PreparedData, rows: Sequence[int]) -> list[ExplainedImage]:
    positions = {int(row): position for position, row in enumerate(data.rows)}
    images = []
    for row in rows:
        path = f"{PICTURES}/{row}.jpg"
        jpeg.write_jpeg(config.REPORTS / path, data.images[positions[row]])
        images.append(ExplainedImage(row=row, label=int(data.labels[positions[row]]), photograph=path))
    return images


def _explain_model(name: str, data: PreparedData, rows: Sequence[int], wanted: str) -> ModelExplanations:
    """Explain the whole test split; write the maps of `rows`."""
    from lesion.explain import gradcam
    from lesion.networks import training

    begin = time.monotonic()
    run = Run(name)
    model = training.load(run.model)
    layer = gradcam.explained_layer(model)
    positions, _ = data.of_split("test")
    explanations = progress(gradcam.Explainer(model).explain(data.images, positions), len(positions), f"explain {name}")
    maps = {}
    empty = 0
    for position, explanation in zip(positions, explanations, strict=True):
        empty += explanation.empty
        row = int(data.rows[position])
        if row in rows:
            maps[row] = _write_map(name, row, data.images[position], explanation)
    return ModelExplanations(
        fingerprint=wanted,
        digest=run.record().digest,
        layer=layer.name,
        resolution=list(layer.output.shape[1:3]),
        explained=len(positions),
        empty=empty,
        maps=[maps[row] for row in rows],
        provenance=store.provenance(time.monotonic() - begin, training.device()),
    )


def _write_map(name: str, row: int, image: np.ndarray, explanation: "Explanation") -> MapRecord:
    from lesion.explain import gradcam

    heat = f"{PICTURES}/{name}_{row}_map.jpg"
    overlay = f"{PICTURES}/{name}_{row}_overlay.jpg"
    jpeg.write_jpeg(config.REPORTS / heat, gradcam.picture(explanation.heat))
    jpeg.write_jpeg(config.REPORTS / overlay, gradcam.overlay(image, explanation.heat))
    return MapRecord(
        row=row,
        probability=explanation.probability,
        explains=config.CLASSES[explanation.malignant],
        peak=explanation.peak,
        empty=explanation.empty,
        map=heat,
        overlay=overlay,
    )


def _remove_unused(record: ExplanationsRecord) -> None:
    """Remove the pictures of earlier explanations."""
    used = {config.REPORTS / image.photograph for image in record.images}
    for model in record.models.values():
        used.update(_pictures(model))
    for path in (config.REPORTS / PICTURES).glob("*.jpg"):
        if path not in used:
            path.unlink()


if __name__ == "__main__":
    stage.run("explain", main)

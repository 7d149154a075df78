"""Show where in the image each network finds the evidence for its verdict (Grad-CAM).

    python scripts/explain.py

Reads data/ and runs/*/model.keras; writes reports/explanations.json and reports/cases/: a thumbnail of every test
image, and each network's maps of all of them.
"""

import contextlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import stage

from lesion import config, options, prepared, runs, store
from lesion.console import say
from lesion.errors import LesionError
from lesion.evaluation.localisation import settings
from lesion.evaluation.words.wording import listed
from lesion.explain import cases, faithfulness, located, passes
from lesion.images import outline, painting
from lesion.integrity import seals
from lesion.prepared import PreparedData
from lesion.records.explanations import ESTIMATED, ExplainedImage, ExplanationsRecord, ModelExplanations
from lesion.runs import Run


def main() -> bool:
    """Explain the requested models; return False if one of them cannot be explained."""
    values = options.parse("explain", __doc__)
    names = options.chosen_networks(values.model)
    data = prepared.open_data()
    reasons = runs.missing(data.fingerprint)
    usable = stage.usable(names, reasons)
    wanted = {name: fingerprint(name, data) for name in config.NETWORKS if name not in reasons}
    intact = store.intact(runs.EXPLANATIONS)
    before = _explained(intact)
    done = {name: model for name, model in before.models.items() if model.fingerprint == wanted.get(name)}
    todo = stage.unfinished("explain", "explained", usable, done, values.force)
    images = cases.describe(data, _estimated(before) if done else {})
    pictured = bool(done) and not values.force and all(image.thumbnail in intact for image in images)
    if todo or not pictured or images != before.images or before.located != located.method():
        _explain(data, images, pictured, todo, wanted, done)
    return stage.say_missing("explain", names, reasons)


def fingerprint(name: str, data: PreparedData) -> str:
    """Return the fingerprint of the explanations of a network, and of the thumbnails beside them."""
    record = Run(name).record()
    method = store.blocks(
        *(config.THUMBNAILS, config.DECISION, config.STATISTICS, settings.LOCALISATION),
        *(outline.OUTLINE, painting.PAINTING, settings.SANITY, faithfulness.FAITHFULNESS, passes.CHOSEN),
    )
    outlines = data.outlines_digest
    return store.fingerprint(stage="explain", data=record.data, outlines=outlines, digest=record.digest, method=method)


def _explained(intact: Collection[str]) -> ExplanationsRecord:
    """Return what explanations.json says of models whose maps are `intact`; nothing if it cannot be used."""
    try:
        record = store.read_record(runs.EXPLANATIONS, ExplanationsRecord, "invoke explain")
    except LesionError:  # missing or damaged: it is written again
        return ExplanationsRecord(data="", images=[], models={})
    return replace(record, models={name: each for name, each in record.models.items() if each.maps in intact})


def _estimated(before: ExplanationsRecord) -> dict[int, str]:
    """Return the outlines that were estimated before, by row."""
    return {image.row: image.outline for image in before.images if image.outline_from == ESTIMATED}


def _path(name: str) -> Path:
    return config.REPORTS / name


def _explain(
    data: PreparedData,
    images: list[ExplainedImage],
    pictured: bool,
    todo: Sequence[str],
    wanted: Mapping[str, str],
    done: Mapping[str, ModelExplanations],
) -> None:
    """Explain the models `todo`, beside those that are `done`; write the thumbnails unless the images are `pictured`.

    The record is written after each model: what is finished stays if the stage is stopped. The maps are scored in the
    end, all together.
    """
    models = dict(done)
    if not pictured:
        _write_record(data, [], models)  # from here on there are no thumbnails
        cases.write_thumbnails(data)
    _write_record(data, images, models)
    if todo:
        stage.import_tensorflow()
        from lesion.explain import probing
    for name in todo:
        models[name] = probing.explain_network(name, data, images, wanted[name])
        _write_record(data, images, models)
    _score(data, images, models)
    if todo:
        empty = sum(models[name].empty for name in todo)
        networks = listed([config.title(name) for name in todo])
        note = f"; {empty} maps are empty" if empty else ""
        say(f"explain: {len(images):,} test images for {networks}: {probing.passes_sentence(data)}{note}")
    _remove_unused(images, models)


def _write_record(
    data: PreparedData, images: list[ExplainedImage], models: Mapping[str, ModelExplanations]
) -> ExplanationsRecord:
    in_order = {name: models[name] for name in config.NETWORKS if name in models}
    record = ExplanationsRecord(data=data.fingerprint, images=images, models=in_order)
    _seal(record)
    return record


def _seal(record: ExplanationsRecord) -> None:
    """Write the record, with the seals of its thumbnails and maps."""
    names = [*(image.thumbnail for image in record.images), *(model.maps for model in record.models.values())]
    store.write_record(runs.EXPLANATIONS, record, seals.of_files(config.REPORTS, names))


def _score(data: PreparedData, images: list[ExplainedImage], models: Mapping[str, ModelExplanations]) -> None:
    """Score how well all maps lie on the lesions, and write the record anew."""
    record = _write_record(data, images, models)
    scored, differences = located.locate(data, images, record.models)
    _seal(replace(record, models=scored, located=located.method(), skill_differences=differences))


def _remove_unused(images: Sequence[ExplainedImage], models: Mapping[str, ModelExplanations]) -> None:
    """Remove the files of earlier explanations."""
    used = {image.thumbnail for image in images} | {model.maps for model in models.values()}
    for pattern in cases.WRITTEN:
        for path in config.REPORTS.glob(pattern):
            if path.relative_to(config.REPORTS).as_posix() not in used:
                path.unlink()
    with contextlib.suppress(OSError):  # it is not there, or holds files of somebody else
        _path(cases.FORMER).rmdir()


if __name__ == "__main__":
    stage.run("explain", main)

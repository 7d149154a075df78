"""Disturb the test images, or paint parts of them over, and see what becomes of each network's verdicts.

    python scripts/stress.py

Reads data/ and runs/*/model.keras; writes reports/stress.json and reports/stress/: what each network says of every
test image and of all that is made of it, and pictures of those that changed most. Before and after a change a network
looks at the plain view alone, so the test costs a fraction of what it would with the views of `evaluate`.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import stage

from lesion import config, options, prepared, runs, store
from lesion.console import duration, progress, say
from lesion.errors import LesionError
from lesion.evaluation.stress.changes import Changes
from lesion.evaluation.stress.extremes import Extreme, most_changed
from lesion.evaluation.words.wording import listed
from lesion.explain import cases, stress
from lesion.explain.stress import Tested
from lesion.integrity import seals
from lesion.prepared import PreparedData
from lesion.records.metrics import Estimate
from lesion.records.stress import ChangedCase, ModelStress, StressRecord
from lesion.runs import Run

UNKNOWN = Estimate(None, None)


def main() -> bool:
    """Test the requested networks; return False if one of them cannot be tested."""
    values = options.parse("stress", __doc__)
    names = options.chosen_networks(values.model)
    data = prepared.open_data()
    reasons = runs.missing(data.fingerprint)
    usable = stage.usable(names, reasons)
    wanted = {name: fingerprint(name, data) for name in config.NETWORKS if name not in reasons}
    intact = store.intact(runs.STRESS)
    before = _tested(intact)
    done = {name: model for name, model in before.models.items() if model.fingerprint == wanted.get(name)}
    todo = stage.unfinished("stress", "tested", usable, done, values.force)
    pictured = {case.picture for case in before.changed} <= intact
    if todo or done != before.models or not pictured:
        _test(data, todo, wanted, done)
    return stage.say_missing("stress", names, reasons)


def fingerprint(name: str, data: PreparedData) -> str:
    """Return the fingerprint of a network's stress test."""
    run = Run(name)
    return store.fingerprint(
        stage="stress",
        data=data.fingerprint,
        outlines=data.outlines_digest,
        groups=data.groups.tolist(),
        digest=run.record().digest,
        method=stress.method(),
    )


def _tested(intact: Collection[str]) -> StressRecord:
    """Return what stress.json says of networks whose table is `intact`; nothing if it cannot be used."""
    try:
        record = store.read_record(runs.STRESS, StressRecord, "invoke stress")
    except LesionError:  # missing or damaged: it is written again
        return StressRecord(data="", images=0, of=0, strengths={}, models={}, changed=[], method={})
    kept = {name: model for name, model in record.models.items() if model.probabilities in intact}
    return replace(record, models=kept)


def _path(name: str) -> Path:
    return config.REPORTS / name


def _test(data: PreparedData, todo: Sequence[str], wanted: Mapping[str, str], done: Mapping[str, ModelStress]) -> None:
    """Test the networks `todo`, beside those that are `done`.

    The record is written after each network: what is finished stays if the stage is stopped.
    """
    begin = time.monotonic()
    tested = stress.Tested(data)
    models = dict(done)
    if todo:
        stage.import_tensorflow()
    for name in todo:
        models[name] = _test_network(name, tested, wanted[name])
        _write_record(tested, models)
    record = _write_record(tested, models)
    _remove_unused(record)
    if todo:
        networks = listed([config.title(name) for name in todo])
        chosen = f"{record.images:,} of {record.of:,} test images"
        passes = sum(len(batch) for batch in tested.batches())
        say(f"stress: {passes} passes over {chosen} for {networks} ({duration(time.monotonic() - begin)})")


def _test_network(name: str, tested: Tested, wanted: str) -> ModelStress:
    """Make all passes of one network, write its table, and measure what changed."""
    from lesion.networks import models, replicas, training

    begin = time.monotonic()
    run = Run(name)
    model = models.load(run.model)
    batches = tested.batches()
    after: dict[str, np.ndarray] = {}
    for passes in progress(batches, len(batches), f"stress: {config.title(name)}"):
        after |= tested.probabilities(lambda images, rows: training.predict(model, images, rows), passes)
    table = f"{stress.FOLDER}/{name}.csv"
    stress.write_probabilities(_path(table), tested.rows, after)
    after = stress.read_probabilities(_path(table))  # the rounded numbers count, so that the file gives the same scores
    before = after[stress.PLAIN]
    changes = Changes(tested.labels, tested.groups, before, {each: after[each] for each in stress.columns()})
    parts = _parts(tested, before, after)
    return ModelStress(
        fingerprint=wanted,
        digest=run.record().digest,
        probabilities=table,
        roc_auc=changes.roc_auc(),
        disturbed={kind: [changes.describe(each) for each in stress.columns(kind)] for kind in stress.KINDS},
        parts={part: parts.describe(part) for part in stress.PARTS} if parts else {},
        parts_roc_auc=parts.roc_auc() if parts else UNKNOWN,
        outside=parts.outside(stress.HIDDEN) if parts else UNKNOWN,
        provenance=store.provenance(time.monotonic() - begin, replicas.device()),
    )


def _parts(tested: Tested, before: np.ndarray, after: Mapping[str, np.ndarray]) -> Changes | None:
    """Return what became of the images whose lesion could be painted over; None if there are none."""
    places = tested.parted
    if not len(places):
        return None
    parts = {part: after[part][places] for part in stress.PARTS}
    return Changes(tested.labels[places], tested.groups[places], before[places], parts)


def _write_record(tested: Tested, models: Mapping[str, ModelStress]) -> StressRecord:
    """Write the record of `models`, and a picture of each of their images that changed most."""
    in_order = {name: models[name] for name in config.NETWORKS if name in models}
    record = StressRecord(
        data=tested.data.fingerprint,
        images=len(tested.rows),
        of=tested.of,
        strengths={kind: list(each.strengths) for kind, each in stress.KINDS.items()},
        models=in_order,
        changed=[_case(tested, each) for each in _extremes(in_order)],
        method=stress.method(),
    )
    names = [*(model.probabilities for model in in_order.values()), *(case.picture for case in record.changed)]
    store.write_record(runs.STRESS, record, seals.of_files(config.REPORTS, names))
    return record


def _extremes(models: Mapping[str, ModelStress]) -> list[Extreme]:
    tables = {name: stress.read_probabilities(_path(model.probabilities)) for name, model in models.items()}
    strongest = {
        name: {kind: table[stress.columns(kind)[-1]] for kind in stress.KINDS} for name, table in tables.items()
    }
    return most_changed({name: table[stress.PLAIN] for name, table in tables.items()}, strongest)


def _case(tested: Tested, extreme: Extreme) -> ChangedCase:
    """Describe an image that changed much, and write how the network saw it."""
    strength = len(stress.columns(extreme.kind)) - 1
    picture = f"{stress.FOLDER}/{extreme.kind}_{strength}_{tested.rows[extreme.place]}.webp"
    store.write_bytes(_path(picture), cases.thumbnail(tested.strongest(extreme.kind, extreme.place)))
    return ChangedCase(
        row=int(tested.rows[extreme.place]),
        label=int(tested.labels[extreme.place]),
        network=extreme.network,
        kind=extreme.kind,
        strength=strength,
        before=extreme.before,
        after=extreme.after,
        picture=picture,
    )


def _remove_unused(record: StressRecord) -> None:
    """Remove the files of earlier tests."""
    used = {case.picture for case in record.changed} | {model.probabilities for model in record.models.values()}
    for pattern in stress.WRITTEN:
        for path in config.REPORTS.glob(pattern):
            if path.relative_to(config.REPORTS).as_posix() not in used:
                path.unlink()


if __name__ == "__main__":
    stage.run("stress", main)

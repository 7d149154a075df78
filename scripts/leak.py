"""Measure how much a random split flatters a model.

    python scripts/leak.py --data FOLDER --weights FOLDER

Trains one model on the random and on the grouped split of the same images, for several seeds, each trial into a folder
of its own below leak/; writes reports/leak.json. A trial that is finished is not made again. With --data the images are
prepared below leak/ as well, and those of the experiment are left alone.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import stage

from lesion import config, options, prepared, runs, store
from lesion.console import duration, say
from lesion.errors import LesionError
from lesion.networks import settings
from lesion.prepared import PreparedData
from lesion.records.common import Method
from lesion.records.leak import LeakData, LeakRecord, TrialRecord
from lesion.records.training import TrainingSettings
from lesion.studies import leak
from lesion.studies.leak import Trial

if TYPE_CHECKING:  # it takes seconds to import TensorFlow
    import keras

    from lesion.networks.activations import Activations
    from lesion.networks.phases import Phase

ACTIVATIONS = config.LEAK / "activations"
SEED = 0  # of the views of the training images, which all trials share


def main() -> bool:
    """Train what is not trained yet, and write what the trials show together."""
    begin = time.monotonic()
    values = vars(options.parse("leak", __doc__))
    model = str(values["model"] or options.STAGES["leak"]["model"].default)
    data = prepared.open_data(_prepare(values["data"]))
    training = {name: values.get(name, option.default) for name, option in options.TRAIN.items()}
    shared = settings.resolve(model, training, data.record)
    wanted = [(seed, split) for seed in range(values["seeds"]) for split in config.SPLIT_KINDS]
    records = []
    for number, (seed, split) in enumerate(wanted, start=1):
        say(f"leak: run {number} of {len(wanted)}: {model}, seed {seed}, {split} split")
        records.append(_try(data, replace(shared, seed=seed), split))
    shutil.rmtree(ACTIVATIONS, ignore_errors=True)
    _write(data, shared, records, begin)
    return True


def method() -> Method:
    """Return the blocks of settings that the trials and what is made of them use."""
    return {**settings.method(), **store.blocks(config.PREPARATION, config.STATISTICS)}


def _prepare(source: str) -> Path:
    """Return the folder of the prepared images; if `source` names where images come from, prepare those first."""
    if not source:
        return config.DATA
    command = options.command("prepare", {"data": source})
    child = subprocess.run(command, env={**os.environ, "LESION_HOME": str(config.LEAK)}, check=False)
    if child.returncode:
        sys.exit(child.returncode)  # it has said why
    return config.LEAK / config.DATA.name


def _try(data: PreparedData, own: TrainingSettings, split: str) -> TrialRecord:
    """Return the trial with its `own` settings on `data`, split as `split` says; train for it unless that is done."""
    divided = leak.resplit(data, split, own.seed)
    folder = config.LEAK / config.RUNS.name / f"{own.model}-{split}-{own.seed}"
    result = folder / "result.json"
    partial = folder / "partial"
    fingerprint = settings.fingerprint("leak", own, divided.fingerprint)
    if not store.finished(result, fingerprint):
        store.claim(partial, fingerprint)
        weights, device, probabilities = _train(data, divided, own, partial)
        positions, labels = divided.of_split("test")
        figures = leak.figures(labels, probabilities)
        say(f"leak: test ROC-AUC {figures['roc_auc']:.3f}, accuracy {figures['accuracy']:.3f}")
        record = TrialRecord(
            fingerprint=fingerprint,
            seed=own.seed,
            split=split,
            weights=weights,
            device=device,
            positions=positions.tolist(),
            probabilities=probabilities.round(runs.PROBABILITY_DECIMALS).tolist(),
        )
        store.write_record(result, record)
    shutil.rmtree(partial, ignore_errors=True)
    return store.read_record(result, TrialRecord, "invoke leak")


def _train(
    data: PreparedData, divided: PreparedData, own: TrainingSettings, partial: Path
) -> tuple[str, str, np.ndarray]:
    """Train on the train split of `divided`, the same images as `data`, and predict its test split.

    Returns the weights that the training began with, the device, and the probabilities (n,) of the test rows.
    """
    stage.import_tensorflow()  # takes seconds: only when there is something to train
    import keras

    from lesion.networks import training

    keras.backend.clear_session()  # of the trial before: its graphs would stay in memory
    training.make_reproducible(own.seed)
    with training.strategy().scope():
        model, weights = training.build(own.model, data.image_size, own.weights)
        phases = training.plan(weights.used, own)
        computed = None
        if phases[0].name == "frozen" and own.views:
            computed = _activations(model, phases, data, divided, own.views)
        trained = training.train(model, phases, divided, partial, own, computed)
    probabilities = training.predict(trained.model, data.images, divided.of_split("test")[0])
    return weights.used, training.device(), probabilities


def _activations(
    model: "keras.Model", phases: "Sequence[Phase]", data: PreparedData, divided: PreparedData, views: int
) -> "dict[str, Activations]":
    """Return the activations of the frozen layers for the splits of `divided`, by the name of the cut.

    They are computed once for all trials, on all rows that any split may hold: frozen layers give the same for a row in
    whichever split it is.
    """
    from lesion.networks.activations import Rows
    from lesion.networks.phases import activation_cache

    pool = leak.pool(data)
    cache = activation_cache(model, phases, data, Rows(pool, pool), ACTIVATIONS, views, SEED)
    training, validation = (np.searchsorted(pool, divided.of_split(split)[0]) for split in ("train", "validation"))
    return {cut: activations.select(training, validation) for cut, activations in cache.compute().items()}


def _write(data: PreparedData, shared: TrainingSettings, records: Sequence[TrialRecord], begin: float) -> None:
    """Write what the trials show together, unless that is there already."""
    weights = sorted({record.weights for record in records})
    if len(weights) > 1:
        names = ", ".join(weights)
        raise LesionError(f"the runs began with different weights ({names}): give --weights imagenet or none")
    fingerprint = store.fingerprint(stage="leak", trials=[record.fingerprint for record in records], method=method())
    if store.finished(runs.LEAK, fingerprint):
        say("leak: it is measured already")
        return
    trials = [
        Trial(record.seed, record.split, np.array(record.positions), np.array(record.probabilities))
        for record in records
    ]
    lines = leak.table(data, trials)
    difference = leak.differences(data.labels, data.groups, trials)
    seconds = time.monotonic() - begin
    record = LeakRecord(
        fingerprint=fingerprint,
        model=shared.model,
        data=LeakData(data.record.source.description, data.fingerprint),
        settings=shared,
        method=method(),
        weights=weights[0],
        seeds=sorted({trial.seed for trial in trials}),
        trials=lines,
        difference=difference,
        sentence=leak.sentence(shared.model, lines, difference),
        provenance=store.provenance(seconds, records[0].device),
    )
    store.write_record(runs.LEAK, record)
    say(f"leak: {record.sentence} {duration(seconds)}")


if __name__ == "__main__":
    stage.run("leak", main)

"""Measure how much a random split flatters a model.

    python scripts/leak.py --data FOLDER --weights FOLDER

Trains one model on random and on grouped folds of the same images, for several seeds, each training as a process of its
own (cell.py) that works in leak/cells/; writes reports/leak.json. Trainings that are finished are not made again. With
--data the images are prepared below leak/ as well, and those of the experiment are left alone.
"""

import os
import subprocess
import sys
from pathlib import Path

import stage

from lesion import config, options, prepared, runs, store
from lesion.console import duration, say
from lesion.networks import settings
from lesion.records.common import Method
from lesion.records.leak import LeakData, LeakRecord
from lesion.records.study import Design
from lesion.records.training import TrainingSettings
from lesion.studies import design as designs
from lesion.studies import leak
from lesion.studies.trainings import children, running
from lesion.studies.trainings.folders import StudyFolder
from lesion.studies.trainings.running import Study

SEED = 0


def main() -> bool:
    """Train what is not trained yet, and write what the trainings show together; return False if some failed."""
    values = vars(options.parse("leak", __doc__))
    model = str(values["model"] or options.STAGES["leak"]["model"].default)
    images = _prepare(values["data"])
    data = prepared.open_data(images)
    training = {name: values.get(name, option.default) for name, option in options.TRAIN.items()}
    asked = settings.resolve(model, training, data.record)
    design = Design(kinds=list(config.SPLIT_KINDS), folds=options.FOLDS, tested=1, repeats=values["seeds"], seed=SEED)
    files = StudyFolder(config.LEAK)
    plan = running.make_plan(files, images, data, design, {model: asked}, {}, options.THREADS)
    study = Study("leak", files, data, plan)
    failures = running.run(study, children.one_after_the_other, workers=1)
    if not running.usable(study, failures):
        return False
    _write(study, asked)
    return True


def method() -> Method:
    """Return the blocks of settings that the trainings and what is made of them use."""
    return {**settings.method(), **store.blocks(config.PREPARATION, config.FOLDS, config.STATISTICS)}


def _prepare(source: str) -> Path:
    """Return the folder of the prepared images; if `source` names where images come from, prepare those first."""
    if not source:
        return config.DATA
    command = options.command("prepare", {"data": source, "profile": "full"})
    child = subprocess.run(command, env={**os.environ, "LESION_HOME": str(config.LEAK)}, check=False)
    if child.returncode:
        sys.exit(child.returncode)  # it has said why
    return config.LEAK / config.DATA.name


def _write(study: Study, asked: TrainingSettings) -> None:
    """Write what the trainings show together, unless that is there already."""
    records = [study.folder(cell).record() for cell in study.wanted]
    trained = [[record.fingerprint, record.digest] for record in records]
    fingerprint = store.fingerprint(stage="leak", trainings=trained, method=method())
    if store.finished(runs.LEAK, fingerprint):
        say("leak: it is measured already")
        return
    weights = running.weights(study)
    pool, design = designs.pool(study.data), study.plan.design
    random, grouped = (running.predictions(study, kind, {})[asked.model] for kind in ("random", "grouped"))
    lines = leak.table(study.data, design, random, grouped)
    difference = leak.differences(study.data.labels[pool], study.data.groups[pool], design, random, grouped)
    seconds = sum(record.provenance.seconds + record.shared_seconds for record in records)
    record = LeakRecord(
        fingerprint=fingerprint,
        model=asked.model,
        data=LeakData(study.data.record.source.description, study.data.fingerprint),
        settings=asked,
        method=method(),
        weights=weights[asked.model],
        seeds=list(range(design.repeats)),
        trials=lines,
        difference=difference,
        sentence=leak.sentence(asked.model, lines, difference),
        provenance=store.provenance(seconds, records[0].provenance.device),
    )
    store.write_record(runs.LEAK, record)
    say(f"leak: {record.sentence} {duration(seconds)}")


if __name__ == "__main__":
    stage.run("leak", main)

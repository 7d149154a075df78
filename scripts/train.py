"""Train the networks on the prepared images.

    python scripts/train.py --model scratch

Reads data/; writes runs/MODEL/{model.keras, history.csv, manifest.json, tensorboard/, activations/}. A run that was
stopped resumes after its last finished epoch if the same command is given again, and ends as if it had not been.
"""

import argparse
import shutil
import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import beside
import quick
import stage

from lesion import config, options, prepared, store
from lesion.console import Series, duration, estimate, say
from lesion.errors import LesionError
from lesion.evaluation.words.wording import listed
from lesion.networks import settings
from lesion.networks.planned import planning
from lesion.records.preparation import PreparationRecord
from lesion.records.training import BestEpoch, ImageSettings, TrainingRecord, TrainingSettings
from lesion.runs import Run

if TYPE_CHECKING:  # it takes seconds to import
    from lesion.networks.training import Trained


def main() -> bool:
    """Train the requested networks that are not trained yet; return False if one of them failed."""
    values = options.parse("train", __doc__)
    data = prepared.read_manifest()
    asked = {name: vars(values) for name in options.chosen_networks(values.model)}
    if planning.is_quick(values.profile, data):
        data = _plan_others(values, list(asked), data)
        asked = {name: planning.lengths(data.plan, name, each) for name, each in asked.items() if data.plan}
    trainings = [settings.resolve(name, each, data) for name, each in asked.items()]
    unfinished = []
    for training in trainings:
        run = Run(training.model)
        fingerprint = settings.fingerprint("train", training, data.data)
        if values.force or not store.finished(run.manifest, fingerprint):
            unfinished.append((run, training, fingerprint))
        else:
            _remove_remains(run, fingerprint)
            say(f"train: {config.title(run.name)} is trained already (--force trains it again)")
    if beside.pays(len(unfinished), data):
        say(f"train: {len(unfinished)} networks at once, each in a process of its own")
        places = [Series(len(unfinished), number) for number in range(1, len(unfinished) + 1)]
        works = [partial(_train, *each, values.force, place) for each, place in zip(unfinished, places, strict=True)]
        return beside.run({run.name: work for (run, *_), work in zip(unfinished, works, strict=True)})
    series = Series(len(unfinished), planned=_planned_seconds(data, [run.name for run, *_ in unfinished]))
    return all([_train(run, training, fingerprint, values.force, series) for run, training, fingerprint in unfinished])


def _planned_seconds(data: PreparationRecord, names: Sequence[str]) -> list[float]:
    """Return the seconds that are planned for each network; nothing if one of them has no plan."""
    planned = {training.model: training.seconds for training in data.plan.trainings} if data.plan else {}
    return [planned[name] for name in names] if planned.keys() >= set(names) else []


def _remove_remains(run: Run, fingerprint: str) -> None:
    """Remove what a run that was killed at its very end left beside the finished one of this `fingerprint`."""
    if run.partial.exists() and store.owner(run.partial) in (None, "", fingerprint):
        shutil.rmtree(run.partial)


def _plan_others(values: argparse.Namespace, names: Sequence[str], data: PreparationRecord) -> PreparationRecord:
    """Return the manifest of the data with a plan for all of the networks: those that it lacks are timed and noted."""
    missing = planning.unplanned(names, values.weights, data)
    if not missing:
        return data
    say(f"train: measuring how fast {listed([config.title(name) for name in missing])} can be trained here")
    speeds = quick.measured(values)(missing, data.settings.image_size)
    planned = planning.extended(data, vars(values), speeds)
    store.write_record(prepared.MANIFEST, planned, store.sealed_files(prepared.MANIFEST, prepared.MADE_BY))
    for training in planned.plan.trainings[-len(missing) :] if planned.plan else []:
        times = f"about {estimate(training.seconds)}; in full up to about {estimate(training.full_seconds)}"
        say(f"train: {planning.training_words(training)}, {times} (--profile full)")
    return planned


def _train(run: Run, training: TrainingSettings, fingerprint: str, force: bool, series: Series) -> bool:
    """Train one network into its folder; if that fails, say why, note it for the report, and return False."""
    title = config.title(run.name)
    try:
        run.failed.unlink(missing_ok=True)
        record = _fit_and_save(run, training, fingerprint, force, series)
    except LesionError as error:  # what a stopped run left stays, unless the error is about that
        store.write_text(run.failed, str(error))
        say(f"train: {title} failed: {error}")
        return False
    finally:
        series.next()
    run.write_record(record)
    shutil.rmtree(run.partial)
    for warning in record.warnings:
        say(f"train: warning: {title} {warning}")
    say(f"train: {title} is trained, in {duration(record.provenance.seconds)}: {_best(record)}")
    return True


def _best(record: TrainingRecord) -> str:
    """Return in words which epoch was the best: validation AUC 0.912 in the best epoch, 7 of 8."""
    epochs = sum(phase.epochs for phase in record.phases)
    area = "undefined" if record.best.val_auc is None else f"{record.best.val_auc:.3f}"
    return f"validation AUC {area} in the best epoch, {record.best.epoch} of {epochs}"


def _fit_and_save(
    run: Run, training: TrainingSettings, fingerprint: str, force: bool, series: Series
) -> TrainingRecord:
    """Train one network, replace the files of its previous training, and return what is to become the manifest."""
    stage.import_tensorflow()  # takes seconds: only if there is something to train
    from lesion.networks import architecture, models
    from lesion.networks.replicas import device, strategy
    from lesion.networks.training import Diverged, build, make_reproducible, plan, require_space, train

    begin = time.monotonic()
    data = prepared.open_data()
    make_reproducible(training.seed)
    with strategy().scope():
        model, weights = build(run.name, data.image_size, training.weights)
        phases = plan(weights.used, training)
        parameters = models.parameters(model)  # before layers are frozen
        parts = architecture.describe(model)
        require_space(run.folder, model)
        _claim(run, fingerprint, force)
        try:
            trained = train(model, phases, data, run.partial, training, series=series)
        except Diverged:
            shutil.rmtree(run.partial)
            raise
    _save(run, trained)
    best = min(trained.epochs, key=lambda epoch: epoch.val_loss)
    return TrainingRecord(
        model=run.name,
        fingerprint=fingerprint,
        data=data.fingerprint,
        digest=models.digest(trained.model),
        settings=training,
        method=settings.method(),
        preprocessing=ImageSettings(image_size=data.record.settings.image_size, clean=data.record.settings.clean),
        weights=weights,
        parameters=parameters,
        architecture=parts,
        phases=trained.phases,
        activations=trained.activations,
        best=BestEpoch(epoch=best.epoch, val_loss=best.val_loss, val_auc=best.val_auc),
        seconds=round(_seconds(trained), 2),
        size_bytes=run.model.stat().st_size,
        warnings=trained.warnings,
        provenance=store.provenance(time.monotonic() - begin, device()),
        at_once=series.at_once,
    )


def _claim(run: Run, fingerprint: str, force: bool) -> None:
    """Keep what a stopped run of this `fingerprint` left, unless `force`; that of other settings is removed now."""
    if force:
        store.disown(run.partial)
    store.claim(run.partial, fingerprint)


def _seconds(trained: "Trained") -> float:
    """Return the time of the epochs and of the passes that computed their activations."""
    passes = trained.activations.seconds if trained.activations else 0.0
    return passes + sum(epoch.seconds for epoch in trained.epochs)


def _save(run: Run, trained: "Trained") -> None:
    """Replace the previous training. The run becomes valid once its manifest is written."""
    from lesion.networks import surgery
    from lesion.networks.callbacks import history

    run.manifest.unlink(missing_ok=True)
    with store.atomic(run.model) as temporary:
        surgery.bare(trained.model).save(temporary)
    history.write_history(run.history, trained.epochs)
    logs = run.partial / run.tensorboard.name
    if logs.exists():  # it does not if this function was killed after the next lines
        shutil.rmtree(run.tensorboard, ignore_errors=True)
        logs.rename(run.tensorboard)


if __name__ == "__main__":
    stage.run("train", main)

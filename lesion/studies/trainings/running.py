"""Run the trainings of a study that are not finished, as child processes, and say how far they are.

failures = run(study, one_after_the_other, workers=1)
if usable(study, failures, count_failed=False):
    scored = predictions(study, "grouped", failures)
"""

import contextlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from lesion import config, options, store
from lesion.console import say
from lesion.errors import LesionError
from lesion.evaluation.areas import rank, roc_area
from lesion.prepared import PreparedData
from lesion.records.lines import PredictionLine
from lesion.records.study import Design, Plan
from lesion.records.training import TrainingSettings
from lesion.studies import design
from lesion.studies.design import Cell
from lesion.studies.estimates import Scored
from lesion.studies.trainings import cells
from lesion.studies.trainings.children import Engine, Job, Outcome
from lesion.studies.trainings.folders import CellFolder, StudyFolder
from lesion.studies.trainings.progress import Progress
from lesion.tables import read_table

GUESSING = 0.5  # probability of a training that failed and counts
STOPPED = 2  # exit status of a child that met something which the user must mend first
KILLED = -9  # by the operating system, mostly


@dataclass(frozen=True)
class Study:
    """Which trainings there are, on which images, and where."""

    stage: str  # the command that runs it: study or leak
    files: StudyFolder
    data: PreparedData
    plan: Plan

    @property
    def models(self) -> list[str]:
        """Return the networks, then the baselines."""
        return [*self.plan.settings, *self.plan.baselines]

    @cached_property
    def wanted(self) -> dict[Cell, str]:
        """Return the fingerprint of each training, in the order in which they run."""
        return {cell: cells.fingerprint(self.plan, cell) for cell in design.cells(self.plan.design, self.models)}

    @cached_property
    def folds(self) -> dict[str, np.ndarray]:
        """Return the fold (r, P) of each row of `design.pool` in each partition, by the kind of split."""
        own = self.plan.design
        return {
            kind: np.array([design.folds(self.data, own, kind, repeat) for repeat in range(own.repeats)])
            for kind in own.kinds
        }

    def folder(self, cell: Cell) -> CellFolder:
        """Return the folder of a training."""
        return self.files.cell(cell.name)

    def finished(self, cell: Cell) -> bool:
        """Tell whether a training is done."""
        return self.folder(cell).finished(self.wanted[cell])

    def tested(self, cell: Cell) -> np.ndarray:
        """Return which rows (P,) bool of `design.pool` a training is tested on."""
        return self.folds[cell.kind][cell.repeat] == cell.fold

    def probabilities(self, cell: Cell) -> np.ndarray:
        """Return what a finished training says (n,) of its test rows, in their order."""
        table = read_table(self.folder(cell).predictions, f"invoke {self.stage}", PredictionLine)
        return table.loc[table["split"] == "test", "probability"].to_numpy(dtype=float)

    def area(self, cell: Cell) -> float:
        """Return the ROC-AUC of a finished training on its test rows."""
        labels = self.data.labels[design.pool(self.data)][self.tested(cell)]
        return float(roc_area(rank(labels, self.probabilities(cell)), np.ones((1, len(labels))))[0])

    def begin_anew(self) -> None:
        """Remove all trainings and what they share."""
        for folder in (self.files.cells, self.files.shared):
            shutil.rmtree(folder, ignore_errors=True)


def make_plan(
    files: StudyFolder,
    images: Path,
    data: PreparedData,
    own: Design,
    settings: Mapping[str, TrainingSettings],
    baselines: Mapping[str, str],
    threads: int,
) -> Plan:
    """Return the plan of a study on `data`, which are in the folder `images`; the other arguments as in Plan.

    A child may work in another folder, so that of the weights is written in full.
    """
    return Plan(
        data=data.fingerprint,
        folder=os.path.relpath(images, files.folder),
        design=own,
        settings={name: replace(each, weights=_in_full(each.weights)) for name, each in settings.items()},
        baselines=dict(baselines),
        threads=threads,
    )


def _in_full(weights: str) -> str:
    return weights if weights in config.WEIGHT_WORDS else str(Path(weights).expanduser().resolve())


def run(study: Study, engine: Engine, workers: int, again: bool = True) -> dict[Cell, str]:
    """Run by `engine` the trainings that are not finished; return why some failed.

    `workers` trainings run at a time, 0 if that is not known. Those that failed before are tried once more if `again`.
    Raises LesionError if the folder holds trainings of other data or settings, if the images cannot be divided, or if
    a child met something that the user must mend; what is finished is kept.
    """
    _refuse_others(study)
    failures = {} if again else _earlier_failures(study)
    waiting = [cell for cell in study.wanted if cell not in failures and not study.finished(cell)]
    if not waiting:
        return failures
    for cell in dict.fromkeys(replace(cell, model="") for cell in study.wanted):
        design.divide(study.data, study.plan.design, cell)
    store.write_record(study.files.plan, study.plan)
    progress = Progress(study.stage, study.plan.design, list(study.wanted), _seconds(study), workers)
    with contextlib.closing(engine([_job(study, cell) for cell in waiting])) as outcomes:
        for outcome in outcomes:
            cell = Cell.of(outcome.name)
            if reason := _why_failed(study, cell, outcome):
                failures[cell] = reason
                progress.failed(cell, reason)
            else:
                progress.finished(cell, study.area(cell), study.folder(cell).record())
    return failures


def _refuse_others(study: Study) -> None:
    """Raise LesionError if there are finished trainings with other fingerprints than those that are wanted."""
    others = sum(study.folder(cell).holds_other(wanted) for cell, wanted in study.wanted.items())
    if others:
        anew = "--force" if "force" in options.STAGES[study.stage] else f"remove {store.shown(study.files.cells)}"
        raise LesionError(
            f"{store.shown(study.files.folder)}/ holds {others} {'training' if others == 1 else 'trainings'} of other "
            f"data or settings than now: set LESION_HOME to keep them, or {anew} to begin anew"
        )


def _earlier_failures(study: Study) -> dict[Cell, str]:
    """Return why trainings failed when they were tried before."""
    reasons = {
        cell: study.folder(cell).failure(wanted) for cell, wanted in study.wanted.items() if not study.finished(cell)
    }
    return {cell: reason for cell, reason in reasons.items() if reason}


def _seconds(study: Study) -> dict[Cell, float]:
    """Return how long each finished training took."""
    return {cell: study.folder(cell).record().provenance.seconds for cell in study.wanted if study.finished(cell)}


def _job(study: Study, cell: Cell) -> Job:
    """Return the child process of a training, its log emptied."""
    folder = study.folder(cell)
    folder.folder.mkdir(parents=True, exist_ok=True)
    folder.log.unlink(missing_ok=True)
    threads = str(study.plan.threads)
    names = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
    return Job(
        name=cell.name,
        arguments=options.command("cell", {"study": str(study.files.folder), "cell": cell.name})[1:],
        log=str(folder.log),
        environment={"LESION_HOME": str(config.HOME), **dict.fromkeys(names, threads)},
    )


def _why_failed(study: Study, cell: Cell, outcome: Outcome) -> str | None:
    """Return why a training failed, None if it is finished; raises LesionError if that would stop the others, too."""
    if outcome.status == 0 and study.finished(cell):
        return None
    log = study.folder(cell).log
    if outcome.status < 0:
        return f"ended by signal {-outcome.status}{', perhaps out of memory' if outcome.status == KILLED else ''}"
    said = _last_error(log)
    if outcome.status == STOPPED:
        raise LesionError(said or f"a training stopped and could not say why in {store.shown(log)}: is the disk full?")
    return said or f"ended with status {outcome.status} and without a result, see {store.shown(log)}"


def _last_error(log: Path) -> str:
    """Return the last error that a child has written, or else its last line; empty if there is none."""
    if not log.exists():
        return ""
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    return (errors or lines or [""])[-1]


def usable(study: Study, failures: Mapping[Cell, str], count_failed: bool = False) -> bool:
    """Say which trainings failed, if any; tell whether there is a result, since none failed or they are counted."""
    if not failures:
        return True
    names = ", ".join(cell.name for cell in failures)
    failed = f"{len(failures)} of {len(study.wanted)} trainings failed ({names})"
    if count_failed:
        say(f"{study.stage}: {failed} and count as guessing (ROC-AUC .5)")
        return True
    countable = "count_failed" in options.STAGES[study.stage]
    counted = ", and --count-failed counts them as guessing (ROC-AUC .5)" if countable else ""
    say(f"{study.stage}: no result, since {failed}; the same command tries them again{counted}")
    return False


def predictions(study: Study, kind: str, failures: Mapping[Cell, str], fraction: float = 1.0) -> dict[str, Scored]:
    """Return by model what the trainings on one kind of split say of their test rows; `failures` guess.

    Of the trainings on a `fraction` of the training lesions, and of the models that have them.
    """
    folds = study.folds[kind]
    own = [cell for cell in study.wanted if (cell.kind, cell.fraction) == (kind, fraction)]
    trained = {cell.model for cell in own}
    scored = {model: Scored(folds, np.full(folds.shape, np.nan)) for model in study.models if model in trained}
    for cell in own:
        values = GUESSING if cell in failures else study.probabilities(cell)
        scored[cell.model].probabilities[cell.repeat, study.tested(cell)] = values
    return scored


def weights(study: Study) -> dict[str, str]:
    """Return the weights that the trainings of each network began with; raises LesionError if they differ."""
    used: dict[str, set[str]] = {name: set() for name in study.plan.settings}
    for cell in study.wanted:
        if cell.model in used and study.finished(cell):
            used[cell.model].add(study.folder(cell).record().weights)
    for name, values in used.items():
        if len(values) > 1:
            names = ", ".join(sorted(values))
            raise LesionError(
                f"the trainings of {name} began with different weights ({names}): give --weights imagenet or none"
            )
    return {name: next(iter(values), study.plan.settings[name].weights) for name, values in used.items()}

"""One training of a study: what it works with, its identity, and how it becomes finished.

    train(StudyFolder(config.STUDY), Cell.of("mobilenet-grouped-0-3"), fit)

A training that was stopped leaves `partial/`, from which the next try resumes. One that failed leaves `failed.txt`.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from lesion import config, home, store
from lesion.errors import LesionError
from lesion.networks import settings
from lesion.prepared import PreparedData
from lesion.records.study import Plan
from lesion.records.training import TrainingSettings
from lesion.studies import design
from lesion.studies.design import Cell
from lesion.studies.trainings.folders import CellFolder, Fitted, StudyFolder

LOCK_SECONDS = 60.0  # an abandoned process leaves the folder sooner
PREDICTED = ("validation", "test")  # splits


class TrainingFailed(LesionError):
    """A training came to nothing; others may do better."""


@dataclass(frozen=True)
class Task:
    """All that one training works with."""

    cell: Cell
    study: StudyFolder
    data: PreparedData  # as it was prepared
    divided: PreparedData  # as this training divides it
    partial: Path  # its folder until it is finished

    @property
    def predicted(self) -> np.ndarray:
        """Return the positions (n,) of the rows to predict."""
        return np.flatnonzero(np.isin(self.divided.splits, PREDICTED))


Fit = Callable[[Task, Plan], Fitted]  # raises TrainingFailed


def own_settings(plan: Plan, cell: Cell) -> TrainingSettings:
    """Return the settings of the training of a network, with its own seed."""
    return replace(plan.settings[cell.model], seed=design.training_seed(plan.design, cell))


def fingerprint(plan: Plan, cell: Cell) -> str:
    """Return the fingerprint of a training: its images and their division, its settings, and its threads."""
    division = design.division(plan.data, plan.design, cell)
    if cell.model in plan.baselines:
        return store.fingerprint(stage="study", baseline=plan.baselines[cell.model], division=division)
    training = settings.fingerprint("study", own_settings(plan, cell), division)
    return store.fingerprint(training=training, threads=plan.threads, judged=store.blocks(config.TEST_VIEWS))


def train(study: StudyFolder, cell: Cell, fit: Fit) -> None:
    """Train `cell` by `fit` into its folder, or what a stopped process left of it, unless it is finished.

    Raises TrainingFailed if the training comes to nothing, which is noted then. Raises LesionError if the images have
    changed, or if another process works in the folder for more than LOCK_SECONDS; what is there is kept.
    """
    begin = time.monotonic()
    folder = study.cell(cell.name)
    plan = study.read_plan()
    wanted = fingerprint(plan, cell)
    with _alone(folder):
        if folder.finished(wanted):
            return
        data = study.open_data(plan)
        divided = design.divide(data, plan.design, cell)
        store.claim(folder.partial, wanted)
        try:
            fitted = fit(Task(cell, study, data, divided, folder.partial), plan)
        except TrainingFailed as error:
            folder.fail(wanted, str(error))
            raise
        spent = time.monotonic() - begin - fitted.shared_seconds - fitted.waiting_seconds
        seed = design.training_seed(plan.design, cell)
        folder.finish(wanted, fitted, divided, seed, spent + fitted.earlier_seconds)


@contextlib.contextmanager
def _alone(folder: CellFolder) -> Iterator[None]:
    """Hold the lock of a training; raises LesionError if another process holds it."""
    folder.folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(FileLock(folder.lock, timeout=LOCK_SECONDS))
        except Timeout:
            raise LesionError(
                f"another process is at work in {store.shown(folder.folder)}: wait for it to end, or end it"
            ) from None
        for place in (folder.folder, folder.partial):
            home.remove_unfinished_in(place)
        yield

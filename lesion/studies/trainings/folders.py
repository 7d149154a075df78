"""The files of a study: those of each training, and those that all of them share.

cell = StudyFolder(config.STUDY).cell("mobilenet-grouped-0-3")
if cell.finished(fingerprint):
    record = cell.record()
"""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from filelock import FileLock

from lesion import home, prepared, runs, store
from lesion.errors import LesionError
from lesion.prepared import PreparedData
from lesion.records.study import CellRecord, Plan


@dataclass(frozen=True)
class Fitted:
    """What a training comes to."""

    positions: np.ndarray  # (n,) in the data, of the validation and test rows
    probabilities: np.ndarray  # (n,) of malignancy
    weights: str = ""  # that it began with; empty for a baseline
    epochs: int = 0
    views: int = 0  # augmented views that it shares with all trainings of the network
    earlier_seconds: float = 0.0  # of epochs that a stopped process had finished
    shared_seconds: float = 0.0  # spent for all trainings
    waiting_seconds: float = 0.0  # until another process had done so
    device: str = "CPU"
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class CellFolder:
    """The files of one training."""

    folder: Path

    @property
    def manifest(self) -> Path:
        """Return the file of the CellRecord; the training is finished once it is there."""
        return self.folder / "manifest.json"

    @property
    def predictions(self) -> Path:
        """Return the file with one line for each validation and test row."""
        return self.folder / "predictions.csv"

    @property
    def partial(self) -> Path:
        """Return the folder of a training that is running or was stopped."""
        return self.folder / "partial"

    @property
    def log(self) -> Path:
        """Return the file of what the process of the training said."""
        return self.folder / "log.txt"

    @property
    def failed(self) -> Path:
        """Return the file that says why the training failed, and under which fingerprint."""
        return self.folder / "failed.txt"

    @property
    def lock(self) -> Path:
        """Return the file that a process locks while it works here."""
        return self.folder / ".lock"

    def record(self) -> CellRecord:
        """Return what the training left; raises LesionError if there is nothing."""
        return store.read_record(self.manifest, CellRecord, "invoke study")

    def finished(self, wanted: str) -> bool:
        """Tell whether the training with the fingerprint `wanted` is done, its predictions as it left them."""
        if not (store.finished(self.manifest, wanted) and self.predictions.exists()):
            return False
        return self.record().digest == store.digest(self.predictions)

    def holds_other(self, wanted: str) -> bool:
        """Tell whether a training with another fingerprint than `wanted` is finished here."""
        try:
            return self.manifest.exists() and self.record().fingerprint != wanted
        except LesionError:  # it is damaged, and will be made again
            return False

    def failure(self, wanted: str) -> str | None:
        """Return why the training with the fingerprint `wanted` failed; None if it did not."""
        if not self.failed.exists():
            return None
        reason, _, fingerprint = self.failed.read_text(encoding="utf-8", errors="replace").partition("\n")
        return reason if fingerprint == wanted else None

    def fail(self, wanted: str, reason: str) -> None:
        """Note why the training with the fingerprint `wanted` failed, and keep nothing else of it."""
        shutil.rmtree(self.partial, ignore_errors=True)
        store.write_text(self.failed, f"{' '.join(reason.split())}\n{wanted}")

    def finish(self, wanted: str, fitted: Fitted, data: PreparedData, seed: int, seconds: float) -> None:
        """Write the predictions and the record of a training on `data`, which took `seconds`; remove the rest."""
        self.manifest.unlink(missing_ok=True)
        runs.write_predictions(self.predictions, data, fitted.positions, fitted.probabilities)
        record = CellRecord(
            fingerprint=wanted,
            seed=seed,
            weights=fitted.weights,
            epochs=fitted.epochs,
            digest=store.digest(self.predictions),
            views=fitted.views,
            shared_seconds=round(fitted.shared_seconds, 2),
            warnings=fitted.warnings,
            provenance=store.provenance(seconds, fitted.device),
        )
        store.write_record(self.manifest, record)
        self.failed.unlink(missing_ok=True)
        shutil.rmtree(self.partial, ignore_errors=True)


@dataclass(frozen=True)
class StudyFolder:
    """The files that all trainings of a study share."""

    folder: Path

    @property
    def plan(self) -> Path:
        """Return the file of the Plan."""
        return self.folder / "plan.json"

    @property
    def cells(self) -> Path:
        """Return the folder of the trainings."""
        return self.folder / "cells"

    @property
    def shared(self) -> Path:
        """Return the folder of what is computed once for all trainings."""
        return self.folder / "shared"

    def cell(self, name: str) -> CellFolder:
        """Return the folder of a training."""
        return CellFolder(self.cells / name)

    def read_plan(self) -> Plan:
        """Return what the study is about; raises LesionError if there is none."""
        return store.read_record(self.plan, Plan, "invoke study")

    def open_data(self, plan: Plan) -> PreparedData:
        """Open the images of `plan`; raises LesionError if they have changed since it was made."""
        folder = (self.folder / plan.folder).resolve()
        data = prepared.open_data(folder)
        if data.fingerprint != plan.data:
            raise LesionError(f"the images in {store.shown(folder)} have changed since the study began: begin it again")
        return data

    @contextlib.contextmanager
    def once(self, name: str) -> Iterator[Path]:
        """Yield the shared folder `name`; whoever comes first works there, and the others wait."""
        self.shared.mkdir(parents=True, exist_ok=True)
        with FileLock(self.shared / f".{name}.lock"):
            home.remove_unfinished_in(self.shared / name)
            yield self.shared / name

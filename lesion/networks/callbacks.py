"""What training watches epoch by epoch, kept on disk so that a run that was stopped goes on as if it had not been."""

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import callbacks

from lesion import config, store
from lesion.console import duration, say
from lesion.evaluation import collapse
from lesion.networks.phases import Part, Phase
from lesion.prepared import PreparedData

COLUMNS = ("loss", "accuracy", "auc", "val_loss", "val_accuracy", "val_auc")


class Journal(callbacks.Callback):
    """Keeps the history on disk epoch by epoch, and the weights of the lowest validation loss."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder, self.path = folder, folder / "history.csv"
        self.rows: list[dict[str, Any]] = []
        self.line = ""
        if self.path.exists():
            rows = store.read_table(self.path, made_by="invoke train")
            self.rows = [{key: _number(value) for key, value in row.items()} for row in rows]

    def start(self, phase: Phase, backup: Path, weights: keras.Model) -> None:
        """Turn to `phase`, which trains `weights`; rows of epochs whose backup did not reach the disk are dropped."""
        self.phase, self.backup, self.weights = phase, backup, weights

    def best_weights(self, phase: Phase) -> Path:
        """Return the file with the weights, of the part that `phase` trains, of the lowest validation loss."""
        return self.folder / f"best-{phase.name}.weights.h5"

    def of_phase(self) -> list[dict[str, Any]]:
        """Return the rows of the phase that is running."""
        return [row for row in self.rows if row["phase"] == self.phase.name]

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        metadata = self.backup / "training_metadata.json"
        finished = json.loads(metadata.read_text())["epoch"] if metadata.exists() else 0
        before = len(self.rows) - len(self.of_phase())
        self.rows = self.rows[: before + finished]

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        self._say_line()
        self.started = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        lowest = min((row["val_loss"] for row in self.rows), default=math.inf)
        seconds = time.monotonic() - self.started
        self.rows.append(
            {
                "phase": self.phase.name,
                "epoch": len(self.rows) + 1,
                "seconds": round(seconds, 3),
                "learning_rate": float(self.model.optimizer.learning_rate),
                **{column: float(logs[column]) for column in COLUMNS},
            }
        )
        store.write_table(self.path, self.rows)
        if logs["val_loss"] < lowest:
            with store.atomic(self.best_weights(self.phase)) as temporary:
                self.weights.save_weights(temporary)
        left = (self.phase.epochs - epoch - 1) * seconds
        self.line = (
            f"{self.model.name} {self.phase.name} {epoch + 1}/{self.phase.epochs}: "
            f"loss {logs['loss']:.3f}, validation loss {logs['val_loss']:.3f}, "
            f"validation AUC {logs['val_auc']:.3f}; {duration(seconds)}, at most {duration(left)} left"
        )

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        self._say_line()

    def _say_line(self) -> None:
        """Say how the last epoch went; after its end, when Keras' bar, if any, is complete."""
        if self.line:
            say(self.line)
        self.line = ""


class Replayed:
    """Mixed into a callback that counts epochs: a resumed run tells it of the epochs that are done."""

    def __init__(self, journal: Journal, **options: Any) -> None:
        super().__init__(monitor="val_loss", mode="min", **options)
        self.journal = journal

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        super().on_train_begin(logs)
        self.model.optimizer.learning_rate = self.journal.phase.learning_rate
        for epoch, row in enumerate(self.journal.of_phase()):
            self.on_epoch_end(epoch, dict(row))


class EarlyStopping(Replayed, callbacks.EarlyStopping):
    """Keras' EarlyStopping; the best weights are the journal's."""


class ReduceLROnPlateau(Replayed, callbacks.ReduceLROnPlateau):
    """Keras' ReduceLROnPlateau."""


@dataclass(frozen=True)
class Validation:
    """What a training is judged on: the validation split's labels and groups, both (N,), in its batches' order."""

    labels: np.ndarray
    groups: np.ndarray

    @classmethod
    def of(cls, data: PreparedData) -> "Validation":
        """Return that of `data`."""
        positions, labels = data.of_split("validation")
        return cls(labels, data.groups[positions])

    def judge_predictions(self, part: Part) -> list[str]:
        """Predict with `part` as it is now; return a sentence for each way in which that has collapsed."""
        probabilities = part.model.predict(part.validation, verbose=0)[:, 0].astype(float)
        return collapse.on_split(
            "validation", collapse.judge(self.labels, probabilities, config.DECISION.threshold, self.groups)
        )

    def judge_losses(self, rows: list[dict], finished: bool) -> list[str]:
        """Return a sentence for each thing that is wrong with the losses of `rows` of the journal."""
        losses = ([row[key] for row in rows] for key in ("loss", "val_loss"))
        return collapse.judge_losses(*losses, malignant_share=float(np.mean(self.labels)), finished=finished)


class Watch(callbacks.Callback):
    """Says, at most once a phase, that the training has collapsed or does not learn.

    The losses are looked at after each epoch, the predictions once, since they cost a pass over the validation split.
    The first epochs are given to get under way. It stands behind the journal, whose line comes first.
    """

    def __init__(self, journal: Journal, part: Part, validation: Validation) -> None:
        super().__init__()
        self.journal, self.part, self.validation = journal, part, validation
        self.found: list[str] = []
        self.said = False

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        rows = self.journal.of_phase()
        if self.said or len(rows) < config.COLLAPSE.epochs_to_start:
            return
        self.found = self.validation.judge_losses(rows, finished=False)
        if len(rows) == config.COLLAPSE.epochs_to_start and math.isfinite(rows[-1]["val_loss"]):
            self.found += self.validation.judge_predictions(self.part)

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        self._say()

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        self._say()

    def _say(self) -> None:
        """Say what was found; not at the end of an epoch, when Keras' bar is not complete."""
        if self.found:
            say(f"warning: {self.model.name} {self.journal.phase.name}: {'; '.join(self.found)}")
            self.found, self.said = [], True


def _number(text: str) -> float | str:
    try:
        return int(text) if text.isdigit() else float(text)
    except ValueError:
        return text

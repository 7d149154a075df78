"""Keras callbacks that write the history to disk, so that an interrupted run can resume exactly, and an alarm."""

import dataclasses
import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from keras import callbacks

from lesion import config, store
from lesion.console import duration, say
from lesion.evaluation import collapse
from lesion.networks import models
from lesion.networks.phases import Phase, Workload
from lesion.prepared import PreparedData
from lesion.records.training import PhaseRecord

Logs = Mapping[str, float] | None


@dataclass(frozen=True)
class Epoch:
    """One line of history.csv; a name with `val_` is of the validation split."""

    phase: str
    epoch: int  # from 1, counted over all phases
    seconds: float
    learning_rate: float
    loss: float
    accuracy: float
    auc: float
    val_loss: float
    val_accuracy: float
    val_auc: float


def write_history(path: Path, epochs: Sequence[Epoch]) -> None:
    """Write history.csv."""
    store.write_table(path, pd.DataFrame([dataclasses.asdict(epoch) for epoch in epochs]))


def read_history(path: Path) -> list[Epoch]:
    """Read history.csv; an empty list if it is missing."""
    if not path.exists():
        return []
    table = store.read_table(path, made_by="invoke train")
    return [Epoch(**line) for line in table.to_dict("records")]


class History(callbacks.Callback):
    """Keeps the history on disk, epoch by epoch, and the weights of the lowest validation loss."""

    phase: Phase
    backup: Path
    weights: keras.Model

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.path = folder / "history.csv"
        self.epochs = read_history(self.path)
        self.line = ""

    def start(self, phase: Phase, backup: Path, weights: keras.Model) -> None:
        """Begin or resume `phase`, which trains `weights` and which Keras backs up into the folder `backup`."""
        self.phase = phase
        self.backup = backup
        self.weights = weights

    def best_weights(self, phase: Phase) -> Path:
        """Return the path of the best weights (lowest validation loss) for `phase`."""
        return self.folder / f"best-{phase.name}.weights.h5"

    def of_phase(self) -> list[Epoch]:
        """Return the epochs of the current phase."""
        return [epoch for epoch in self.epochs if epoch.phase == self.phase.name]

    def phase_record(self) -> PhaseRecord:
        """Return a summary of the current phase."""
        epochs = self.of_phase()
        return PhaseRecord(
            name=self.phase.name,
            epochs=len(epochs),
            trainable_parameters=models.trainable_parameters(self.model),
            seconds=round(sum(epoch.seconds for epoch in epochs), 2),
        )

    def on_train_begin(self, logs: Logs = None) -> None:
        """Drop epochs whose backup did not reach the disk: they are trained again."""
        metadata = self.backup / "training_metadata.json"
        backed_up = json.loads(metadata.read_text())["epoch"] if metadata.exists() else 0
        earlier = len(self.epochs) - len(self.of_phase())
        self.epochs = self.epochs[: earlier + backed_up]

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Start the clock."""
        self._say_line()
        self.started = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Write the epoch into the history, and the weights if they are the best so far."""
        lowest = min((each.val_loss for each in self.epochs), default=math.inf)
        latest = self._epoch(logs or {})
        self.epochs.append(latest)
        write_history(self.path, self.epochs)
        if latest.val_loss < lowest:
            with store.atomic(self.best_weights(self.phase)) as temporary:
                self.weights.save_weights(temporary)
        self.line = self._describe(latest, epoch + 1)

    def on_train_end(self, logs: Logs = None) -> None:
        """Say how the last epoch went."""
        self._say_line()

    def _epoch(self, logs: Mapping[str, float]) -> Epoch:
        return Epoch(
            phase=self.phase.name,
            epoch=len(self.epochs) + 1,
            seconds=round(time.monotonic() - self.started, 3),
            learning_rate=float(self.model.optimizer.learning_rate),
            loss=float(logs["loss"]),
            accuracy=float(logs["accuracy"]),
            auc=float(logs["auc"]),
            val_loss=float(logs["val_loss"]),
            val_accuracy=float(logs["val_accuracy"]),
            val_auc=float(logs["val_auc"]),
        )

    def _describe(self, latest: Epoch, number: int) -> str:
        """Describe the epoch `number` of the phase in one line."""
        left = (self.phase.epochs - number) * latest.seconds
        return (
            f"{self.model.name} {self.phase.name} {number}/{self.phase.epochs}: "
            f"loss {latest.loss:.3f}, validation loss {latest.val_loss:.3f}, "
            f"validation AUC {latest.val_auc:.3f}; {duration(latest.seconds)}, at most {duration(left)} left"
        )

    def _say_line(self) -> None:
        """Say how the last epoch went; called after its end, when Keras' progress bar, if any, is complete."""
        if self.line:
            say(self.line)
        self.line = ""


class Replayed(callbacks.Callback):
    """Mixed into a callback that counts epochs: a resumed run replays the finished epochs to it."""

    # Any: the options of Keras' callbacks have many types.
    def __init__(self, history: History, **options: Any) -> None:
        super().__init__(monitor="val_loss", mode="min", **options)
        self.history = history

    def on_train_begin(self, logs: Logs = None) -> None:
        """Replay the finished epochs of the phase, from its first learning rate on."""
        super().on_train_begin(logs)
        self.model.optimizer.learning_rate = self.history.phase.learning_rate
        for number, epoch in enumerate(self.history.of_phase()):
            self.on_epoch_end(number, dataclasses.asdict(epoch))


class EarlyStopping(Replayed, callbacks.EarlyStopping):
    """Keras' EarlyStopping; the best weights are kept by `History`."""


class ReduceLROnPlateau(Replayed, callbacks.ReduceLROnPlateau):
    """Keras' ReduceLROnPlateau."""


@dataclass(frozen=True)
class Validation:
    """Judges a training on the validation split: labels and groups, both (N,), in the order of its batches."""

    labels: np.ndarray
    groups: np.ndarray

    @classmethod
    def of(cls, data: PreparedData) -> "Validation":
        """Return the validation split of `data`."""
        positions, labels = data.of_split("validation")
        return cls(labels, data.groups[positions])

    def judge_predictions(self, workload: Workload) -> list[str]:
        """Predict with the present weights; return a sentence for each way in which the predictions have collapsed."""
        probabilities = workload.model.predict(workload.validation, verbose=0)[:, 0].astype(float)
        return collapse.on_split(
            "validation", collapse.judge(self.labels, probabilities, config.DECISION.threshold, self.groups)
        )

    def judge_losses(self, epochs: Sequence[Epoch], finished: bool) -> list[str]:
        """Return a sentence for each thing that is wrong with the losses of `epochs`."""
        return collapse.judge_losses(
            [epoch.loss for epoch in epochs],
            [epoch.val_loss for epoch in epochs],
            malignant_share=float(np.mean(self.labels)),
            finished=finished,
        )


class CollapseAlarm(callbacks.Callback):
    """Warns, at most once in each phase, that the training has collapsed or does not learn.

    The losses are checked after each epoch, the predictions only once, since they cost a pass over the validation
    split. The first epochs are ignored. It comes after `History`, whose line is to be printed first.
    """

    def __init__(self, history: History, workload: Workload, validation: Validation) -> None:
        super().__init__()
        self.history = history
        self.workload = workload
        self.validation = validation
        self.warnings: list[str] = []
        self.said = False

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Judge the training so far."""
        epochs = self.history.of_phase()
        if self.said or len(epochs) < config.COLLAPSE.epochs_to_start:
            return
        self.warnings = self.validation.judge_losses(epochs, finished=False)
        if len(epochs) == config.COLLAPSE.epochs_to_start and math.isfinite(epochs[-1].val_loss):
            self.warnings += self.validation.judge_predictions(self.workload)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Say the warnings of the epoch before."""
        self._say()

    def on_train_end(self, logs: Logs = None) -> None:
        """Say the warnings of the last epoch."""
        self._say()

    def _say(self) -> None:
        """Say the warnings; not at the end of an epoch, when Keras' progress bar is not complete."""
        if self.warnings:
            say(f"warning: {self.model.name} {self.history.phase.name}: {'; '.join(self.warnings)}")
            self.warnings = []
            self.said = True

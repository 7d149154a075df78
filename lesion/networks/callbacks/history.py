"""The history of a training, written to disk after each epoch, so that a run which was stopped can resume exactly."""

import dataclasses
import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import pandas as pd
from keras import callbacks

from lesion import config, store
from lesion.networks import models
from lesion.networks.phases import Phase
from lesion.records.training import PhaseRecord

Logs = Mapping[str, float] | None
PHASE_WORDS = {"whole": "all layers", "frozen": "head only", "tune": "fine-tuning"}


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

    def start(self, phase: Phase, backup: Path, weights: keras.Model) -> None:
        """Begin or resume `phase`, which trains `weights` and which Keras backs up into the folder `backup`."""
        self.phase = phase
        self.backup = backup
        self.weights = weights

    def best_weights(self, phase: Phase) -> Path:
        """Return the path of the best weights (lowest validation loss) for `phase`."""
        return self.folder / f"best-{phase.name}.weights.h5"

    def label(self) -> str:
        """Return what a reader calls the network and the phase: MobileNetV2, head only."""
        return f"{config.title(self.model.name)}, {PHASE_WORDS[self.phase.name]}"

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

    def _epoch(self, logs: Mapping[str, float]) -> Epoch:
        return Epoch(
            phase=self.phase.name,
            epoch=len(self.epochs) + 1,
            seconds=round(time.monotonic() - self.started, 3),
            learning_rate=float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)),
            loss=float(logs["loss"]),
            accuracy=float(logs["accuracy"]),
            auc=float(logs["auc"]),
            val_loss=float(logs["val_loss"]),
            val_accuracy=float(logs["val_accuracy"]),
            val_auc=float(logs["val_auc"]),
        )

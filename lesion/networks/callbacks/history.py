"""The history of a training: its epochs, and the best weights so far."""

import dataclasses
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from keras import callbacks

from lesion import config
from lesion.networks.phases import Phase
from lesion.records.lines import EpochLine
from lesion.tables import write_table

Logs = Mapping[str, float] | None
PHASE_WORDS = {"whole": "all layers", "frozen": "head only", "tune": "fine-tuning"}


def write_history(path: Path, epochs: Sequence[EpochLine]) -> None:
    """Write history.csv."""
    write_table(path, pd.DataFrame([dataclasses.asdict(epoch) for epoch in epochs]))


class History(callbacks.Callback):
    """Keeps the epochs of all phases, and the weights of the lowest validation loss."""

    phase: Phase
    best: list[np.ndarray]  # weights of what the phase trains

    def __init__(self, epochs: Sequence[EpochLine] = ()) -> None:
        super().__init__()
        self.epochs = list(epochs)

    def start(self, phase: Phase, best: list[np.ndarray]) -> None:
        """Begin or resume `phase`; `best` are the best weights so far, perhaps of the phase before."""
        self.phase = phase
        self.best = best

    def label(self) -> str:
        """Return what a reader calls the network and the phase: MobileNetV2, head only."""
        return f"{config.title(self.model.name)}, {PHASE_WORDS[self.phase.name]}"

    def of_phase(self) -> list[EpochLine]:
        """Return the epochs of the current phase."""
        return self.of(self.phase)

    def of(self, phase: Phase) -> list[EpochLine]:
        """Return the epochs of `phase`."""
        return [epoch for epoch in self.epochs if epoch.phase == phase.name]

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Start the clock."""
        self.started = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Add the epoch to the history, and keep the weights if they are the best so far."""
        lowest = min((each.val_loss for each in self.epochs), default=math.inf)
        latest = self._epoch(logs or {})
        self.epochs.append(latest)
        if latest.val_loss < lowest:
            self.best = self.model.get_weights()

    def _epoch(self, logs: Mapping[str, float]) -> EpochLine:
        return EpochLine(
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

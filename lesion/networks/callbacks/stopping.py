"""Keras' callbacks that count epochs, for a training that may have been stopped and resumed."""

import dataclasses
from typing import Any

from keras import callbacks

from lesion.networks.callbacks.history import History, Logs


class Replayed(callbacks.Callback):
    """Mixed into a callback that counts epochs: a resumed run replays the finished epochs to it."""

    # Any: the options of Keras' callbacks have many types.
    def __init__(self, history: History, **options: Any) -> None:
        super().__init__(monitor="val_loss", mode="min", **options)
        self.history = history

    def on_train_begin(self, logs: Logs = None) -> None:
        """Replay the finished epochs of the phase."""
        super().on_train_begin(logs)
        for number, epoch in enumerate(self.history.of_phase()):
            self.on_epoch_end(number, dataclasses.asdict(epoch))


class EarlyStopping(Replayed, callbacks.EarlyStopping):
    """Keras' EarlyStopping; the best weights are kept by `History`."""


class ReduceLROnPlateau(Replayed, callbacks.ReduceLROnPlateau):
    """Keras' ReduceLROnPlateau."""

    def on_train_begin(self, logs: Logs = None) -> None:
        """Replay the finished epochs of the phase, from its first learning rate on."""
        self.model.optimizer.learning_rate = self.history.phase.learning_rate
        super().on_train_begin(logs)

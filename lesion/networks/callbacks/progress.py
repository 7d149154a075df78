"""How far a training is, and how long it will still take."""

from collections.abc import Sequence
from itertools import dropwhile

from keras import callbacks

from lesion import config, console
from lesion.console import SHARES, Series, duration, say
from lesion.networks.callbacks.history import History, Logs
from lesion.networks.phases import Phase


class EpochProgress(callbacks.Callback):
    """Shows the latest epoch, and from the second one on how long the training of all networks will still take.

    It comes after `History`, whose latest epoch it reads.
    """

    async_safe = True  # between two epochs nothing else writes, so batches need not wait for the status line

    def __init__(self, history: History, phases: Sequence[Phase], series: Series) -> None:
        super().__init__()
        self.history = history
        self.phases = phases
        self.series = series

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Move the bar of a terminal."""
        steps = self.params.get("steps")
        if console.in_terminal() and steps and console.screen.due():
            self._show((batch + 1) / steps)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Say how the epoch went, if it is time for a line; the end of the phase is said anyhow."""
        if len(self.history.of_phase()) < self.history.phase.epochs and console.screen.due():
            self._show(0.0)

    def on_train_end(self, logs: Logs = None) -> None:
        """Say how the phase went, unless it is the last one: the training as a whole is then said to be done."""
        epochs = self.history.of_phase()
        if not epochs or self.history.phase == self.phases[-1]:
            return
        best = max(epoch.val_auc for epoch in epochs)
        seconds = sum(epoch.seconds for epoch in epochs)
        count = f"{len(epochs)} epoch{'s' if len(epochs) > 1 else ''}"
        say(f"train: {self.history.label()}: {count} in {duration(seconds)}, highest validation AUC {best:.3f}")

    def _show(self, share: float) -> None:
        """Show the latest epoch; `share` of the next one is done."""
        epochs = self.history.of_phase()
        total = self.history.phase.epochs
        area = f", validation AUC {epochs[-1].val_auc:.3f}" if epochs else ""
        number = f"epoch {len(epochs) if not share else len(epochs) + 1} of {total}"
        words = f"train {self.series.place()}: {self.history.label()}, {number}{area}"
        left = self._seconds_left()
        console.show(words, len(epochs) + share, total, self._time_left(left) if left is not None else "")

    def _seconds_left(self) -> float | None:
        """Return the seconds that this network will still take, about; None before its second epoch of the phase."""
        seconds = [epoch.seconds for epoch in self.history.of_phase()]
        if len(seconds) < 2:
            return None
        _, *later = dropwhile(lambda phase: phase != self.history.phase, self.phases)
        epochs = self.history.phase.epochs - len(seconds) + sum(phase.epochs for phase in later)
        return epochs * sum(seconds[1:]) / len(seconds[1:])  # the first one also builds the graph

    def _time_left(self, seconds: float) -> str:
        """Return in words how long all networks will still take, or this one, if all are trained at once."""
        early = any(phase.epochs > config.TRAINING.patience for phase in self.phases)
        if self.series.number:
            return console.time_left(seconds, at_most=early)
        left = self.series.left(seconds)
        rest = sum(SHARES.values()) * self.series.total(seconds)
        return console.time_left(left, rest, at_most=early)

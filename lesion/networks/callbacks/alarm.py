"""An alarm for a training that does not learn: careful while it goes on, final at its end."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from keras import callbacks

from lesion import config
from lesion.console import say
from lesion.evaluation import collapse
from lesion.networks.callbacks.history import History, Logs
from lesion.networks.phases import Workload
from lesion.prepared import PreparedData
from lesion.records.lines import EpochLine


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

    @cached_property
    def malignant_share(self) -> float:
        """Return the share of malignant images, in 0 to 1."""
        return float(np.mean(self.labels))

    def judge(self, workload: Workload, epochs: Sequence[EpochLine]) -> list[str]:
        """Return a sentence for each thing that is wrong with a training that has ended after `epochs`.

        `workload` has the best weights; it predicts the validation split once more.
        """
        best = min(epochs, key=lambda epoch: epoch.val_loss)
        losses = [epoch.loss for epoch in epochs], [epoch.val_loss for epoch in epochs]
        probabilities = workload.model.predict(workload.validation, verbose=0)[:, 0].astype(float)
        collapsed = collapse.judge(self.labels, probabilities, config.DECISION.threshold, self.groups)
        sentences = collapse.judge_losses(*losses, area=best.val_auc, malignant_share=self.malignant_share)
        return [*sentences, *collapse.on_split("validation", collapsed)]


class CollapseAlarm(callbacks.Callback):
    """Warns, at most once in each phase, that the training is no better than guessing, and takes it back.

    A loss that is no number is said at once. It comes after `History`, whose latest epoch it reads.
    """

    warned: bool
    closed: bool  # nothing more is said in this phase

    def __init__(self, history: History, validation: Validation) -> None:
        super().__init__()
        self.history = history
        self.share = validation.malignant_share

    def on_train_begin(self, logs: Logs = None) -> None:
        """Begin a phase."""
        self.warned = False
        self.closed = False

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Judge the training so far."""
        if self.closed:
            return
        epochs = self.history.of_phase()
        losses = [each.val_loss for each in epochs]
        area = epochs[-1].val_auc
        if broken := collapse.broken_down([each.loss for each in epochs], losses):
            say(f"train: warning: {self.history.label()} {broken[0]}")
            self.closed = True
        elif not self.warned:
            self._warn(collapse.stuck_so_far(losses, area, self.share, self.history.phase.epochs))
        elif collapse.has_recovered(losses, area, self.share):
            scores = f"validation loss {losses[-1]:.3f}, validation AUC {area:.3f}"
            say(f"train: {self.history.label()} recovered in epoch {len(epochs)}: {scores}")
            self.closed = True

    def _warn(self, sentence: str | None) -> None:
        if sentence:
            say(f"train: warning: {self.history.label()} is {sentence}")
            self.warned = True

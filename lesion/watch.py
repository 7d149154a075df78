"""Whether a training has collapsed or does not learn: said while it runs, and of what it ends with."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from keras import callbacks

from lesion import config, sentinel
from lesion.journal import Journal
from lesion.parts import Part
from lesion.prepared import PreparedData
from lesion.progress import say


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
        return sentinel.on_split(
            "validation", sentinel.judge(self.labels, probabilities, config.THRESHOLD, self.groups)
        )

    def judge_losses(self, rows: list[dict], finished: bool) -> list[str]:
        """Return a sentence for each thing that is wrong with the losses of `rows` of the journal."""
        losses = ([row[key] for row in rows] for key in ("loss", "val_loss"))
        return sentinel.judge_losses(*losses, malignant_share=float(np.mean(self.labels)), finished=finished)


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
        if self.said or len(rows) < config.EPOCHS_TO_START:
            return
        self.found = self.validation.judge_losses(rows, finished=False)
        if len(rows) == config.EPOCHS_TO_START and math.isfinite(rows[-1]["val_loss"]):
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

"""What a network says of test images that are disturbed, and of what is left when a part of them is painted over.

A pass judges all tested images after one change: each of KINDS at three strengths, and each of PARTS. They are changed
when they are read, so that few of them are in memory.
"""

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from lesion import config, runs, store
from lesion.baselines.features import frame_mask
from lesion.evaluation.stress import settings
from lesion.explain import distortions, passes
from lesion.explain.distortions import KINDS, disturb
from lesion.explain.passes import Change, Pass, Predict, predict_passes
from lesion.images import colour, hair, outline, painting
from lesion.prepared import PreparedData
from lesion.records.common import Method
from lesion.tables import read_table, write_table

FOLDER = "stress"  # below reports/
WRITTEN = (  # below reports/, as glob patterns
    *(f"{FOLDER}/{name}.csv" for name in config.NETWORKS),
    f"{FOLDER}/*_*_[0-9]*.webp",
)
STRENGTHS = range(3)
PLAIN = "unchanged"  # the column of the table with what a network says of the images as they are
HIDDEN = "lesion_hidden"
PARTS = (HIDDEN, "lesion_alone", "frame_alone")
SLOW = ("hair_removed",)  # kinds whose images take longer to make than to judge
KEPT_BYTES = 2**28  # of a slow kind's images, which are kept in memory for the next network


def method() -> Method:
    """Return the blocks of settings that a stress test depends on."""
    return store.blocks(
        *(passes.CHOSEN, settings.STRESS, distortions.DISTORTIONS),
        *(hair.HAIR, colour.CONSTANCY, painting.PAINTING, outline.OUTLINE),
        *(config.BASELINES, config.STATISTICS, config.DECISION, config.THUMBNAILS),
    )


def columns(kind: str = "") -> list[str]:
    """Return the names of a kind's disturbances, weakest first, or of those of all kinds: columns of the table."""
    kinds = [kind] if kind else list(KINDS)
    return [f"{each}_{strength}" for each in kinds for strength in STRENGTHS]


class Tested:
    """The test images of a stress test: N of them, all or some, with every change that is tried on them."""

    def __init__(self, data: PreparedData) -> None:
        """Choose the images; find the lesions on them, and paint these over where there is enough skin."""
        every, _ = data.of_split("test")
        self.data = data
        self.positions = every[passes.chosen(data)]
        self.of = len(every)
        self.rows = data.rows[self.positions]
        self.labels = data.labels[self.positions]
        self.groups = data.groups[self.positions]
        self.kinds = {kind: self._disturbances(kind) for kind in KINDS}
        self.outlines: dict[int, np.ndarray] = {}  # by position
        self.hidden: dict[int, np.ndarray] = {}  # the images without their lesions
        self.parted = np.array([place for place in range(len(self.positions)) if self._hide(place)], int)
        self.colour = _skin_colour(data.images, self.positions)

    def batches(self) -> list[list[Pass]]:
        """Return the passes that are made in one go: of the unchanged images, of one kind of disturbance, of all parts.

        There are no parts where no lesion is known.
        """
        plain = Pass(PLAIN, np.arange(len(self.positions)), lambda position, image: image)
        changes = (self._without_lesion, self._lesion_alone, self._frame_alone)
        parts = [Pass(name, self.parted, change) for name, change in zip(PARTS, changes, strict=True)]
        return [[plain], *self.kinds.values(), *([parts] if len(self.parted) else [])]

    def probabilities(self, predict: Predict, passes: list[Pass]) -> dict[str, np.ndarray]:
        """Return what a network says of each change, (N,) by its name; NaN where it cannot be made."""
        return predict_passes(predict, self.data.images, self.positions, passes)

    def strongest(self, kind: str, place: int) -> np.ndarray:
        """Return a tested image at the strongest disturbance of a kind."""
        position = int(self.positions[place])
        return self.kinds[kind][-1].change(position, self.data.images[position])

    def _disturbances(self, kind: str) -> list[Pass]:
        everything = np.arange(len(self.positions))
        changes = [self._disturbed(kind, strength) for strength in STRENGTHS]
        room = len(everything) * len(changes) * self.data.images[0].nbytes <= KEPT_BYTES
        if kind in SLOW and room:
            changes = [_remembered(change) for change in changes]
        return [Pass(name, everything, change) for name, change in zip(columns(kind), changes, strict=True)]

    def _disturbed(self, kind: str, strength: int) -> Change:
        return lambda position, image: disturb(kind, strength, image, int(self.data.rows[position]))

    def _hide(self, place: int) -> bool:
        """Paint the lesion over, and tell whether it is known and that could be done."""
        position = int(self.positions[place])
        image = self.data.images[position]
        known = self.data.outline(position)
        lesion = outline.estimate_outline(image) if known is None else known
        painted = None if lesion is None else painting.without_lesion(image, lesion)
        if lesion is None or painted is None:
            return False
        self.outlines[position] = lesion
        self.hidden[position] = painted
        return True

    def _without_lesion(self, position: int, image: np.ndarray) -> np.ndarray:
        return self.hidden[position]

    def _lesion_alone(self, position: int, image: np.ndarray) -> np.ndarray:
        return painting.lesion_alone(image, self.outlines[position], self.colour)

    def _frame_alone(self, position: int, image: np.ndarray) -> np.ndarray:
        return painting.frame_alone(image, self.colour)


def write_probabilities(path: Path, rows: np.ndarray, probabilities: Mapping[str, np.ndarray]) -> None:
    """Write the probabilities of each change, (N,) by its name, beside the row numbers (N,) of the images."""
    import pandas as pd

    write_table(path, pd.DataFrame({"row": rows, **probabilities}), decimals=runs.PROBABILITY_DECIMALS)


def read_probabilities(path: Path) -> dict[str, np.ndarray]:
    """Return the columns of a table, (N,) by their names; raises LesionError if it cannot be read."""
    table = read_table(path, "invoke stress")
    return {str(name): table[name].to_numpy(float) for name in table.columns}


def _skin_colour(images: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Return the mean colour of the frames of some images, (3,): hardly any lesion reaches there."""
    mask = frame_mask(images.shape[1])
    return np.mean([cv2.mean(images[position], mask)[:3] for position in positions], axis=0)


def _remembered(change: Change) -> Change:
    """Return a change that makes each image once and keeps it."""
    kept: dict[int, np.ndarray] = {}

    def look_up(position: int, image: np.ndarray) -> np.ndarray:
        if position not in kept:
            kept[position] = change(position, image)
        return kept[position]

    return look_up

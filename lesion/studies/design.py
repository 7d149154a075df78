"""The design of a study: which trainings there are, and how each divides the images.

    for cell in cells(design, models):
        divided = divide(data, design, cell)

A partition divides the lesions into folds. Each fold is tested once, by a training on the others; a part of these is
kept apart for early stopping. All models share the divisions; each training has a seed of its own. For a learning curve
the networks and colour alone are trained on fractions of the same training lesions, too, each part of the next.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from lesion import config, store
from lesion.errors import LesionError
from lesion.groups import split
from lesion.prepared import PreparedData
from lesion.records.study import Design

COLOUR = "colour"  # the baseline that each network is compared with
UNUSED = "unused"  # the split of training rows beyond the fraction
PART = 1  # sets the seed of the fraction apart from that of the validation rows


@dataclass(frozen=True)
class Cell:
    """One training: a network or baseline, the fold of a partition that it is tested on, and on how much it learns."""

    model: str
    kind: str  # one of config.SPLIT_KINDS
    repeat: int  # from 0, as the fold
    fold: int
    fraction: float = 1.0  # of the training lesions

    @property
    def name(self) -> str:
        """Return the name of the cell's folder; a fraction of 1 is not mentioned."""
        fraction = "" if self.fraction == 1 else f"-{self.fraction}"
        return f"{self.model}-{self.kind}-{self.repeat}-{self.fold}{fraction}"

    @classmethod
    def of(cls, name: str) -> "Cell":
        """Return the cell with this name; raises LesionError if it is no such name."""
        try:
            model, kind, repeat, fold, *fraction = name.split("-")
            return cls(model, kind, int(repeat), int(fold), *map(float, fraction))
        except (ValueError, TypeError):  # the second: too many parts
            raise LesionError(f"--cell {name!r} is not the name of a training, such as mobilenet-grouped-0-3") from None


def cells(design: Design, models: Iterable[str]) -> list[Cell]:
    """Return every training, division by division: a study that is stopped has all models on the same ones."""
    names = list(models)
    return [
        Cell(model, kind, repeat, fold, fraction)
        for repeat in range(design.repeats)
        for fold in range(design.tested)
        for kind in design.kinds
        for fraction in reversed(design.fractions)
        for model in names
        if fraction == 1 or model == COLOUR or model in config.NETWORKS
    ]


def pool(data: PreparedData) -> np.ndarray:
    """Return the positions (P,) of the rows that take part: all but external and unreadable ones."""
    return np.flatnonzero(np.isin(data.splits, config.SPLITS))


def folds(data: PreparedData, design: Design, kind: str, repeat: int) -> np.ndarray:
    """Return the fold (P,) of each row of `pool` in a partition; raises LesionError if there are too few lesions."""
    own = pool(data)
    return split.folds(kind, data.labels[own], data.groups[own], design.folds, [design.seed, repeat])


def divide(data: PreparedData, design: Design, cell: Cell) -> PreparedData:
    """Return the same images as the training of `cell` divides them, with a fingerprint of their own.

    External and unreadable rows keep their split. Raises LesionError if a class is missing in one of the splits.
    """
    own = pool(data)
    tested = folds(data, design, cell.kind, cell.repeat) == cell.fold
    rest = own[~tested]
    seed = [design.seed, cell.repeat, cell.fold]
    held = split.hold_out(cell.kind, data.labels[rest], data.groups[rest], config.FOLDS.validation, seed)
    splits = data.splits.copy()
    splits[own[tested]] = "test"
    splits[rest] = np.where(held, "validation", "train")
    if cell.fraction < 1:
        training = rest[~held]
        used = split.part(cell.kind, data.labels[training], data.groups[training], cell.fraction, [*seed, PART])
        splits[training[~used]] = UNUSED
    split.require_both_classes(data.labels[own], splits[own])
    return replace(data, splits=splits, fingerprint=division(data.fingerprint, design, cell))


def division(data: str, design: Design, cell: Cell) -> str:
    """Return the fingerprint of the images as `divide` divides them; `data` is that of the images."""
    settings: dict[str, str | float] = {
        "kind": cell.kind,
        "folds": design.folds,
        "repeat": cell.repeat,
        "fold": cell.fold,
        "seed": design.seed,
    }
    if cell.fraction < 1:
        settings["fraction"] = cell.fraction
    return store.fingerprint(data=data, division=settings, method=store.blocks(config.PREPARATION, config.FOLDS))


def training_seed(design: Design, cell: Cell) -> int:
    """Return the seed (31 bits) of a training: another one for each cell, so that its effect averages out."""
    text = f"{design.seed} {cell.name}"
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) >> 1


def shared_part(design: Design, fraction: float = 1.0) -> float:
    """Return 1 + tested / trained lesions: by how much trainings on overlapping lesions vary more than it seems.

    `fraction` of the training lesions is trained on. Nadeau and Bengio, Machine Learning 52 (2003) 239.
    """
    return 1 + 1 / ((design.folds - 1) * (1 - config.FOLDS.validation) * fraction)

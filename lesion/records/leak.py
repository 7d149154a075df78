"""`reports/leak.json`: how much a random split flatters."""

from dataclasses import dataclass

from lesion.records.common import Interval, Method, Provenance
from lesion.records.training import TrainingSettings


@dataclass(frozen=True)
class LeakData:
    """The images of a leak."""

    description: str
    fingerprint: str


@dataclass(frozen=True)
class LeakTrial:
    """One training of a leak, on its own test rows."""

    seed: int
    split: str
    roc_auc: float
    accuracy: float
    rows: int
    with_sibling: int


@dataclass(frozen=True)
class MeanDifference:
    """A mean over seeds, random minus grouped split."""

    mean: float
    interval: Interval


@dataclass(frozen=True)
class LeakRecord:
    """`reports/leak.json`: how much a random split flatters.

    `settings` are those that all trials share; each trial has a seed of its own instead of their seed, which is 0.
    """

    fingerprint: str
    model: str
    data: LeakData
    settings: TrainingSettings
    method: Method
    weights: str
    seeds: list[int]
    trials: list[LeakTrial]
    difference: dict[str, MeanDifference]
    sentence: str
    provenance: Provenance

"""How well maps of evidence lie on the lesions; part of `reports/explanations.json`."""

from dataclasses import dataclass

from lesion.records.common import Interval
from lesion.records.metrics import Estimate


@dataclass(frozen=True)
class LocatedScore:
    """The mean of one score of `evaluation.localisation.scores`, 0 to 1, and of what it is to be seen beside.

    The spot and the ceiling are seen in the fields of the map. The skill is 0 for the spot and 1 for the ceiling.
    """

    value: Estimate
    spot: float  # of a spot in the middle that never saw an image
    ceiling: float  # of the outline itself
    other: float  # of the map against the outline of another lesion; of another image if there is one lesion alone
    skill: Estimate  # (value - spot) / (ceiling - spot); None if the spot is as good as the ceiling


@dataclass(frozen=True)
class LocatedImages:
    """Some test images whose outlines are known."""

    images: int
    lesions: int
    area: float  # mean share of the image that the lesion covers
    scores: dict[str, LocatedScore]  # energy, rank_accuracy, pointing; empty without images


@dataclass(frozen=True)
class LocalisationRecord:
    """How well one network's maps lie on the lesions, on the test images whose outlines are known."""

    coarse: bool  # the maps have too few fields to show where, whatever the scores are
    subsets: dict[str, LocatedImages]  # all, each class, right and wrong verdicts
    follows: Estimate  # energy minus that on the outline of another lesion: above 0 if the map follows the lesion
    energies: list[float | None]  # of each test image; None where the outline is unknown


@dataclass(frozen=True)
class SkillDifference:
    """Two networks' skill in one score and the difference, first minus second, on the same images."""

    score: str
    first: str
    second: str
    difference: float
    interval: Interval
    p: float | None
    p_corrected: float | None = None  # by Holm's method for the number of pairs
    adjusted: Interval = None  # leaves out 0 if, and only if, the difference is supported

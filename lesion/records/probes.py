"""What was tried on a network's maps, beside scoring them; part of `reports/explanations.json`."""

from dataclasses import dataclass

from lesion.records.localisation import LocalisationRecord, LocatedImages
from lesion.records.metrics import Estimate


@dataclass(frozen=True)
class FinerMaps:
    """LayerCAM maps of one layer below the one that Grad-CAM explains."""

    layer: str
    resolution: list[int]  # height and width, in fields
    empty: int
    localisation: LocalisationRecord | None  # None if no outline is known
    skill_over_gradcam: Estimate  # energy skill minus that of Grad-CAM; None if that has too few fields


@dataclass(frozen=True)
class CornerTest:
    """The test images that have an outline once more, shrunk into a corner, with mirrored skin around."""

    located: LocatedImages  # scores of the map against the outline in the corner; the spot stays in the middle
    same_verdict: Estimate  # share of the images whose verdict stays
    roc_auc_change: Estimate  # of the network's, on these images


@dataclass(frozen=True)
class SanityTest:
    """How much the maps change if what the network has learned is taken from it (Adebayo et al., 2018).

    A rank correlation is Spearman's of the fields of two maps, averaged over the images; a map that does not depend on
    the network has 1.
    """

    images: int
    head: Estimate  # rank correlation with the map after the head was drawn anew
    everything: Estimate  # after all weights were
    other: float | None  # rank correlation with the map of another lesion, for comparison; None if no map has ranks
    complexity: Estimate  # eMPRT of Hedström et al. (2024): rise of the entropy by its mean, all weights drawn anew


@dataclass(frozen=True)
class FaithfulnessTest:
    """What becomes of the score if fields of an image are blurred, or shown on a blurred image (Petsiuk et al., 2018).

    The score is the probability of the verdict on the unchanged image. Orders: "map" takes the fields with the most
    evidence first, "centre" those nearest to the middle, "random" any.
    """

    images: int
    shares: list[float]  # of the fields that are blurred, or shown: the points of the curves
    deletion: dict[str, list[float]]  # order -> mean score at each share
    insertion: dict[str, list[float]]
    areas: dict[str, Estimate]  # order -> area under insertion minus area under deletion; higher is more faithful
    over_centre: Estimate  # that of the map minus that of the centre
    over_random: Estimate

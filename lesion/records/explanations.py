"""`reports/explanations.json`: every test image, and where each network finds the evidence for its verdict."""

from dataclasses import dataclass, field

from lesion.records.common import Count, Label, Method, Provenance
from lesion.records.localisation import LocalisationRecord, SkillDifference
from lesion.records.probes import CornerTest, FaithfulnessTest, FinerMaps, SanityTest

GRADCAM = "gradcam"  # name of the maps of the last layer; LayerCAM's are layercam_16 and layercam_8, by their stride
ESTIMATED = "estimated"  # what `ExplainedImage.outline_from` says of such an outline
# Of 1,151 photographs that were not used to choose the settings; 124 are refused (reports/RESULTS.md, "Outlines").
AGREEMENT = "median Dice 0.93 against the true masks of 1,027 photographs"


@dataclass(frozen=True)
class ExplainedImage:
    """A test image."""

    row: Count
    label: Label
    group: int  # images of one number show one lesion
    levels: dict[str, str]  # what subgroups it is in: factor -> level, see `evaluation.subgroups`
    thumbnail: str  # WebP file below reports/
    outline: str  # of the lesion, as an SVG path in a square of 100 × 100; empty if it is not known
    outline_from: str = ""  # who says so: "drawn", "masks", "estimated" from the image's pixels; empty if nobody does


@dataclass(frozen=True)
class ModelExplanations:
    """One network's maps of all test images, in the order of the images: Grad-CAM's, and LayerCAM's, which are finer.

    `maps` is a NumPy file below reports/ with `fields` (N, h, w) uint8, 255 at the peak of each map and 0 without
    evidence; `peaks` (N,) float32, in units of the logit; `malignant` (N,) bool, the verdict that the map explains.
    These are Grad-CAM's; LayerCAM's fields are in the same file by their name in `finer`.
    """

    fingerprint: str
    digest: str  # of the weights
    layer: str
    resolution: list[int]  # height and width of the layer's activations
    explained: Count
    empty: Count
    maps: str
    localisation: LocalisationRecord | None  # None if no lesion's outline is known, or before they are scored
    provenance: Provenance
    finer: dict[str, FinerMaps] = field(default_factory=dict)  # layercam_16, layercam_8: coarsest first
    shown: str = GRADCAM  # the maps that the report shows, and that corner, sanity and faithfulness test
    beside: str = ""  # finer maps whose skill is higher than that of `shown`, more than by chance; empty: none
    corner: CornerTest | None = None  # None without outlines, or if no maps are fine enough
    sanity: SanityTest | None = None
    faithfulness: FaithfulnessTest | None = None

    def localisation_of(self, name: str) -> LocalisationRecord | None:
        """Return the scores of the maps `name`, GRADCAM or one of `finer`."""
        return self.localisation if name == GRADCAM else self.finer[name].localisation


@dataclass(frozen=True)
class ExplanationsRecord:
    """`reports/explanations.json`."""

    data: str
    images: list[ExplainedImage]
    models: dict[str, ModelExplanations]
    located: Method | None = None  # settings with which the maps were scored; None before that
    skill_differences: list[SkillDifference] = field(default_factory=list)  # of networks whose maps are fine enough

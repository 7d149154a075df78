"""Settings: paths, the registry of networks, and blocks of numbers with the reason for each.

Where a constant is: what a user may want to change, or what several modules need, is a field of a block here. The
constants of one method are a block of the same kind beside the method (`images.crop.CROPPING`, `groups.find.LINKING`).
A block is frozen, and is part of the fingerprint and the manifest of every stage that uses it, so that changing a field
makes these stages run again. What changes no result (chunk sizes, guards against rounding, looks) is a plain constant
of the module that uses it.
"""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

# --- paths ------------------------------------------------------------------------------------------
# They hang from one root: the project folder, or the folder that LESION_HOME names, so that several experiments can
# stand side by side.
PROJECT = Path(__file__).resolve().parents[1]
# It need not exist, nor be possible: lesion/home.py looks at that, where it can say so.
HOME = Path(os.path.realpath(os.path.expanduser(os.environ.get("LESION_HOME") or PROJECT)))
DATA = HOME / "data"  # what prepare writes
RUNS = HOME / "runs"  # what train writes, one folder for each network
REPORTS = HOME / "reports"  # what evaluate, explain and report write
STUDY = HOME / "study"  # the trainings of a study
LEAK = HOME / "leak"  # what leak works with: a home of its own
LOCK = HOME / ".lock"  # held while a stage runs
TEMPLATES = PROJECT / "templates"

FORMAT = 4  # raised when a stage's artefacts change their meaning: older ones then count as stale
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1  # that we may use

# --- words that stand in artefacts ------------------------------------------------------------------
CLASSES = ("benign", "malignant")  # label 0 and label 1, as in the public data set
SPLITS = ("train", "validation", "test")
SPLIT_KINDS = ("grouped", "random")  # images of one lesion stay together; each image by itself, as the original did
EXTERNAL = "external"  # rows that the source publishes as `test`: scored apart, never trained on
EXTERNAL_NEW = "external_new"  # of these, rows without a sibling in the three splits, if others have one
SCORED = ("validation", "test", EXTERNAL)  # the splits that `evaluate` predicts
UNREADABLE = "unreadable"  # rows whose image cannot be decoded: kept in the index, used nowhere
CHANNELS = 3

# --- where images come from -------------------------------------------------------------------------
DATA_WORDS = ("auto", "isic", "sample")  # what --data takes beside a folder or a parquet file
WEIGHT_WORDS = ("auto", "imagenet", "none")  # what --weights takes beside a folder
HUB_DATASET = "ahishamm/isic_binary_augmented"
HUB_TIMEOUT = 10.0  # seconds for one answer; with it `--data auto` turns to the sample within 15 s
HUB_STALL = 60.0  # seconds in which a download must grow by 1 MB, or it is given up


@dataclass(frozen=True)
class Profile:
    """Defaults for options the user leaves out."""

    image_size: int  # pixels, square
    limit: int  # rows; 0 takes them all
    epochs: int  # at most this many; early stopping usually ends sooner
    tune_epochs: int  # at most this many in the second phase of transfer learning
    batch_size: int  # images in a training step
    plateau_patience: int  # epochs without a better validation loss before the learning rate falls


# The experiment as designed, for photographs.
FULL = Profile(image_size=224, limit=0, epochs=100, tune_epochs=30, batch_size=32, plateau_patience=4)
# The drawn sample must end within minutes on two processor cores, backbones trained from random weights.
# Small batches give more steps in the same time, which is what a network with random weights needs.
SAMPLE = Profile(image_size=64, limit=1400, epochs=9, tune_epochs=4, batch_size=16, plateau_patience=2)


@dataclass(frozen=True)
class Quick:
    """How the full experiment may be cut so that it ends soon on a machine without a GPU.

    Pixels give way first, as long as each network gets the least training, then rows. The time that is left goes into
    more epochs and views. A training from random weights needs an epoch for each look at the images, one on frozen
    layers computes these once for each view, so there is a least for either kind.
    """

    seconds: float = 1800.0  # for all stages: as long as one waits for a first result
    # Pixels, largest first. MobileNetV2 was published with weights for all of them; below 96 its last map has fewer
    # than 3 × 3 fields.
    image_sizes: tuple[int, ...] = (224, 160, 128, 96)
    rows: int = 600  # never fewer, if there are more: 90 test images tell hardly anything
    epochs: int = 10  # of all layers: the CNN from scratch is well under way on 1,600 photographs
    frozen_epochs: int = 20  # of the head alone, which cost next to nothing
    tune_epochs: int = 3
    views: int = 1
    unplanned: int = 60  # images of 224 pixels: so few take minutes in full, about as long as it takes to plan


QUICK = Quick()


@dataclass(frozen=True)
class Preparation:
    """How the rows of a source become splits."""

    train: float = 0.70  # shares of the groups
    validation: float = 0.15
    test: float = 0.15
    run: int = 20  # groups of about one size that are dealt at a time: 14, 3 and 3
    unreadable_limit: float = 0.01  # a larger share of unreadable images stops `prepare`


@dataclass(frozen=True)
class Augmentation:
    """How training images are changed at random; validation and test images never are."""

    rotation: float = 0.05  # of a full turn, either way
    zoom: float = 0.10
    brightness: float = 0.01
    contrast: float = 0.01


@dataclass(frozen=True)
class Training:
    """What all trainings have in common."""

    tuned_share: float = 0.25  # the last quarter of the backbone's layers is fine-tuned
    patience: int = 10  # epochs without a better validation loss before training stops
    plateau_factor: float = 0.5  # by which the learning rate falls
    random_batchnorm_momentum: float = 0.9  # with random weights .99 never settles in the few steps of a small run


@dataclass(frozen=True)
class TestViews:
    """In how many exact views a network sees an image that it judges: the mean logit counts; see `networks.views`."""

    # 1 is the image as it is, 2 adds its mirror image, 4 are all flips, 8 all flips and quarter turns. Validation
    # ROC-AUC with 1, 2, 4, 8 views: .857, .867, .870, .867 for two networks of photographs at 224 pixels, .911, .917,
    # .921, .924 for three of drawn lesions at 64. Eight cost twice as much as four, and photographs gain nothing.
    number: int = 4


@dataclass(frozen=True)
class Decision:
    """When an image is called malignant."""

    threshold: float = 0.5  # probability from which the verdict is malignant

    @property
    def logit(self) -> float:
        """Return the threshold as a logit."""
        return math.log(self.threshold / (1 - self.threshold))


@dataclass(frozen=True)
class Statistics:
    """How sure the results are."""

    confidence: float = 0.95  # of every interval: what readers expect
    replicates: int = 2000  # of the bootstrap; the ends of an interval then hardly depend on its seed
    seed: int = 0  # of the bootstrap
    defined_replicates: float = 0.9  # share of the replicates that must have a value, or there is no interval
    minimum_groups: int = 5  # of each class; a spread among fewer says nothing
    significant: float = 0.05  # a smaller p-value, corrected for the number of comparisons, counts as support
    # ISIC 2024 calls a detector that misses more useless: only the area above this sensitivity counts.
    partial_auc_sensitivity: float = 0.8
    screening_sensitivity: float = 0.95  # of the operating point for screening, where a missed melanoma costs most
    prevalences: tuple[float, ...] = (0.02, 0.10, 0.50)  # malignant: a screened population, a skin clinic, these data
    calibration_bins: int = 10  # of equal width, as is usual
    temperatures: tuple[float, float] = (0.05, 20.0)  # range of the search; an optimum outside it is a broken model
    floor_draws: int = 500  # of labels from the probabilities, for the calibration error of a calibrated model
    calibration_replicates: int = 200  # of the bootstrap, for slope, intercept and calibration index, which cost more
    older_age: int = 50  # years, from which a patient is in the older subgroup: about the median of HAM10000
    power: float = 0.8  # chance to find a difference that is called detectable
    partial_auc_lesions: int = 50  # of the rarer class; with fewer, the interval of the partial AUC misses too often
    brier_lesions: int = 25  # likewise for the Brier score


@dataclass(frozen=True)
class Collapse:
    """When a model is named as one that has not learned."""

    stuck_loss: float = 0.99  # a validation loss above this share of guessing's has not moved
    # While it trains there is no warning before so many epochs, and before so large a share of those planned: until
    # then many a network that learns well in the end is still getting under way.
    warning_epochs: int = 5
    warning_share: float = 1 / 3
    overlooked: int = 3  # with fewer lesions than this, a good model may miss a whole class by chance
    near_chance: float = 0.05  # a ROC-AUC within this distance of 0.5 is near guessing
    useful_auc: float = 0.7  # of a model that has learned something; no caution before the rows exclude it


@dataclass(frozen=True)
class Baselines:
    """What is learned without a network: gradient-boosted trees on a few numbers of each image."""

    frame_share: float = 12 / 224  # of the side: the width of the frame that hardly shows any lesion
    rings: int = 4  # around the middle of the picture, all of the same width
    percentiles: tuple[int, ...] = (10, 50, 90)  # of each colour channel in a ring
    iterations: int = 100  # trees; this, the rate and the leaves are scikit-learn's own defaults
    learning_rate: float = 0.1
    leaves: int = 31  # of a tree, at most
    seed: int = 0

    def frame_width(self, side: int) -> int:
        """Return the width of the frame of an image of `side` pixels, at least one pixel."""
        return max(1, round(self.frame_share * side))


@dataclass(frozen=True)
class Decisions:
    """At which prevalence and thresholds a decision curve asks what acting on a model is worth."""

    prevalence: float = 0.10  # malignant among all lesions, for example in a skin clinic
    lowest: float = 0.01  # threshold of the probability, moved to that prevalence
    highest: float = 0.30
    steps: int = 30


@dataclass(frozen=True)
class Folds:
    """How networks are trained anew on several divisions of the lesions."""

    validation: float = 0.15  # share of the lesions outside the tested fold; early stopping looks at them


@dataclass(frozen=True)
class Margin:
    """When a difference between networks trained anew matters; fixed before the first study was run."""

    margin: float = 0.01  # ROC-AUC; networks that differ by less are as good as equal
    prior: float = 0.03  # standard deviation of true differences between networks, before any data
    probable: float = 0.95  # a chance above this is called probable
    equivalence: float = 0.90  # confidence of the interval that must lie within the margin: two one-sided tests at .05


@dataclass(frozen=True)
class Unlike:
    """When an image is unlike the training images, so that a verdict on it says nothing; see `evaluation.unlike`.

    Chosen on five networks, of photographs at 224 pixels and of drawn lesions at 64, and 17 kinds of strange images.
    """

    # Pixels of the image from one field of the judged layer to the next. The layers above it keep only what tells the
    # classes apart: by the last one, the five recognize 38% of the strange images on average, by this one 75%.
    stride: int = 4
    share: float = 0.01  # of the validation images that may be called unlike
    most: int = 2000  # training images, drawn at random: the pass over them then costs no more on a large data set
    least: int = 100  # training images, and validation images: 1% of fewer is less than one image
    seed: int = 0  # of the draw


@dataclass(frozen=True)
class Thumbnails:
    """Small pictures of the test images, for the report."""

    side: int = 96  # pixels, fewer if the images are smaller: a few thousand of them fit into one page
    quality: int = 60  # of WebP, of 100: some 600 bytes, so that 3,700 images fit in the report


PREPARATION = Preparation()
AUGMENTATION = Augmentation()
TRAINING = Training()
TEST_VIEWS = TestViews()
DECISION = Decision()
STATISTICS = Statistics()
COLLAPSE = Collapse()
BASELINES = Baselines()
DECISIONS = Decisions()
FOLDS = Folds()
MARGIN = Margin()
UNLIKE = Unlike()
THUMBNAILS = Thumbnails()


# --- networks ---------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Network:
    """All that is known of a network outside its builder in `networks.models.BUILDERS`.

    Raises ValueError if an entry is incomplete: a pretrained network without a number of views or a rate.
    """

    title: str
    colour: str  # in figures, on a light page
    dark_colour: str  # the same on a dark page
    line: str  # matplotlib's line style and marker, so that a network can be told without its colour
    marker: str
    # Names of layers, as regular expressions, behind the names under which the report shows them.
    layers: Mapping[str, str] = field(default_factory=dict)
    half_precision: bool = False  # train in mixed bfloat16 if the processor has instructions for it
    # Only of pretrained networks; each value by validation (reports/RESULTS.md, "Settings that were tried").
    weight_file: str = ""  # in the folder given with --weights; Keras 3 format, backbone without top
    views: int = 0  # augmented views of an image that pass the frozen part once; fewer are learned by heart
    tune_factor: float = 0.0  # learning rate of fine-tuning, by that of the frozen phase
    # Weight decay of the head on the frozen backbone. ROC-AUC with all flips without decay, with 1 and with 3, the mean
    # over two partitions of 2,302 photographs into five folds by lesion: MobileNetV2 .856, .863, .868; EfficientNetB0
    # .838, .832, .821.
    head_decay: float = 0.0

    def __post_init__(self) -> None:
        """Check that the entry is complete."""
        if self.pretrained and not (self.views > 0 and self.tune_factor > 0):
            raise ValueError(f"{self.title}: a pretrained network needs views and a tune_factor above 0")
        if not self.pretrained and (self.views or self.tune_factor or self.head_decay):
            raise ValueError(f"{self.title}: views, tune_factor and head_decay need a weight_file")

    @property
    def pretrained(self) -> bool:
        """Tell whether there are pretrained weights for the network's backbone."""
        return bool(self.weight_file)


# Blue, vermilion and green of Okabe and Ito's palette (Color Universal Design, 2008), which people with any of the
# common colour vision deficiencies tell apart; the green is darkened to 4.5:1 on white.
NETWORKS = {
    "scratch": Network(
        title="CNN from scratch",
        colour="#0072b2", dark_colour="#5fb4e8", line="-", marker="o",
        # 1.9 times faster, and as good within the spread of three seeds; transfer networks are slower in it.
        half_precision=True,
    ),
    "mobilenet": Network(
        title="MobileNetV2",
        colour="#c04d00", dark_colour="#f0965a", line="--", marker="s",
        layers={"stem": "Conv1|bn_Conv1|expanded_conv", "top convolution": "Conv_1|out_relu"},
        weight_file="mobilenet_v2_notop.weights.h5", views=5, tune_factor=0.03, head_decay=3.0,
    ),
    "efficientnet": Network(
        title="EfficientNetB0",
        colour="#007a59", dark_colour="#3cc79a", line="-.", marker="^",
        layers={"input scaling": "rescaling|normalization", "stem": "stem", "top convolution": "top_"},
        weight_file="efficientnetb0_notop.weights.h5", views=4, tune_factor=0.3,
    ),
}  # fmt: skip


# What the networks stand beside in the tables, by the name under which metrics.json holds it.
REFERENCES = {
    "together": "All networks together",  # the mean of their logits
    "together_colour": "All networks and colour",  # likewise, colour alone counts as one more network
    "frame": "Frame alone",
    "colour": "Colour alone",
    "patient": "Age, sex and site",
    "colour_patient": "Colour, age, sex and site",
}
COMBINATIONS = ("together", "together_colour")
BASELINE_NAMES = ("frame", "colour", "patient", "colour_patient")  # those that `baseline` trains


def title(name: str) -> str:
    """Return what readers call a network, a baseline or a combination."""
    return NETWORKS[name].title if name in NETWORKS else REFERENCES[name]


def in_sentence(name: str) -> str:
    """Return the same title as it is written within a sentence: MobileNetV2, colour alone."""
    words = title(name)
    return words if name in NETWORKS else words[0].lower() + words[1:]

"""Every setting once: its default, its unit, and why it has this value.

Paths hang from one root: the project folder, or the folder that the environment variable
`LESION_HOME` names, so that several experiments can stand side by side.
"""

import math
import os
from dataclasses import dataclass
from pathlib import Path

from lesion.errors import LesionError

PROJECT = Path(__file__).resolve().parents[1]
HOME = Path(os.environ.get("LESION_HOME") or PROJECT).expanduser().resolve()
DATA = HOME / "data"  # what prepare writes
RUNS = HOME / "runs"  # what train writes, one folder a model
REPORTS = HOME / "reports"  # what evaluate, explain and report write
LEAK = HOME / "leak"  # what leak works with: a home of its own
LOCK = HOME / ".lock"  # held while a stage runs
TEMPLATES = PROJECT / "templates"

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1  # that we may use

FORMAT = 1  # raised when a stage's artefacts change their meaning: older ones then count as stale

# --- data -----------------------------------------------------------------------------------------
HUB_DATASET = "ahishamm/isic_binary_augmented"
HUB_TIMEOUT = 10.0  # seconds for one answer; with it `--data auto` turns to the sample within 15 s
HUB_STALL = 60.0  # seconds in which a download must grow by 1 MB, or it is given up
CLASSES = ("benign", "malignant")  # label 0 and label 1, as in the public data set
SPLIT = {"train": 0.70, "validation": 0.15, "test": 0.15}
SPLIT_KINDS = ("grouped", "random")  # images of one lesion stay together; each image by itself, as the original did
EXTERNAL = "external"  # rows that the source publishes as `test`: scored apart, never trained on
EXTERNAL_NEW = "external_new"  # of these, rows without a sibling in the three splits, where others have one
SCORED = ("validation", "test", EXTERNAL)  # the splits that `evaluate` predicts
UNREADABLE = "unreadable"  # rows whose image cannot be decoded: kept in the index, used nowhere
UNREADABLE_LIMIT = 0.01  # a larger share of unreadable images stops `prepare`
CHANNELS = 3

# --- which images show one lesion, found from pixels ------------------------------------------------
# Chosen on photographs with known copies, turned, mirrored, zoomed by .8 to 1.2, sheared and compressed.
KEYPOINT_SIDE = 192  # pixels, the longer side: 160 loses copies of blurred photographs, 224 costs half as much again
MOST_KEYPOINTS = 250  # the strongest of an image: 34 KB a row on disk
KEYPOINT_CONTRAST = 0.005  # SIFT's own .04 leaves soft lesions with no keypoint at all
KEYPOINT_EDGE = 10.0  # SIFT's own, which passes over lines; with 20, stripes of smeared borders, nothing improved
SIGNATURE_WORDS = 32  # typical descriptors
SIGNATURE_DIMENSIONS = 256  # 17 MB for 17,000 rows
SIGNATURE_ROWS = 1500  # what words and components are learnt from, at most: 49 MB of vectors and 2 s
SIGNATURE_DESCRIPTORS = 40  # of each of these rows, for the words
MATCH_RATIO = 0.8  # Lowe's: the second best match must be this much further away, or the match says nothing
MATCH_TOLERANCE = 4.0  # pixels at KEYPOINT_SIDE between where the map puts a keypoint and where its match is
RANSAC_ITERATIONS = 2000  # at most: enough where 1 match in 7 is right
RANSAC_CONFIDENCE = 0.999  # to stop before
MOST_ZOOM = 2.5  # either way; .8 to 1.2 with shear, in both pictures, stays below 2
MOST_STRETCH = 2.2  # of one direction against the other: twice a zoom of .8 to 1.2 and a shear of .15 stays below
ENOUGH_INLIERS = 8  # pairs of different lesions have up to 6, copies 50 and more, distorted blurred ones 9
CANDIDATES = 20  # most similar rows of other groups that a row is compared with, each round
CANDIDATE_STEP = 5  # of them at a time: rows joined by then need no further comparison
CANDIDATE_ROUNDS = 3  # a group's own rows are no candidates any more: hundreds of copies need several rounds
WITNESSES = 6  # other pairs that are asked before groups are joined
AGREEMENT = 0.5  # share of the witnesses that must be links: of copies nearly all are, of strangers none
GROUPS_SHOWN = 3  # the largest: if any has swallowed other lesions, it is among them
GROUP_ROWS_SHOWN = 6  # of each: enough to see whether they belong together


@dataclass(frozen=True)
class Profile:
    """What a run takes where the user does not say."""

    image_size: int  # pixels, square
    limit: int  # rows; 0 takes them all
    epochs: int  # at most this many; early stopping usually ends sooner
    tune_epochs: int  # at most this many in the second phase of transfer learning
    batch_size: int  # images a training step
    plateau_patience: int  # epochs without a better validation loss before the learning rate falls


# The experiment as designed, for photographs.
FULL = Profile(image_size=224, limit=0, epochs=100, tune_epochs=30, batch_size=32, plateau_patience=4)
# The drawn sample must end within minutes on two processor cores, backbones trained from random weights.
# Small batches give more steps in the same time, which is what a network with random weights needs.
SAMPLE = Profile(image_size=64, limit=1500, epochs=8, tune_epochs=4, batch_size=16, plateau_patience=2)

SEED = 0
AS_PROFILE = -1  # an option's value that stands for "as the profile of the data says"

# --- training -------------------------------------------------------------------------------------
MODELS = ("scratch", "mobilenet", "efficientnet")
NAMES = {"scratch": "CNN from scratch", "mobilenet": "MobileNetV2", "efficientnet": "EfficientNetB0"}
LEARNING_RATE = 1e-3  # Adam; head and from-scratch training
TUNED_SHARE = 0.25  # the last quarter of the backbone's layers is fine-tuned


@dataclass(frozen=True)
class Transfer:
    """How a pretrained backbone is trained; each value by validation (README, "Settings that were tried")."""

    # Augmented views of each training image that pass its frozen part once. Fewer are learned by heart; each costs
    # as much time as an epoch of the straightforward way.
    views: int
    tune_learning_rate_factor: float  # of the frozen phase's learning rate: fine-tuning moves the weights gently


TRANSFER = {
    "mobilenet": Transfer(views=5, tune_learning_rate_factor=0.03),
    "efficientnet": Transfer(views=4, tune_learning_rate_factor=0.3),
}
ACTIVATIONS_SECONDS = 4 * 3600  # the passes may take this long; where they would take longer, fewer views must do
PATIENCE = 10  # epochs without a better validation loss before training stops
PLATEAU_FACTOR = 0.5
RANDOM_BATCHNORM_MOMENTUM = 0.9  # of networks with random weights: .99 never settles in the few steps of a small run
# Trained in mixed bfloat16 where the processor has instructions for it: 1.4 times faster there, and as good within
# the spread of three seeds (README, "Results so far"). Transfer models are slower in it.
HALF_PRECISION = ("scratch",)
PREDICTION_BATCH_SIZE = 64
CACHE_BYTES = 2**30  # validation and test images are kept in memory up to this size

# --- augmentation, of training images only ---------------------------------------------------------
ROTATION = 0.05  # of a full turn, either way
ZOOM = 0.10
BRIGHTNESS = 0.01
CONTRAST = 0.01

# --- evaluation and explanation ----------------------------------------------------------------------
THRESHOLD = 0.5  # probability from which the verdict is malignant
THRESHOLD_LOGIT = math.log(THRESHOLD / (1 - THRESHOLD))
GALLERY_PER_OUTCOME = 3  # images for each of right/wrong × benign/malignant
REPORT_BYTES = 6 * 2**20  # the report stays below this size

# --- statistics of the evaluation --------------------------------------------------------------------
CONFIDENCE = 0.95  # of every interval: what readers expect, and what the texts say
REPLICATES = 2000  # of the bootstrap; the ends of an interval then hardly depend on its seed
BOOTSTRAP_SEED = 0
DEFINED_REPLICATES = 0.9  # of the replicates must have a value, or there is no interval
MINIMUM_GROUPS = 5  # of each class; a spread among fewer says nothing
SIGNIFICANT = 0.05  # a smaller p-value, corrected for the number of comparisons, counts as support
PARTIAL_AUC_SENSITIVITY = 0.8  # ISIC 2024 takes a detector that misses more for useless: only the area above counts
SCREENING_SENSITIVITY = 0.95  # of the operating point for screening, where a missed melanoma costs most
PREVALENCES = (0.02, 0.10, 0.50)  # share of malignant lesions: a screened population, a skin clinic, these data
CALIBRATION_BINS = 10  # of equal width, as is usual
TEMPERATURES = (0.05, 20.0)  # range of the search; an optimum outside it is no calibration but a broken model

# --- the leak: how much a random split flatters -------------------------------------------------------
LEAK_MODEL = "mobilenet"  # the quickest to train, and the one that did best in the original work
LEAK_SEEDS = 3  # each trains twice; of fewer hardly anything is known of how far another would lie

# --- collapse: when a model is named as one that has not learned --------------------------------------
STUCK_LOSS = 0.99  # a validation loss above this share of guessing's has not moved
EPOCHS_TO_START = 3  # epochs in which a network may still be getting under way
OVERLOOKED = 3  # a good model misses all lesions of a class by bad luck where there are fewer than this many
NEAR_CHANCE = 0.05  # a ROC-AUC within this distance of 0.5 is near guessing
USEFUL_AUC = 0.7  # of a model that has learned something; the alarm waits until the rows exclude it


def chosen_models(name: str) -> tuple[str, ...]:
    """Return the models that `--model name` means: all where it is empty; raises LesionError for others."""
    if name and name not in MODELS:
        raise LesionError(f"--model {name!r} is not known: give one of {', '.join(MODELS)}")
    return (name,) if name else MODELS

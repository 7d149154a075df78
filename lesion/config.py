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
LOCK = HOME / ".lock"  # held while a stage runs
TEMPLATES = PROJECT / "templates"

FORMAT = 1  # raised when a stage's artefacts change their meaning: older ones then count as stale

# --- data -----------------------------------------------------------------------------------------
HUB_DATASET = "ahishamm/isic_binary_augmented"
HUB_TIMEOUT = 10.0  # seconds for one answer; with it `--data auto` turns to the sample within 15 s
HUB_STALL = 60.0  # seconds in which a download must grow by 1 MB, or it is given up
CLASSES = ("benign", "malignant")  # label 0 and label 1, as in the public data set
SPLIT = {"train": 0.70, "validation": 0.15, "test": 0.15}
EXTERNAL = "external"  # rows that the source publishes as `test`: scored apart, never trained on
UNREADABLE = "unreadable"  # rows whose image cannot be decoded: kept in the index, used nowhere
UNREADABLE_LIMIT = 0.01  # a larger share of unreadable images stops `prepare`
CHANNELS = 3


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
LEARNING_RATE = 1e-3  # Adam; head and from-scratch training
TUNE_LEARNING_RATE_FACTOR = 0.1  # fine-tuning moves pretrained weights gently
TUNED_SHARE = 0.25  # the last quarter of the backbone's layers is fine-tuned
# Augmented views of each training image that pass the frozen part of a backbone once. Fewer are learned by heart
# (README, "Settings that were tried"); each costs as much time as an epoch of the straightforward way.
VIEWS = {"mobilenet": 6, "efficientnet": 4}
ACTIVATIONS_SECONDS = 4 * 3600  # the passes may take this long; where they would take longer, fewer views must do
PATIENCE = 10  # epochs without a better validation loss before training stops
PLATEAU_FACTOR = 0.5
RANDOM_BATCHNORM_MOMENTUM = 0.9  # of networks with random weights: .99 never settles in the few steps of a small run
# Trained in mixed bfloat16 where the processor has instructions for it: 1.2 to 1.4 times faster there.
# The transfer models are slower in it.
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


def chosen_models(name: str) -> tuple[str, ...]:
    """Return the models that `--model name` means: all where it is empty; raises LesionError for others."""
    if name and name not in MODELS:
        raise LesionError(f"--model {name!r} is not known: give one of {', '.join(MODELS)}")
    return (name,) if name else MODELS

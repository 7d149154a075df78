"""The options of each stage."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lesion import config
from lesion.options.places import TABLE, Existing, Source, Weights
from lesion.options.profile import AUTO, PROFILES
from lesion.options.wording import Kind, Value
from lesion.options.words import Address, Decimal, Networks, Shares, Text, Whole, Word

AS_PROFILE = -1  # what a stage gets for "as the profile of the data says"; nobody can type it
BENCH_PARTS = ("training", "pipeline", "gradcam", "prepare")
FOLDS, REPEATS, THREADS = 5, 3, 1  # of `study`, unless the user says otherwise
FEWEST_REPEATS = 3  # of `study`: two say next to nothing of how much trainings differ
SMALLEST_FRACTION = 0.01  # of the training lesions in `study`: below it a class would soon have none
FEWEST_SEEDS = 2  # of `leak`: nobody knows how far a second one would be from a single one
# Upper ends that nobody needs to pass; what is larger is a slip, and would fill memory or disk, or fail in a library.
MOST_ROWS = 1_000_000  # the whole ISIC archive has some 500,000 images
MOST_EPOCHS = 10_000  # early stopping ends after some tens
MOST_IMAGES = 8192  # in a training step
MOST_PROCESSES = 1024  # also threads, of one machine
MOST_REPEATS = 1000
HIGHEST_SEED = 2**32 - 1  # the largest that NumPy's and TensorFlow's generators take


@dataclass(frozen=True)
class Option:
    """One option of the command line."""

    default: Value | None  # what the stage gets if the option is left out; None: it is required
    help: str
    kind: Kind | None = None  # what it may be; None: it is a flag, which is there or not


def _usual(number: str) -> str:
    return f"; {number} usual"


MODEL = Option("", f"one or more of {','.join(config.NETWORKS)}; default: all of them", Networks())
ONE_MODEL = Networks(single=True)
TOGETHER = "together"  # of `predict`, in place of a network's name: all that are trained
DATA_HELP = "auto (the public data, or the drawn sample without a network), isic, sample, a FOLDER, a FILE.parquet"
DATA = Option("auto", DATA_HELP, Source())
WEIGHTS = Option(
    "auto", "of the backbones: auto (ImageNet, or random without a network), imagenet, none, a FOLDER", Weights()
)
EPOCHS = Option(AS_PROFILE, "at most; default: as fits the data", Whole(1, MOST_EPOCHS))
TUNE_EPOCHS = Option(AS_PROFILE, "of fine-tuning, at most; default: as fits the data", Whole(0, MOST_EPOCHS))
PROFILE = Option(
    AUTO,
    "full: as designed; quick: as much as fits into 30 minutes; auto: full with a GPU, else quick",
    Word(PROFILES),
)
SEED = Option(0, "random seed; the same seed gives the same results", Whole(0, HIGHEST_SEED))
FORCE = Option(False, "do it again even if it is done")
OPEN = Option(False, "show it in the web browser")
REPORT = Existing("a report, or the folder in which `invoke report` made one", file=True, folder=True)

PREPARE = {
    "data": DATA,
    "limit": Option(
        AS_PROFILE,
        "take this many rows, both classes in proportion; default: as the profile says "
        f"(sample: {config.SAMPLE.limit:,})",
        Whole(0, MOST_ROWS, "0 (all rows) or a number of rows"),
    ),
    "image_size": Option(
        AS_PROFILE,
        "pixels, square; default: 224, fewer if the profile says so (sample: 64)",
        Whole(32, 1024, "a number of pixels", _usual("224 is")),
    ),
    "metadata": Option("", "a CSV table of the images: lesion, patient, age, sex, site", Existing(TABLE, file=True)),
    "masks": Option(
        "",
        "a folder of masks, white on the lesion, named like the images",
        Existing("one of pictures that are white on the lesion", folder=True),
    ),
    "search": Option(False, "look for images of one lesion in the pixels though the table groups all of them"),
    "split": Option(
        "grouped",
        "grouped: images of one lesion stay together; random: each by itself, as the original did",
        Word(config.SPLIT_KINDS),
    ),
    "no_clean": Option(False, "leave hair and ruler marks in the images"),
    "seed": SEED,
}
TRAIN = {
    "model": MODEL,
    "weights": WEIGHTS,
    "epochs": EPOCHS,
    "tune_epochs": TUNE_EPOCHS,
    "batch_size": Option(
        AS_PROFILE, "images in a training step; default: as fits the data", Whole(1, MOST_IMAGES, usual=_usual("32 is"))
    ),
    "learning_rate": Option(
        1e-3, "of Adam; fine-tuning takes a fraction of it, as the network needs", Decimal(1e-9, 10, _usual("0.001 is"))
    ),
    "views": Option(
        AS_PROFILE,
        "augmented views of an image that pass a frozen backbone once; default: as the network needs",
        Whole(1, MOST_EPOCHS),
    ),
    "no_cache_activations": Option(False, "run frozen layers anew in each step: 5 to 10 times slower"),
    "seed": SEED,
}
# What the time of an experiment depends on, beside the images: `prepare` has to know it to say what fits.
PLANNED = {
    name: replace(option, help=f"to plan with: {option.help}") for name, option in TRAIN.items() if name not in PREPARE
}
STAGES: Mapping[str, Mapping[str, Option]] = {
    "prepare": {**PREPARE, "profile": PROFILE, **PLANNED, "force": FORCE},
    "train": {**TRAIN, "profile": PROFILE, "force": FORCE},
    "baseline": {"force": FORCE},
    "evaluate": {"model": MODEL, "force": FORCE},
    "explain": {"model": MODEL, "force": FORCE},
    "stress": {"model": MODEL, "force": FORCE},
    "report": {"model": MODEL, "open": OPEN, "force": FORCE},
    "all": {**PREPARE, "profile": PROFILE, **TRAIN, "force": FORCE},
    "predict": {
        "image": Option(
            None,
            "an image file, or a folder of them",
            Existing("a photograph, or a folder of them", file=True, folder=True),
        ),
        "model": Option(
            "",
            f"one of {', '.join(config.NETWORKS)}, or {TOGETHER}: the mean logit of all; "
            "default: the best by validation ROC-AUC",
            Networks(single=True, together=TOGETHER),
        ),
    },
    "study": {
        **{name: option for name, option in TRAIN.items() if name != "no_cache_activations"},
        "folds": Option(FOLDS, "parts of the lesions; each is tested once", Whole(2, 100, usual=_usual("5 are"))),
        "repeats": Option(REPEATS, "partitions into folds", Whole(FEWEST_REPEATS, MOST_REPEATS, usual=_usual("3 are"))),
        "fractions": Option(
            (1.0,),
            "of the training lesions, for a learning curve of the networks and of colour alone; default: all lesions",
            Shares(SMALLEST_FRACTION),
        ),
        "workers": Option(
            0, "trainings at a time, by Dask on this machine; default: one by one", Whole(0, MOST_PROCESSES)
        ),
        "cluster": Option("", "tcp://HOST:PORT of a Dask scheduler that shares this folder", Address()),
        "threads": Option(
            THREADS, "processor threads of a training; others change last digits", Whole(1, MOST_PROCESSES)
        ),
        "count_failed": Option(False, "count a training that failed as guessing; else there is no result"),
        "force": FORCE,
    },
    "cell": {  # one training of a study or leak, which start it; no task
        "study": Option(None, "the folder of the study", Text()),
        "cell": Option(None, "the name of the training", Text()),
    },
    "speed": {  # of one network, for `prepare` and `train`, which start it; no task
        "model": Option(None, f"one of {', '.join(config.NETWORKS)}", ONE_MODEL),
        "weights": WEIGHTS,
        "image_size": replace(PREPARE["image_size"], default=None),
        "batch_size": replace(TRAIN["batch_size"], default=None),
        "result": Option(None, "the file that the speed is written to", Text()),
    },
    "leak": {
        # The quickest to train, and the one that did best in the original work.
        "model": Option("mobilenet", f"one of {', '.join(config.NETWORKS)}", ONE_MODEL),
        "data": Option("", "as for prepare; default: the data that is prepared", Source()),
        "weights": WEIGHTS,
        "epochs": EPOCHS,
        "tune_epochs": TUNE_EPOCHS,
        "seeds": Option(
            3,
            "number of them; each splits and trains anew, on both splits",
            Whole(FEWEST_SEEDS, MOST_REPEATS, usual=_usual("3 are")),
        ),
    },
    "compare": {
        "first": Option(None, "a finished report, or the folder (LESION_HOME) that it was made in", REPORT),
        "second": Option(None, "another one, over the same test images", REPORT),
        "open": OPEN,
    },
    "bench": {
        "part": Option("", f"one of {', '.join(BENCH_PARTS)}; default: all", Word(BENCH_PARTS)),
        "weights": WEIGHTS,
        "repeats": Option(
            5, "measurements of each way; the median counts", Whole(1, MOST_REPEATS, usual=_usual("5 are"))
        ),
    },
    "clean": {},
}
CHAIN = ("prepare", "train", "baseline", "evaluate", "explain", "stress", "report")  # what `all` runs, in order

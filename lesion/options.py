"""The options of every stage: default, help and check, each declared once.

`tasks.py` makes its tasks from STAGES, the scripts read their command line with `parse`, and both check with `check`.
Nothing here is slow to import.
"""

import argparse
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lesion import config
from lesion.errors import LesionError

Value = Any  # str, int, float or bool: the type of the option's default
AS_PROFILE = -1  # stands for "as the profile of the data says"
BENCH_PARTS = ("training", "pipeline", "gradcam", "prepare")
FOLDS, REPEATS, THREADS = 5, 3, 1  # of `study`, unless the user says otherwise
FEWEST_REPEATS = 3  # of `study`: two say next to nothing of how much trainings differ
FEWEST_SEEDS = 2  # of `leak`: nobody knows how far a second one would be from a single one


@dataclass(frozen=True)
class Option:
    """One option of the command line."""

    default: Value | None  # its type is the option's type; None: the option is required, and text
    help: str
    check: Callable[[str, Value], None] | None = None  # (name, value); raises LesionError


def flag(name: str) -> str:
    """Return the option as it is typed: image_size is --image-size."""
    return f"--{name.replace('_', '-')}"


def chosen_networks(model: str) -> tuple[str, ...]:
    """Return the networks that `--model` means, names with commas between them: all if it is empty.

    They come in the order of the registry. Raises LesionError for unknown ones.
    """
    names = [name.strip() for name in model.split(",")] if model else list(config.NETWORKS)
    for name in names:
        if name not in config.NETWORKS:
            raise LesionError(f"--model {name!r} is not known: give one of {', '.join(config.NETWORKS)}")
    return tuple(name for name in config.NETWORKS if name in names)


def data_path(data: str) -> Path | None:
    """Return the folder or parquet file that `--data` names, None for a word; raises LesionError if there is none."""
    if data in config.DATA_WORDS:
        return None
    try:
        path = Path(data).expanduser().resolve()
        exists = path.exists()
        if path.is_dir() or (path.is_file() and path.suffix.lower() == ".parquet"):
            return path
    except (OSError, RuntimeError, ValueError):  # too long, no such home folder, a NUL character
        exists = False
    reason = "is neither a folder nor a .parquet file" if exists else "does not exist"
    raise LesionError(f"--data must be {', '.join(config.DATA_WORDS)}, a FOLDER or a FILE.parquet: {data!r} {reason}")


def weight_file(weights: str, model: str) -> Path | None:
    """Return the file for `model` in the folder that `--weights` names; None for a word, or if `model` needs none.

    Raises LesionError if `weights` is neither a known word nor a folder, or if the file is missing.
    """
    if weights in config.WEIGHT_WORDS:
        return None
    folder = Path(weights).expanduser()
    if not folder.is_dir():
        raise LesionError(f"--weights {weights!r} is neither a folder nor one of {', '.join(config.WEIGHT_WORDS)}")
    network = config.NETWORKS[model]
    if not network.pretrained:
        return None
    path = folder / network.weight_file
    if not path.is_file():
        raise LesionError(f"--weights {weights!r} has no {path.name}, which {model} needs: put it there")
    return path


def _at_least(lowest: int, usual: str = "", as_profile: bool = False) -> Callable[[str, Value], None]:
    """Return a check for a number of at least `lowest`; AS_PROFILE passes below it if the profile may decide."""

    def check(name: str, value: Value) -> None:
        if value < lowest and not (as_profile and value == AS_PROFILE):
            raise LesionError(f"{flag(name)} {value} is too small: give at least {lowest}{usual}")

    return check


def _one_of(*words: str, empty: bool = False) -> Callable[[str, Value], None]:
    def check(name: str, value: Value) -> None:
        if value not in words and not (empty and value == ""):
            raise LesionError(f"{flag(name)} {value!r} is not known: give one of {', '.join(words)}")

    return check


def _check_model(name: str, value: Value) -> None:
    chosen_networks(value)


def _check_one_model(name: str, value: Value) -> None:
    if len(chosen_networks(value)) > 1 and value:
        raise LesionError(f"--model {value!r} is more than one: give one of {', '.join(config.NETWORKS)}")


def _check_data(name: str, value: Value) -> None:
    data_path(value)


def _check_image_size(name: str, value: Value) -> None:
    if value != AS_PROFILE and not 32 <= value <= 1024:
        raise LesionError(f"--image-size {value} does not work: give 32 to 1024 pixels, 224 is usual")


def _check_limit(name: str, value: Value) -> None:
    if value < 0:
        raise LesionError(f"--limit must be 0 (all rows) or a number of rows; got {value}")


def _check_seed(name: str, value: Value) -> None:
    if value < 0:
        raise LesionError(f"--seed {value} is negative: give 0 or more")


def _check_learning_rate(name: str, value: Value) -> None:
    if not 0 < value < float("inf"):
        raise LesionError(f"--learning-rate {value} must be above 0: 0.001 is usual")


def _check_metadata(name: str, value: Value) -> None:
    if value and not Path(value).expanduser().is_file():
        raise LesionError(f"--metadata {value!r} is not a file: give a CSV table with a column of image names or rows")


def _check_masks(name: str, value: Value) -> None:
    if value and not Path(value).expanduser().is_dir():
        raise LesionError(f"--masks {value!r} is not a folder: give one of pictures that are white on the lesion")


def _check_image(name: str, value: Value) -> None:
    path = Path(str(value)).expanduser()
    if not path.is_file() and not path.is_dir():
        raise LesionError(f"--image {value!r} is neither a file nor a folder")


def _check_cluster(name: str, value: Value) -> None:
    if value and not re.fullmatch(r"(tcp|tls)://[^\s:/]+:\d{1,5}", str(value)):
        raise LesionError(f"--cluster {value!r} is no address: give tcp://HOST:PORT, as the Dask scheduler prints it")


MODEL = Option("", f"one or more of {','.join(config.NETWORKS)}; default: all of them", _check_model)
DATA = Option(
    "auto",
    "auto (the public data, or the drawn sample without a network), isic, sample, a FOLDER, a FILE.parquet",
    _check_data,
)
WEIGHTS = Option("auto", "of the backbones: auto (ImageNet, or random without a network), imagenet, none, a FOLDER")
EPOCHS = Option(AS_PROFILE, "at most; default: as fits the data", _at_least(1, as_profile=True))
TUNE_EPOCHS = Option(AS_PROFILE, "of fine-tuning, at most; default: as fits the data", _at_least(0, as_profile=True))
SEED = Option(0, "random seed; the same seed gives the same results", _check_seed)
FORCE = Option(False, "do it again even if it is done")

PREPARE = {
    "data": DATA,
    "limit": Option(0, "take this many rows, both classes in proportion; default: all (sample: 1,500)", _check_limit),
    "image_size": Option(AS_PROFILE, "pixels, square; default: 224 (sample: 64)", _check_image_size),
    "metadata": Option("", "a CSV table of the images: lesion, patient, age, sex, site", _check_metadata),
    "masks": Option("", "a folder of masks, white on the lesion, named like the images", _check_masks),
    "search": Option(False, "look for images of one lesion in the pixels though the table groups all of them"),
    "split": Option(
        "grouped",
        "grouped: images of one lesion stay together; random: each by itself, as the original did",
        _one_of(*config.SPLIT_KINDS),
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
        AS_PROFILE, "images in a training step; default: as fits the data", _at_least(1, as_profile=True)
    ),
    "learning_rate": Option(
        1e-3, "of Adam; fine-tuning takes a fraction of it, as the network needs", _check_learning_rate
    ),
    "views": Option(
        AS_PROFILE, "augmented views of an image that pass a frozen backbone once; default: as the network needs"
    ),
    "no_cache_activations": Option(False, "run frozen layers anew in each step: 5 to 10 times slower"),
    "seed": SEED,
}
STAGES: Mapping[str, Mapping[str, Option]] = {
    "prepare": {**PREPARE, "force": FORCE},
    "train": {**TRAIN, "force": FORCE},
    "baseline": {"force": FORCE},
    "evaluate": {"model": MODEL, "force": FORCE},
    "explain": {"model": MODEL, "force": FORCE},
    "stress": {"model": MODEL, "force": FORCE},
    "report": {"model": MODEL, "open": Option(False, "show it in the web browser"), "force": FORCE},
    "all": {**PREPARE, **TRAIN, "force": FORCE},
    "predict": {
        "image": Option(None, "an image file, or a folder of them", _check_image),
        "model": Option("", "default: the best by validation ROC-AUC", _check_one_model),
    },
    "study": {
        **{name: option for name, option in TRAIN.items() if name != "no_cache_activations"},
        "folds": Option(FOLDS, "parts of the lesions; each is tested once", _at_least(2, ", 5 are usual")),
        "repeats": Option(REPEATS, "partitions into folds", _at_least(FEWEST_REPEATS, ", 3 are usual")),
        "workers": Option(0, "trainings at a time, by Dask on this machine; default: one by one", _at_least(0)),
        "cluster": Option("", "tcp://HOST:PORT of a Dask scheduler that shares this folder", _check_cluster),
        "threads": Option(THREADS, "processor threads of a training; others change last digits", _at_least(1)),
        "count_failed": Option(False, "count a training that failed as guessing; else there is no result"),
        "force": FORCE,
    },
    "cell": {  # one training of a study or leak, which start it; no task
        "study": Option(None, "the folder of the study"),
        "cell": Option(None, "the name of the training"),
    },
    "leak": {
        # The quickest to train, and the one that did best in the original work.
        "model": Option("mobilenet", f"one of {', '.join(config.NETWORKS)}", _check_one_model),
        "data": Option(
            "",
            "as for prepare; default: the data that is prepared",
            lambda name, value: _check_data(name, value or "auto"),
        ),
        "weights": WEIGHTS,
        "epochs": EPOCHS,
        "tune_epochs": TUNE_EPOCHS,
        "seeds": Option(
            3, "number of them; each splits and trains anew, on both splits", _at_least(FEWEST_SEEDS, ", 3 are usual")
        ),
    },
    "compare": {
        "first": Option(None, "a finished report, or the folder (LESION_HOME) that it was made in"),
        "second": Option(None, "another one, over the same test images"),
        "open": Option(False, "show it in the web browser"),
    },
    "bench": {
        "part": Option("", f"one of {', '.join(BENCH_PARTS)}; default: all", _one_of(*BENCH_PARTS, empty=True)),
        "weights": WEIGHTS,
        "repeats": Option(5, "measurements of each way; the median counts", _at_least(1, ", 5 is usual")),
    },
    "clean": {},
}
CHAIN = ("prepare", "train", "baseline", "evaluate", "explain", "stress", "report")  # what `all` runs, in order


def check(stage: str, values: Mapping[str, Value]) -> None:
    """Raise LesionError unless every value, by name, is one that `stage` can work with."""
    for name, option in STAGES[stage].items():
        if option.check is not None:
            option.check(name, values[name])
    if "weights" in values:
        for model in chosen_networks(str(values.get("model", ""))):
            weight_file(str(values["weights"]), model)
    if values.get("views", AS_PROFILE) != AS_PROFILE:
        _check_views(values)
    if values.get("workers") and values.get("cluster"):
        raise LesionError("--workers and --cluster exclude each other: give one of them")


def _check_views(values: Mapping[str, Value]) -> None:
    views = values["views"]
    if values.get("no_cache_activations"):
        raise LesionError(f"--views {views} and --no-cache-activations exclude each other: give one of them")
    if views < 1:
        raise LesionError(f"--views {views} does not work: give at least 1")


def parse(stage: str, documentation: str) -> argparse.Namespace:
    """Return the checked options of `stage` from the command line; raises LesionError."""
    parser = argparse.ArgumentParser(description=documentation.splitlines()[0])
    for name, option in STAGES[stage].items():
        if isinstance(option.default, bool):
            parser.add_argument(flag(name), action="store_true", help=option.help)
        elif option.default is None:
            parser.add_argument(flag(name), required=True, help=option.help)
        else:
            parser.add_argument(flag(name), type=type(option.default), default=option.default, help=option.help)
    values = parser.parse_args()
    check(stage, vars(values))
    return values


def command(stage: str, values: Mapping[str, Value]) -> list[str]:
    """Return the command that runs scripts/STAGE.py with those of `values` that the stage takes, defaults left out."""
    words = [sys.executable, str(config.PROJECT / "scripts" / f"{stage}.py")]
    for name, option in STAGES[stage].items():
        value = values.get(name, option.default)
        if value is True:
            words.append(flag(name))
        elif value is not None and value is not False and value != option.default:
            words += [flag(name), str(value)]
    return words

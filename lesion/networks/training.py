"""Training one model: the phases, what is watched meanwhile, and going on after a kill.

Everything is written below a folder `partial` and becomes the finished artefact only at the end, so a run
that is stopped leaves the finished model as it was, and goes on from its last finished epoch.
"""

import contextlib
import json
import math
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import callbacks

from lesion import config, options, store
from lesion.console import say
from lesion.errors import LesionError
from lesion.networks import batches, models, surgery, weights
from lesion.networks.activations import Activations
from lesion.networks.callbacks import EarlyStopping, Journal, ReduceLROnPlateau, Validation, Watch
from lesion.networks.phases import Part, Phase, above_cut, activation_cache, make_trainable, reseed_dropout, whole
from lesion.prepared import PreparedData

RANDOM, NONE_NEEDED = "random", "none needed"  # weights a model can start from, beside pretrained ones
BYTES_A_PARAMETER = 4 * 9  # on disk: the model, its best weights, and two backups with Adam's two moments


@dataclass(frozen=True)
class Trained:
    """What `train` gives back: the model with its best weights, and how it came about."""

    model: keras.Model
    history: list[dict[str, Any]]
    phases: list[dict[str, Any]]
    activations: dict[str, Any] | None  # what was computed once, where something was
    warnings: list[str]


def build(name: str, size: int, asked: str) -> tuple[keras.Model, str, str | None]:
    """Build the model `name` with the weights that `asked` (auto, imagenet, none, a folder) means.

    Returns (model, which weights it has, one line on what was replaced or None). Only `auto` falls back to
    random weights; otherwise a failed download or a file that does not fit raises LesionError.
    """
    path = options.weight_file(asked, name)
    if not config.NETWORKS[name].pretrained:
        return models.build(name, size), NONE_NEEDED, None
    if path is not None:
        return models.build(name, size, str(path)), path.name, None
    if asked == "none":
        return models.build(name, size), RANDOM, None
    try:
        return models.build(name, size, "imagenet"), "ImageNet", None
    except LesionError:
        if asked == "imagenet":
            raise
        replaced = "the ImageNet weights cannot be had, so it starts from random ones and is trained whole"
        say(f"train: {name}: {replaced}")
        return models.build(name, size), RANDOM, replaced


def plan(used: str, settings: Mapping[str, Any]) -> list[Phase]:
    """Return the phases of a training that starts from the weights `used`, as `build` names them.

    Pretrained backbones are first frozen, then tuned; all else is trained whole. `settings` holds `epochs`,
    `learning_rate` and `plateau_patience`, and for pretrained backbones `tune_epochs` and `tune_learning_rate`.
    """
    epochs, rate, patience = (settings[key] for key in ("epochs", "learning_rate", "plateau_patience"))
    if used in (RANDOM, NONE_NEEDED):
        return [Phase("whole", epochs, rate, patience)]
    tuned = Phase("tune", settings["tune_epochs"], settings["tune_learning_rate"], patience)
    return [Phase("frozen", epochs, rate, patience)] + [tuned] * (tuned.epochs > 0)


def make_reproducible(seed: int) -> None:
    """Seed Python, NumPy and TensorFlow and make TensorFlow's operations deterministic."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def strategy() -> tf.distribute.Strategy:
    """Return a strategy that uses every visible GPU when there are several."""
    several = len(tf.config.list_physical_devices("GPU")) > 1
    return tf.distribute.MirroredStrategy() if several else tf.distribute.get_strategy()


def device() -> str:
    """Return the processors that training runs on, for the provenance."""
    gpus = tf.config.list_physical_devices("GPU")
    names = [tf.config.experimental.get_device_details(gpu).get("device_name", "GPU") for gpu in gpus]
    return ", ".join(names) or "CPU"


def train(
    model: keras.Model,
    phases: list[Phase],
    data: PreparedData,
    folder: Path,
    batch_size: int,
    seed: int,
    views: int = 0,
    computed: Mapping[str, Activations] | None = None,
) -> Trained:
    """Train `model` through `phases` on the train split, judged on the validation split.

    `folder` holds the state of a run that was stopped, if any. With `views` above 0 what the phases leave frozen
    is computed once, for so many augmented views of each image, into the folder `activations` beside it, unless it
    is there already: `computed`, by cut. Raises LesionError when the loss is no number. The weights given back are
    those of the lowest validation loss.
    """
    frozen = phases[0].name == "frozen"
    trained = as_trained(model, frozen)
    store.require_space(folder, BYTES_A_PARAMETER * model.count_params(), f"training {model.name}")
    cache = None
    if frozen and views and not computed:
        cache = activation_cache(trained, phases, data, folder.parent / "activations", views, seed)
        computed = cache.compute()
    journal, done, validation = Journal(folder), folder / "phases.json", Validation.of(data)
    summaries = json.loads(done.read_text()) if done.exists() else []
    for number, phase in enumerate(phases):
        make_trainable(trained, phase)
        stream = seed + len(journal.rows)  # what was drawn before a kill must not be drawn again: it is known by heart
        if computed:
            part = above_cut(trained, computed, data, batch_size, stream)
        else:
            part = whole(trained, data, batch_size, stream)
        reseed_dropout(part.model, stream)
        with _going_on(folder):
            if number >= len(summaries):
                _fit(part, phase, journal, folder, validation)
                summaries.append(_summary(part.model, journal))
                store.write_json(done, summaries)
            part.weights.load_weights(journal.best_weights(phase))
        shutil.rmtree(folder / f"backup-{phase.name}", ignore_errors=True)
    if not any(math.isfinite(row["val_loss"]) for row in journal.rows):
        raise LesionError(f"the validation loss of {model.name} was never a number: give a smaller --learning-rate")
    warnings = validation.judge_losses(journal.rows, finished=True) + validation.judge_predictions(part)
    if frozen and trained is not model:
        surgery.fold(trained, model)
    else:
        model.set_weights(trained.get_weights())
    return Trained(model, journal.rows, summaries, cache and cache.summary(), warnings)


@contextlib.contextmanager
def _going_on(folder: Path) -> Iterator[None]:
    """Turn an error in reading what a stopped run left in `folder` into a LesionError."""
    try:
        yield
    except OSError as error:
        if store.is_disk_full(error):
            raise
        raise LesionError(f"what the stopped run left in {store.shown(folder)} is damaged ({error})") from None


def as_trained(model: keras.Model, frozen: bool) -> keras.Model:
    """Return `model` in the form in which it is trained: standardised, in half precision, or itself."""
    if frozen and config.NETWORKS[model.name].pretrained:
        return surgery.standardise(model)
    if config.NETWORKS[model.name].half_precision and computes_bfloat16():
        return models.in_half_precision(model)
    return model


def computes_bfloat16() -> bool:
    """Tell whether training runs on a processor with instructions for bfloat16; elsewhere it would be slower."""
    try:
        flags = set(Path("/proc/cpuinfo").read_text().split())
    except OSError:
        return False
    return not tf.config.list_physical_devices("GPU") and bool(flags & {"avx512_bf16", "amx_bf16"})


def compile_model(model: keras.Model, learning_rate: float) -> None:
    """Give `model` its optimizer, loss and metrics."""
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss="binary_crossentropy",
        metrics=["accuracy", keras.metrics.AUC(name="auc")],
    )


def _fit(part: Part, phase: Phase, journal: Journal, folder: Path, validation: Validation) -> None:
    model, backup = part.model, folder / f"backup-{phase.name}"
    journal.start(phase, backup, part.weights)
    if not journal.best_weights(phase).exists():  # no better may be found than what came before
        part.weights.save_weights(journal.best_weights(phase))
    compile_model(model, phase.learning_rate)
    model._initial_epoch = 0  # BackupAndRestore leaves it where it resumed an earlier phase
    model.fit(
        part.training,
        validation_data=part.validation,
        epochs=phase.epochs,
        shuffle=False,  # the batches are shuffled already
        verbose=1 if sys.stdout.isatty() else 0,
        callbacks=[
            # First, since the others look at where it goes on; before the journal, see Journal.start.
            callbacks.BackupAndRestore(backup, double_checkpoint=True, delete_checkpoint=False),
            callbacks.TerminateOnNaN(),
            journal,
            Watch(journal, part, validation),
            EarlyStopping(journal, patience=config.TRAINING.patience),
            ReduceLROnPlateau(journal, patience=phase.plateau_patience, factor=config.TRAINING.plateau_factor),
            callbacks.TensorBoard(folder / "tensorboard" / phase.name),
        ],
    )


def _summary(model: keras.Model, journal: Journal) -> dict[str, Any]:
    rows = journal.of_phase()
    return {
        "name": journal.phase.name,
        "epochs": len(rows),
        "trainable_parameters": models.trainable_parameters(model),
        "seconds": round(sum(row["seconds"] for row in rows), 2),
    }


def load(path: Path) -> keras.Model:
    """Load a finished model; raises LesionError when the file is damaged."""
    try:
        return keras.models.load_model(path, compile=False)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).strip().splitlines()[0]
        raise LesionError(f"{store.shown(path)} cannot be read ({reason}): run `invoke train --force`") from None


def predict(model: keras.Model, images: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the probability of malignancy (N,) of the rows of `images`, in their order."""
    dataset = batches.evaluation_batches(images, rows, np.zeros(len(rows)), batches.PREDICTION_BATCH_SIZE)
    verbose = 1 if sys.stdout.isatty() else 0
    return model.predict(dataset, verbose=verbose)[:, 0].astype(float)

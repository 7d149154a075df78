"""Training one model: first weights, phases, and resuming after a kill.

Everything is written below a folder `partial` and becomes the finished run only at the end. So a run that is
stopped leaves the finished model unchanged, and resumes from its last finished epoch.
"""

import contextlib
import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import callbacks

from lesion import config, options, store
from lesion.console import Series, say
from lesion.errors import LesionError
from lesion.networks import batches, models, replicas, surgery, views
from lesion.networks.activations import Activations, Rows
from lesion.networks.callbacks.alarm import CollapseAlarm, Validation
from lesion.networks.callbacks.history import Epoch, History
from lesion.networks.callbacks.progress import EpochProgress
from lesion.networks.callbacks.stopping import EarlyStopping, ReduceLROnPlateau
from lesion.networks.phases import Phase, Workload, above_cut, activation_cache, make_trainable, reseed_dropout, whole
from lesion.prepared import PreparedData
from lesion.records.training import ActivationsRecord, PhaseRecord, TrainingSettings, WeightsRecord

RANDOM, NONE_NEEDED = "random", "none needed"  # weights a model can start from, beside pretrained ones
PHASES = "phases.json"  # in the folder `partial`: the phases that are finished
BYTES_PER_PARAMETER = 4 * 9  # on disk: the model, its best weights, and two backups with Adam's two moments


@dataclass(frozen=True)
class Trained:
    """A trained model with its best weights, and the course of its training."""

    model: keras.Model
    epochs: list[Epoch]
    phases: list[PhaseRecord]
    activations: ActivationsRecord | None  # None if no activations were computed for this training
    warnings: list[str]


def build(name: str, size: int, asked: str) -> tuple[keras.Model, WeightsRecord]:
    """Build the model `name` with the weights that `asked` (auto, imagenet, none, a folder) means.

    Returns the model and which weights it has. Only `auto` falls back to random weights; otherwise a failed download
    or a file that does not fit raises LesionError.
    """
    path = options.weight_file(asked, name)
    if not config.NETWORKS[name].pretrained:
        return models.build(name, size), WeightsRecord(asked, NONE_NEEDED, None)
    if path is not None:
        return models.build(name, size, str(path)), WeightsRecord(asked, path.name, None)
    if asked == "none":
        return models.build(name, size), WeightsRecord(asked, RANDOM, None)
    try:
        return models.build(name, size, "imagenet"), WeightsRecord(asked, "ImageNet", None)
    except LesionError:
        if asked == "imagenet":
            raise
        replaced = "could not fetch the ImageNet weights, so all its layers are trained from random ones"
        say(f"train: {config.title(name)}: {replaced}")
        return models.build(name, size), WeightsRecord(asked, RANDOM, replaced)


def plan(used: str, settings: TrainingSettings) -> list[Phase]:
    """Return the phases of a training that starts from the weights `used`, as `build` names them.

    Pretrained backbones are first frozen, then tuned; all other models are trained whole.
    """
    patience = settings.plateau_patience
    if used in (RANDOM, NONE_NEEDED):
        return [Phase("whole", settings.epochs, settings.learning_rate, patience)]
    phases = [Phase("frozen", settings.epochs, settings.learning_rate, patience, settings.head_decay)]
    if settings.tune_epochs > 0 and settings.tune_learning_rate is not None:
        phases.append(Phase("tune", settings.tune_epochs, settings.tune_learning_rate, patience))
    return phases


def make_reproducible(seed: int) -> None:
    """Seed Python, NumPy and TensorFlow and, on the CPU, make TensorFlow's operations deterministic.

    On a GPU some operations have no deterministic form and would end a training, so there the last digits differ from
    run to run. The environment variable TF_DETERMINISTIC_OPS=1 asks TensorFlow for determinism nonetheless.
    """
    keras.utils.set_random_seed(seed)
    if not tf.config.list_physical_devices("GPU"):
        tf.config.experimental.enable_op_determinism()


def train(
    model: keras.Model,
    phases: list[Phase],
    data: PreparedData,
    folder: Path,
    settings: TrainingSettings,
    computed: Mapping[str, Activations] | None = None,
    series: Series | None = None,
) -> Trained:
    """Train `model` through `phases` on the train split; return it with the weights of the lowest validation loss.

    `folder` holds the state of a run that was stopped, if any. If `settings` ask for views, the activations of the
    frozen layers are computed once, into the folder `activations` beside it, unless they are given: `computed`, by the
    name of the cut. `series`: the networks that are trained one after the other, of which this is the present one.
    Call it in the scope of the `replicas.strategy` that `model` was built in. Raises LesionError if the validation loss
    was never a number, or if the replicas cannot share a batch equally.
    """
    _share_batches(model, settings.batch_size)
    frozen = phases[0].name == "frozen"
    trained = as_trained(model, frozen, settings.half_precision)
    replicas.synchronise(trained)
    store.require_space(folder, BYTES_PER_PARAMETER * model.count_params(), f"training {model.name}")
    activations = None
    if frozen and settings.views and not computed:
        computed, activations = _compute_activations(trained, phases, data, folder.parent / "activations", settings)
    history = History(folder)
    validation = Validation.of(data)
    watchers = [CollapseAlarm(history, validation), EpochProgress(history, phases, series or Series(1))]
    records = _finished_phases(folder)
    for phase in phases:
        # What was drawn before a kill must not be drawn again: the network knows it by heart.
        stream = settings.seed + len(history.epochs)
        workload = _workload(trained, phase, data, settings.batch_size, stream, computed)
        _run_phase(workload, phase, history, watchers, records)
    if not any(math.isfinite(epoch.val_loss) for epoch in history.epochs):
        raise LesionError(f"the validation loss of {model.name} was never a number: give a smaller --learning-rate")
    warnings = validation.judge(workload, history.epochs)
    _take_over(trained, model, frozen)
    return Trained(model, history.epochs, records, activations, warnings)


def _share_batches(model: keras.Model, batch_size: int) -> None:
    """Say how many images of a batch each replica gets, if there are several; raises LesionError if shares differ."""
    replicas.require_equal_shares(batch_size)
    if replicas.count() > 1:
        share = f"each gets {batch_size // replicas.count()} of the {batch_size} images of a batch"
        say(f"train: {config.title(model.name)} is trained on {replicas.device()}: {share}")


def _compute_activations(
    trained: keras.Model, phases: list[Phase], data: PreparedData, folder: Path, settings: TrainingSettings
) -> tuple[Mapping[str, Activations], ActivationsRecord]:
    """Return the activations of the frozen layers, computed now or kept in `folder`, and what they took."""
    cache = activation_cache(trained, phases, data, Rows.of(data), folder, settings.views, settings.seed)
    return cache.compute(), cache.summary()


def _take_over(trained: keras.Model, model: keras.Model, frozen: bool) -> None:
    """Give `model` the weights of the network that was trained in its place."""
    if frozen and trained is not model:
        surgery.fold(trained, model)
    else:
        model.set_weights(trained.get_weights())


def as_trained(model: keras.Model, frozen: bool, half_precision: bool) -> keras.Model:
    """Return `model` in the form in which it is trained: standardised, or all of it a copy that is faster to train.

    `frozen` tells whether the training begins with a frozen backbone. `half_precision` counts only if the processor
    has instructions for it.
    """
    if frozen and config.NETWORKS[model.name].pretrained:
        return surgery.standardise(model)
    return model if frozen else models.for_training(model, half_precision and computes_bfloat16())


def computes_bfloat16() -> bool:
    """Tell whether training runs on a processor with instructions for bfloat16; elsewhere it would be slower."""
    try:
        flags = set(Path("/proc/cpuinfo").read_text().split())
    except OSError:
        return False
    return not tf.config.list_physical_devices("GPU") and bool(flags & {"avx512_bf16", "amx_bf16"})


def compile_model(model: keras.Model, learning_rate: float, weight_decay: float = 0.0) -> None:
    """Give `model` its optimizer, loss and metrics.

    Each step also takes `learning_rate` · `weight_decay` of every trained weight away, apart from the gradient as in
    AdamW (Loshchilov and Hutter, ICLR 2019). Biases are spared.
    """
    optimizer = keras.optimizers.Adam(learning_rate, weight_decay=weight_decay or None)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    # Left to the first step, its variables are born while that is traced, which makes TensorFlow trace it twice.
    optimizer.build(model.trainable_variables)
    model.compile(
        optimizer=optimizer,
        loss="binary_crossentropy",
        metrics=["accuracy", keras.metrics.AUC(name="auc")],
    )


def _finished_phases(folder: Path) -> list[PhaseRecord]:
    """Return the phases that a stopped run had finished."""
    path = folder / PHASES
    return store.read_record(path, list[PhaseRecord], "invoke train") if path.exists() else []


def _workload(
    model: keras.Model,
    phase: Phase,
    data: PreparedData,
    batch_size: int,
    seed: int,
    computed: Mapping[str, Activations] | None,
) -> Workload:
    """Freeze `model` as `phase` needs; return what is trained, on `computed` activations if there are any."""
    make_trainable(model, phase)
    workload = above_cut(model, computed, data, batch_size, seed) if computed else whole(model, data, batch_size, seed)
    reseed_dropout(workload.model, seed)
    return workload


def _run_phase(
    workload: Workload,
    phase: Phase,
    history: History,
    watchers: Sequence[callbacks.Callback],
    records: list[PhaseRecord],
) -> None:
    """Train `phase` unless it is in `records`, and add it there; leave `workload` with the best weights."""
    backup = history.folder / f"backup-{phase.name}"
    with _resuming(history.folder):
        if phase.name not in [record.name for record in records]:
            _fit(workload, phase, history, backup, watchers)
            records.append(history.phase_record())
            store.write_record(history.folder / PHASES, records)
        workload.weights.load_weights(history.best_weights(phase))
    shutil.rmtree(backup, ignore_errors=True)


@contextlib.contextmanager
def _resuming(folder: Path) -> Iterator[None]:
    """Turn an error in reading what a stopped run left in `folder` into a LesionError."""
    try:
        yield
    except OSError as error:
        if store.is_disk_full(error):
            raise
        raise LesionError(f"what the stopped run left in {store.shown(folder)} is damaged ({error})") from None


def _fit(
    workload: Workload, phase: Phase, history: History, backup: Path, watchers: Sequence[callbacks.Callback]
) -> None:
    """Train `phase`, or the rest of it if there is a `backup`."""
    history.start(phase, backup, workload.weights)
    if not history.best_weights(phase).exists():  # perhaps no epoch will be better than the phase before
        workload.weights.save_weights(history.best_weights(phase))
    compile_model(workload.model, phase.learning_rate, phase.weight_decay)
    workload.model.fit(
        workload.training,
        validation_data=workload.validation,
        epochs=phase.epochs,
        shuffle=False,  # the batches are shuffled already
        verbose=0,
        callbacks=[
            # First, since the others need to know where it resumes; before the history, see its on_train_begin.
            callbacks.BackupAndRestore(backup, double_checkpoint=True, delete_checkpoint=False),
            callbacks.TerminateOnNaN(),
            history,
            *watchers,
            EarlyStopping(history, patience=config.TRAINING.patience),
            ReduceLROnPlateau(history, patience=phase.plateau_patience, factor=config.TRAINING.plateau_factor),
            callbacks.TensorBoard(history.folder / "tensorboard" / phase.name),
        ],
    )


def load(path: Path) -> keras.Model:
    """Load a finished model; raises LesionError if the file is damaged."""
    try:
        return keras.models.load_model(path, compile=False)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).strip().splitlines()[0]
        raise LesionError(f"{store.shown(path)} cannot be read ({reason}): run `invoke train --force`") from None


def predict(model: keras.Model, images: batches.Images, rows: np.ndarray, sides: int = 1) -> np.ndarray:
    """Return the probability of malignancy (N,) of the rows of `images`, in their order.

    Its logit is the mean over the first `sides` views of each image; see `views`.
    """
    size = batches.PREDICTION_BATCH_SIZE
    seen = views.Views(images, rows, range(sides))
    count = len(seen.rows)
    with model.distribute_strategy.scope():
        dataset = batches.evaluation_batches(seen, np.arange(count), np.zeros(count), size)
        dataset = replicas.share(dataset, count, size)
    return views.mean_logit(model.predict(dataset, verbose=0)[:, 0].astype(float), sides)

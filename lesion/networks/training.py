"""Training one model: first weights, phases, and resuming after a kill.

Everything is written below a folder `partial` and becomes the finished run only at the end. So a run that is
stopped leaves the finished model unchanged, and resumes after its last finished epoch: it ends as if it had not been
stopped, since each epoch draws what its number says.
"""

import math
from collections.abc import Mapping, Sequence
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
from lesion.networks.callbacks import state
from lesion.networks.callbacks.alarm import CollapseAlarm, Validation
from lesion.networks.callbacks.history import History
from lesion.networks.callbacks.progress import EpochProgress
from lesion.networks.callbacks.state import EpochSeeds, State, StateKeeper
from lesion.networks.callbacks.stopping import EarlyStopping, ReduceLROnPlateau
from lesion.networks.phases import Phase, Workload, above_cut, activation_cache, make_trainable, whole
from lesion.prepared import PreparedData
from lesion.records.lines import EpochLine
from lesion.records.training import ActivationsRecord, PhaseRecord, TrainingSettings, WeightsRecord

RANDOM, NONE_NEEDED = "random", "none needed"  # weights a model can start from, beside pretrained ones
# On disk: the model; its state with its best weights and Adam's two moments, twice while it is replaced; the weights
# and best weights of the phase before.
BYTES_PER_PARAMETER = 4 * (1 + 2 * 4 + 2)


class Diverged(LesionError):
    """A training came to nothing: it would not help to resume it."""


@dataclass(frozen=True)
class Trained:
    """A trained model with its best weights, and the course of its training."""

    model: keras.Model
    epochs: list[EpochLine]
    phases: list[PhaseRecord]
    activations: ActivationsRecord | None  # None if no activations were computed for this training
    warnings: list[str]
    earlier_seconds: float  # of the epochs that a stopped run had finished


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


def require_space(folder: Path, model: keras.Model) -> None:
    """Raise LesionError unless the disk of `folder` has room for what the training of `model` writes."""
    store.require_space(folder, BYTES_PER_PARAMETER * model.count_params(), f"training {model.name}")


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
    Call it in the scope of the `replicas.strategy` that `model` was built in. Raises Diverged if the validation loss
    was never a number, and LesionError if the replicas cannot share a batch equally or the activations cost too much.
    """
    _share_batches(model, settings.batch_size)
    identity = state.identity(model, phases, data, settings)
    frozen = phases[0].name == "frozen"
    trained = as_trained(model, frozen, settings.half_precision)
    replicas.synchronise(trained)
    activations = None
    if frozen and settings.views and not computed:
        computed, activations = _compute_activations(trained, phases, data, folder.parent / "activations", settings)
    begun = state.latest(folder, [phase.name for phase in phases], identity)
    if begun:
        say(f"train: {config.title(model.name)} resumes after epoch {len(begun.epochs)}")
    history = History(begun.epochs if begun else [])
    earlier_seconds = sum(epoch.seconds for epoch in history.epochs)
    validation = Validation.of(data)
    watchers = [CollapseAlarm(history, validation), EpochProgress(history, phases, series or Series(1))]
    records = []
    for phase in phases:
        make_trainable(trained, phase)
        if not begun or begun.phase == phase.name:  # a state holds all that the phases before it trained
            workload = _workload(trained, data, settings, computed)
            keeper = StateKeeper(history, folder, identity)
            _run_phase(workload, phase, history, [*watchers, EpochSeeds(history, workload)], keeper, begun)
            begun = None
        records.append(_phase_record(phase, history, trained))
    if not any(math.isfinite(epoch.val_loss) for epoch in history.epochs):
        raise Diverged(f"the validation loss of {model.name} was never a number: give a smaller --learning-rate")
    warnings = validation.judge(workload, history.epochs)
    _take_over(trained, model, frozen)
    return Trained(model, history.epochs, records, activations, warnings, earlier_seconds)


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


def _workload(
    model: keras.Model,
    data: PreparedData,
    settings: TrainingSettings,
    computed: Mapping[str, Activations] | None,
) -> Workload:
    """Return what is trained of `model`, on `computed` activations if there are any."""
    if computed:
        return above_cut(model, computed, data, settings.batch_size, settings.seed)
    return whole(model, data, settings.batch_size, settings.seed)


def _run_phase(
    workload: Workload,
    phase: Phase,
    history: History,
    watchers: Sequence[callbacks.Callback],
    keeper: StateKeeper,
    begun: State | None,
) -> None:
    """Train `phase`, or what is left of it after the state `begun`; leave `workload` with the best weights."""
    # Perhaps no epoch will be better than the phase before.
    history.start(phase, begun.best if begun else workload.model.get_weights())
    if not (begun and begun.ended):
        compile_model(workload.model, phase.learning_rate, phase.weight_decay)
        if begun:
            begun.restore(workload.model)
        _fit(workload, phase, history, watchers, keeper)
    workload.model.set_weights(history.best)


def _fit(
    workload: Workload, phase: Phase, history: History, watchers: Sequence[callbacks.Callback], keeper: StateKeeper
) -> None:
    """Train `phase` from the epoch on that comes next in `history`; `keeper` writes what each one leaves."""
    workload.model.fit(
        workload.training,
        validation_data=workload.validation,
        initial_epoch=len(history.of_phase()),
        epochs=phase.epochs,
        shuffle=False,  # the batches are shuffled already
        verbose=0,
        callbacks=[
            callbacks.TerminateOnNaN(),
            history,  # before the others, which read its latest epoch
            *watchers,
            EarlyStopping(history, patience=config.TRAINING.patience),
            ReduceLROnPlateau(history, patience=phase.plateau_patience, factor=config.TRAINING.plateau_factor),
            callbacks.TensorBoard(keeper.folder / "tensorboard" / phase.name),
            keeper,
        ],
    )


def _phase_record(phase: Phase, history: History, trained: keras.Model) -> PhaseRecord:
    """Return a summary of a phase that has ended; the layers of `trained` are frozen as it needs."""
    epochs = history.of(phase)
    return PhaseRecord(
        name=phase.name,
        epochs=len(epochs),
        trainable_parameters=models.trainable_parameters(trained),
        seconds=round(sum(epoch.seconds for epoch in epochs), 2),
    )


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

"""Measurements by `bench` that need TensorFlow: training, the input pipeline, passes over the test images."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import cast

import keras
import numpy as np
from keras import callbacks

from lesion import config, options
from lesion.explain.distortions import KINDS, disturb
from lesion.explain.mapper import Mapper
from lesion.explain.passes import Changed
from lesion.networks import batches, models, surgery, training
from lesion.networks.activations import Rows
from lesion.networks.callbacks.history import History
from lesion.networks.callbacks.state import StateKeeper
from lesion.networks.phases import Phase, Workload, above_cut, activation_cache, make_trainable, whole
from lesion.networks.stored.cache import Cache
from lesion.prepared import PreparedData
from lesion.records.bench import CachedTraining, ExplanationTimes, WholeTraining
from lesion.studies.timing import alternate, alternate_warm, ratio

LENGTHS = ((30, 10), (86, 20))  # epochs frozen and tuned: as usual here, and as in the original work
SEED = 0
LEARNING_RATE = cast(float, options.TRAIN["learning_rate"].default)
BATCH_SIZE = config.FULL.batch_size
STEPS = 8  # batches in one measurement of the pipeline and of a training step


def cached_training(name: str, asked: str, data: PreparedData, folder: Path, repeats: int) -> CachedTraining:
    """Time an epoch of each phase with and without cached activations, and the passes that compute them.

    `asked` are the weights as in `--weights`; files are written below `folder`. Returns the seconds of every epoch and
    pass, and whole trainings composed of their medians.
    """
    network = config.NETWORKS[name]
    model, weights = training.build(name, data.image_size, asked)
    trained = surgery.standardise(model)
    phases = [Phase("frozen", 1, LEARNING_RATE, 1), Phase("tune", 1, LEARNING_RATE * network.tune_factor, 1)]
    cache = activation_cache(trained, phases, data, Rows.of(data), folder / "activations", repeats, SEED)
    epochs = _epochs(trained, phases, cache, folder, repeats)
    *views, validation = [cache.seconds(name) for name in cache.passes]
    passes = {"view": views, "validation": [validation]}
    return CachedTraining(
        weights=weights.used,
        layers=cache.cuts,
        epochs=epochs,
        passes=passes,
        whole=[compose(epochs, passes, network.views, frozen, tuned) for frozen, tuned in LENGTHS],
    )


def _epochs(
    trained: keras.Model, phases: Sequence[Phase], cache: Cache, folder: Path, repeats: int
) -> dict[str, dict[str, list[float]]]:
    """Return the seconds of each epoch: phase -> straightforward or cached -> (repeats,)."""
    computed = cache.compute()
    seconds = {}
    for phase in phases:
        make_trainable(trained, phase)
        workloads = {
            "straightforward": whole(trained, cache.data, BATCH_SIZE, SEED),
            "cached": above_cut(trained, computed, cache.data, BATCH_SIZE, SEED),
        }
        ways = {way: _epoch(workload, phase, folder / f"{phase.name}-{way}") for way, workload in workloads.items()}
        seconds[phase.name] = alternate(ways, repeats)
    return seconds


def _epoch(workload: Workload, phase: Phase, folder: Path) -> Callable[[], object]:
    """Return a function that trains one more epoch and writes to the disk what training writes after one.

    The graphs are built before, on two batches.
    """
    training.compile_model(workload.model, phase.learning_rate)
    history = History()
    history.start(phase, workload.model.get_weights())
    writers = [history, callbacks.TensorBoard(folder / "tensorboard"), StateKeeper(history, folder, "benchmark")]
    workload.model.fit(workload.training.take(2), validation_data=workload.validation.take(2), shuffle=False, verbose=0)
    return lambda: workload.model.fit(
        workload.training, validation_data=workload.validation, epochs=1, shuffle=False, verbose=0, callbacks=writers
    )


def compose(
    epochs: Mapping[str, Mapping[str, Sequence[float]]],
    passes: Mapping[str, Sequence[float]],
    views: int,
    frozen: int,
    tuned: int,
) -> WholeTraining:
    """Add up a whole training of `frozen` and `tuned` epochs, its passes included, from medians.

    `epochs` and `passes` in seconds, named as in CachedTraining.
    """
    straightforward, cached = (
        frozen * statistics.median(epochs["frozen"][way]) + tuned * statistics.median(epochs["tune"][way])
        for way in ("straightforward", "cached")
    )
    cached += views * statistics.median(passes["view"]) + statistics.median(passes["validation"])
    return WholeTraining(
        epochs=frozen,
        tune_epochs=tuned,
        views=views,
        straightforward_seconds=straightforward,
        cached_seconds=cached,
        ratio=straightforward / cached,
    )


def input_pipeline(data: PreparedData, repeats: int) -> dict[str, list[float]]:
    """Time augmented batches alone, and training steps of the scratch CNN on one batch that is in memory already.

    Returns the seconds of `pipeline` and of `step`, (repeats,) each, for STEPS batches of BATCH_SIZE images.
    """
    rows, labels = data.of_split("train")
    draws = batches.Draws(SEED, len(rows))
    augmented = batches.training_batches(data.images, rows, labels, BATCH_SIZE, draws).take(STEPS)
    half_precision = config.NETWORKS["scratch"].half_precision
    model = training.as_trained(models.build("scratch", data.image_size), frozen=False, half_precision=half_precision)
    training.compile_model(model, LEARNING_RATE)
    images, labels = next(iter(augmented))
    return alternate_warm(
        {
            "pipeline": lambda: sum(1 for _ in augmented),
            "step": lambda: [model.train_on_batch(images, labels) for _ in range(STEPS)],
        },
        repeats,
    )


def explanations(model: keras.Model, trained: bool, data: PreparedData, repeats: int) -> ExplanationTimes:
    """Time maps and disturbed images of the whole test split, and plain predictions; `trained` is only recorded."""
    rows, _ = data.of_split("test")
    quick = Mapper(model, [])
    finer = Mapper(model)
    disturbed = Changed(data.images, _disturb)
    seconds = alternate_warm(
        {
            "predict": lambda: training.predict(model, data.images, rows),
            "gradcam": lambda: sum(1 for _ in quick.explain(data.images, rows)),
            "finer": lambda: sum(1 for _ in finer.explain(data.images, rows)),
            "disturbed": lambda: training.predict(model, disturbed, rows),
        },
        repeats,
    )
    return ExplanationTimes(
        trained=trained,
        images=len(rows),
        predict=seconds["predict"],
        gradcam=seconds["gradcam"],
        ratio=ratio(seconds["predict"], seconds["gradcam"]),
        finer=seconds["finer"],
        finer_ratio=ratio(seconds["predict"], seconds["finer"]),
        disturbed=seconds["disturbed"],
        disturbed_ratio=ratio(seconds["predict"], seconds["disturbed"]),
    )


def _disturb(position: int, image: np.ndarray) -> np.ndarray:
    """Disturb an image in one way, the next image in the next way."""
    kinds = list(KINDS)
    return disturb(kinds[position % len(kinds)], 1, image, position)

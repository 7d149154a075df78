"""What `bench` measures of TensorFlow's work: training, the input pipeline, Grad-CAM."""

import statistics
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import callbacks

from lesion import config, options
from lesion.explain import gradcam
from lesion.networks import batches, models, surgery, training
from lesion.networks.callbacks import Journal
from lesion.networks.phases import Part, Phase, above_cut, activation_cache, make_trainable, whole
from lesion.prepared import PreparedData
from lesion.studies.timing import alternate, alternate_warm, ratio

LENGTHS = ((30, 10), (86, 20))  # epochs frozen and tuned: as usual here, and as in the original work
SEED = 0
LEARNING_RATE = options.TRAIN["learning_rate"].default
STEPS = 8  # batches in one measurement of the pipeline and of a training step


def cached_training(
    name: str, asked: str, data: PreparedData, folder: Path, repeats: int, batch_size: int
) -> dict[str, Any]:
    """Time an epoch of each phase with and without cached activations, and the passes that compute them.

    Returns the seconds of every epoch and pass, and whole trainings composed of their medians.
    """
    model, used, _ = training.build(name, data.image_size, asked)
    trained = surgery.standardise(model)
    own = config.NETWORKS[name]
    rates = {"frozen": LEARNING_RATE, "tune": LEARNING_RATE * own.tune_factor}
    phases = [Phase(phase, 1, rate, 1) for phase, rate in rates.items()]
    cache = activation_cache(trained, phases, data, folder / "activations", repeats, SEED)
    computed = cache.compute()
    epochs = {}
    for phase in phases:
        make_trainable(trained, phase)
        ways = {
            "straightforward": whole(trained, data, batch_size, SEED),
            "cached": above_cut(trained, computed, data, batch_size, SEED),
        }
        runs = {way: _epoch(part, phase, folder / f"{phase.name}-{way}") for way, part in ways.items()}
        epochs[phase.name] = alternate(runs, repeats)
    *views, validation = [cache.seconds(name) for name in cache.passes]
    passes = {"view": views, "validation": [validation]}
    lengths = [compose(epochs, passes, own.views, *length) for length in LENGTHS]
    return {"weights": used, "layers": cache.cuts, "epochs": epochs, "passes": passes, "whole": lengths}


def _epoch(part: Part, phase: Phase, folder: Path) -> Callable[[], object]:
    """Return a function that trains one more epoch and writes to the disk what training writes after one.

    The graphs are built before, on two batches.
    """
    training.compile_model(part.model, phase.learning_rate)
    journal = Journal(folder)
    journal.start(phase, folder, part.weights)
    watching = [
        callbacks.ModelCheckpoint(folder / "state.weights.h5", save_weights_only=True),
        journal,
        callbacks.TensorBoard(folder / "tensorboard"),
    ]
    part.model.fit(part.training.take(2), validation_data=part.validation.take(2), shuffle=False, verbose=0)
    return lambda: part.model.fit(
        part.training, validation_data=part.validation, epochs=1, shuffle=False, verbose=0, callbacks=watching
    )


def compose(epochs: Mapping, passes: Mapping, views: int, frozen: int, tuned: int) -> dict[str, Any]:
    """Add up a whole training of `frozen` and `tuned` epochs, its passes included, from medians."""
    totals = {
        way: frozen * statistics.median(epochs["frozen"][way]) + tuned * statistics.median(epochs["tune"][way])
        for way in ("straightforward", "cached")
    }
    totals["cached"] += views * statistics.median(passes["view"]) + statistics.median(passes["validation"])
    return {
        "epochs": frozen,
        "tune_epochs": tuned,
        "views": views,
        "straightforward_seconds": totals["straightforward"],
        "cached_seconds": totals["cached"],
        "ratio": totals["straightforward"] / totals["cached"],
    }


def input_pipeline(data: PreparedData, repeats: int, batch_size: int) -> dict[str, Any]:
    """Time augmented batches alone, and training steps of the scratch CNN on a batch that is there already."""
    augmented = batches.training_batches(data.images, *data.of_split("train"), batch_size, SEED).take(STEPS)
    model = training.as_trained(models.build("scratch", data.image_size), frozen=False)
    training.compile_model(model, LEARNING_RATE)
    images, labels = next(iter(augmented))
    seconds = alternate_warm(
        {
            "pipeline": lambda: sum(1 for _ in augmented),
            "step": lambda: [model.train_on_batch(images, labels) for _ in range(STEPS)],
        },
        repeats,
    )
    return {"images": STEPS * batch_size, **seconds, "ratio": ratio(seconds["step"], seconds["pipeline"])}


def explanations(model: keras.Model, data: PreparedData, repeats: int) -> dict[str, Any]:
    """Time Grad-CAM of the whole test split, and plain predictions of the same images."""
    rows, explainer = data.of_split("test")[0], gradcam.Explainer(model)
    seconds = alternate_warm(
        {
            "predict": lambda: training.predict(model, data.images, rows),
            "gradcam": lambda: [np.max(each.heat) for each in explainer.explain(data.images, rows)],
        },
        repeats,
    )
    return {"images": len(rows), **seconds, "ratio": ratio(seconds["predict"], seconds["gradcam"])}

"""How fast the project works here: each claim as a ratio of two ways, measured in turn in one process.

Ways alternate, so that a machine that slows down slows both; of each the median counts.
"""

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import callbacks

from lesion import config, gradcam, models, parts, pipeline, training
from lesion.journal import Journal, Phase
from lesion.parts import Part
from lesion.prepared import PreparedData

LENGTHS = ((30, 10), (86, 20))  # epochs frozen and tuned: as usual here, and as in the original work
STEPS = 8  # batches in one measurement of the pipeline and of a training step


def machine() -> dict[str, Any]:
    """Describe the processor, its cores and the memory, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.processor() or platform.machine()
    pages = ("SC_PAGE_SIZE", "SC_PHYS_PAGES")
    memory = None
    if all(page in getattr(os, "sysconf_names", {}) for page in pages):
        memory = os.sysconf(pages[0]) * os.sysconf(pages[1])
    return {"processor": name, "cores": os.cpu_count(), "memory_bytes": memory, "system": platform.system()}


def alternate(ways: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Run each of `ways` `repeats` times, in turn, after one run that does not count; return the seconds of each."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(repeats + 1):
        for name, way in ways.items():
            begin = time.perf_counter()
            way()
            if number:
                seconds[name].append(round(time.perf_counter() - begin, 4))
    return seconds


def ratio(slow: Sequence[float], fast: Sequence[float]) -> float:
    """Return how many times the median of `slow` exceeds that of `fast`."""
    return statistics.median(slow) / statistics.median(fast)


def cached_training(
    name: str, asked: str, data: PreparedData, folder: Path, repeats: int, batch_size: int
) -> dict[str, Any]:
    """Time an epoch of each phase with and without cached activations, and the passes that compute them.

    Returns the seconds of every epoch and pass, and whole trainings composed of their medians.
    """
    model, used, _ = training.build(name, data.image_size, asked)
    trained = models.standardise(model)
    phases = training.plan(True, 1, 1, config.LEARNING_RATE, config.FULL.plateau_patience)
    cache = parts.cache(trained, phases, data, folder / "activations", repeats, config.SEED)
    computed = cache.compute()
    epochs = {}
    for phase in phases:
        parts.make_trainable(trained, phase)
        ways = {
            "straightforward": parts.whole(trained, data, batch_size, config.SEED),
            "cached": parts.above_cut(trained, computed, data, batch_size, config.SEED),
        }
        runs = {way: _epoch(part, phase, folder / f"{phase.name}-{way}") for way, part in ways.items()}
        epochs[phase.name] = alternate(runs, repeats)
    *views, validation = [cache.seconds(name) for name in cache.passes]
    passes = {"view": views, "validation": [validation]}
    whole = [compose(epochs, passes, config.VIEWS, *length) for length in LENGTHS]
    return {"weights": used, "layers": cache.cuts, "epochs": epochs, "passes": passes, "whole": whole}


def _epoch(part: Part, phase: Phase, folder: Path) -> Callable[[], object]:
    """Return a function that trains one more epoch and writes to the disk what training writes after one."""
    training.compile_model(part.model, phase.learning_rate)
    journal = Journal(folder)
    journal.start(phase, folder, part.weights)
    watching = [
        callbacks.ModelCheckpoint(folder / "state.weights.h5", save_weights_only=True),
        journal,
        callbacks.TensorBoard(folder / "tensorboard"),
    ]
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
    batches = pipeline.training_batches(data.images, *data.of_split("train"), batch_size, config.SEED).take(STEPS)
    model = models.build("scratch", data.image_size)
    training.compile_model(model, config.LEARNING_RATE)
    images, labels = next(iter(batches))
    seconds = alternate(
        {
            "pipeline": lambda: sum(1 for _ in batches),
            "step": lambda: [model.train_on_batch(images, labels) for _ in range(STEPS)],
        },
        repeats,
    )
    return {"images": STEPS * batch_size, **seconds, "ratio": ratio(seconds["step"], seconds["pipeline"])}


def explanations(model: keras.Model, data: PreparedData, repeats: int) -> dict[str, Any]:
    """Time Grad-CAM of the whole test split, and plain predictions of the same images."""
    rows, explainer = data.of_split("test")[0], gradcam.Explainer(model)
    seconds = alternate(
        {
            "predict": lambda: training.predict(model, data.images, rows),
            "gradcam": lambda: [np.max(each.heat) for each in explainer.explain(data.images, rows)],
        },
        repeats,
    )
    return {"images": len(rows), **seconds, "ratio": ratio(seconds["predict"], seconds["gradcam"])}

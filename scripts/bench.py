"""Measure how fast the project works on this machine.

    python scripts/bench.py

Each claim is the ratio of two ways that are measured in turn. Reads data/ and, if they are there, runs/;
writes reports/bench.json, part by part.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import stage

from lesion import config, options, prepared, runs, store
from lesion.console import progress, say
from lesion.errors import LesionError
from lesion.records.bench import (
    BenchParts,
    BenchRecord,
    CoreTimes,
    GradcamBench,
    PipelineBench,
    PrepareBench,
    PrepareRun,
    TrainingBench,
)
from lesion.sources.source import open_source
from lesion.studies import timing

GROWTH = (1_000, 4_000, 16_000)  # images, for how time and memory of `prepare` grow
CORES_IMAGES = 600  # images, for `prepare` on one core and on all: enough that its start counts little
PEAK_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes in the unit that the system reports

Part = TrainingBench | PipelineBench | GradcamBench | PrepareBench


def main() -> bool:
    """Measure the requested parts; each is written as soon as it is finished."""
    values = options.parse("bench", __doc__)
    for name in (values.part,) if values.part else PARTS:
        say(f"bench: {name}")
        with tempfile.TemporaryDirectory(prefix=".bench-", dir=config.HOME) as folder:
            _write(name, PARTS[name](values, Path(folder)))
    return True


# Any: each name has a part of its own type, see BenchParts.
def _write(name: str, part: Any) -> None:
    """Add one part to bench.json, or replace it there; earlier parts that cannot be read are left out."""
    known = BenchParts()
    try:
        if runs.BENCH.exists():
            known = store.read_record(runs.BENCH, BenchRecord, "invoke bench").parts
    except LesionError as error:
        say(f"bench: {error} for all parts")
    parts = replace(known, **{name: part})
    store.write_record(runs.BENCH, BenchRecord(timing.machine(), parts))


def measure_training(values: argparse.Namespace, folder: Path) -> TrainingBench:
    """Measure fast against straightforward training of the pretrained networks."""
    begin = time.monotonic()
    stage.import_tensorflow()
    from lesion.networks import training
    from lesion.studies import benchmark

    data = prepared.open_data()
    training.make_reproducible(benchmark.SEED)
    times = {}
    for name in (name for name, network in config.NETWORKS.items() if network.pretrained):
        times[name] = benchmark.cached_training(name, values.weights, data, folder / name, values.repeats)
        for whole in times[name].whole:
            say(f"bench: {name}, {whole.epochs} + {whole.tune_epochs} epochs: {whole.ratio:.1f} times faster")
    return TrainingBench(
        images={split: len(data.of_split(split)[0]) for split in ("train", "validation")},
        image_size=data.image_size,
        batch_size=benchmark.BATCH_SIZE,
        models=times,
        repeats=values.repeats,
        provenance=store.provenance(time.monotonic() - begin),
    )


def measure_pipeline(values: argparse.Namespace, folder: Path) -> PipelineBench:
    """Measure the input pipeline against the training step of the scratch CNN."""
    begin = time.monotonic()
    stage.import_tensorflow()
    from lesion.studies import benchmark

    data = prepared.open_data()
    seconds = benchmark.input_pipeline(data, values.repeats)
    ratio = timing.ratio(seconds["step"], seconds["pipeline"])
    say(f"bench: the pipeline delivers {ratio:.1f} times what a training step of scratch takes")
    return PipelineBench(
        image_size=data.image_size,
        images=benchmark.STEPS * benchmark.BATCH_SIZE,
        pipeline=seconds["pipeline"],
        step=seconds["step"],
        ratio=ratio,
        repeats=values.repeats,
        provenance=store.provenance(time.monotonic() - begin),
    )


def measure_gradcam(values: argparse.Namespace, folder: Path) -> GradcamBench:
    """Measure maps and disturbed images against prediction of the test split, with trained models if there are any."""
    begin = time.monotonic()
    stage.import_tensorflow()
    from lesion.networks import models
    from lesion.studies import benchmark

    data = prepared.open_data()
    missing = runs.missing(data.fingerprint)
    times = {}
    for name, run in runs.all_runs().items():
        trained = name not in missing
        model = models.load(run.model) if trained else models.build(name, data.image_size)
        times[name] = benchmark.explanations(model, trained, data, values.repeats)
        say(
            f"bench: {name}: Grad-CAM at {times[name].ratio:.2f} of the speed of prediction, with LayerCAM at "
            f"{times[name].finer_ratio:.2f}, disturbed images at {times[name].disturbed_ratio:.2f}"
        )
    return GradcamBench(
        image_size=data.image_size,
        models=times,
        repeats=values.repeats,
        provenance=store.provenance(time.monotonic() - begin),
    )


def measure_prepare(values: argparse.Namespace, folder: Path) -> PrepareBench:
    """Measure `prepare` on drawn photographs: on one core and on all, and as their number grows."""
    begin = time.monotonic()
    images = folder / "images"
    home = folder / "home"
    _draw(images, max(GROWTH))
    cores = _time_cores(home, images, values.repeats) if hasattr(os, "sched_setaffinity") else None
    growth = [_prepare(home, images, count) for count in GROWTH]
    for run in growth:
        memory = f", {run.peak_bytes / 1e6:,.0f} MB at most" if run.peak_bytes else ""
        say(f"bench: prepare: {run.images:,} images in {run.seconds:.0f} s{memory}")
    return PrepareBench(
        image_size=config.FULL.image_size,
        cores=cores,
        growth=growth,
        repeats=values.repeats,
        provenance=store.provenance(time.monotonic() - begin),
    )


def _draw(folder: Path, count: int) -> None:
    """Draw `count` photographs, into one folder for each class."""
    source = open_source("sample", count, seed=0)
    for name in config.CLASSES:
        (folder / name).mkdir(parents=True)
    encoded = progress(source.encoded(), count, "draw")
    for row, (label, image) in enumerate(zip(source.labels, encoded, strict=True)):
        (folder / config.CLASSES[label] / f"{row}.jpg").write_bytes(image)


def _time_cores(home: Path, images: Path, repeats: int) -> CoreTimes:
    """Time `prepare` on one core and on all."""
    ways = {
        "one_core": partial(_prepare, home, images, CORES_IMAGES, cores=1),
        "all_cores": partial(_prepare, home, images, CORES_IMAGES),
    }
    seconds = timing.alternate_warm(ways, repeats)
    ratio = timing.ratio(seconds["one_core"], seconds["all_cores"])
    say(f"bench: prepare: {ratio:.2f} times faster on all cores than on one")
    return CoreTimes(CORES_IMAGES, seconds["one_core"], seconds["all_cores"], ratio)


def _prepare(home: Path, images: Path, count: int, cores: int = 0) -> PrepareRun:
    """Run `prepare` in a process of its own, on the first `cores` cores (0: all); return its time and peak memory."""
    values = {
        "data": str(images),
        "limit": count,
        "image_size": config.FULL.image_size,
        "profile": "full",
        "force": True,
    }
    begin = time.perf_counter()
    child = subprocess.Popen(
        options.command("prepare", values),
        env={**os.environ, "LESION_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        preexec_fn=partial(os.sched_setaffinity, 0, range(cores)) if cores else None,
    )
    peak = None
    if hasattr(os, "wait4"):
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        peak = usage.ru_maxrss * PEAK_UNIT
    if child.wait():
        raise LesionError(f"`prepare` of {count:,} images failed: see above")
    return PrepareRun(count, round(time.perf_counter() - begin, 2), peak)


PARTS: dict[str, Callable[[argparse.Namespace, Path], Part]] = {
    "training": measure_training,
    "pipeline": measure_pipeline,
    "gradcam": measure_gradcam,
    "prepare": measure_prepare,
}
if tuple(PARTS) != options.BENCH_PARTS:
    raise ImportError(f"the parts of bench are {tuple(PARTS)}, but its options name {options.BENCH_PARTS}")


if __name__ == "__main__":
    stage.run("bench", main)

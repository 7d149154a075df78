"""Measure how fast the project works on this machine.

    python scripts/bench.py

Each claim is the ratio of two ways that are measured in turn. Reads data/ and, where they are there, runs/;
writes reports/bench.json, part by part.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import stage

from lesion import config, prepared, runs, store
from lesion.console import progress, say
from lesion.errors import LesionError
from lesion.networks import weights
from lesion.sources.source import open_source
from lesion.studies import timing

BENCH = config.REPORTS / "bench.json"
GROWTH = (1_000, 4_000, 16_000)  # images, for how time and memory of `prepare` grow
CORES_IMAGES = 600  # images, for `prepare` on one core and on all: enough that its start counts little
PEAK_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes in the unit that the system reports


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", default="", help=f"one of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--weights", default="auto", help="auto, imagenet, none, or a folder of weight files")
    parser.add_argument("--repeats", type=int, default=5, help="measurements of each way; the median counts")
    return parser.parse_args()


def main() -> bool:
    """Measure the parts asked for; each is written as soon as it is there."""
    given = options()
    if given.part and given.part not in PARTS:
        raise LesionError(f"--part {given.part!r} is not known: give one of {', '.join(PARTS)}")
    if given.repeats < 1:
        raise LesionError(f"--repeats {given.repeats} is too small: give at least 1, 5 is usual")
    for name in (given.part,) if given.part else PARTS:
        say(f"bench: {name}")
        begin = time.monotonic()
        with tempfile.TemporaryDirectory(prefix=".bench-", dir=config.HOME) as folder:
            measured = PARTS[name](given, Path(folder))
        _write(name, {**measured, "repeats": given.repeats, "provenance": store.provenance(time.monotonic() - begin)})
    return True


def _write(name: str, measured: dict[str, Any]) -> None:
    written = store.read_json(BENCH, "invoke bench") if BENCH.exists() else {"parts": {}}
    known = {**written["parts"], name: measured}
    known = {part: known[part] for part in PARTS if part in known}
    store.write_json(BENCH, {"machine": timing.machine(), "parts": known})


def measure_training(given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Measure fast against straightforward training of the transfer models."""
    stage.import_tensorflow()
    from lesion.networks import training
    from lesion.studies import benchmark

    data = prepared.open_data()
    training.make_reproducible(benchmark.SEED)
    batch_size = config.FULL.batch_size
    measured = {}
    for name in (name for name, network in config.NETWORKS.items() if network.pretrained):
        times = benchmark.cached_training(name, given.weights, data, folder / name, given.repeats, batch_size)
        measured[name] = times
        for whole in times["whole"]:
            say(f"bench: {name}, {whole['epochs']} + {whole['tune_epochs']} epochs: {whole['ratio']:.1f} times faster")
    counts = {split: len(data.of_split(split)[0]) for split in ("train", "validation")}
    return {"images": counts, "image_size": data.image_size, "batch_size": batch_size, "models": measured}


def measure_pipeline(given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Measure the input pipeline against the training step of the scratch CNN."""
    stage.import_tensorflow()
    from lesion.studies import benchmark

    data = prepared.open_data()
    measured = benchmark.input_pipeline(data, given.repeats, config.FULL.batch_size)
    say(f"bench: the pipeline delivers {measured['ratio']:.1f} times what a training step of scratch takes")
    return {"image_size": data.image_size, **measured}


def measure_gradcam(given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Measure Grad-CAM against prediction on the test split, with trained models where there are such."""
    stage.import_tensorflow()
    from lesion.networks import models, training
    from lesion.studies import benchmark

    data = prepared.open_data()
    missing = runs.missing(data.fingerprint)
    measured = {}
    for name in config.NETWORKS:
        path = config.RUNS / name / "model.keras"
        model = models.build(name, data.image_size) if name in missing else training.load(path)
        measured[name] = {"trained": name not in missing, **benchmark.explanations(model, data, given.repeats)}
        say(f"bench: {name}: Grad-CAM at {measured[name]['ratio']:.2f} of the speed of prediction")
    return {"image_size": data.image_size, "models": measured}


def measure_prepare(given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Measure `prepare` on drawn photographs: on one core and on all, and as their number grows."""
    images = folder / "images"
    _draw(images, max(GROWTH))
    prepare = partial(_prepare, folder / "home", images)
    measured: dict[str, Any] = {"image_size": config.FULL.image_size}
    if hasattr(os, "sched_setaffinity"):
        ways = {"one_core": partial(prepare, CORES_IMAGES, 1), "all_cores": partial(prepare, CORES_IMAGES)}
        seconds = timing.alternate_warm(ways, given.repeats)
        ratio = timing.ratio(seconds["one_core"], seconds["all_cores"])
        measured["cores"] = {"images": CORES_IMAGES, **seconds, "ratio": ratio}
        say(f"bench: prepare: {ratio:.2f} times faster on all cores than on one")
    measured["growth"] = [prepare(count) for count in GROWTH]
    for each in measured["growth"]:
        memory = f", {each['peak_bytes'] / 1e6:,.0f} MB at most" if each["peak_bytes"] else ""
        say(f"bench: prepare: {each['images']:,} images in {each['seconds']:.0f} s{memory}")
    return measured


def _draw(folder: Path, count: int) -> None:
    """Draw `count` photographs into a folder a class."""
    source = open_source("sample", count, seed=0)
    for name in config.CLASSES:
        (folder / name).mkdir(parents=True)
    encoded = progress(source.encoded(), count, "draw")
    for row, (label, image) in enumerate(zip(source.labels, encoded, strict=True)):
        (folder / config.CLASSES[label] / f"{row}.jpg").write_bytes(image)


def _prepare(home: Path, images: Path, count: int, cores: int = 0) -> dict[str, Any]:
    """Run `prepare` in a process of its own, on the first `cores` cores (0: all); return its time and peak memory."""
    command = [sys.executable, str(Path(__file__).with_name("prepare.py")), "--data", str(images), "--force"]
    command += ["--limit", str(count), "--image-size", str(config.FULL.image_size)]
    begin = time.perf_counter()
    child = subprocess.Popen(
        command,
        env={**os.environ, "LESION_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        preexec_fn=partial(os.sched_setaffinity, 0, range(cores)) if cores else None,
    )
    peak = None
    if hasattr(os, "wait4"):
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode, peak = os.waitstatus_to_exitcode(status), usage.ru_maxrss * PEAK_UNIT
    if child.wait():
        raise LesionError(f"`prepare` of {count:,} images failed: see above")
    return {"images": count, "seconds": round(time.perf_counter() - begin, 2), "peak_bytes": peak}


PARTS: dict[str, Callable[[argparse.Namespace, Path], dict[str, Any]]] = {
    "training": measure_training,
    "pipeline": measure_pipeline,
    "gradcam": measure_gradcam,
    "prepare": measure_prepare,
}


if __name__ == "__main__":
    stage.run("bench", main)

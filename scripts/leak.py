"""Measure how much a random split flatters a model.

    python scripts/leak.py --data FOLDER --weights FOLDER

Trains one model on the random and on the grouped split of the same images, for several seeds, each run into a folder
of its own below leak/; writes reports/leak.json. A run that is finished is not made again. With --data the images are
prepared below leak/ as well, and those of the experiment stay as they are.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import stage
import train

from lesion import config, prepared, store
from lesion.console import duration, say
from lesion.errors import LesionError
from lesion.networks import weights
from lesion.prepared import PreparedData
from lesion.studies import leak
from lesion.studies.leak import Pool, Run

RESULT = config.REPORTS / "leak.json"
ACTIVATIONS = config.LEAK / "activations"
FEWEST_SEEDS = 2  # of one alone nobody knows how far another would lie


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=config.LEAK_MODEL, help=f"one of {', '.join(config.NETWORKS)}")
    parser.add_argument("--data", default="", help="as for prepare (default: the data that is prepared)")
    parser.add_argument("--weights", default="auto", help="auto, imagenet, none, or a folder of weight files")
    parser.add_argument("--epochs", type=int, default=options.AS_PROFILE, help="at most (default: as fits the data)")
    parser.add_argument("--tune-epochs", type=int, default=options.AS_PROFILE, help="of fine-tuning, at most")
    parser.add_argument("--seeds", type=int, default=config.LEAK_SEEDS, help="number of them, counted from 0")
    return parser.parse_args()


def main() -> bool:
    """Train what is not trained yet, and write what the runs show together."""
    given, begin = options(), time.monotonic()
    (model,) = options.chosen_networks(given.model or config.LEAK_MODEL)
    if given.seeds < FEWEST_SEEDS:
        usual = f"give at least {FEWEST_SEEDS}, {config.LEAK_SEEDS} are usual"
        raise LesionError(f"--seeds {given.seeds} is too small: {usual}")
    data = prepared.open_data(_prepare(given.data))
    fixed = {"batch_size": options.AS_PROFILE, "learning_rate": config.LEARNING_RATE, "views": options.AS_PROFILE}
    asked = {**vars(given), **fixed, "no_cache_activations": False, "seed": config.SEED}
    settings = train.of_model(model, train.settings_of(argparse.Namespace(**asked), data.manifest))
    wanted = [(seed, split) for seed in range(given.seeds) for split in config.SPLIT_KINDS]
    results = []
    for number, (seed, split) in enumerate(wanted, start=1):
        say(f"leak: run {number} of {len(wanted)}: {model}, seed {seed}, {split} split")
        results.append(_run(model, data, {**settings, "seed": seed}, split))
    shutil.rmtree(ACTIVATIONS, ignore_errors=True)
    _write(model, data, settings, results, begin)
    return True


def _prepare(data: str) -> Path:
    """Return the folder of the prepared images, made first where `data` names their source."""
    if not data:
        return config.DATA
    command = [sys.executable, str(Path(__file__).with_name("prepare.py")), "--data", data]
    done = subprocess.run(command, env={**os.environ, "LESION_HOME": str(config.LEAK)}, check=False)
    if done.returncode:
        sys.exit(done.returncode)  # it has said why
    return config.LEAK / config.DATA.name


def _run(model: str, pool: PreparedData, settings: dict[str, Any], split: str) -> dict[str, Any]:
    """Train `model` on `pool`, split as `split` says, unless that is done; return what it says of the test rows."""
    data = leak.resplit(pool, split, settings["seed"])
    folder = config.LEAK / config.RUNS.name / f"{model}-{split}-{settings['seed']}"
    identified = {**settings, "weights": weights.identity(settings["weights"], model)}
    fingerprint = store.fingerprint(stage="leak", model=model, data=data.fingerprint, **identified)
    if not store.finished(folder / "result.json", fingerprint):
        partial = folder / "partial"
        started = partial / "fingerprint.txt"
        if not started.exists() or started.read_text() != fingerprint:
            shutil.rmtree(folder, ignore_errors=True)
            store.write_text(started, fingerprint)
        result = _train(model, data, leak.pool(pool), settings, partial)
        head = {"fingerprint": fingerprint, "seed": settings["seed"], "split": split}
        store.write_json(folder / "result.json", {**head, **result})
    shutil.rmtree(folder / "partial", ignore_errors=True)
    return store.read_json(folder / "result.json", "invoke leak")


def _train(name: str, data: PreparedData, pool: Pool, settings: dict[str, Any], partial: Path) -> dict[str, Any]:
    """Train on the train split of `data`; what stays frozen is computed once for all runs, on the rows of `pool`."""
    stage.import_tensorflow()  # takes seconds: only when there is something to train
    import keras

    from lesion.networks import training
    from lesion.networks.phases import activation_cache

    keras.backend.clear_session()  # of the run before: its graphs would stay in memory
    training.make_reproducible(settings["seed"])
    with training.strategy().scope():
        model, used, _ = training.build(name, data.image_size, settings["weights"])
        phases = training.plan(used, settings)
        computed = {}
        if phases[0].name == "frozen" and settings["views"]:
            cache = activation_cache(model, phases, pool, ACTIVATIONS, settings["views"], config.SEED)
            everything = pool.of_split("train")[0]
            rows = [np.searchsorted(everything, data.of_split(part)[0]) for part in ("train", "validation")]
            computed = {cut: found.select(*rows) for cut, found in cache.compute().items()}
        details = (settings[key] for key in ("batch_size", "seed"))
        trained = training.train(model, phases, data, partial, *details, computed=computed)
    positions, labels = data.of_split("test")
    probabilities = training.predict(trained.model, data.images, positions)
    found = leak.figures(labels, probabilities)
    say(f"leak: test ROC-AUC {found['roc_auc']:.3f}, accuracy {found['accuracy']:.3f}")
    return {
        "weights": used,
        "device": training.device(),
        "positions": positions.tolist(),
        "probabilities": [round(float(value), 8) for value in probabilities],
    }


def _write(
    model: str, data: PreparedData, settings: dict[str, Any], results: list[dict[str, Any]], begin: float
) -> None:
    """Write what the runs show together, unless that is there already."""
    used = sorted({result["weights"] for result in results})
    if len(used) > 1:
        raise LesionError(f"the runs began with different weights ({', '.join(used)}): give --weights imagenet or none")
    fingerprint = store.fingerprint(stage="leak", runs=[result["fingerprint"] for result in results])
    if store.finished(RESULT, fingerprint):
        say("leak: it is measured already")
        return
    runs = [
        Run(result["seed"], result["split"], *(np.array(result[key]) for key in ("positions", "probabilities")))
        for result in results
    ]
    lines, found = leak.table(data, runs), leak.differences(data.labels, data.groups, runs)
    said = leak.sentence(model, lines, found)
    head = {"stage": "leak", "fingerprint": fingerprint, "model": model}
    source = {"description": data.manifest["source"]["description"], "fingerprint": data.fingerprint}
    asked = {key: value for key, value in settings.items() if key != "seed"}
    tail = {"settings": asked, "weights": used[0], "seeds": sorted({run.seed for run in runs}), "runs": lines}
    tail |= {"difference": found, "sentence": said}
    provenance = store.provenance(time.monotonic() - begin, results[0]["device"])
    store.write_json(RESULT, {**head, "data": source, **tail, "provenance": provenance})
    say(f"leak: {said} {duration(time.monotonic() - begin)}")


if __name__ == "__main__":
    stage.run("leak", main)

"""Measure the trained networks on images that had no part in training.

    python scripts/evaluate.py

Reads data/ and runs/*/model.keras; writes runs/MODEL/{predictions.csv, evaluation.json} and
reports/metrics.json, which holds every model whose predictions belong to the present data and training.
"""

import argparse
import time
from typing import Any

import numpy as np
import stage

from lesion import config, prepared, runs, store
from lesion.errors import LesionError
from lesion.prepared import PreparedData
from lesion.progress import say

SCORED = ("validation", "test", config.EXTERNAL)


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="", help=f"one of {', '.join(config.MODELS)} (default: all three)")
    parser.add_argument("--force", action="store_true", help="predict again though it is done")
    return parser.parse_args()


def main() -> bool:
    """Predict with the models asked for, then write the metrics of all; False when a model is missing."""
    given = options()
    names = config.chosen_models(given.model)
    data = prepared.read_manifest()["data"]
    missing = runs.missing(data)
    if len(set(names) - set(missing)) == 0:
        raise LesionError("; ".join(f"{name} is {missing[name]}" for name in names))
    for name in names:
        if name not in missing:
            _predict(name, data, given.force)
    _write_metrics(data, missing)
    absent = [name for name in names if name in missing]
    for name in absent:
        say(f"evaluate: {name} is {missing[name]}")
    return not absent


def _predict(name: str, data: str, force: bool) -> None:
    run = runs.manifest(name)
    fingerprint = runs.evaluation_fingerprint(run)
    if not force and runs.is_evaluated(name):
        say(f"evaluate: {name} is evaluated already (--force does it again)")
        return
    stage.import_tensorflow()
    from lesion import training

    content = prepared.open_data()
    positions = np.flatnonzero(np.isin(content.splits, SCORED))
    model = training.load(config.RUNS / name / "model.keras")
    begin = time.monotonic()
    probabilities = training.predict(model, content.images, positions)
    seconds = time.monotonic() - begin
    _write_predictions(name, content, positions, probabilities)
    evaluation = {
        "stage": "evaluate",
        "fingerprint": fingerprint,
        "data": data,
        "digest": run["digest"],
        "seconds_per_image": seconds / len(positions),
        "provenance": store.provenance(seconds, training.device()),
    }
    store.write_json(config.RUNS / name / "evaluation.json", evaluation)


def _write_predictions(name: str, data: PreparedData, positions: np.ndarray, probabilities: np.ndarray) -> None:
    lines = [
        {
            "row": int(data.rows[position]),
            "split": str(data.splits[position]),
            "label": int(data.labels[position]),
            "probability": f"{probability:.8f}",
        }
        for position, probability in zip(positions, probabilities, strict=True)
    ]
    store.write_table(config.RUNS / name / "predictions.csv", lines)


def _write_metrics(data: str, missing: dict[str, str]) -> None:
    """Score all models whose predictions are up to date, unless metrics.json already holds just these."""
    usable = [name for name in config.MODELS if name not in missing and runs.is_evaluated(name)]
    unscored = {name: "not evaluated: run `invoke evaluate`" for name in config.MODELS if name not in usable}
    digests = {name: runs.manifest(name)["digest"] for name in usable}
    head = {"data": data, "classes": list(config.CLASSES), "threshold": config.THRESHOLD}
    tail = {"missing": {**unscored, **missing}}
    fingerprint = store.fingerprint(stage="metrics", digests=digests, **head, **tail)
    if store.finished(runs.METRICS, fingerprint):
        return
    scored = {name: {"digest": digest, **_score(name)} for name, digest in digests.items()}
    store.write_json(runs.METRICS, {"fingerprint": fingerprint, **head, "models": scored, **tail})


def _score(name: str) -> dict[str, Any]:
    """Score the splits that the model's predictions cover, and say how it did."""
    from lesion import metrics  # scikit-learn takes a second to import

    predictions = runs.predictions(name)
    scored = {}
    for split in SCORED:
        labels, probabilities = predictions.of_split(split)
        if len(labels):
            scored[split] = metrics.score(labels, probabilities)
    test = scored["test"]
    say(f"evaluate: {name}: test ROC-AUC {test['roc_auc']:.3f}, accuracy {test['accuracy']:.3f}")
    if test["collapsed"]:
        say(f"evaluate: warning: {name} has collapsed: {test['collapsed']}")
    return scored


if __name__ == "__main__":
    stage.run("evaluate", main)

"""Measure the trained networks on images that had no part in training.

    python scripts/evaluate.py

Reads data/ and runs/*/model.keras; writes runs/MODEL/{predictions.csv, evaluation.json} and
reports/metrics.json, which holds every model whose predictions belong to the present data and training, with 95 %
intervals, and what the data say of the differences between them.
"""

import argparse
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import stage

from lesion import config, prepared, runs, store
from lesion.console import say
from lesion.errors import LesionError
from lesion.prepared import PreparedData
from lesion.runs import Predictions

HEADLINE = {"roc_auc": "ROC-AUC", "accuracy": "accuracy"}
STATISTICS = {
    "confidence": config.STATISTICS.confidence,
    "replicates": config.STATISTICS.replicates,
    "seed": config.STATISTICS.seed,
    "significant": config.STATISTICS.significant,
    "partial_auc_sensitivity": config.STATISTICS.partial_auc_sensitivity,
    "screening_sensitivity": config.STATISTICS.screening_sensitivity,
    "prevalences": list(config.STATISTICS.prevalences),
    "calibration_bins": config.STATISTICS.calibration_bins,
}


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="", help=f"one of {', '.join(config.NETWORKS)} (default: all three)")
    parser.add_argument("--force", action="store_true", help="predict again though it is done")
    return parser.parse_args()


def main() -> bool:
    """Predict with the models asked for, then write the metrics of all; False when one of those asked for lacks."""
    given = options()
    names = options.chosen_networks(given.model)
    data = prepared.read_manifest()["data"]
    missing = runs.missing(data)
    if len(set(names) - set(missing)) == 0:
        raise LesionError("; ".join(f"{name} is {missing[name]}" for name in names))
    for name in names:
        if name not in missing:
            _predict(name, data, given.force)
    unmeasured = _write_metrics(missing)
    absent = [name for name in names if name in unmeasured]
    for name in absent:
        say(f"evaluate: {name} is {unmeasured[name]}")
    return not absent


def _predict(name: str, data: str, force: bool) -> None:
    run = runs.manifest(name)
    fingerprint = runs.evaluation_fingerprint(run)
    if not force and runs.is_evaluated(name):
        say(f"evaluate: {name} is evaluated already (--force does it again)")
        return
    stage.import_tensorflow()
    from lesion.networks import training

    content = prepared.open_data()
    positions = np.flatnonzero(np.isin(content.splits, config.SCORED))
    model = training.load(config.RUNS / name / "model.keras")
    begin = time.monotonic()
    probabilities = training.predict(model, content.images, positions)
    seconds = time.monotonic() - begin
    _write_predictions(name, content, positions, probabilities)
    subsets = {
        "stage": "evaluate",
        "fingerprint": fingerprint,
        "data": data,
        "digest": run["digest"],
        "seconds_per_image": seconds / len(positions),
        "provenance": store.provenance(seconds, training.device()),
    }
    store.write_json(config.RUNS / name / "evaluation.json", subsets)


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


def _write_metrics(missing: dict[str, str]) -> dict[str, str]:
    """Measure all models whose predictions are up to date, unless metrics.json already holds just these.

    Returns why a model is not among them, by name.
    """
    usable = [name for name in config.NETWORKS if name not in missing and runs.is_evaluated(name)]
    unscored = {
        name: "not evaluated: run `invoke evaluate`" for name in config.NETWORKS if name not in usable
    } | missing
    digests, content = {name: runs.manifest(name)["digest"] for name in usable}, prepared.open_data()
    head = {"data": content.fingerprint, "classes": list(config.CLASSES), "threshold": config.DECISION.threshold}
    head["statistics"] = STATISTICS
    inputs = {"digests": digests, "groups": content.groups.tolist(), "missing": unscored}
    fingerprint = store.fingerprint(stage="metrics", **head, **inputs)
    if store.finished(runs.METRICS, fingerprint):
        return store.read_json(runs.METRICS, "invoke evaluate")["missing"]
    measured = _measure(usable, content)
    unscored |= measured["failed"]
    models = {name: {"digest": digests[name], **scores} for name, scores in measured["models"].items()}
    compared = {key: measured[key] for key in ("comparisons", "preference")}
    tail = {"models": models, **compared, "missing": unscored}
    store.write_json(runs.METRICS, {"fingerprint": fingerprint, **head, **tail})
    return unscored


def _measure(names: list[str], data: PreparedData) -> dict[str, Any]:
    """Measure and compare models on every split that their predictions cover, and say how they did."""
    from lesion.evaluation import collapse, metrics

    say(f"evaluate: measuring {', '.join(names)}, with intervals")
    probabilities = {name: _by_position(runs.predictions(name), data) for name in names}
    measured = metrics.measure(data, probabilities)
    for name, scores in measured["models"].items():
        test = scores["test"]
        shown = [f"{text} {_with_interval(test, key)}" for key, text in HEADLINE.items()]
        say(f"evaluate: {name}: test {', '.join(shown)}")
        for split in config.SCORED:
            for warning in collapse.on_split(split, scores[split]["sentinel"] if split in scores else []):
                say(f"evaluate: warning: {name} {warning}")
    for sentence in measured["preference"]["test"][:1]:
        say(f"evaluate: {sentence}")
    return measured


def _by_position(predictions: Predictions, data: PreparedData) -> np.ndarray:
    """Return one probability for each row of `data` (N,), NaN where it was not predicted."""
    probability = dict(zip(predictions.rows.tolist(), predictions.probabilities.tolist(), strict=True))
    return np.array([probability.get(row, np.nan) for row in data.rows.tolist()])


def _with_interval(scores: Mapping[str, Any], metric: str) -> str:
    if scores[metric] is None:
        return "undefined"
    bounds = scores["intervals"][metric]
    interval = f"{bounds[0]:.3f} to {bounds[1]:.3f}" if bounds else "undefined"
    return f"{scores[metric]:.3f} (95 % interval {interval})"


if __name__ == "__main__":
    stage.run("evaluate", main)

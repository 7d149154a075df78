"""What train and evaluate left of each model: whether it is there, fits the present data, and its predictions."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from lesion import config, store

METRICS = config.REPORTS / "metrics.json"


def manifest(name: str) -> dict[str, Any]:
    """Return what `train` wrote of the model; raises LesionError when there is none."""
    return store.read_json(config.RUNS / name / "manifest.json", f"invoke train --model {name}")


def missing(data: str) -> dict[str, str]:
    """Return why a model cannot be used, by name: not trained, failed, or trained on data other than `data`."""
    reasons = {name: _why_missing(name, data) for name in config.MODELS}
    return {name: reason for name, reason in reasons.items() if reason}


def _why_missing(name: str, data: str) -> str | None:
    run, command = config.RUNS / name, f"run `invoke train --model {name}`"
    failed = run / "partial" / "failed.txt"
    if failed.exists():
        return f"not trained, since training failed: {failed.read_text(encoding='utf-8')}"
    if not (run / "manifest.json").exists() or not (run / "model.keras").exists():
        return f"not trained: {command}"
    if manifest(name)["data"] != data:
        return f"trained on other data than is prepared now: {command}"
    return None


def evaluation_fingerprint(run: dict[str, Any]) -> str:
    """Return the fingerprint of predictions made with the model that the manifest `run` describes."""
    return store.fingerprint(stage="evaluate", data=run["data"], digest=run["digest"])


def is_evaluated(name: str) -> bool:
    """Tell whether the model's predictions are there and were made with the model as it is now."""
    folder = config.RUNS / name
    wanted = evaluation_fingerprint(manifest(name))
    return store.finished(folder / "evaluation.json", wanted) and (folder / "predictions.csv").exists()


@dataclass(frozen=True)
class Predictions:
    """One model's predictions, line by line as in predictions.csv; arrays (N,)."""

    rows: np.ndarray
    splits: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray

    def of_split(self, split: str) -> tuple[np.ndarray, np.ndarray]:
        """Return (labels, probabilities) of one split."""
        chosen = self.splits == split
        return self.labels[chosen], self.probabilities[chosen]


def predictions(name: str) -> Predictions:
    """Read the model's predictions; raises LesionError when there are none."""
    lines = store.read_table(config.RUNS / name / "predictions.csv", f"invoke evaluate --model {name}")
    return Predictions(
        rows=np.array([int(line["row"]) for line in lines]),
        splits=np.array([line["split"] for line in lines]),
        labels=np.array([int(line["label"]) for line in lines]),
        probabilities=np.array([float(line["probability"]) for line in lines]),
    )

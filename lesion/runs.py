"""runs/ and reports/: the files of each network and baseline, whether they fit the present data, and those on all."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lesion import config, store
from lesion.errors import LesionError
from lesion.integrity import seals
from lesion.records.baseline import BaselineRecord
from lesion.records.lines import PredictionLine
from lesion.records.training import EvaluationRecord, TrainingRecord
from lesion.tables import read_table, write_table

if TYPE_CHECKING:
    from lesion.prepared import PreparedData

METRICS = config.REPORTS / "metrics.json"
EXPLANATIONS = config.REPORTS / "explanations.json"
STRESS = config.REPORTS / "stress.json"
STUDY = config.REPORTS / "study.json"
LEAK = config.REPORTS / "leak.json"
BENCH = config.REPORTS / "bench.json"
REPORT = config.REPORTS / "index.html"
REPORT_MANIFEST = config.REPORTS / "report.json"
COMPARISON = config.REPORTS / "compare.html"  # of this report with another one
REPORT_FILES = (METRICS, EXPLANATIONS, STRESS, STUDY, LEAK, BENCH, REPORT, REPORT_MANIFEST, COMPARISON)
PROBABILITY_DECIMALS = 8  # in predictions.csv


@dataclass(frozen=True)
class RunFolder:
    """The files that networks and baselines have in common."""

    name: str

    @property
    def folder(self) -> Path:
        """Return the folder of all the other files."""
        return config.RUNS / self.name

    @property
    def manifest(self) -> Path:
        """Return the file of the record; the run is valid once it is there."""
        return self.folder / "manifest.json"

    @property
    def predictions(self) -> Path:
        """Return the file with one line for each scored row."""
        return self.folder / "predictions.csv"


@dataclass(frozen=True)
class Run(RunFolder):
    """The files that train and evaluate leave of one network."""

    @property
    def model(self) -> Path:
        """Return the file of the trained network."""
        return self.folder / "model.keras"

    @property
    def history(self) -> Path:
        """Return the file with one line for each epoch."""
        return self.folder / "history.csv"

    @property
    def evaluation(self) -> Path:
        """Return the file of the EvaluationRecord."""
        return self.folder / "evaluation.json"

    @property
    def unlike(self) -> Path:
        """Return the file that tells which images are unlike the training images; see `evaluation.unlike`."""
        return self.folder / "unlike.npz"

    @property
    def tensorboard(self) -> Path:
        """Return the folder of TensorBoard's logs."""
        return self.folder / "tensorboard"

    @property
    def activations(self) -> Path:
        """Return the folder of the frozen layers' activations."""
        return self.folder / "activations"

    @property
    def partial(self) -> Path:
        """Return the folder of a training that is running or was stopped."""
        return self.folder / "partial"

    @property
    def failed(self) -> Path:
        """Return the file that says why the last training failed."""
        return self.partial / "failed.txt"

    @property
    def written(self) -> list[str]:
        """Return the names of everything below the folder."""
        paths = (
            *(self.manifest, self.model, self.history, self.predictions, self.evaluation, self.unlike),
            *(self.tensorboard, self.activations, self.partial),
        )
        return [path.name for path in paths]

    @property
    def command(self) -> str:
        """Return the command that makes this run."""
        return f"invoke train --model {self.name}"

    @property
    def trained(self) -> bool:
        """Tell whether there is a finished training."""
        return self.manifest.exists() and self.model.exists()

    def record(self) -> TrainingRecord:
        """Return what `train` wrote; raises LesionError if there is nothing."""
        return store.read_record(self.manifest, TrainingRecord, self.command)

    def evaluation_record(self) -> EvaluationRecord:
        """Return what `evaluate` wrote; raises LesionError if there is nothing."""
        return store.read_record(self.evaluation, EvaluationRecord, f"invoke evaluate --model {self.name}")

    def write_record(self, record: TrainingRecord) -> None:
        """Write what `train` did, once the model and the history are there."""
        store.write_record(self.manifest, record, seals.of_files(self.folder, [self.model.name, self.history.name]))

    def write_evaluation(self, record: EvaluationRecord) -> None:
        """Write what `evaluate` did, once its files are there."""
        names = [self.predictions.name, *([self.unlike.name] if record.unlike else [])]
        store.write_record(self.evaluation, record, seals.of_files(self.folder, names))

    def evaluated(self) -> bool:
        """Tell whether all that `evaluate` writes is as it was written and was made with the model as it is now."""
        return store.finished(self.evaluation, evaluation_fingerprint(self.record()))

    def read_predictions(self) -> "Predictions":
        """Return the predictions; raises LesionError if there are none, or not those that were written."""
        return _read_predictions(self.predictions, self.evaluation, f"invoke evaluate --model {self.name}")


@dataclass(frozen=True)
class BaselineRun(RunFolder):
    """The files that `baseline` leaves of one baseline."""

    command = "invoke baseline"

    @property
    def written(self) -> list[str]:
        """Return the names of everything below the folder."""
        return [self.manifest.name, self.predictions.name]

    def record(self) -> BaselineRecord:
        """Return what `baseline` wrote; raises LesionError if there is nothing."""
        return store.read_record(self.manifest, BaselineRecord, self.command)

    def write_record(self, record: BaselineRecord) -> None:
        """Write what `baseline` did, once the predictions are there."""
        store.write_record(self.manifest, record, seals.of_files(self.folder, [self.predictions.name]))

    def why_missing(self, wanted: str) -> str | None:
        """Return why there are no predictions of the fingerprint `wanted`; None if there are."""
        if not (self.manifest.exists() and self.predictions.exists()):
            return f"not trained: run `{self.command}`"
        if store.finished(self.manifest, wanted):
            return None
        try:
            store.require_intact(self.manifest, [self.predictions.name], self.command)
        except LesionError as error:
            return f"not usable, since {error}"
        return f"trained on other data, or with other settings, than there are now: run `{self.command}`"

    def read_predictions(self) -> "Predictions":
        """Return the predictions; raises LesionError if there are none, or not those that were written."""
        return _read_predictions(self.predictions, self.manifest, self.command)


@dataclass(frozen=True)
class Predictions:
    """One model's predictions, line by line as in predictions.csv; arrays (N,)."""

    rows: np.ndarray
    splits: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray


def _read_predictions(path: Path, manifest: Path, made_by: str) -> Predictions:
    store.require_intact(manifest, [path.name], made_by)
    table = read_table(path, made_by, PredictionLine)
    return Predictions(
        rows=table["row"].to_numpy(),
        splits=table["split"].to_numpy(dtype=str),
        labels=table["label"].to_numpy(),
        probabilities=table["probability"].to_numpy(dtype=float),
    )


def write_predictions(path: Path, data: "PreparedData", positions: np.ndarray, probabilities: np.ndarray) -> None:
    """Write one line for each of the rows at `positions` (P,) of `data`: `probabilities` (P,) of malignancy."""
    import pandas as pd

    table = pd.DataFrame(
        {
            "row": data.rows[positions],
            "split": data.splits[positions],
            "label": data.labels[positions],
            "probability": probabilities,
        }
    )
    write_table(path, table, decimals=PROBABILITY_DECIMALS)


def all_runs() -> dict[str, Run]:
    """Return the run of every network by name."""
    return {name: Run(name) for name in config.NETWORKS}


def all_baselines() -> dict[str, BaselineRun]:
    """Return the run of every baseline by name, also of those that the data do not allow."""
    return {name: BaselineRun(name) for name in config.BASELINE_NAMES}


def missing(data: str) -> Mapping[str, str]:
    """Return why a network cannot be used, by name: not trained, failed, or trained on data other than `data`."""
    reasons = {name: _why_missing(run, data) for name, run in all_runs().items()}
    return {name: reason for name, reason in reasons.items() if reason}


def _why_missing(run: Run, data: str) -> str | None:
    reason = _why_unusable(run, data)
    if reason and run.failed.exists():  # a failed attempt beside a finished run harms nothing
        return f"not trained, since training failed: {run.failed.read_text(encoding='utf-8', errors='replace')}"
    return reason


def _why_unusable(run: Run, data: str) -> str | None:
    if not run.trained:
        return f"not trained: run `{run.command}`"
    try:
        if run.record().data != data:
            return f"trained on other data than is prepared now: run `{run.command}`"
        store.require_intact(run.manifest, [run.model.name], run.command)
    except LesionError as error:
        return f"not usable, since {error}"
    return None


def evaluation_fingerprint(record: TrainingRecord) -> str:
    """Return the fingerprint of what `evaluate` writes of the model that `record` describes."""
    method = store.blocks(config.UNLIKE, config.TEST_VIEWS)
    return store.fingerprint(stage="evaluate", data=record.data, digest=record.digest, method=method)

"""Measure the trained networks on images that had no part in training.

    python scripts/evaluate.py

Reads data/ and runs/*/model.keras; writes runs/MODEL/{predictions.csv, evaluation.json} and
reports/metrics.json, which holds every model whose predictions belong to the present data and training, with 95 %
intervals, and what the data say of the differences between them.
"""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import stage

from lesion import config, options, prepared, runs, store
from lesion.console import say
from lesion.errors import LesionError
from lesion.prepared import PreparedData
from lesion.records.metrics import MetricsRecord, ModelScores
from lesion.records.training import EvaluationRecord
from lesion.runs import Predictions, Run

if TYPE_CHECKING:  # it imports SciPy and scikit-learn: only when there is something to measure
    from lesion.evaluation.metrics import Results


def main() -> bool:
    """Predict with the requested models, then write the metrics of all; return False if a requested one is missing."""
    values = options.parse("evaluate", __doc__)
    names = options.chosen_networks(values.model)
    missing = runs.missing(prepared.read_manifest().data)
    if all(name in missing for name in names):
        raise LesionError("; ".join(f"{name} is {missing[name]}" for name in names))
    data = prepared.open_data()
    for name in names:
        if name not in missing:
            _predict(Run(name), data, values.force)
    unmeasured = _write_metrics(data, missing)
    absent = [name for name in names if name in unmeasured]
    for name in absent:
        say(f"evaluate: {name} is {unmeasured[name]}")
    return not absent


def _predict(run: Run, data: PreparedData, force: bool) -> None:
    """Write the predictions of one model, unless they are there already."""
    if not force and run.evaluated():
        say(f"evaluate: {run.name} is evaluated already (--force does it again)")
        return
    stage.import_tensorflow()
    from lesion.networks import training

    positions = np.flatnonzero(np.isin(data.splits, config.SCORED))
    model = training.load(run.model)
    begin = time.monotonic()
    probabilities = training.predict(model, data.images, positions)
    seconds = time.monotonic() - begin
    _write_predictions(run, data, positions, probabilities)
    record = run.record()
    evaluation = EvaluationRecord(
        fingerprint=runs.evaluation_fingerprint(record),
        data=record.data,
        digest=record.digest,
        seconds_per_image=seconds / len(positions),
        provenance=store.provenance(seconds, training.device()),
    )
    store.write_record(run.evaluation, evaluation)


def _write_predictions(run: Run, data: PreparedData, positions: np.ndarray, probabilities: np.ndarray) -> None:
    import pandas as pd

    table = pd.DataFrame(
        {
            "row": data.rows[positions],
            "split": data.splits[positions],
            "label": data.labels[positions],
            "probability": probabilities,
        }
    )
    store.write_table(run.predictions, table, decimals=runs.PROBABILITY_DECIMALS)


def _write_metrics(data: PreparedData, missing: Mapping[str, str]) -> Mapping[str, str]:
    """Measure all models whose predictions are up to date, unless metrics.json already holds just these.

    Returns why a model is not among them, by name.
    """
    usable = [run for name, run in runs.all_runs().items() if name not in missing and run.evaluated()]
    digests = {run.name: run.record().digest for run in usable}
    not_evaluated = {name: "not evaluated: run `invoke evaluate`" for name in config.NETWORKS if name not in digests}
    unscored = {**not_evaluated, **missing}
    fingerprint = metrics_fingerprint(data, digests, unscored)
    if store.finished(runs.METRICS, fingerprint):
        return store.read_record(runs.METRICS, MetricsRecord, "invoke evaluate").missing
    results = _measure(usable, data, digests)
    record = MetricsRecord(
        fingerprint=fingerprint,
        data=data.fingerprint,
        classes=list(config.CLASSES),
        threshold=config.DECISION.threshold,
        statistics=config.STATISTICS,
        models=results.models,
        comparisons=results.comparisons,
        preference=results.preference,
        missing={**unscored, **results.failed},
    )
    store.write_record(runs.METRICS, record)
    return record.missing


def metrics_fingerprint(data: PreparedData, digests: Mapping[str, str], missing: Mapping[str, str]) -> str:
    """Return the fingerprint of metrics.json: `digests` of the measured models, and why others are `missing`."""
    return store.fingerprint(
        stage="metrics",
        data=data.fingerprint,
        groups=data.groups.tolist(),
        classes=config.CLASSES,
        method=store.blocks(config.STATISTICS, config.DECISION, config.COLLAPSE),
        digests=digests,
        missing=missing,
    )


def _measure(usable: list[Run], data: PreparedData, digests: Mapping[str, str]) -> "Results":
    """Measure and compare models on every split that their predictions cover, and say how they did."""
    from lesion.evaluation import metrics

    say(f"evaluate: measuring {', '.join(digests)}, with intervals")
    probabilities = {run.name: _by_position(run.read_predictions(), data) for run in usable}
    results = metrics.measure(data, probabilities, digests)
    for name, scores in results.models.items():
        _say_scores(name, scores)
    for sentence in results.preference["test"][:1]:
        say(f"evaluate: {sentence}")
    return results


def _say_scores(name: str, scores: ModelScores) -> None:
    from lesion.evaluation import collapse
    from lesion.evaluation.wording import METRIC_NAMES, interval_phrase

    figures = [
        f"{title} {interval_phrase(getattr(scores.test, metric), scores.test.intervals[metric])}"
        for metric, title in METRIC_NAMES.items()
    ]
    say(f"evaluate: {name}: test {', '.join(figures)}")
    for split in config.SCORED:
        subset = scores.of(split)
        for warning in collapse.on_split(split, subset.collapsed if subset else []):
            say(f"evaluate: warning: {name} {warning}")


def _by_position(predictions: Predictions, data: PreparedData) -> np.ndarray:
    """Return one probability for each row of `data` (N,), NaN if it was not predicted."""
    probability = dict(zip(predictions.rows.tolist(), predictions.probabilities.tolist(), strict=True))
    return np.array([probability.get(row, np.nan) for row in data.rows.tolist()])


if __name__ == "__main__":
    stage.run("evaluate", main)

"""Measure the trained networks on images that had no part in training.

    python scripts/evaluate.py

Reads data/, runs/*/model.keras and the predictions of the baselines; writes runs/MODEL/{predictions.csv, unlike.npz,
evaluation.json} and reports/metrics.json, which holds every model whose predictions belong to the present data and
training, with 95% intervals, and which differences between them are more than chance.
"""

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import stage

from lesion import config, console, options, prepared, runs, store
from lesion.baselines import inputs
from lesion.console import say
from lesion.evaluation import unlike
from lesion.prepared import PreparedData
from lesion.records.metrics import MetricsRecord, ModelScores
from lesion.records.training import EvaluationRecord, UnlikeRecord
from lesion.runs import BaselineRun, Predictions, Run

if TYPE_CHECKING:  # they import TensorFlow, SciPy and scikit-learn: only when there is something to measure
    import keras

    from lesion.evaluation.metrics import Results


def main() -> bool:
    """Predict with the requested networks, then write the metrics of all; return False if a requested one is missing.

    A baseline that is missing is said to be so, and that is all.
    """
    values = options.parse("evaluate", __doc__)
    names = options.chosen_networks(values.model)
    missing = runs.missing(prepared.read_manifest().data)
    usable = stage.usable(names, missing)
    data = prepared.open_data()
    for name in usable:
        _predict(Run(name), data, values.force)
    unmeasured = _write_metrics(data, missing)
    complete = stage.say_missing("evaluate", names, unmeasured)
    for name in config.BASELINE_NAMES:
        if name in unmeasured:
            say(f"evaluate: {config.in_sentence(name)} is {unmeasured[name]}")
    return complete


def _predict(run: Run, data: PreparedData, force: bool) -> None:
    """Write the predictions of one model, and which images are unlike its training images, unless all is there."""
    if not force and run.evaluated():
        say(f"evaluate: {config.title(run.name)} is evaluated already (--force does it again)")
        return
    stage.import_tensorflow()
    from lesion.networks import features, models, replicas

    positions = np.flatnonzero(np.isin(data.splits, config.SCORED))
    model = models.load(run.model)
    begin = time.monotonic()
    sides = config.TEST_VIEWS.number
    probabilities, scored = features.predict(model, config.UNLIKE.stride, data.images, positions, sides)
    seconds = time.monotonic() - begin
    runs.write_predictions(run.predictions, data, positions, probabilities)
    record = run.record()
    evaluation = EvaluationRecord(
        fingerprint=runs.evaluation_fingerprint(record),
        data=record.data,
        digest=record.digest,
        seconds_per_image=seconds / len(positions),
        views=sides,
        provenance=store.provenance(seconds, replicas.device()),
        unlike=_write_unlike(run, model, data, positions, scored),
    )
    run.write_evaluation(evaluation)


def _write_unlike(
    run: Run, model: "keras.Model", data: PreparedData, positions: np.ndarray, scored: np.ndarray
) -> UnlikeRecord | None:
    """Learn which images are unlike the training images of `model`; write that, and return which test images are.

    `scored` (P, channels) are the features of the images at `positions` (P,). Returns None, and writes nothing, if
    there are too few images to say.
    """
    from lesion.networks import features

    training = unlike.drawn(data.of_split("train")[0])
    known = features.features(model, config.UNLIKE.stride, data.images, training)
    splits = data.splits[positions]
    reference = unlike.learn(known, data.labels[training], scored[splits == "validation"])
    run.unlike.unlink(missing_ok=True)  # of another training, perhaps
    if reference is None:
        return None
    reference.write(run.unlike)
    strange = reference.ratios(scored) > 1
    return UnlikeRecord(
        distance=reference.distance,
        trained=len(training),
        validation_share=float(np.mean(strange[splits == "validation"])),
        test_rows=data.rows[positions[strange & (splits == "test")]].tolist(),
    )


def _write_metrics(data: PreparedData, missing: Mapping[str, str]) -> Mapping[str, str]:
    """Measure all models whose predictions are up to date, unless metrics.json already holds just these.

    `missing`: why a network cannot be used. Returns why a network or baseline is not among them, by name.
    """
    networks = [run for name, run in runs.all_runs().items() if name not in missing and run.evaluated()]
    baselines, absent = _baselines(data)
    digests = {run.name: run.record().digest for run in networks}
    digests |= {run.name: run.record().digest for run in baselines}
    not_evaluated = {name: "not evaluated: run `invoke evaluate`" for name in config.NETWORKS if name not in digests}
    unscored = {**not_evaluated, **missing, **absent}
    predictions = {run.name: store.digest(run.predictions) for run in (*networks, *baselines)}
    fingerprint = metrics_fingerprint(data, digests, predictions, unscored)
    if store.finished(runs.METRICS, fingerprint):
        return store.read_record(runs.METRICS, MetricsRecord, "invoke evaluate").missing
    results = _measure([*networks, *baselines], data, digests)
    record = MetricsRecord(
        fingerprint=fingerprint,
        data=data.fingerprint,
        classes=list(config.CLASSES),
        threshold=config.DECISION.threshold,
        statistics=config.STATISTICS,
        decisions=config.DECISIONS,
        baselines=config.BASELINES,
        models=results.models,
        sizes=results.sizes,
        comparisons=results.comparisons,
        against_colour=results.against_colour,
        subgroups=results.subgroups,
        subgroup_differences=results.subgroup_differences,
        preference=results.preference,
        missing={**unscored, **results.failed},
        predictions=predictions,
    )
    store.write_record(runs.METRICS, record)
    if not console.screen.whole:  # `invoke all` says it in its closing table
        _say_results(record)
    return record.missing


def _baselines(data: PreparedData) -> tuple[list[BaselineRun], dict[str, str]]:
    """Return the baselines that are trained on `data`, and why others that the data allow are not, by name."""
    reasons = {name: BaselineRun(name).why_missing(wanted) for name, wanted in inputs.fingerprints(data).items()}
    trained = [BaselineRun(name) for name, reason in reasons.items() if reason is None]
    return trained, {name: reason for name, reason in reasons.items() if reason}


def metrics_fingerprint(
    data: PreparedData, digests: Mapping[str, str], predictions: Mapping[str, str], missing: Mapping[str, str]
) -> str:
    """Return the fingerprint of metrics.json.

    It holds `digests` of the measured models and of their `predictions`, and why other models are `missing`.
    """
    factors = (data.ages, data.sexes, data.sites, data.cropped, data.cleaned_shares)  # of the subgroups
    return store.fingerprint(
        stage="metrics",
        data=data.fingerprint,
        groups=data.groups.tolist(),
        factors=[column.tolist() for column in factors],
        classes=config.CLASSES,
        method=store.blocks(config.STATISTICS, config.DECISION, config.DECISIONS, config.COLLAPSE, config.TEST_VIEWS),
        digests=digests,
        predictions=predictions,
        missing=missing,
    )


def _measure(usable: Sequence[Run | BaselineRun], data: PreparedData, digests: Mapping[str, str]) -> "Results":
    """Measure and compare models on every split that their predictions cover."""
    from lesion.evaluation import metrics

    say(f"evaluate: measuring {', '.join(config.in_sentence(name) for name in digests)}, with intervals")
    probabilities = {run.name: _by_position(run.read_predictions(), data) for run in usable}
    return metrics.measure(data, probabilities, digests)


def _say_results(record: MetricsRecord) -> None:
    """Say how good each model is, which did best and how sure that is, and how far colour or the frame alone gets."""
    from lesion.evaluation.words import wording

    for name, scores in record.models.items():
        _say_scores(name if name in config.NETWORKS else config.in_sentence(name), scores)
    for sentence in (*record.preference["test"][:1], wording.colour_sentence(record), wording.frame_sentence(record)):
        if sentence:
            say(f"evaluate: {sentence}")


def _say_scores(name: str, scores: ModelScores) -> None:
    from lesion.evaluation import collapse
    from lesion.evaluation.words.wording import METRIC_NAMES, interval_phrase

    figures = [
        f"{title} {interval_phrase(getattr(scores.test, metric), scores.test.intervals[metric])}"
        for metric, title in METRIC_NAMES.items()
    ]
    say(f"evaluate: {name}: test {', '.join(figures)}")
    for split in config.SCORED:
        if subset := scores.of(split):
            cautions = [f"{caution}, on the {split} split" for caution in subset.cautions]
            for warning in (*collapse.on_split(split, subset.collapsed), *cautions):
                say(f"evaluate: warning: {name} {warning}")


def _by_position(predictions: Predictions, data: PreparedData) -> np.ndarray:
    """Return one probability for each row of `data` (N,), NaN if it was not predicted."""
    probability = dict(zip(predictions.rows.tolist(), predictions.probabilities.tolist(), strict=True))
    return np.array([probability.get(row, np.nan) for row in data.rows.tolist()])


if __name__ == "__main__":
    stage.run("evaluate", main)

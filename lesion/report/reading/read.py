"""Reading of what the stages wrote, with the checks that it belongs together."""

import base64
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from lesion import config, prepared, runs, store
from lesion.records.baseline import BaselineRecord
from lesion.records.bench import BenchRecord
from lesion.records.explanations import ExplanationsRecord
from lesion.records.leak import LeakRecord
from lesion.records.lines import EpochLine
from lesion.records.metrics import MetricsRecord
from lesion.records.preparation import PreparationRecord
from lesion.records.study import StudyRecord
from lesion.records.training import EvaluationRecord, TrainingRecord
from lesion.report.reading import cases
from lesion.report.reading.artefacts import Artefacts, Model
from lesion.report.reading.checks import require_same
from lesion.report.reading.privacy import without_folders
from lesion.report.reading.stress import read_stress
from lesion.runs import BaselineRun, Run
from lesion.tables import read_table

if TYPE_CHECKING:  # it takes half a second to import
    import pandas as pd

HISTORY_COLUMNS = ["epoch", "loss", "auc", "val_loss", "val_auc"]  # that are shown, beside the phase


def read_artefacts(models: Sequence[str]) -> Artefacts:
    """Read what the stages wrote about `models` (keys of config.NETWORKS), in that order.

    What is missing of a single model is None there, with the reason in its `absent`. Raises LesionError if the
    data's manifest or the metrics are missing or damaged, or if artefacts do not belong together.
    """
    data = _read_data()
    metrics = _read_metrics(data, models)
    explanations = cases.read_explanations(data)
    study, study_unused = _read_study(data, models)
    return Artefacts(
        data=data,
        metrics=metrics,
        models=[_read_model(name, data, metrics, explanations) for name in models],
        references=_read_references(data, metrics),
        cases=cases.read_cases(explanations),
        skill_differences=explanations.skill_differences if explanations else [],
        predictions=cases.read_predictions(metrics),
        metrics_text=runs.METRICS.read_text(encoding="utf-8"),
        bench=store.read_record(runs.BENCH, BenchRecord, "invoke bench") if runs.BENCH.exists() else None,
        leak=_read_leak(),
        stress=read_stress(data, metrics.models),
        study=study,
        study_unused=study_unused,
    )


def _read_data() -> PreparationRecord:
    """Read what `prepare` wrote, with its pictures as data URIs."""
    data = without_folders(store.read_record(prepared.MANIFEST, PreparationRecord, prepared.MADE_BY))
    names = [prepared.INDEX.name, *prepared.pictures(data)]
    store.require_intact(prepared.MANIFEST, names, prepared.MADE_BY)

    def embed(name: str) -> str:
        content = (prepared.MANIFEST.parent / name).read_bytes()
        return "data:image/jpeg;base64," + base64.b64encode(content).decode("ascii")

    largest = [replace(group, pictures=[embed(name) for name in group.pictures]) for group in data.groups.largest]
    return replace(
        data,
        groups=replace(data.groups, largest=largest),
        examples=[replace(one, before=embed(one.before), after=embed(one.after)) for one in data.examples],
        augmentation=[
            replace(one, original=embed(one.original), augmented=embed(one.augmented)) for one in data.augmentation
        ],
    )


def _read_metrics(data: PreparationRecord, models: Sequence[str]) -> MetricsRecord:
    """Read the metrics; what is said of all networks that were compared does not hold for a choice of `models`."""
    metrics = store.read_record(runs.METRICS, MetricsRecord, "invoke evaluate")
    require_same(metrics.data, data.data, "data", runs.METRICS, "invoke evaluate")
    left_out = {name for name in metrics.models if name in config.NETWORKS} - set(models)
    if not left_out:
        return metrics
    shown = {name: scores for name, scores in metrics.models.items() if name not in {*left_out, *config.COMBINATIONS}}
    against_colour = {
        subset: [pair for pair in pairs if pair.first in shown] for subset, pairs in metrics.against_colour.items()
    }
    return replace(metrics, models=shown, comparisons={}, preference={}, against_colour=against_colour)


def _read_leak() -> LeakRecord | None:
    if not runs.LEAK.exists():
        return None
    return without_folders(store.read_record(runs.LEAK, LeakRecord, "invoke leak"))


def _read_study(data: PreparationRecord, models: Sequence[str]) -> tuple[StudyRecord | None, str]:
    """Read the study, None if there is none of these images, and why one that is there is not used.

    What it says of all its networks does not hold for a choice of `models`.
    """
    if not runs.STUDY.exists():
        return None, ""
    study = without_folders(store.read_record(runs.STUDY, StudyRecord, "invoke study"))
    if study.data.fingerprint != data.data:
        return None, f"{store.shown(runs.STUDY)} is a study of other images and is not used: run `invoke study`"
    left_out = {name for name in study.models if name in config.NETWORKS} - set(models)
    if not left_out:
        return study, ""
    shown = {name: scores for name, scores in study.models.items() if name not in {*left_out, *config.COMBINATIONS}}
    differences = [pair for pair in study.differences if pair.first in shown and pair.second in shown]
    views = {name: number for name, number in study.shared_views.items() if name in shown}
    study = replace(study, models=shown, differences=differences, shared_views=views, headline="", sentences=[])
    return study, ""


def _read_model(
    name: str, data: PreparationRecord, metrics: MetricsRecord, explanations: ExplanationsRecord | None
) -> Model:
    """Read one model's artefacts, which must be of the weights that were measured.

    Of a model that was not measured nothing is read: its folder may hold an earlier run.
    """
    run = Run(name)
    scores = metrics.models.get(name)
    if scores is None:
        unknown = f"not in {store.shown(runs.METRICS)}: run `invoke evaluate --model {name}`"
        reason = without_folders(metrics.missing.get(name, unknown))
        fields = ("scores", "run", "history", "evaluation", "explanation")
        return Model(name, absent=dict.fromkeys(fields, reason))
    absent: dict[str, str] = {}
    record = _read_run(run, data, absent)
    if record is not None:
        require_same(scores.digest, record.digest, "weights", runs.METRICS, "invoke evaluate")
    explanation = cases.of_model(name, scores.digest, explanations, absent)
    return Model(
        name,
        run=record,
        history=_read_history(run, absent),
        evaluation=_read_evaluation(run, data, scores.digest, absent),
        scores=scores,
        explanation=explanation,
        maps=cases.read_maps(explanation) if explanation else None,
        absent=absent,
    )


def _read_references(data: PreparationRecord, metrics: MetricsRecord) -> list[Model]:
    """Read what the networks are to be seen beside; what needs columns that the source lacks is left out."""
    always = ("frame", "colour")
    shown = [name for name in config.REFERENCES if name in always or name in metrics.models or name in metrics.missing]
    return [_read_reference(name, data, metrics) for name in shown]


def _read_reference(name: str, data: PreparationRecord, metrics: MetricsRecord) -> Model:
    scores = metrics.models.get(name)
    if scores is None:
        unknown = f"not in {store.shown(runs.METRICS)}: run `{BaselineRun.command}`, then `invoke evaluate`"
        return Model(name, absent={"scores": metrics.missing.get(name, unknown)})
    return Model(name, scores=scores, baseline=_read_baseline(BaselineRun(name), data, scores.digest))


def _read_baseline(run: BaselineRun, data: PreparationRecord, digest: str) -> BaselineRecord | None:
    """Read what `baseline` did; None if its manifest is gone, or for the combination of the networks."""
    if run.name not in config.BASELINE_NAMES or not run.manifest.exists():
        return None
    record = run.record()
    require_same(record.data, data.data, "data", run.manifest, run.command)
    require_same(digest, record.digest, "predictions", runs.METRICS, "invoke evaluate")
    return record


def _read_run(run: Run, data: PreparationRecord, absent: dict[str, str]) -> TrainingRecord | None:
    if not run.manifest.exists():
        absent["run"] = f"{store.shown(run.manifest)} is missing: run `{run.command}`"
        return None
    record = without_folders(run.record())
    require_same(record.data, data.data, "data", run.manifest, run.command)
    return record


def _read_history(run: Run, absent: dict[str, str]) -> "pd.DataFrame | None":
    path = run.history if run.manifest.exists() else run.manifest
    if not path.exists():
        absent["history"] = f"{store.shown(path)} is missing: run `{run.command}`"
        return None
    store.require_intact(run.manifest, [path.name], run.command)
    table = read_table(path, run.command, EpochLine)
    return table[["phase", *HISTORY_COLUMNS]].astype(dict.fromkeys(HISTORY_COLUMNS, float))


def _read_evaluation(run: Run, data: PreparationRecord, digest: str, absent: dict[str, str]) -> EvaluationRecord | None:
    path = run.evaluation
    command = f"invoke evaluate --model {run.name}"
    if not path.exists():
        absent["evaluation"] = f"{store.shown(path)} is missing: run `{command}`"
        return None
    record = run.evaluation_record()
    require_same(record.data, data.data, "data", path, command)
    require_same(record.digest, digest, "weights", path, command)
    return record

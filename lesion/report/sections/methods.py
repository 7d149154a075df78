"""Sections on how the networks were made: trainings, methods, and where each number comes from."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from markupsafe import Markup

from lesion import config
from lesion.evaluation.words.wording import listed
from lesion.records.common import Provenance
from lesion.records.training import TrainingRecord
from lesion.report.embedded import about, paper
from lesion.report.figures import plots
from lesion.report.reading.artefacts import Artefacts, Context, Model, used_setting
from lesion.report.sections.data import Pair
from lesion.report.sections.results import views
from lesion.report.sections.study import StudyMethod
from lesion.report.writing.tables import (
    Cell,
    Row,
    Table,
    cell,
    count,
    counted,
    duration,
    megabytes,
    number,
    whole_percent,
)

if TYPE_CHECKING:  # it takes half a second to import
    import pandas as pd

PHASES = {"frozen": "frozen backbone", "tune": "fine-tuning", "whole": "whole network"}


# --- training ---------------------------------------------------------------------------------------
def training(artefacts: Artefacts) -> Context | None:
    """Return how the trainings went, side by side, and what was trained on what; None without a training."""
    models = [(model, model.run) for model in artefacts.models if model.run]
    if not models:
        return None
    columns = ("Weights at the start", "Epochs", "Best epoch", "Validation loss", "Validation ROC-AUC", "Time")
    caption = "How each network was trained; the weights of the best epoch were kept"
    return {
        "table": Table(caption, columns, [Row(model.title, _training(run)) for model, run in models], first="Network"),
        "rows": _curves(models),
        "courses": [(model.title, _course(run)) for model, run in models],
        "augmentation": augmentation(artefacts),
        "architectures": [architecture(model, run) for model, run in models],
    }


def _training(run: TrainingRecord) -> list[Cell]:
    return [
        Cell(run.weights.used, None, word=True),
        cell(sum(phase.epochs for phase in run.phases), count),
        cell(run.best.epoch, count),
        cell(run.best.val_loss, number),
        cell(run.best.val_auc, number),
        cell(run.seconds, duration),
    ]


def architecture(model: Model, run: TrainingRecord) -> Context:
    """Return the parts of a network, from the image to the score."""
    return {"title": model.title, "run": run, "layers": sum(part.layers for part in run.architecture)}


def augmentation(artefacts: Artefacts) -> Context:
    """Return training images as they are and as training sees them."""
    record = artefacts.data
    shares = {
        name: artefacts.setting("augmentation", name, whole_percent) for name in ("zoom", "brightness", "contrast")
    }
    examples = [
        Pair(f"Image {one.row}, {record.classes[one.label]}", one.original, one.augmented)
        for one in record.augmentation
    ]
    rotation = artefacts.setting("augmentation", "rotation", lambda turn: f"±{360 * turn:g}°")
    return {"examples": examples, "rotation": rotation, **shares}


def _course(run: TrainingRecord) -> list[str]:
    """Describe a training: its first weights, each phase, what was computed once, and the best epoch."""
    replaced = f" ({run.weights.replaced})" if run.weights.replaced else ""
    sentences = [f"Weights at the start: {run.weights.used}{replaced}."]
    sentences += [
        f"{PHASES[phase.name].capitalize()}: {counted(phase.epochs, 'epoch')}, {count(phase.trainable_parameters)} "
        f"trainable parameters, {duration(phase.seconds)}."
        for phase in run.phases
    ]
    if run.activations:
        views = counted(run.activations.views, "augmented view")
        size, time = megabytes(run.activations.bytes), duration(run.activations.seconds)
        sentences.append(f"The frozen layers ran once, for {views} of each image ({size} on disk, {time}).")
    area = "" if run.best.val_auc is None else f", ROC-AUC {number(run.best.val_auc)}"
    sentences.append(f"Best epoch {run.best.epoch}: validation loss {number(run.best.val_loss)}{area}.")
    return sentences


def _curves(models: Sequence[tuple[Model, TrainingRecord]]) -> list[list[tuple[str, Markup]]]:
    """Draw a row of plots for each measure, one for each network whose history is there, with its caption."""
    shown = [(model, run, model.history) for model, run in models if model.history is not None]
    return [
        [(f"{title}, {model.title}", _curve(model, run, history, measure)) for model, run, history in shown]
        for measure, title in plots.MEASURES.items()
        if shown
    ]


def _curve(model: Model, run: TrainingRecord, history: "pd.DataFrame", measure: str) -> Markup:
    firsts = history.drop_duplicates("phase")
    figure = plots.training_curves(
        epochs=[int(epoch) for epoch in history["epoch"]],
        train=history[measure].tolist(),
        validation=history[f"val_{measure}"].tolist(),
        model=model.name,
        measure=measure,
        phases={PHASES[name]: int(epoch) for name, epoch in zip(firsts["phase"], firsts["epoch"], strict=True)},
        best_epoch=run.best.epoch,
    )
    return Markup(plots.svg(figure, f"{measure}-{model.name}"))


# --- methods ----------------------------------------------------------------------------------------
def methods(artefacts: Artefacts) -> Context:
    """Return the settings with which the data was prepared and the networks were trained and measured."""
    data = artefacts.data
    statistics = artefacts.metrics.statistics
    shares = [artefacts.setting("preparation", split, lambda share: f"{100 * share:g}") for split in config.SPLITS]
    pretrained = {model.title: config.NETWORKS[model.name].pretrained for model in artefacts.models if model.scores}
    return {
        "shares": " / ".join(shares),
        "splits": " / ".join(config.SPLITS),
        "grouped": data.settings.split == "grouped",
        "origin": data.groups.origin,
        "searched": "pixels" in data.groups.origin,
        "enough_inliers": artefacts.setting("matching", "enough_inliers"),
        "clean": data.settings.clean,
        "size": data.settings.image_size,
        "plain": listed([title for title, is_pretrained in pretrained.items() if not is_pretrained]),
        "pretrained": listed([title for title, is_pretrained in pretrained.items() if is_pretrained]),
        "patience": artefacts.setting("training", "patience"),
        "tuned_share": artefacts.setting("training", "tuned_share", whole_percent),
        "threshold": artefacts.metrics.threshold,
        "views": views(artefacts.models),
        "confidence": whole_percent(statistics.confidence),
        "replicates": statistics.replicates,
        "floor_draws": statistics.floor_draws,
        "prevalence": whole_percent(artefacts.metrics.decisions.prevalence),
        "study": StudyMethod.of(artefacts.study) if artefacts.study else None,
        "paragraph": paper.paragraph(artefacts),
        "references": paper.references(artefacts),
        **_baselines(artefacts),
    }


def _baselines(artefacts: Artefacts) -> Context:
    """Return the settings of the baselines, empty if none was trained."""
    used = [model.baseline.method for model in artefacts.references if model.baseline]
    return {name: used_setting(used, "baselines", name) for name in ("iterations", "learning_rate", "rings")}


# --- provenance -------------------------------------------------------------------------------------
@dataclass(frozen=True)
class StageRow:
    """The settings of a stage that it does not share with all trainings, and when, where and with what it ran."""

    name: str
    settings: Mapping[str, object]
    fingerprint: str
    provenance: Provenance


def provenance(artefacts: Artefacts) -> Context:
    """Return how to repeat and cite the experiment, and what every stage left of its settings and its machine."""
    rows = stage_rows(artefacts)
    environments = [(listed([row.name for row in group]), group[0].provenance) for group in same_environment(rows)]
    return {
        "about": about.about(artefacts),
        "fingerprint": artefacts.data.data,
        "shared": shared_settings(artefacts),
        "stages": rows,
        "weights": [(model.title, model.run) for model in artefacts.models if model.run],
        "missing": [
            (model.title, reason)
            for model in artefacts.models
            if model.scores
            for reason in dict.fromkeys(model.absent.values())
        ],
        "environments": environments,
    }


def shared_settings(artefacts: Artefacts) -> Mapping[str, object]:
    """Return the settings that all trainings have in common; empty if there are not two of them."""
    used = [asdict(model.run.settings) for model in artefacts.models if model.run]
    if len(used) < 2:
        return {}
    return {name: value for name, value in used[0].items() if all(one[name] == value for one in used)}


def stage_rows(artefacts: Artefacts) -> list[StageRow]:
    """Return every stage that left its provenance, in order."""
    data = artefacts.data
    asked = asdict(replace(data.settings, metadata=PurePath(data.settings.metadata).name))
    shared = {"model", *shared_settings(artefacts)}
    rows = [StageRow("prepare", asked, data.fingerprint, data.provenance)]
    for model in artefacts.models:
        stages = ("train", model.run), ("evaluate", model.evaluation), ("explain", model.explanation)
        stressed = artefacts.stress.models.get(model.name) if artefacts.stress else None
        for stage, record in (*stages, ("stress", stressed)):
            if record is not None:
                settings = asdict(record.settings) if isinstance(record, TrainingRecord) else {}
                own = {name: value for name, value in settings.items() if name not in shared}
                rows.append(StageRow(f"{stage} {model.title}", own, record.fingerprint, record.provenance))
    for model in artefacts.references:
        if baseline := model.baseline:
            rows.append(StageRow(f"baseline {model.title}", {}, baseline.fingerprint, baseline.provenance))
    if study := artefacts.study:
        rows.append(StageRow("study", asdict(study.design), study.fingerprint, study.provenance))
    return rows


def same_environment(rows: Sequence[StageRow]) -> list[list[StageRow]]:
    """Group stages that ran on the same machine and device with the same versions."""
    groups: dict[str, list[StageRow]] = {}
    for row in rows:
        where = [row.provenance.machine, row.provenance.device, row.provenance.versions]
        groups.setdefault(json.dumps(where, sort_keys=True), []).append(row)
    return list(groups.values())

"""Sections on how the networks were made: architectures, trainings, methods, and where each number comes from."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import PurePath

from markupsafe import Markup

from lesion import config
from lesion.evaluation.wording import listed
from lesion.records.common import Provenance
from lesion.records.training import TrainingRecord
from lesion.report import plots
from lesion.report.artefacts import Artefacts, Context, Model, each_model, used_setting
from lesion.report.sections.study import StudyMethod
from lesion.report.tables import count, counted, duration, megabytes, number, whole_percent

PHASES = {"frozen": "frozen backbone", "tune": "fine-tuning", "whole": "whole network"}


def architecture(artefacts: Artefacts) -> Context:
    """Return the parts of each network, from the image to the probability."""
    return {"models": each_model(artefacts.models, "run", _architecture)}


def _architecture(model: Model, run: TrainingRecord) -> Context:
    return {"run": run, "layers": sum(part.layers for part in run.architecture)}


# --- training ---------------------------------------------------------------------------------------
def training(artefacts: Artefacts) -> Context:
    """Return how each training went, in sentences and as curves."""
    return {"models": each_model(artefacts.models, "run", _training)}


def _training(model: Model, run: TrainingRecord) -> Context:
    return {"sentences": _course(run), "curves": _curves(model, run), "no_curves": model.absent.get("history", "")}


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


def _curves(model: Model, run: TrainingRecord) -> list[tuple[str, Markup]]:
    """Draw each measure of the training, with its name; nothing if the history is missing."""
    history = model.history
    if history is None:
        return []
    firsts = history.drop_duplicates("phase")
    phases = {PHASES[name]: int(epoch) for name, epoch in zip(firsts["phase"], firsts["epoch"], strict=True)}
    curves = []
    for measure, title in plots.MEASURES.items():
        figure = plots.training_curves(
            epochs=[int(epoch) for epoch in history["epoch"]],
            train=history[measure].tolist(),
            validation=history[f"val_{measure}"].tolist(),
            model=model.name,
            measure=measure,
            phases=phases,
            best_epoch=run.best.epoch,
        )
        curves.append((title, Markup(plots.svg(figure, f"{measure}-{model.name}"))))
    return curves


# --- methods ----------------------------------------------------------------------------------------
def methods(artefacts: Artefacts) -> Context:
    """Return the settings with which the data was prepared and the networks were trained and measured."""
    data = artefacts.data
    statistics = artefacts.metrics.statistics
    shares = [artefacts.setting("preparation", split, lambda share: f"{100 * share:g}") for split in config.SPLITS]
    pretrained = {model.title: config.NETWORKS[model.name].pretrained for model in artefacts.models}
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
        "confidence": whole_percent(statistics.confidence),
        "replicates": statistics.replicates,
        "floor_draws": statistics.floor_draws,
        "prevalence": whole_percent(artefacts.metrics.decisions.prevalence),
        "study": StudyMethod.of(artefacts.study) if artefacts.study else None,
        **_baselines(artefacts),
    }


def _baselines(artefacts: Artefacts) -> Context:
    """Return the settings of the baselines, empty if none was trained."""
    used = [model.baseline.method for model in artefacts.references if model.baseline]
    return {name: used_setting(used, "baselines", name) for name in ("iterations", "learning_rate", "rings")}


# --- provenance -------------------------------------------------------------------------------------
@dataclass(frozen=True)
class StageRow:
    """The settings of a stage, and when, where and with what it ran."""

    name: str
    settings: Mapping[str, object]
    fingerprint: str
    provenance: Provenance


def provenance(artefacts: Artefacts) -> Context:
    """Return what every stage left of its settings and its machine, and the weights of each network."""
    rows = stage_rows(artefacts)
    environments = [(listed([row.name for row in group]), group[0].provenance) for group in same_environment(rows)]
    return {
        "fingerprint": artefacts.data.data,
        "classes": artefacts.data.classes,
        "stages": rows,
        "models": each_model(artefacts.models, "run", lambda model, run: {"run": run}),
        "environments": environments,
    }


def stage_rows(artefacts: Artefacts) -> list[StageRow]:
    """Return every stage that left its provenance, in order."""
    data = artefacts.data
    asked = asdict(replace(data.settings, metadata=PurePath(data.settings.metadata).name))
    rows = [StageRow("prepare", asked, data.fingerprint, data.provenance)]
    for model in artefacts.models:
        stages = {"train": model.run, "evaluate": model.evaluation, "explain": model.explanation}
        for stage, record in stages.items():
            if record is not None:
                settings = asdict(record.settings) if isinstance(record, TrainingRecord) else {}
                rows.append(StageRow(f"{stage} {model.title}", settings, record.fingerprint, record.provenance))
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

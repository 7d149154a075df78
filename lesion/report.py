"""The report: artefact files -> dataclasses (`results`) -> one explicit context -> HTML.

Every number and picture comes from a file that an earlier stage wrote; nothing is computed anew, and
the same files give the same bytes.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jinja2
from markupsafe import Markup

from lesion import config, findings, plots, speed, tables
from lesion.errors import LesionError
from lesion.results import Artefacts, Map, Model, read_artefacts
from lesion.tables import COSTS, SCORES, Row

__all__ = ["read_artefacts", "render"]

# Section (its partial is templates/ID.html) -> heading; `external` and `speed` only where there is such a thing.
SECTIONS = {
    "warnings": "Warnings",
    "summary": "Results on the test split",
    "external": "Results on the external test",
    "data": "Data and preprocessing",
    "augmentation": "Augmentation",
    "architecture": "Architectures",
    "training": "Training",
    "roc": "ROC curves",
    "confusion": "Confusion matrices",
    "classes": "Figures by class",
    "explanations": "What each model looks at",
    "speed": "Speed",
    "methods": "Methods",
    "provenance": "Provenance",
    "limitations": "Limitations",
}

PHASES = {"frozen": "frozen backbone", "tune": "fine-tuning", "whole": "whole network"}


@dataclass(frozen=True)
class Card:
    """One image as one model sees it."""

    label: str
    photograph: str
    map: Map


@dataclass(frozen=True)
class Outcome:
    """The images of one class that a model calls one class."""

    title: str
    correct: bool
    cards: list[Card]


@dataclass(frozen=True)
class Panel:
    """All that is drawn and tabulated of one model."""

    name: str
    model: Model
    curves: dict[str, Markup]  # measure -> figure
    confusion: Markup | None
    classes: list[Row]
    outcomes: list[Outcome]


@dataclass(frozen=True)
class Stage:
    """Under which settings, when, where and with what a stage ran."""

    name: str
    settings: Mapping[str, Any]
    fingerprint: str
    provenance: Mapping[str, Any]


def render(artefacts: Artefacts) -> str:
    """Return the report as one HTML page that loads nothing else.

    Raises LesionError where it would be larger than config.REPORT_BYTES.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(config.TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(tables.FORMATS)
    html = environment.get_template("report.html").render(context(artefacts))
    size = len(html.encode())
    if size > config.REPORT_BYTES:
        raise LesionError(
            f"the report would take {size / 2**20:.1f} MB, more than {config.REPORT_BYTES / 2**20:.1f}: "
            "lower GALLERY_PER_OUTCOME in lesion/config.py and run `invoke explain --force`"
        )
    return html


def context(artefacts: Artefacts) -> dict[str, Any]:
    """Return everything the templates may use, and nothing else."""
    models = artefacts.models
    external = any("external" in (model.scores or {}) for model in models)
    absent = {key for key, there in {"external": external, "speed": artefacts.bench}.items() if not there}
    return {
        "sections": {key: title for key, title in SECTIONS.items() if key not in absent},
        "verdict": findings.verdict(artefacts),
        "warnings": findings.warnings(artefacts),
        "limitations": findings.limitations(artefacts),
        "data": artefacts.data,
        "threshold": artefacts.threshold,
        "columns": [column.title for column in SCORES + COSTS],
        "summary": tables.summary(models, "test", SCORES + COSTS),
        "score_columns": [column.title for column in SCORES],
        "external": tables.summary(models, "external", SCORES) if external else [],
        "bench": artefacts.bench,
        "speed": speed.tables(artefacts.bench["parts"]) if artefacts.bench else [],
        "roc": _roc(models),
        "panels": [_panel(model, artefacts) for model in models],
        "stages": stages(artefacts),
        "environments": environments(stages(artefacts)),
        "phases": PHASES,
        "config": config,
    }


def _roc(models: Sequence[Model]) -> Markup | None:
    curves = {}
    for model in models:
        if model.scores:
            test = model.scores["test"]
            rates = test.roc and (
                test.roc["false_positive_rate"],
                test.roc["true_positive_rate"],
                test.roc_auc,
            )
            curves[model.name] = rates or None
    return Markup(plots.svg(plots.roc_curves(curves), "roc")) if curves else None


def _panel(model: Model, artefacts: Artefacts) -> Panel:
    confusion = None
    if model.scores:
        figure = plots.confusion_matrix(model.scores["test"].confusion, artefacts.data.classes, model.name)
        confusion = Markup(plots.svg(figure, f"confusion-{model.name}"))
    return Panel(
        name=plots.STYLES[model.name].name,
        model=model,
        curves=_curves(model),
        confusion=confusion,
        classes=tables.class_rows(model),
        outcomes=_outcomes(model, artefacts),
    )


def _curves(model: Model) -> dict[str, Markup]:
    if model.history is None or model.run is None:
        return {}
    phases: dict[str, int] = {}
    for line in model.history:
        phases.setdefault(PHASES[line["phase"]], int(line["epoch"]))
    curves = {}
    for measure in ("loss", "auc"):
        figure = plots.training_curves(
            epochs=[int(line["epoch"]) for line in model.history],
            train=[line[measure] for line in model.history],
            validation=[line[f"val_{measure}"] for line in model.history],
            model=model.name,
            measure=measure,
            phases=phases,
            best_epoch=model.run.best["epoch"],
        )
        curves[measure] = Markup(plots.svg(figure, f"{measure}-{model.name}"))
    return curves


def _outcomes(model: Model, artefacts: Artefacts) -> list[Outcome]:
    """Return the explained images by outcome: all four, the malignant images first."""
    classes, cards = artefacts.data.classes, []
    if model.explanation is not None:
        pairs = zip(artefacts.images, model.explanation.maps, strict=True)
        cards = [Card(classes[image["label"]], image["photograph"], each) for image, each in pairs]
    return [
        Outcome(
            f"{true} called {called}",
            true == called,
            [card for card in cards if (card.label, card.map.explains) == (true, called)],
        )
        for true in reversed(classes)
        for called in reversed(classes)
    ]


def stages(artefacts: Artefacts) -> list[Stage]:
    """Return every stage that left its provenance, in order."""
    data = artefacts.data
    found = [Stage("prepare", data.settings, data.fingerprint, data.provenance)]
    for model in artefacts.models:
        made = {"train": model.run, "evaluate": model.evaluation, "explain": model.explanation}
        for stage, artefact in made.items():
            if artefact is not None:
                name, settings = f"{stage} {plots.STYLES[model.name].name}", getattr(artefact, "settings", {})
                found.append(Stage(name, settings, artefact.fingerprint, artefact.provenance))
    return found


def environments(made: Sequence[Stage]) -> list[list[Stage]]:
    """Group stages that ran on the same machine and device with the same versions."""
    groups: dict[str, list[Stage]] = {}
    for stage in made:
        where = [stage.provenance[key] for key in ("machine", "device", "versions")]
        groups.setdefault(json.dumps(where, sort_keys=True), []).append(stage)
    return list(groups.values())

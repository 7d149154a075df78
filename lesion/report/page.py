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

from lesion import config
from lesion.errors import LesionError
from lesion.records import Artefacts, Map, Model
from lesion.report import figures, plots, sentences, speed, tables
from lesion.report.read import read_artefacts
from lesion.report.tables import COSTS, MORE_SCORES, SCORES, Row

__all__ = ["read_artefacts", "render"]

REPORT_BYTES = 6 * 2**20  # the report stays below this size

# Section (its partial is templates/ID.html) -> heading; some stand there only where there is such a thing.
SECTIONS = {
    "warnings": "Warnings",
    "summary": "Results on the test split",
    "comparison": "Which differences the data support",
    "external": "Results on the external test",
    "operating": "Operating points",
    "calibration": "Calibration",
    "data": "Data and preprocessing",
    "groups": "Images of one lesion",
    "leak": "The leak, measured",
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
    reliability: Markup | None
    operating: list[Row]
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

    Raises LesionError where it would be larger than REPORT_BYTES.
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
    if size > REPORT_BYTES:
        raise LesionError(
            f"the report would take {size / 2**20:.1f} MB, more than {REPORT_BYTES / 2**20:.1f}: "
            "lower GALLERY_PER_OUTCOME in lesion/config.py and run `invoke explain --force`"
        )
    return html


def context(artefacts: Artefacts) -> dict[str, Any]:
    """Return everything the templates may use, and nothing else."""
    models = artefacts.models
    external = _external_splits(models)
    pairs, preference = artefacts.comparison.comparisons, artefacts.comparison.preference
    optional = {"external": external, "speed": artefacts.bench, "leak": artefacts.leak, "comparison": pairs.get("test")}
    absent = {key for key, there in optional.items() if not there}
    return {
        "sections": {key: title for key, title in SECTIONS.items() if key not in absent},
        "verdict": sentences.verdict(artefacts),
        "warnings": sentences.warnings(artefacts),
        "limitations": sentences.limitations(artefacts),
        "data": artefacts.data,
        "threshold": artefacts.threshold,
        "score_columns": [column.title for column in SCORES],
        "summary": tables.summary(models, "test", SCORES),
        "cost_columns": [column.title for column in COSTS],
        "costs": tables.summary(models, "test", COSTS),
        "more_columns": [column.title for column in MORE_SCORES],
        "more": tables.summary(models, "test", MORE_SCORES),
        "external": {split: tables.summary(models, split, SCORES) for split in external},
        "statistics": artefacts.comparison.statistics,
        "preference": preference,
        "pairs": pairs,
        "evidence": tables,
        "differences": figures.differences(pairs.get("test", [])),
        "calibration": tables.calibration_rows(models),
        "not_fitted": tables.not_fitted(models),
        "siblings": tables,
        "sibling_rows": tables.siblings(artefacts.data.groups, artefacts.data.settings["split"]),
        "shared_rows": tables.shared(artefacts.data.groups),
        "size_rows": tables.sizes(artefacts.data.groups),
        "leak": artefacts.leak,
        "leak_runs": tables.leak_runs(artefacts.leak) if artefacts.leak else [],
        "leak_differences": tables.leak_differences(artefacts.leak) if artefacts.leak else [],
        "bench": artefacts.bench,
        "speed": speed.tables(artefacts.bench["parts"]) if artefacts.bench else [],
        "roc": figures.roc(models),
        "panels": [_panel(model, artefacts) for model in models],
        "stages": stages(artefacts),
        "environments": environments(stages(artefacts)),
        "phases": figures.PHASES,
        "config": config,
    }


def _external_splits(models: Sequence[Model]) -> list[str]:
    splits = (config.EXTERNAL, config.EXTERNAL_NEW)
    return [split for split in splits if any(split in (model.scores or {}) for model in models)]


def _panel(model: Model, artefacts: Artefacts) -> Panel:
    return Panel(
        name=config.NETWORKS[model.name].title,
        model=model,
        curves=figures.curves(model),
        confusion=figures.confusion(model, artefacts.data.classes),
        reliability=figures.reliability(model),
        operating=tables.operating_rows(model, artefacts.comparison.statistics["prevalences"]),
        classes=tables.class_rows(model),
        outcomes=_outcomes(model, artefacts),
    )


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
                name, settings = f"{stage} {config.NETWORKS[model.name].title}", getattr(artefact, "settings", {})
                found.append(Stage(name, settings, artefact.fingerprint, artefact.provenance))
    return found


def environments(made: Sequence[Stage]) -> list[list[Stage]]:
    """Group stages that ran on the same machine and device with the same versions."""
    groups: dict[str, list[Stage]] = {}
    for stage in made:
        where = [stage.provenance[key] for key in ("machine", "device", "versions")]
        groups.setdefault(json.dumps(where, sort_keys=True), []).append(stage)
    return list(groups.values())

"""What disturbances do to the verdicts, and what is left of the scores without the lesion: for the looks section."""

from collections.abc import Mapping, Sequence

from lesion.evaluation.words.stress import KINDS, PARTS, direction, remedy_sentences, strongest, worst_sentence
from lesion.evaluation.words.wording import title
from lesion.records.stress import ChangedCase, ModelStress, Stressed, StressRecord
from lesion.report.embedded import case_pictures
from lesion.report.figures.stress import ranked, stress_plot
from lesion.report.reading.artefacts import Artefacts, Case, Context
from lesion.report.writing.tables import Cell, Row, Table, estimated, number, percent, signed

CHANGED = 12  # pictures of changed cases, the most changed


def stress(artefacts: Artefacts, confidence: str) -> Context | None:
    """Return the picture of the stress test, its tables and its most changed cases; None without a stress test."""
    record = artefacts.stress
    if record is None or not record.models:
        return None
    return {
        "plot": stress_plot(record.models),
        "sentences": [text for text in (worst_sentence(record.models), *remedy_sentences(record.models)) if text],
        "images": record.images,
        "of": record.of,
        "table": _changes(record, confidence),
        "parts": _parts(record.models, confidence),
        "changed": _changed(record.changed, artefacts.cases, artefacts.data.classes),
    }


def _changes(record: StressRecord, confidence: str) -> Table:
    """Return what the strongest disturbance of each kind does to each network."""
    rows = [
        Row(f"{KINDS[kind]}: {title(name)}", [*_scores(one), *_ways(one), Cell(words[-1], None, word=True)])
        for kind in ranked(record.models)
        if (words := record.strengths.get(kind))
        for name, model in record.models.items()
        if (one := strongest(model, kind))
    ]
    changes = ["Verdicts changed", "ROC-AUC", "Sensitivity", "Specificity", "To malignant / benign", "Median score"]
    caption = f"Changes by the strongest disturbances, at the unchanged threshold, with {confidence} intervals"
    return Table(caption, [*changes, "Strength"], rows, first="Disturbance")


def _scores(one: Stressed) -> list[Cell]:
    changes = (one.roc_auc_change, one.sensitivity_change, one.specificity_change)
    return [estimated(one.flips, percent), *(estimated(change, signed) for change in changes)]


def _ways(one: Stressed) -> list[Cell]:
    """Return how many verdicts became malignant and benign, and by how much the median score moved."""
    ways = f"{one.to_malignant:,} / {one.to_benign:,}"
    return [Cell(ways, None, word=True), Cell(signed(one.median_change), one.median_change)]


def _parts(models: Mapping[str, ModelStress], confidence: str) -> Table | None:
    """Return what is left of each network's ROC-AUC without a part of the image; None if no outline is known."""
    rows = [
        Row(
            f"{PARTS[name]}: {title(network)}",
            [
                estimated(one.roc_auc, number),
                estimated(one.roc_auc_change, signed),
                estimated(one.flips, percent),
                Cell(direction(one) or "either way", None, word=True),
            ],
        )
        for name in PARTS
        for network, model in models.items()
        if (one := model.parts.get(name))
    ]
    columns = ["ROC-AUC", "Change", "Verdicts changed", "Mostly"]
    return Table(f"Without a part of the image, with {confidence} intervals", columns, rows, "Image") if rows else None


def _changed(changed: Sequence[ChangedCase], cases: Sequence[Case], classes: Sequence[str]) -> list[Context]:
    """Return the most changed cases, each with the image before; its picture is missing if it was not explained."""
    by_row = {case.row: case for case in cases}
    most = sorted(changed, key=lambda case: (-abs(case.after - case.before), case.row))[:CHANGED]
    return [
        {
            "row": case.row,
            "label": classes[case.label],
            "kind": KINDS.get(case.kind, case.kind),
            "network": title(case.network),
            "before": number(case.before),
            "after": number(case.after),
            "unchanged": case_pictures.webp(by_row[case.row].thumbnail) if case.row in by_row else "",
            "picture": case.picture,
        }
        for case in most
    ]

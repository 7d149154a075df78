"""Sections on the images: where they come from, what was done to them, and which of them show one lesion."""

from dataclasses import dataclass
from pathlib import PurePath

from lesion.evaluation.words import wording
from lesion.records.leak import LeakRecord
from lesion.records.preparation import Example, Groups, LargeGroup, MetadataRecord, PreparationRecord
from lesion.report.reading.artefacts import Artefacts, Context, used_setting
from lesion.report.writing.tables import (
    Cell,
    Row,
    Table,
    cell,
    count,
    counted,
    number,
    percent,
    signed,
    whole_percent,
    with_interval,
)

ORIGINS = {
    "source": "The source says so",
    "table": "The metadata table says so",
    "pixels": "Found from the pixels",
    "identical": "Identical files",
    "alone": "No other image of the lesion is known",
}
SIBLINGS = ("Test images", "With a sibling in training", "Share")


def data(artefacts: Artefacts) -> Context:
    """Return where the images come from, how they were split, cropped and cleaned."""
    record = artefacts.data
    rows = [
        Row(split, [cell(value, count) for value in (*(counts[name] for name in record.classes), sum(counts.values()))])
        for split, counts in record.counts.items()
    ]
    return {
        "data": record,
        "grouped": record.settings.split == "grouped",
        "counts": Table("Images by split and class", [*record.classes, "all"], rows, first="Split"),
        "examples": [Pair(_what(one, record.classes), one.before, one.after, _width(one)) for one in record.examples],
        "squeezed": _squeezed(record),
        "outlines": _outlines(record),
        "unreadable": counted(len(record.unreadable), "unreadable image"),
        "metadata": record.metadata and _metadata(record.metadata),
    }


@dataclass(frozen=True)
class Pair:
    """A picture before and after; `width` is that of the first at one scale, by that of the second."""

    what: str
    before: str
    after: str
    width: str = "1"


def _what(example: Example, classes: list[str]) -> str:
    return f"{example.what.capitalize()}: image {example.row}, {classes[example.label]}"


def _width(example: Example) -> str:
    return f"{example.before_width or 1:.3f}"


def _squeezed(record: PreparationRecord) -> str:
    """Say how many images were not square, and what became of them."""
    share = record.preprocessing.squeezed_share
    if share == 0:
        return "All were about square."
    whose = "Images that are not square are" if share is None else f"{percent(share)} are not square and were"
    return (
        f"{whose} squeezed into one, so that a round lesion on a 4:3 photograph becomes a tall ellipse, in training, "
        "test and `invoke predict` alike."
    )


def _outlines(record: PreparationRecord) -> str:
    """Say of how many images a mask gives the lesion's outline, and what was wrong with other masks; "" without any."""
    masks = record.masks
    if masks is None:
        return ""
    problems = [f"{amount:,} {problem}" for problem, amount in masks.problems.items()]
    others = f" (masks of the others: {', '.join(problems)})" if problems else ""
    images = masks.known + sum(masks.problems.values())
    return f"Masks give the lesion's outline of {masks.known:,} of {images:,} images{others}. No network sees them."


def _metadata(record: MetadataRecord) -> Context:
    """Return the name of the table, which of its columns were used, and how well it fits the images."""
    amounts = {
        "Images that it knows": record.matched,
        "Images that it does not know": record.unmatched,
        "Lines for other images": record.foreign,
        "Lines that repeat an image": record.repeated,
        "Lesions with images of both labels": record.conflicts,
        **{f"Images whose {name} is unknown": amount for name, amount in record.unknown.items()},
    }
    rows = [Row(name, [cell(amount, count)]) for name, amount in amounts.items()]
    columns = [name if name == column else f"{name} ({column})" for name, column in record.columns.items()]
    return {
        "file": PurePath(record.file).name,
        "columns": wording.listed(columns),
        "table": Table("What the metadata table gave", ("Number",), rows, first="What"),
    }


# --- groups -----------------------------------------------------------------------------------------
def groups(artefacts: Artefacts) -> Context:
    """Return which images show one lesion, how that was found, and how the splits treat it."""
    record = artefacts.data.groups
    split = artefacts.data.settings.split
    shared = [Row(" and ".join(pair.split("/")), [cell(amount, count)]) for pair, amount in record.shared.items()]
    origins = [Row(ORIGINS[origin], [cell(rows, count)]) for origin, rows in record.origins.items() if rows]
    sizes = [Row(counted(int(size), "image"), [cell(amount, count)]) for size, amount in record.sizes.items()]
    caption = "Test images with a sibling in training: another image of the same lesion"
    return {
        "groups": record,
        "says": _who_says(artefacts),
        "spread": _spread(record, split),
        "origins": Table("Who says which lesion an image shows", ("Images",), origins, first="Origin"),
        "searched": record.checked is not None,
        "grouped": split == "grouped",
        "siblings": Table(caption, SIBLINGS, _siblings(record, split), first="Split"),
        "shared": Table("Lesions with images in two splits", ("Lesions",), shared, first="Splits"),
        "sizes": Table("Images of a lesion", ("Lesions",), sizes, first="Size"),
        "largest": [_largest(place, group) for place, group in enumerate(record.largest, start=1)],
    }


def _who_says(artefacts: Artefacts) -> str:
    """Say who knows which images show the same lesion."""
    record = artefacts.data
    table = f"The metadata table ({PurePath(record.metadata.file).name})" if record.metadata else "A metadata table"
    sentences = {
        "source": "The source itself says which images show the same lesion.",
        "table": f"{table} says which images show the same lesion.",
        "pixels": "The source does not say which images show the same lesion. They were found from the pixels alone.",
        "table and pixels": f"{table} says which images show the same lesion, and the pixels were searched for more.",
    }
    return sentences[record.groups.origin]


def _spread(record: Groups, used: str) -> str:
    """Say how many lesions are in more than one split."""
    spread = sum(record.shared.values())
    if used == "grouped" and not spread:
        return "No lesion is in two splits."
    return f"{counted(spread, 'time')} a lesion is in two splits: a way for what was learnt by heart to pass for skill."


def _largest(place: int, group: LargeGroup) -> Context:
    shown = len(group.pictures)
    return {
        "place": place,
        "size": group.size,
        "split": group.split,
        "pictures": list(zip(group.rows, group.pictures, strict=True)),
        "shown": f"; the first {shown} are shown" if group.size > shown else "",
    }


def _siblings(record: Groups, used: str) -> list[Row]:
    """Return a row for each kind of split, columns SIBLINGS; `used` is the kind that this experiment has."""
    rows = []
    for kind, siblings in record.siblings.items():
        name = f"{kind} split" + (", as used here" if kind == used else "")
        if siblings is None:
            rows.append(Row(name, [], note="there are too few lesions for such a split"))
        else:
            rows.append(Row(name, _share(siblings.rows, siblings.with_sibling)))
    return rows


def _share(rows: int, with_sibling: int) -> list[Cell]:
    return [cell(rows, count), cell(with_sibling, count), cell(with_sibling / rows, percent)]


# --- leak -------------------------------------------------------------------------------------------
def leak(artefacts: Artefacts) -> Context | None:
    """Return by how much a random split flatters, as `invoke leak` measured it; None if it did not."""
    record = artefacts.leak
    if record is None:
        return None
    confidence = used_setting([record.method], "statistics", "confidence", whole_percent)
    return {
        "leak": record,
        "other_images": record.data.fingerprint != artefacts.data.data,
        "differences": Table(
            f"By how much the scores on the random split are higher, with {confidence} intervals",
            ("Random − grouped",),
            _differences(record),
            first="Score on the test images",
        ),
        "trials": Table(
            "Each training on its own test images",
            ("ROC-AUC", "Accuracy", *SIBLINGS),
            _trials(record),
            first="Training",
        ),
    }


def _differences(record: LeakRecord) -> list[Row]:
    """Return a row for each metric: its mean difference with the interval."""
    means = {name: record.difference[metric] for metric, name in wording.METRIC_NAMES.items()}
    return [
        Row(name[0].upper() + name[1:], [with_interval(one.mean, one.interval, signed)]) for name, one in means.items()
    ]


def _trials(record: LeakRecord) -> list[Row]:
    return [
        Row(
            f"seed {trial.seed}, {trial.split} split",
            [cell(trial.roc_auc, number), cell(trial.accuracy, number), *_share(trial.rows, trial.with_sibling)],
        )
        for trial in record.trials
    ]

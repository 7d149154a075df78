"""Tables of the report: figures of the models as cells that keep the artefact's value beside the text."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from lesion import plots
from lesion.progress import duration
from lesion.results import Model


@dataclass(frozen=True)
class Cell:
    """A number as shown, its value in the artefact (None: there is none), and whether it is the best."""

    text: str
    raw: float | None
    best: bool = False
    interval: "list[Cell] | None" = None  # both ends, none of them where it is undefined; None: not asked for


@dataclass(frozen=True)
class Row:
    """A line of a table; `note` stands in place of cells that a model lacks, `flag` beside its head."""

    head: str
    cells: list[Cell]
    note: str = ""
    flag: str = ""


@dataclass(frozen=True)
class Column:
    """A column of the summary: how its value and interval are found, shown, and compared."""

    title: str
    value: Callable[[Model, str], float | None]
    show: Callable[[float], str]
    better: Callable[[Sequence[float]], float] = max
    at_threshold: bool = False  # a collapsed model can be the best here by calling everything one class
    lacking: str = "undefined"
    metric: str = ""  # key of the interval, where there is one


def number(value: float) -> str:
    """Return a figure with three decimals."""
    return f"{value:.3f}"


def signed(value: float) -> str:
    """Return a difference with its sign and three decimals."""
    return f"{value:+.3f}".replace("-", "−")


def count(value: float) -> str:
    """Return a whole number with its thousands apart."""
    return f"{value:,.0f}"


def percent(share: float) -> str:
    """Return a share, 0 to 1, as a percentage."""
    return f"{share:.1%}"


def megabytes(size: float) -> str:
    """Return bytes as megabytes."""
    return f"{size / 1e6:.1f} MB"


def commands(text: str) -> Markup:
    """Return `text`, escaped, with what stands between backticks set as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


FORMATS = {
    "commands": commands,
    "number": number,
    "count": count,
    "percent": percent,
    "megabytes": megabytes,
    "duration": duration,
}


def cell(value: float | None, show: Callable[[float], str], best: bool = False, lacking: str = "undefined") -> Cell:
    """Return `value` as a cell; None is shown as the word `lacking`, never as a number."""
    return Cell(lacking, None) if value is None else Cell(show(value), value, best)


def with_interval(
    value: float | None, bounds: Sequence[float] | None, show: Callable[[float], str], best: bool = False
) -> Cell:
    """Return `value` as a cell with its interval; an undefined value has none, and needs no word for it."""
    if value is None:
        return cell(None, show)
    return Cell(show(value), value, best, [Cell(show(end), end) for end in bounds or ()])


def _score(
    name: str, title: str, at_threshold: bool = True, better: Callable[[Sequence[float]], float] = max
) -> Column:
    def value(model: Model, split: str) -> float | None:
        return getattr(model.scores[split], name)

    return Column(title, value, number, better, at_threshold, metric=name)


SCORES = [
    _score("accuracy", "Accuracy"),
    _score("precision", "Precision"),
    _score("recall", "Recall (sensitivity)"),
    _score("specificity", "Specificity"),
    _score("f1", "F1"),
    _score("roc_auc", "ROC-AUC", at_threshold=False),
]
MORE_SCORES = [
    _score("average_precision", "Average precision", at_threshold=False),
    _score("partial_auc", "Partial AUC", at_threshold=False),
    _score("balanced_accuracy", "Balanced accuracy"),
    _score("mcc", "MCC"),
    _score("brier", "Brier score", at_threshold=False, better=min),
]


def _cost(title: str, value: Callable[[Model], float | None], show: Callable[[float], str]) -> Column:
    return Column(title, lambda model, split: value(model), show, better=min, lacking="missing")


COSTS = [
    _cost("Parameters", lambda model: model.run and model.run.parameters["total"], count),
    _cost("Model size", lambda model: model.run and model.run.size_bytes, megabytes),
    _cost("Training time", lambda model: model.run and model.run.seconds, duration),
    _cost(
        "Time per image",
        lambda model: model.evaluation and model.evaluation.seconds_per_image,
        lambda seconds: f"{seconds * 1000:.1f} ms",
    ),
]


def summary(models: Sequence[Model], split: str, columns: Sequence[Column]) -> list[Row]:
    """Return one line a model; a model without scores on `split` has a note instead of cells."""
    measured = [model for model in models if split in (model.scores or {})]
    by_column = [_column(column, measured, split) for column in columns]
    lines = dict(zip([model.name for model in measured], zip(*by_column, strict=True), strict=True))
    return [_line(model, split, lines.get(model.name)) for model in models]


def _line(model: Model, split: str, cells: Sequence[Cell] | None) -> Row:
    name = plots.STYLES[model.name].name
    if cells is None:
        return Row(name, [], note=model.absent.get("scores", f"no scores on the {split} split"))
    return Row(name, list(cells), flag="collapsed" if model.scores[split].sentinel else "")


def _column(column: Column, models: Sequence[Model], split: str) -> list[Cell]:
    """Return one cell a model; the best is marked where at least two can be compared."""
    values = [column.value(model, split) for model in models]
    fair = [not (column.at_threshold and model.scores[split].sentinel) for model in models]
    compared = [value for value, counts in zip(values, fair, strict=True) if counts and value is not None]
    best = column.better(compared) if len(compared) > 1 else None
    cells = []
    for model, value, counts in zip(models, values, fair, strict=True):
        mark = counts and value == best
        if column.metric:
            cells.append(with_interval(value, model.scores[split].intervals[column.metric], column.show, mark))
        else:
            cells.append(cell(value, column.show, mark, column.lacking))
    return cells


def class_rows(model: Model) -> list[Row]:
    """Return precision, recall, F1 and support of each class and of their averages, on the test split."""
    per_class = model.scores["test"].per_class if model.scores else {}
    return [
        Row(
            name,
            [cell(part[key], number) for key in ("precision", "recall", "f1")] + [cell(part["support"], count)],
        )
        for name, part in per_class.items()
    ]

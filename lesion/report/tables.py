"""Tables of the report: figures of the models as cells that keep the artefact's value beside the text."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from lesion import config
from lesion.console import duration
from lesion.evaluation.wording import NAMES as METRICS
from lesion.records import Groups, Model
from lesion.report import plots


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
    name = config.NETWORKS[model.name].title
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


DIFFERENCES = {
    "roc_auc": ("Difference", "p (DeLong)", "p corrected"),
    "accuracy": ("Difference", "Right: only the first", "Right: only the second", "p (McNemar)", "p corrected"),
}
POINTS = {
    "fixed": "as set",
    "youden": "Youden",
    "sensitive": f"{config.STATISTICS.screening_sensitivity:.0%} sensitivity".replace("%", " %"),
}
CALIBRATION = (
    "Temperature", "Brier score, as it is", "Brier score, with temperature",
    "Calibration error, as it is", "Calibration error, with temperature",
)  # fmt: skip


def p_value(value: float) -> str:
    """Return a p-value with three decimals, and no false precision below them."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def threshold(value: float) -> str:
    """Return a threshold with three significant digits: it may be far below 0.001."""
    return f"{value:.3g}"


def pair_name(pair: Mapping[str, Any]) -> str:
    """Return what a comparison is called: the first model minus the second."""
    return f"{config.NETWORKS[pair['first']].title} − {config.NETWORKS[pair['second']].title}"


def differences(pairs: Sequence[Mapping[str, Any]], metric: str) -> list[Row]:
    """Return a line for each of `pairs`, comparisons as `comparison.compare_all` gives them; columns DIFFERENCES."""
    return [Row(pair_name(pair), _difference(pair[metric])) for pair in pairs]


def _difference(found: Mapping[str, Any]) -> list[Cell]:
    only = [key for key in ("only_first_right", "only_second_right") if key in found]
    return [
        with_interval(found["difference"], found["interval"], signed),
        *(cell(found[key], count) for key in only),
        *(cell(found[key], p_value) for key in ("p", "p_corrected")),
    ]


def operating_columns(prevalences: Sequence[float]) -> list[str]:
    """Return the heads of the columns of `operating_rows`, for the `prevalences` measured."""
    values = [f"{kind} at {share:.0%}".replace("%", "\u00a0%") for share in prevalences for kind in ("PPV", "NPV")]
    return ["Threshold", "Sensitivity", "Specificity", *values]


def operating_rows(model: Model, prevalences: Sequence[float]) -> list[Row]:
    """Return a line for each operating point of `model` on the test split; a point that is none is all undefined."""
    points = model.scores["test"].operating if model.scores else {}
    columns = len(operating_columns(prevalences))
    return [
        Row(title, [cell(None, number)] * columns if points[name] is None else _point(points[name]))
        for name, title in POINTS.items()
        if name in points
    ]


def _point(point: Mapping[str, Any]) -> list[Cell]:
    cells = [cell(point["threshold"], threshold)]
    cells += [cell(point[key], percent) for key in ("sensitivity", "specificity")]
    return cells + [cell(entry[key], percent) for entry in point["prevalences"] for key in ("ppv", "npv")]


def calibration_rows(models: Sequence[Model]) -> list[Row]:
    """Return a line a model: its temperature, and both figures before and after it; columns CALIBRATION."""
    return [_calibration(model) for model in models]


def _calibration(model: Model) -> Row:
    name = config.NETWORKS[model.name].title
    if not model.scores:
        return Row(name, [], note=model.absent["scores"])
    found = model.scores["test"].calibration
    figures = [found[when][key] for key in ("brier", "expected_calibration_error") for when in ("before", "after")]
    return Row(name, [cell(value, number) for value in (found["temperature"], *figures)])


def not_fitted(models: Sequence[Model]) -> list[str]:
    """Say of each model without a fitted temperature why it has none."""
    reasons = {
        config.NETWORKS[model.name].title: model.scores["test"].calibration["not_fitted"]
        for model in models
        if model.scores
    }
    return [f"{name}: no temperature was fitted, since {reason}." for name, reason in reasons.items() if reason]


SIBLINGS = ("Test images", "With a sibling in training", "Share")
RUNS = ("ROC-AUC", "Accuracy", *SIBLINGS)
DIFFERENCE = ("Random − grouped",)


def sizes(groups: Groups) -> list[Row]:
    """Return a line a size: how many groups have so many images."""
    return [
        Row(f"{int(size):,} image{'s' if size != '1' else ''}", [cell(number_of, count)])
        for size, number_of in groups.sizes.items()
    ]


def shared(groups: Groups) -> list[Row]:
    """Return a line for each two splits: how many groups have images in both."""
    return [Row(" and ".join(pair.split("/")), [cell(found, count)]) for pair, found in groups.shared.items()]


def siblings(groups: Groups, used: str) -> list[Row]:
    """Return a line for each kind of split, columns SIBLINGS; `used` is the kind that this experiment has."""
    lines = []
    for kind, found in groups.siblings.items():
        head = f"{kind} split" + (", as used here" if kind == used else "")
        if found is None:
            lines.append(Row(head, [], note="there are too few lesions for such a split"))
        else:
            lines.append(Row(head, _siblings(found)))
    return lines


def _siblings(found: Mapping[str, int]) -> list[Cell]:
    share = found["with_sibling"] / found["rows"]
    return [cell(found["rows"], count), cell(found["with_sibling"], count), cell(share, percent)]


def leak_runs(leak: Mapping[str, Any]) -> list[Row]:
    """Return a line a run of `reports/leak.json`, columns RUNS."""
    return [
        Row(f"seed {run['seed']}, {run['split']} split", [cell(run[key], number) for key in METRICS] + _siblings(run))
        for run in leak["runs"]
    ]


def leak_differences(leak: Mapping[str, Any]) -> list[Row]:
    """Return a line a figure of `reports/leak.json`: its mean difference with the interval."""
    found = {name: leak["difference"][key] for key, name in METRICS.items()}
    return [
        Row(name[0].upper() + name[1:], [with_interval(part["mean"], part["interval"], signed)])
        for name, part in found.items()
    ]

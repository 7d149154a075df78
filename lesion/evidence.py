"""The report's tables of how sure the results are: differences of models, operating points, calibration."""

from collections.abc import Mapping, Sequence
from typing import Any

from lesion import config
from lesion.plots import STYLES
from lesion.results import Model
from lesion.tables import Cell, Row, cell, count, number, percent, signed, with_interval

DIFFERENCES = {
    "roc_auc": ("Difference", "p (DeLong)", "p corrected"),
    "accuracy": ("Difference", "Right: only the first", "Right: only the second", "p (McNemar)", "p corrected"),
}
POINTS = {
    "fixed": "as set",
    "youden": "Youden",
    "sensitive": f"{config.SCREENING_SENSITIVITY:.0%} sensitivity".replace("%", " %"),
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
    return f"{STYLES[pair['first']].name} − {STYLES[pair['second']].name}"


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
    name = STYLES[model.name].name
    if not model.scores:
        return Row(name, [], note=model.absent["scores"])
    found = model.scores["test"].calibration
    figures = [found[when][key] for key in ("brier", "expected_calibration_error") for when in ("before", "after")]
    return Row(name, [cell(value, number) for value in (found["temperature"], *figures)])


def not_fitted(models: Sequence[Model]) -> list[str]:
    """Say of each model without a fitted temperature why it has none."""
    reasons = {
        STYLES[model.name].name: model.scores["test"].calibration["not_fitted"] for model in models if model.scores
    }
    return [f"{name}: no temperature was fitted, since {reason}." for name, reason in reasons.items() if reason]

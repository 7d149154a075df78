"""Sections on what the scores are good for as probabilities: decision curve and calibration."""

from collections.abc import Callable, Mapping, Sequence

from markupsafe import Markup

from lesion import config
from lesion.evaluation.words import wording
from lesion.records.metrics import Calibration, DecisionCurve, NoiseFloor, Reliability
from lesion.report.figures import plots, reliability
from lesion.report.reading.artefacts import Artefacts, Context
from lesion.report.writing.tables import (
    Cell,
    Row,
    Table,
    cell,
    estimated,
    number,
    signed,
    whole_percent,
    with_interval,
)

# --- decision curve ---------------------------------------------------------------------------------
COLUMNS = 6  # thresholds in the table, of all those in the figure


def decision(artefacts: Artefacts) -> Context | None:
    """Return what acting on each model's verdicts is worth, as a picture and a table; None if it is undefined."""
    curves: dict[str, DecisionCurve] = {}
    for model in artefacts.measured("together", "colour"):
        test = model.of("test")
        if test is not None and test.decision is not None:
            curves[model.name] = test.decision
    if not curves:
        return None
    prevalence = whole_percent(artefacts.metrics.decisions.prevalence)
    confidence = whole_percent(artefacts.metrics.statistics.confidence)
    caption = f"Net benefit on the test images if {prevalence} are malignant, with {confidence} intervals"
    return {
        "figure": Markup(plots.svg(plots.decision_curves(curves), "decision")),
        "table": _net_benefit(caption, curves),
        "prevalence": prevalence,
        "confidence": confidence,
    }


def _net_benefit(caption: str, curves: dict[str, DecisionCurve]) -> Table:
    """Return the net benefit at some of the thresholds, evenly spaced."""
    any_curve = next(iter(curves.values()))
    step = max(1, len(any_curve.thresholds) // COLUMNS)
    places = range(step - 1, len(any_curve.thresholds), step)
    networks = {name: curve for name, curve in curves.items() if name in config.NETWORKS}
    references = {name: curve for name, curve in curves.items() if name not in networks}
    call_all = Row("Call all malignant", [cell(any_curve.act_on_all[place], wording.signed) for place in places])
    return Table(
        caption,
        [f"Threshold {any_curve.thresholds[place]:.0%}" for place in places],
        [_benefits(name, curve, places) for name, curve in networks.items()],
        references=[*(_benefits(name, curve, places) for name, curve in references.items()), call_all],
    )


def _benefits(name: str, curve: DecisionCurve, places: Sequence[int]) -> Row:
    cells = []
    for place in places:
        low, high = curve.low[place], curve.high[place]
        interval = None if low is None or high is None else [low, high]
        cells.append(with_interval(curve.net_benefit[place], interval, wording.signed))
    return Row(config.title(name), cells)


# --- calibration ------------------------------------------------------------------------------------
ERRORS = (
    "Calibration error", "By chance: mean", "By chance: 95 in 100 below",
    "ICI", "By chance: mean", "By chance: 95 in 100 below",
)  # fmt: skip
DIRECTION = ("Temperature", "Brier score", "Intercept", "Slope")


def calibration(artefacts: Artefacts) -> Context | None:
    """Return how far each network's scores can be read as probabilities, before and after the temperature.

    None if no network was measured.
    """
    metrics = artefacts.metrics
    records = {model.name: test.calibration for model in artefacts.models if (test := model.of("test"))}
    if not records:
        return None
    confidence = whole_percent(metrics.statistics.confidence)
    size = metrics.sizes.get("test")
    return {
        "networks": [_diagram(name, record) for name, record in records.items()],
        "errors": Table(f"How far the scores are off, with {confidence} intervals", ERRORS, _rows(records, _errors)),
        "direction": Table(
            f"In which way the scores are off, with {confidence} intervals", DIRECTION, _rows(records, _direction)
        ),
        "bins": metrics.statistics.calibration_bins,
        "malignant": whole_percent(round(size.malignant_rows / size.rows, 2)) if size and size.rows else "",
    }


def _diagram(name: str, record: Calibration) -> Context:
    figure = reliability.reliability(record.before.curve, None if record.not_fitted else record.after.curve, name)
    return {
        "title": config.title(name),
        "figure": Markup(plots.svg(figure, f"reliability-{name}")),
        "sentences": [_effect(config.title(name), record), _shift(record)],
    }


def _effect(title: str, record: Calibration) -> str:
    """Say what the temperature does to a network's calibration error on the test images."""
    before, after = record.before.expected_calibration_error, record.after.expected_calibration_error
    if record.not_fitted:
        return f"{title}: no temperature was fitted, since {record.not_fitted}."
    if number(before) == number(after):
        return f"The temperature of {title} changes nothing: its calibration error stays at {number(after)}."
    change = f"its calibration error goes from {number(before)} to {number(after)}"
    if after > before:
        return f"The temperature of {title} does not help: {change}."
    chance = ", no more than chance makes" if after <= record.after.error_floor.high else ""
    return f"The temperature of {title} helps: {change}{chance}."


def _shift(record: Calibration) -> str:
    """Say that the scores are too high or too low as a whole, which no temperature mends; empty if they are not."""
    interval = record.after.intercept.interval
    if interval is None or interval[0] <= 0 <= interval[1]:
        return ""
    return f"Its scores are too {'high' if interval[1] < 0 else 'low'} overall: a temperature cannot mend a shift."


def _rows(records: Mapping[str, Calibration], show: Callable[[Reliability, float | None], list[Cell]]) -> list[Row]:
    """Return one row for each network without a temperature, and one with it if one was fitted.

    `show` gets the scores and the temperature, None for the row without it.
    """
    rows = []
    for name, record in records.items():
        rows.append(Row(f"{config.title(name)}, without temperature", show(record.before, None)))
        if not record.not_fitted:
            rows.append(Row(f"{config.title(name)}, with temperature", show(record.after, record.temperature)))
    return rows


def _errors(figures: Reliability, temperature: float | None) -> list[Cell]:
    return [
        cell(figures.expected_calibration_error, number),
        *_floor(figures.error_floor),
        estimated(figures.ici, number),
        *_floor(figures.ici_floor),
    ]


def _floor(floor: NoiseFloor) -> list[Cell]:
    return [cell(floor.mean, number), cell(floor.high, number)]


def _direction(figures: Reliability, temperature: float | None) -> list[Cell]:
    return [
        cell(temperature, number, missing="none"),
        cell(figures.brier, number),
        estimated(figures.intercept, signed),
        estimated(figures.slope, wording.signed),
    ]

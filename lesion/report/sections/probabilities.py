"""Sections on what probabilities are good for: operating points, decision curve and calibration."""

from collections.abc import Callable, Sequence

from markupsafe import Markup

from lesion import config
from lesion.evaluation import wording
from lesion.records.metrics import DecisionCurve, ModelScores, NoiseFloor, OperatingPoint, Reliability
from lesion.report import plots
from lesion.report.artefacts import Artefacts, Context, Model, each_model
from lesion.report.tables import (
    Cell,
    Row,
    Table,
    cell,
    estimated,
    number,
    percent,
    signed,
    whole_percent,
    with_interval,
)


# --- operating points -------------------------------------------------------------------------------
def operating(artefacts: Artefacts) -> Context:
    """Return what each network's thresholds give on the test split."""
    statistics = artefacts.metrics.statistics
    confidence = whole_percent(statistics.confidence)
    sensitivity = whole_percent(statistics.screening_sensitivity)
    prevalences = [whole_percent(share) for share in statistics.prevalences]
    titles = {"fixed": "as set", "youden": "Youden", "sensitive": f"{sensitivity} sensitivity"}
    values = [f"{kind} at {share}".replace(" %", "\u00a0%") for share in prevalences for kind in ("PPV", "NPV")]
    columns = ["Threshold", "Sensitivity", "Specificity", *values]

    def show(model: Model, scores: ModelScores) -> Context:
        points = scores.test.operating
        rows = [Row(title, _point(points[name], len(columns))) for name, title in titles.items() if name in points]
        caption = f"Operating points of {model.title}, on the test split, with {confidence} intervals"
        return {"table": Table(caption, columns, rows, first="Point")}

    return {
        "sensitivity": sensitivity,
        "prevalences": wording.listed(prevalences, "or"),
        "models": each_model(artefacts.models, "scores", show),
    }


def _point(point: OperatingPoint | None, columns: int) -> list[Cell]:
    """Return the figures of an operating point; a missing one becomes a row of undefined cells."""
    if point is None:
        return [cell(None, number)] * columns
    cells = [
        cell(point.threshold, "{:.3g}".format),  # it may be far below 0.001
        with_interval(point.sensitivity, point.intervals["sensitivity"], percent),
        with_interval(point.specificity, point.intervals["specificity"], percent),
    ]
    for entry in point.prevalences:
        cells += [with_interval(entry.ppv, entry.ppv_interval, percent)]
        cells += [with_interval(entry.npv, entry.npv_interval, percent)]
    return cells


# --- decision curve ---------------------------------------------------------------------------------
COLUMNS = 6  # thresholds in the table, of all those in the figure


def decision(artefacts: Artefacts) -> Context | None:
    """Return what acting on each model's verdicts is worth, as a figure and a table; None if it is undefined."""
    curves: dict[str, DecisionCurve] = {}
    for model in artefacts.measured("together", "colour"):
        test = model.of("test")
        if test is not None and test.decision is not None:
            curves[model.name] = test.decision
    if not curves:
        return None
    prevalence = whole_percent(artefacts.metrics.decisions.prevalence)
    confidence = whole_percent(artefacts.metrics.statistics.confidence)
    caption = f"Net benefit on the test split if {prevalence} are malignant, with {confidence} intervals"
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


def calibration(artefacts: Artefacts) -> Context:
    """Return how far each network's probabilities mean what they say, before and after the temperature."""
    metrics = artefacts.metrics
    tests = {model.title: test.calibration for model in artefacts.models if (test := model.of("test"))}
    ending = f"on the test split, with {whole_percent(metrics.statistics.confidence)} intervals"
    size = metrics.sizes.get("test")
    return {
        "models": each_model(artefacts.models, "scores", _reliability),
        "errors": Table(f"How far the probabilities are off {ending}", ERRORS, _calibrations(artefacts, _errors)),
        "direction": Table(f"In which way they are off {ending}", DIRECTION, _calibrations(artefacts, _direction)),
        "not_fitted": [
            f"{title}: no temperature was fitted, since {record.not_fitted}."
            for title, record in tests.items()
            if record.not_fitted
        ],
        "threshold": metrics.threshold,
        "bins": metrics.statistics.calibration_bins,
        "malignant": whole_percent(round(size.malignant_rows / size.rows, 2)) if size and size.rows else "",
    }


def _calibrations(artefacts: Artefacts, show: Callable[[Reliability, float | None], list[Cell]]) -> list[Row]:
    """Return one row for each network without a temperature, and one with it if one was fitted.

    `show` gets the figures and the temperature, None for the row without it.
    """
    rows = []
    for model in artefacts.models:
        test = model.of("test")
        if test is None:
            rows.append(Row(model.title, [], note=model.absent["scores"]))
            continue
        record = test.calibration
        rows.append(Row(f"{model.title}, without temperature", show(record.before, None)))
        if not record.not_fitted:
            rows.append(Row(f"{model.title}, with temperature", show(record.after, record.temperature)))
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


def _reliability(model: Model, scores: ModelScores) -> Context:
    record = scores.test.calibration
    before, after = ([(one.predicted, one.observed) for one in when.curve] for when in (record.before, record.after))
    figure = plots.reliability(before, None if record.not_fitted else after, model.name)
    return {"figure": Markup(plots.svg(figure, f"reliability-{model.name}"))}

"""Section: what each threshold gives on the test images."""

from collections.abc import Sequence

from markupsafe import Markup
from matplotlib.figure import Figure

from lesion import config
from lesion.evaluation.words.wording import listed
from lesion.records.metrics import OperatingPoint, Scores
from lesion.report.figures import plots
from lesion.report.reading.artefacts import Artefacts, Context, Model
from lesion.report.writing.tables import Cell, Row, Table, cell, count, number, percent, whole_percent, with_interval

Scored = Sequence[tuple[Model, Scores]]  # the networks that were measured, with their scores on the test split


def threshold(artefacts: Artefacts) -> Context | None:
    """Return what each threshold gives on the test images, for the reader to set; None if no network was measured."""
    scored = [(model, test) for model in artefacts.models if (test := model.of("test"))]
    if not scored:
        return None
    metrics = artefacts.metrics
    statistics = metrics.statistics
    prevalences = [{"value": share, "text": whole_percent(share)} for share in statistics.prevalences]
    middle = len(prevalences) // 2
    return {
        "networks": [_network(model) for model, _ in scored],
        "prevalences": prevalences,
        "middle": prevalences[middle],
        "threshold": metrics.threshold,
        "sensitivity": whole_percent(statistics.screening_sensitivity),
        "has_cases": bool(artefacts.cases),
        "shortfall": _below_setting(scored, statistics),
        "figure": Markup(plots.svg(_roc(artefacts, scored), "roc")),
        "counts": _counts(scored, metrics.threshold),
        "points": _points(scored, statistics, middle),
        "predictive": _predictive(scored, statistics),
    }


def _network(model: Model) -> Context:
    return {"name": model.name, "title": model.title, "marker": config.NETWORKS[model.name].marker}


# --- operating points -------------------------------------------------------------------------------
def _titles(statistics: config.Statistics) -> dict[str, str]:
    """Return what an operating point is called, behind its name in the metrics."""
    sensitivity = whole_percent(statistics.screening_sensitivity)
    return {"fixed": "same score", "youden": "Youden", "sensitive": f"{sensitivity} sensitivity"}


def _points(scored: Scored, statistics: config.Statistics, place: int) -> Table:
    """Return what each network's thresholds give, with the PPV at the prevalence that has this place."""
    share = whole_percent(statistics.prevalences[place])
    confidence = whole_percent(statistics.confidence)

    def show(point: OperatingPoint) -> list[Cell]:
        values = point.prevalences[place]
        return [
            cell(point.threshold, "{:.3g}".format),  # it may be far below 0.001
            with_interval(point.sensitivity, point.intervals["sensitivity"], percent),
            with_interval(point.specificity, point.intervals["specificity"], percent),
            with_interval(values.ppv, values.ppv_interval, percent),
        ]

    columns = ["Threshold", "Sensitivity", "Specificity", f"PPV at {share}"]
    undefined = [cell(None, number)] * len(columns)
    titles = _titles(statistics)
    rows = [
        Row(
            f"{model.title}, {titles[name]}",
            show(point) if point else undefined,
            flag=_shortfall(point, statistics) if name == "sensitive" else "",
        )
        for model, test in scored
        for name, point in test.operating.items()
    ]
    return Table(f"Three thresholds on the test images, with {confidence} intervals", columns, rows, first="Network")


def _predictive(scored: Scored, statistics: config.Statistics) -> Table:
    """Return the predictive values of each network's thresholds at every prevalence."""
    shares = [whole_percent(share) for share in statistics.prevalences]
    columns = [f"{kind} at {share}" for share in shares for kind in ("PPV", "NPV")]
    undefined = [cell(None, number)] * len(columns)

    def show(point: OperatingPoint) -> list[Cell]:
        pairs = [((values.ppv, values.ppv_interval), (values.npv, values.npv_interval)) for values in point.prevalences]
        return [with_interval(value, interval, percent) for pair in pairs for value, interval in pair]

    titles = _titles(statistics)
    rows = [
        Row(f"{model.title}, {titles[name]}", show(point) if point else undefined)
        for model, test in scored
        for name, point in test.operating.items()
    ]
    caption = f"PPV and NPV, with {whole_percent(statistics.confidence)} intervals"
    return Table(caption, columns, rows, first="Network")


def _shortfall(point: OperatingPoint | None, statistics: config.Statistics) -> str:
    """Say that a threshold finds less on the test images than it was set for; empty if it does not."""
    wanted = statistics.screening_sensitivity
    if point is None or point.sensitivity is None or point.sensitivity >= wanted:
        return ""
    interval = point.intervals["sensitivity"]
    if interval is None:
        return f"less than {whole_percent(wanted)}"
    if interval[1] < wanted:
        return f"clearly less than {whole_percent(wanted)}"
    return f"less than {whole_percent(wanted)}, could be chance"


def _below_setting(scored: Scored, statistics: config.Statistics) -> str:
    """Say of which networks the threshold finds clearly less than it was set for; empty if of none."""
    wanted = statistics.screening_sensitivity
    shares = []
    for model, test in scored:
        point = test.operating["sensitive"]
        interval = point and point.intervals["sensitivity"]
        if point and interval and point.sensitivity is not None and interval[1] < wanted:
            shares.append(f"{model.title} {percent(point.sensitivity)}")
    if not shares:
        return ""
    return f"Set for {whole_percent(wanted)} sensitivity, but clearly below it on the test images: {listed(shares)}."


# --- verdicts ---------------------------------------------------------------------------------------
def _counts(scored: Scored, at: float) -> Table:
    """Return the confusion matrix of each network at one threshold, a matrix in a row."""
    rows = []
    for model, test in scored:
        (left_alone, alarms), (missed, hits) = test.confusion
        cells = [cell(amount, count) for amount in (hits, missed, alarms, left_alone)]
        rows.append(Row(model.title, cells, flag="; ".join(test.collapsed)))
    columns = ["Malignant: found", "missed", "Benign: false alarms", "left alone"]
    return Table(f"Test images by what they are and what they are called at threshold {at}", columns, rows, "Network")


def _roc(artefacts: Artefacts, scored: Scored) -> Figure:
    """Draw the ROC curves of the networks and of colour alone, with the networks' operating points."""
    curves = {}
    for model in artefacts.measured("colour"):
        if test := model.of("test"):
            rates = test.roc and (test.roc.false_positive_rate, test.roc.true_positive_rate)
            curves[model.name] = (*rates, test.roc_auc) if rates and test.roc_auc is not None else None
    points = {
        title: {
            model.name: (1 - point.specificity, point.sensitivity)
            for model, test in scored
            if (point := test.operating[name]) and point.specificity is not None and point.sensitivity is not None
        }
        for name, title in _titles(artefacts.metrics.statistics).items()
    }
    return plots.roc_curves(curves, points)

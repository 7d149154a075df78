"""Sections on what each model says of the test images: thresholds, calibration, curves, classes and maps."""

from dataclasses import dataclass

from markupsafe import Markup

from lesion.evaluation.wording import listed
from lesion.records.explanations import MapRecord, ModelExplanations
from lesion.records.metrics import ModelScores, OperatingPoint
from lesion.report import plots
from lesion.report.artefacts import Artefacts, Context, Model, each_model
from lesion.report.tables import Cell, Row, Table, cell, count, number, percent, whole_percent


# --- thresholds and probabilities -------------------------------------------------------------------
def operating(artefacts: Artefacts) -> Context:
    """Return what each model's thresholds give on the test split."""
    statistics = artefacts.metrics.statistics
    sensitivity = whole_percent(statistics.screening_sensitivity)
    prevalences = [whole_percent(share) for share in statistics.prevalences]
    titles = {"fixed": "as set", "youden": "Youden", "sensitive": f"{sensitivity} sensitivity"}
    values = [f"{kind} at {share}".replace(" %", "\u00a0%") for share in prevalences for kind in ("PPV", "NPV")]
    columns = ["Threshold", "Sensitivity", "Specificity", *values]

    def show(model: Model, scores: ModelScores) -> Context:
        points = scores.test.operating
        rows = [Row(title, _point(points[name], len(columns))) for name, title in titles.items() if name in points]
        caption = f"Operating points of {model.title}, on the test split"
        return {"table": Table(caption, columns, rows, first="Point")}

    return {
        "sensitivity": sensitivity,
        "prevalences": listed(prevalences, "or"),
        "models": each_model(artefacts.models, "scores", show),
    }


def _point(point: OperatingPoint | None, columns: int) -> list[Cell]:
    """Return the figures of an operating point; a missing one becomes a row of undefined cells."""
    if point is None:
        return [cell(None, number)] * columns
    return [
        cell(point.threshold, "{:.3g}".format),  # it may be far below 0.001
        cell(point.sensitivity, percent),
        cell(point.specificity, percent),
        *(cell(value, percent) for entry in point.prevalences for value in (entry.ppv, entry.npv)),
    ]


CALIBRATION = (
    "Temperature", "Brier score, as it is", "Brier score, with temperature",
    "Calibration error, as it is", "Calibration error, with temperature",
)  # fmt: skip


def calibration(artefacts: Artefacts) -> Context:
    """Return how far each model's probabilities mean what they say, before and after the temperature."""
    caption = "Calibration on the test split, before and after the temperature"
    tests = {model.title: test.calibration for model in artefacts.models if (test := model.of("test"))}
    return {
        "models": each_model(artefacts.models, "scores", _reliability),
        "table": Table(caption, CALIBRATION, [_calibration(model) for model in artefacts.models]),
        "not_fitted": [
            f"{title}: no temperature was fitted, since {record.not_fitted}."
            for title, record in tests.items()
            if record.not_fitted
        ],
        "threshold": artefacts.metrics.threshold,
        "bins": artefacts.metrics.statistics.calibration_bins,
    }


def _calibration(model: Model) -> Row:
    test = model.of("test")
    if test is None:
        return Row(model.title, [], note=model.absent["scores"])
    record = test.calibration
    errors = [record.before.expected_calibration_error, record.after.expected_calibration_error]
    figures = [record.temperature, record.before.brier, record.after.brier, *errors]
    return Row(model.title, [cell(value, number) for value in figures])


def _reliability(model: Model, scores: ModelScores) -> Context:
    record = scores.test.calibration
    before, after = ([(one.predicted, one.observed) for one in when.curve] for when in (record.before, record.after))
    figure = plots.reliability(before, None if record.not_fitted else after, model.name)
    return {"figure": Markup(plots.svg(figure, f"reliability-{model.name}"))}


# --- curves, verdicts and classes -------------------------------------------------------------------
def roc(artefacts: Artefacts) -> Context:
    """Return the ROC curves on the test split in one figure, None if no model was measured."""
    curves = {}
    for model in artefacts.models:
        if test := model.of("test"):
            rates = test.roc and (test.roc.false_positive_rate, test.roc.true_positive_rate)
            curves[model.name] = (*rates, test.roc_auc) if rates and test.roc_auc is not None else None
    missing = [(model.title, model.absent["scores"]) for model in artefacts.models if not model.scores]
    figure = Markup(plots.svg(plots.roc_curves(curves), "roc")) if curves else None
    return {"figure": figure, "missing": [f"{title}: {reason}" for title, reason in missing]}


def confusion(artefacts: Artefacts) -> Context:
    """Return each model's confusion matrix on the test split, as a figure and for screen readers."""
    classes = artefacts.data.classes

    def show(model: Model, scores: ModelScores) -> Context:
        counts = scores.test.confusion
        figure = plots.svg(plots.confusion_matrix(counts, classes, model.name), f"confusion-{model.name}")
        return {
            "figure": Markup(figure),
            "counts": list(zip(classes, counts, strict=True)),
            "collapsed": scores.test.collapsed,
        }

    return {
        "classes": classes,
        "threshold": artefacts.metrics.threshold,
        "models": each_model(artefacts.models, "scores", show),
    }


def classes(artefacts: Artefacts) -> Context:
    """Return precision, recall, F1 and support of each class and of their averages, on the test split."""
    return {"models": each_model(artefacts.models, "scores", _classes)}


def _classes(model: Model, scores: ModelScores) -> Context:
    rows = [
        Row(name, [*(cell(value, number) for value in (one.precision, one.recall, one.f1)), cell(one.support, count)])
        for name, one in scores.test.per_class.items()
    ]
    columns = ("Precision", "Recall", "F1", "Support")
    return {"table": Table(f"{model.title} by class, on the test split", columns, rows, first="Class")}


# --- maps -------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Card:
    """One image as one model sees it."""

    label: str
    photograph: str
    map: MapRecord


@dataclass(frozen=True)
class Outcome:
    """The images of one class that a model calls one class."""

    title: str
    correct: bool
    cards: list[Card]


def explanations(artefacts: Artefacts) -> Context:
    """Return each model's Grad-CAM maps by outcome: all four, the malignant images first."""
    classes = artefacts.data.classes

    def show(model: Model, explanation: ModelExplanations) -> Context:
        cards = [
            Card(classes[image.label], image.photograph, one)
            for image, one in zip(artefacts.images, explanation.maps, strict=True)
        ]
        outcomes = [
            Outcome(
                f"{true} called {called}",
                true == called,
                [card for card in cards if (card.label, card.map.explains) == (true, called)],
            )
            for true in reversed(classes)
            for called in reversed(classes)
        ]
        return {"explanation": explanation, "outcomes": outcomes}

    return {"positive": classes[1], "models": each_model(artefacts.models, "explanation", show)}

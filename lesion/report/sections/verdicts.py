"""Sections on what each model says of the test images: curves, verdicts, classes and maps."""

from dataclasses import dataclass

from markupsafe import Markup

from lesion.records.explanations import MapRecord, ModelExplanations
from lesion.records.metrics import ModelScores
from lesion.report import plots
from lesion.report.artefacts import Artefacts, Context, Model, each_model
from lesion.report.tables import Row, Table, cell, count, number


def roc(artefacts: Artefacts) -> Context:
    """Return the ROC curves of the networks and of colour alone on the test split in one figure.

    The figure is None if nothing was measured.
    """
    curves = {}
    for model in artefacts.measured("colour"):
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

"""What the page says of itself: what was compared, when, by which version, and how to do it again."""

from dataclasses import asdict

import lesion
from lesion import config
from lesion.records.common import Provenance
from lesion.records.metrics import Scores
from lesion.report.embedded import command, paper
from lesion.report.embedded.commit import commit
from lesion.report.reading.artefacts import Artefacts, Context, Model
from lesion.report.writing.tables import counted

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
DISCLAIMER = "Research software, not a medical device: nobody should act on what it says about a lesion."


def about(artefacts: Artefacts) -> Context:
    """Return the page's title, date, settings and so on; they are embedded in it, for scripts and `invoke compare`."""
    return {
        "title": title(artefacts),
        "measured": measured(artefacts),
        "created": created(artefacts),
        "version": lesion.__version__,
        "commit": commit(),
        "command": command.commands(artefacts),
        "threshold": artefacts.metrics.threshold,
        "sensitivity": artefacts.metrics.statistics.screening_sensitivity,
        "networks": [_network(model, test) for model in artefacts.models if (test := model.of("test"))],
        "description": artefacts.data.source.description,
        "data": artefacts.data.data,
        "classes": artefacts.data.classes,
        "settings": settings(artefacts),
        "methods": paper.paragraph(artefacts),
        "references": paper.references(artefacts),
        "cite": paper.citations(artefacts),
        "licence": paper.licence(artefacts),
        "disclaimer": DISCLAIMER,
    }


def _network(model: Model, test: Scores) -> Context:
    """Return how a network is shown, and Youden's threshold, None if it has none."""
    youden = test.operating["youden"]
    return {
        "name": model.name,
        "title": model.title,
        "marker": config.NETWORKS[model.name].marker,
        "youden": youden and youden.threshold,
    }


def title(artefacts: Artefacts) -> str:
    """Return the question that the report answers: of how many networks, and on which kind of images."""
    kind = "drawn" if artefacts.data.source.drawn else "dermoscopic"
    shown = [model for model in artefacts.models if model.scores] or artefacts.models
    if len(shown) == 1:
        return f"How well does {shown[0].title} tell malignant from benign on {kind} images?"
    number = NUMBERS[len(shown)] if len(shown) < len(NUMBERS) else str(len(shown))
    return f"Which of {number} networks tells malignant from benign best on {kind} images?"


def measured(artefacts: Artefacts) -> str:
    """Say on what the networks were measured: 225 test images of 180 lesions, 90 of them malignant."""
    size = artefacts.metrics.sizes.get("test")
    if size is None:
        return "No test image was scored"
    return (
        f"{counted(size.rows, 'test image')} of {counted(size.lesions, 'lesion')}, "
        f"{size.malignant_lesions:,} of them malignant"
    )


def created(artefacts: Artefacts) -> str:
    """Return when the latest stage that the report shows ended, so that the same files give the same report."""
    return max(provenance.created for provenance in _provenances(artefacts))


def _provenances(artefacts: Artefacts) -> list[Provenance]:
    models = (*artefacts.models, *artefacts.references)
    records = [
        artefacts.data,
        *(record for model in models for record in (model.run, model.evaluation, model.explanation, model.baseline)),
        artefacts.study,
    ]
    return [record.provenance for record in records if record is not None]


def settings(artefacts: Artefacts) -> Context:
    """Return the settings of each stage by its name: prepare, and train NETWORK."""
    trainings = {f"train {model.name}": asdict(model.run.settings) for model in artefacts.models if model.run}
    return {"prepare": asdict(artefacts.data.settings), **trainings}

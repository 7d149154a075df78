"""Section: every test image, with all networks side by side."""

from collections.abc import Sequence

from lesion import config
from lesion.evaluation.words.looks import unlike_sentence
from lesion.evaluation.words.wording import listed
from lesion.records.explanations import AGREEMENT, ESTIMATED, GRADCAM
from lesion.records.training import UnlikeRecord
from lesion.report.embedded import case_pictures
from lesion.report.embedded.case_pictures import Mapped
from lesion.report.embedded.judged import Judged, judged, most_wrong
from lesion.report.reading.artefacts import Artefacts, Context, Model
from lesion.report.writing.tables import number

CARDS = 12  # in the page as it is; its script makes the others


def cases(artefacts: Artefacts) -> Context | None:
    """Return the most wrong images as cards, and all that the page holds for its script; None without any image."""
    models = [model for model in artefacts.models if model.scores]
    if not artefacts.cases or not models:
        return None
    images = judged(artefacts)
    networks = case_pictures.mapped(models)
    records = {model.name: record for model in models if (record := _unlike(model))}
    unlike = {name: record.test_rows for name, record in records.items()}
    space = case_pictures.budget(artefacts)
    pictures, places = case_pictures.embedded(images, networks, artefacts.data.classes, space, unlike)
    worst = sorted(places, key=lambda place: most_wrong(images[place]))[:CARDS]
    return {
        "networks": [_network(model, networks) for model in models],
        "mapped": bool(networks),
        "methods": _methods([model for model in models if model.name in {network.name for network in networks}]),
        "located": any(case_pictures.least_on_lesion(networks, place) for place in places),
        "unlike": unlike_sentence(unlike),
        "further": listed(list(dict.fromkeys(f"{record.validation_share:.1%}" for record in records.values()))),
        "coarse": case_pictures.coarse_sentence(models),
        "choice": case_pictures.choice_sentence(images, places),
        "classes": artefacts.data.classes,
        "factors": case_pictures.factors(images),
        "outlined": any(images[place].case.outline for place in places),
        "outlines": _outlines({images[place].case.outline_from for place in places}),
        "threshold": artefacts.metrics.threshold,
        "limit": _percent(artefacts.metrics.threshold),
        "amount": len(places),
        "cards": [_card(images[place], place, models, networks, artefacts.data.classes) for place in worst],
        "pictures": pictures,
    }


def _unlike(model: Model) -> UnlikeRecord | None:
    return model.evaluation.unlike if model.evaluation else None


def _methods(models: Sequence[Model]) -> str:
    """Name the maps that are shown: Grad-CAM, or LayerCAM for the networks whose Grad-CAM is too coarse."""
    finer = [model.title for model in models if model.explanation and model.explanation.shown != GRADCAM]
    if not finer:
        return "Grad-CAM"
    return "LayerCAM" if len(finer) == len(models) else f"Grad-CAM (LayerCAM for {listed(finer)})"


def _outlines(origins: set[str]) -> list[str]:
    """Say of each kind of outline what its line looks like, and who says so."""
    sentences = {
        "drawn": "The dashed line is the lesion's outline, known because the project drew the image.",
        "masks": "The dashed line is the lesion's outline, from a mask that came with the images.",
        ESTIMATED: f"The dotted line is an estimated outline, from the image's colours alone ({AGREEMENT}). "
        "Where the image leaves it unsure, there is none.",
    }
    return [sentence for origin, sentence in sentences.items() if origin in origins]


def _network(model: Model, networks: Sequence[Mapped]) -> Context:
    is_mapped = model.name in {network.name for network in networks}
    marker = config.NETWORKS[model.name].marker
    return {"name": model.name, "title": model.title, "marker": marker, "mapped": is_mapped}


def _card(
    image: Judged, place: int, models: Sequence[Model], networks: Sequence[Mapped], classes: Sequence[str]
) -> Context:
    """Return an image with the verdict of each network, in the order of the networks."""
    case = image.case
    masks = {network.name: case_pictures.mask(network.maps.fields[place]) for network in networks}
    return {
        "row": case.row,
        "label": classes[case.label],
        "photograph": case_pictures.webp(case.thumbnail),
        "outline": case.outline,
        "estimated": case.outline_from == ESTIMATED,
        "masks": masks,
        "verdicts": {model.name: _verdict(image, model.name) for model in models},
    }


def _verdict(image: Judged, name: str) -> Context:
    score = image.scores.get(name)
    if score is None:
        return {"score": None, "text": "no score", "place": "", "word": ""}
    word = "wrong" if name in image.errors else "right"
    return {"score": score, "text": number(score), "place": _percent(score), "word": word}


def _percent(share: float) -> str:
    return f"{100 * share:g}%"

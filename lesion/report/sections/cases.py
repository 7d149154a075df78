"""Section: every test image, with all networks side by side."""

from collections.abc import Sequence

from lesion import config
from lesion.report import embedded_cases
from lesion.report.artefacts import Artefacts, Context, Model
from lesion.report.embedded_cases import Mapped
from lesion.report.judged import Judged, judged, most_wrong
from lesion.report.tables import number

CARDS = 12  # in the page as it is; its script makes the others


def cases(artefacts: Artefacts) -> Context | None:
    """Return the most wrong images as cards, and all that the page holds for its script; None without any image."""
    models = [model for model in artefacts.models if model.scores]
    if not artefacts.cases or not models:
        return None
    images = judged(artefacts)
    networks = embedded_cases.mapped(models)
    pictures, places = embedded_cases.embedded(
        images, networks, artefacts.data.classes, embedded_cases.budget(artefacts)
    )
    worst = sorted(places, key=lambda place: most_wrong(images[place]))[:CARDS]
    return {
        "networks": [_network(model, networks) for model in models],
        "mapped": bool(networks),
        "coarse": embedded_cases.coarse_sentence(models),
        "choice": embedded_cases.choice_sentence(images, places),
        "classes": artefacts.data.classes,
        "factors": embedded_cases.factors(images),
        "outlined": any(images[place].case.outline for place in places),
        "threshold": artefacts.metrics.threshold,
        "limit": _percent(artefacts.metrics.threshold),
        "amount": len(places),
        "cards": [_card(images[place], place, models, networks, artefacts.data.classes) for place in worst],
        "pictures": pictures,
    }


def _network(model: Model, networks: Sequence[Mapped]) -> Context:
    is_mapped = model.name in {network.name for network in networks}
    marker = config.NETWORKS[model.name].marker
    return {"name": model.name, "title": model.title, "marker": marker, "mapped": is_mapped}


def _card(
    image: Judged, place: int, models: Sequence[Model], networks: Sequence[Mapped], classes: Sequence[str]
) -> Context:
    """Return an image with the verdict of each network, in the order of the networks."""
    case = image.case
    masks = {network.name: embedded_cases.mask(network.maps.fields[place]) for network in networks}
    return {
        "row": case.row,
        "label": classes[case.label],
        "photograph": f"data:image/webp;base64,{embedded_cases.base64(case.thumbnail)}",
        "outline": case.outline,
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

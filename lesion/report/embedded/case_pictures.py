"""The test images inside the page: which of them it holds, and how they are written for its script.

The page holds all test images as long as they, the predictions and the metrics take at most EMBEDDED_BYTES together.
Otherwise it holds the images that any network gets wrong, which include all on which the networks disagree, the most
wrong first, and then others, drawn at random with SEED, until these bytes are used up.
"""

import random
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from markupsafe import Markup

from lesion.evaluation.localisation.fields import too_coarse
from lesion.evaluation.words.wording import listed
from lesion.records.explanations import AGREEMENT, ESTIMATED
from lesion.report.embedded.embed import embedded_json, packed, predictions_csv
from lesion.report.embedded.judged import Judged, most_wrong
from lesion.report.reading.artefacts import Artefacts, Maps, Model

# Of the page's 6 MB (`page.REPORT_BYTES`); the sections and scripts need up to 0.6 MB. Enough for 3,700 photographs of
# 96 pixels and 0.6 kB each, with outlines and maps of 7 × 7 fields of three networks.
EMBEDDED_BYTES = 5_400_000
SEED = 0

Packed = list[object]  # one image as it is written, see `embedded`
Factor = tuple[str, list[str]]  # what subgroups there are, and the levels of each


@dataclass(frozen=True)
class Mapped:
    """A network whose maps are fine enough to be shown."""

    name: str
    maps: Maps
    energies: Sequence[float | None]  # of each image: the share of its evidence on the lesion


@dataclass(frozen=True)
class Least:
    """The network with the least of its evidence on the lesion of an image, and that share, 0 to 1."""

    network: Mapped
    share: float


def mapped(models: Sequence[Model]) -> list[Mapped]:
    """Return the networks whose maps are not too coarse."""
    fine = [(model, model.maps) for model in models if model.maps and _is_fine(model.maps)]
    return [Mapped(model.name, maps, _energies(model) or [None] * len(maps.fields)) for model, maps in fine]


def _energies(model: Model) -> Sequence[float | None]:
    """Return the share of each image's evidence on the lesion; nothing if the maps were not scored."""
    localisation = model.explanation.localisation_of(model.explanation.shown) if model.explanation else None
    return localisation.energies if localisation else []


def least_on_lesion(networks: Sequence[Mapped], place: int) -> Least | None:
    """Return the network with the least evidence on the lesion of the image `place`; None if it is known of none.

    An empty map has no evidence, on the lesion or beside it, and does not count.
    """
    known = [
        Least(network, share)
        for network in networks
        if (share := network.energies[place]) is not None and network.maps.fields[place].any()
    ]
    return min(known, key=lambda each: each.share, default=None)


def coarse_sentence(models: Sequence[Model]) -> str:
    """Say of which networks the maps are too coarse to be shown; empty if there are none."""
    coarse = [(model.title, _size(model.maps)) for model in models if model.maps and not _is_fine(model.maps)]
    if not coarse:
        return ""
    sizes = dict.fromkeys(f"{height} × {width}" for _, (height, width) in coarse)
    return (
        f"The maps of {listed([title for title, _ in coarse])} have {listed(list(sizes))} fields: too coarse to show "
        "where the evidence lies, so they are not shown."
    )


def factors(images: Sequence[Judged]) -> list[Factor]:
    """Return what subgroups the images are in, with at least two levels each, in alphabetical order."""
    levels: dict[str, set[str]] = {}
    for image in images:
        for factor, level in image.case.levels.items():
            levels.setdefault(factor, set()).add(level)
    return [(factor, sorted(names)) for factor, names in levels.items() if len(names) > 1]


def budget(artefacts: Artefacts) -> int:
    """Return the bytes that the predictions and the metrics leave for the images."""
    return EMBEDDED_BYTES - len(predictions_csv(artefacts.predictions)) - len(packed(artefacts.metrics_text))


def embedded(
    images: Sequence[Judged],
    networks: Sequence[Mapped],
    classes: Sequence[str],
    space: int,
    unlike: Mapping[str, Sequence[int]],
) -> tuple[Markup, list[int]]:
    """Return the images of the page as JSON of about `space` bytes at most, and their places in `images`.

    An image is written as [row, WebP in base64, outline, places of its levels or -1 in the order of the factors, maps
    in the order of the networks, 1 if the outline is estimated, else 0]. A map is [its fields row by row, one byte
    each, in base64, or an empty text if all are 0; its peak in units of the logit; 1 if it explains the verdict
    malignant, else 0; the share of its evidence on the lesion, null if that is not known]. `unlike` holds, for each
    network that can tell, the rows of the images that are unlike its training images.
    """
    kinds = factors(images)
    packed = [_packed(image, place, networks, kinds) for place, image in enumerate(images)]
    places = chosen(images, [len(embedded_json(image)) + 1 for image in packed], space)
    content = {
        "classes": list(classes),
        "factors": kinds,
        "maps": {network.name: _size(network.maps) for network in networks},
        "agreement": AGREEMENT,
        "unlike": {name: list(rows) for name, rows in unlike.items()},
        "cases": [packed[place] for place in places],
    }
    return embedded_json(content), places


def chosen(images: Sequence[Judged], sizes: Sequence[int], space: int) -> list[int]:
    """Return the places of the images that the page holds, ascending, by the rule of this module.

    `sizes` are their bytes, which must fit into `space`.
    """
    places = range(len(images))
    if sum(sizes) <= space:
        return list(places)
    wrong = sorted((place for place in places if images[place].errors), key=lambda place: most_wrong(images[place]))
    others = [place for place in places if not images[place].errors]
    random.Random(SEED).shuffle(others)
    order = [*wrong, *others]
    fit = int(np.searchsorted(np.cumsum([sizes[place] for place in order]), space, side="right"))
    return sorted(order[:fit])


def choice_sentence(images: Sequence[Judged], places: Sequence[int]) -> str:
    """Say how many of the images the page holds, and which; empty if it holds all."""
    if len(places) == len(images):
        return ""
    wrong = sum(bool(image.errors) for image in images)
    start = f"To stay small, this page holds {len(places):,} of the {len(images):,} test images: "
    if len(places) <= wrong:
        return f"{start}the most wrong of the {wrong:,} that any network gets wrong."
    others = f"{len(places) - wrong:,} of the other {len(images) - wrong:,}, drawn at random"
    return f"{start}all {wrong:,} that any network gets wrong, and {others}."


def mask(fields: np.ndarray) -> str:
    """Return fields (h, w) uint8 as a PNG, a data URI, whose opacity is the evidence; empty if there is none."""
    if not fields.any():
        return ""
    picture = np.zeros((*fields.shape, 4), np.uint8)
    picture[..., 3] = fields
    return f"data:image/png;base64,{base64(cv2.imencode('.png', picture)[1].tobytes())}"


def webp(content: bytes) -> str:
    """Return a WebP file as a data URI."""
    return f"data:image/webp;base64,{base64(content)}"


def base64(content: bytes) -> str:
    """Return bytes as text."""
    return b64encode(content).decode("ascii")


def _size(maps: Maps) -> tuple[int, int]:
    height, width = maps.fields.shape[1:]
    return height, width


def _is_fine(maps: Maps) -> bool:
    return not too_coarse(*_size(maps))


def _packed(image: Judged, place: int, networks: Sequence[Mapped], kinds: Sequence[Factor]) -> Packed:
    case = image.case
    levels = [names.index(case.levels[factor]) if factor in case.levels else -1 for factor, names in kinds]
    maps = [_packed_map(network, place) for network in networks]
    return [case.row, base64(case.thumbnail), case.outline, levels, maps, int(case.outline_from == ESTIMATED)]


def _packed_map(network: Mapped, place: int) -> Packed:
    maps = network.maps
    fields = maps.fields[place]
    text = base64(fields.tobytes()) if fields.any() else ""
    peak = None if maps.peaks is None else float(str(maps.peaks[place]))  # a float32 has fewer digits than a float
    return [text, peak, int(maps.malignant[place]), network.energies[place]]

"""How well the maps of the test images lie on the lesions, wherever an outline is known or estimated."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from lesion import config, store
from lesion.evaluation.localisation import fields
from lesion.evaluation.localisation.comparison import Located, located
from lesion.evaluation.localisation.scores import SCORES
from lesion.evaluation.localisation.settings import LOCALISATION
from lesion.evaluation.localisation.skill import Skills
from lesion.explain import cases
from lesion.prepared import PreparedData
from lesion.records.common import Method
from lesion.records.explanations import ExplainedImage, ModelExplanations
from lesion.records.localisation import LocalisationRecord, SkillDifference

DECIMALS = 4  # of the energy of each image


@dataclass(frozen=True)
class Outlined:
    """The test images that have an outline: (n,) their places among all, their classes and lesions."""

    places: np.ndarray
    labels: np.ndarray
    groups: np.ndarray


def method() -> Method:
    """Return the blocks of settings that the scores depend on."""
    return store.blocks(LOCALISATION, config.STATISTICS, config.DECISION)


def locate(
    data: PreparedData, images: Sequence[ExplainedImage], models: Mapping[str, ModelExplanations]
) -> tuple[dict[str, ModelExplanations], list[SkillDifference]]:
    """Return each network's explanations with its scores, and the differences of those that are not too coarse.

    `images` are all test images in their order; the maps of `models` are read from their files. Nothing is scored
    without an outline.
    """
    outlined = _outlined(images)
    if not len(outlined.places) or not models:
        return {name: replace(model, localisation=None) for name, model in models.items()}, []
    sizes = {name: (model.resolution[0], model.resolution[1]) for name, model in models.items()}
    shares = {size: _shares(data, images, outlined, *size) for size in sorted(set(sizes.values()))}
    networks = {name: _located(model, shares[sizes[name]], outlined) for name, model in models.items()}
    skills = Skills(networks, outlined.labels, outlined.groups)
    scored = {
        name: replace(model, localisation=_record(name, skills, outlined, len(images), fields.too_coarse(*sizes[name])))
        for name, model in models.items()
    }
    return scored, skills.differences([name for name in models if not fields.too_coarse(*sizes[name])])


def _outlined(images: Sequence[ExplainedImage]) -> Outlined:
    places = [place for place, image in enumerate(images) if image.outline]
    return Outlined(
        places=np.array(places, int),
        labels=np.array([images[place].label for place in places], int),
        groups=np.array([images[place].group for place in places], int),
    )


def _shares(
    data: PreparedData, images: Sequence[ExplainedImage], outlined: Outlined, height: int, width: int
) -> np.ndarray:
    """Return the lesions in fields (n, height, width): by the outline of the data, or else by the estimated one."""
    positions, _ = data.of_split("test")
    lesions = []
    for place in outlined.places:
        outline = data.outline(positions[place])
        outline = mask_of(images[place].outline) if outline is None else outline
        lesions.append(fields.shares(outline, height, width))
    return np.array(lesions)


def mask_of(path: str) -> np.ndarray:
    """Return the inside of a path, as `cases.path_of` writes it, as a square of bool, finer than its coordinates."""
    side = cases.PATH_SIDE * cases.STEPS
    mask = np.zeros((side, side), np.uint8)
    for closed in path.split("z")[:-1]:
        steps = [int(number) for number in re.findall(r"-?\d+", closed)]  # the first place, then the steps from it
        corners = np.cumsum(np.reshape(steps, (-1, 2)), axis=0)
        cv2.fillPoly(mask, [corners.astype(np.int32) * cases.STEPS], 1)
    return mask.astype(bool)


def _located(model: ModelExplanations, shares: np.ndarray, outlined: Outlined) -> Located:
    with np.load(config.REPORTS / model.maps, allow_pickle=False) as arrays:
        maps, verdicts = arrays["fields"][outlined.places], arrays["malignant"][outlined.places]
    return located(maps, shares, outlined.groups, verdicts)


def _record(name: str, skills: Skills, outlined: Outlined, images: int, coarse: bool) -> LocalisationRecord:
    energies: list[float | None] = [None] * images
    values = skills.networks[name].values[:, list(SCORES).index("energy"), 0]
    for place, energy in zip(outlined.places, values.tolist(), strict=True):
        energies[place] = round(energy, DECIMALS)
    return LocalisationRecord(
        coarse=coarse, subsets=skills.describe(name), follows=skills.follows(name), energies=energies
    )

"""How well the maps of the test images lie on the lesions, wherever an outline is known or estimated."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from lesion import config, store
from lesion.evaluation.correction import leaves_out_0
from lesion.evaluation.localisation import fields
from lesion.evaluation.localisation.comparison import Located, located
from lesion.evaluation.localisation.scores import SCORES
from lesion.evaluation.localisation.settings import LOCALISATION
from lesion.evaluation.localisation.skill import Skills
from lesion.explain import cases
from lesion.prepared import PreparedData
from lesion.records.common import Method
from lesion.records.explanations import GRADCAM, ExplainedImage, ModelExplanations
from lesion.records.localisation import LocalisationRecord, SkillDifference
from lesion.records.metrics import Estimate

DECIMALS = 4  # of the energy of each image
UNKNOWN = Estimate(None, None)


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
    """Return each network's explanations with the scores of its maps, and the differences of those that are shown.

    `images` are all test images in their order; the maps of `models` are read from their files. Nothing is scored
    without an outline.
    """
    outlined = _outlined(images)
    if not len(outlined.places) or not models:
        return {name: _unscored(model) for name, model in models.items()}, []
    sizes = {_key(name, method): size for name, model in models.items() for method, size in _sizes(model).items()}
    shares = {size: _shares(data, images, outlined, *size) for size in sorted(set(sizes.values()))}
    maps = {
        _key(name, method): _located(model, method, shares[size], outlined)
        for name, model in models.items()
        for method, size in _sizes(model).items()
    }
    skills = Skills(maps, outlined.labels, outlined.groups)
    records = {
        key: _record(key, skills, outlined, len(images), fields.too_coarse(*size)) for key, size in sizes.items()
    }
    scored = {name: _scored(name, model, records, skills) for name, model in models.items()}
    return scored, _differences(scored, skills)


def _key(name: str, method: str) -> str:
    return f"{name}/{method}"


def _sizes(model: ModelExplanations) -> dict[str, tuple[int, int]]:
    """Return the fields of a network's maps, height and width, by method."""
    resolutions = {GRADCAM: model.resolution, **{method: maps.resolution for method, maps in model.finer.items()}}
    return {method: (height, width) for method, (height, width) in resolutions.items()}


def _unscored(model: ModelExplanations) -> ModelExplanations:
    finer = {
        method: replace(maps, localisation=None, skill_over_gradcam=UNKNOWN) for method, maps in model.finer.items()
    }
    return replace(model, localisation=None, finer=finer, beside="")


def _scored(
    name: str, model: ModelExplanations, records: Mapping[str, LocalisationRecord], skills: Skills
) -> ModelExplanations:
    """Return a network's explanations with the scores of all its maps, and which maps to show beside."""
    gradcam = _key(name, GRADCAM)
    lines = {} if records[gradcam].coarse else _over_gradcam(name, model, skills)
    finer = {
        method: replace(
            maps, localisation=records[_key(name, method)], skill_over_gradcam=lines.get(_key(name, method), UNKNOWN)
        )
        for method, maps in model.finer.items()
    }
    better = {method: maps.skill_over_gradcam for method, maps in finer.items() if _is_higher(maps.skill_over_gradcam)}
    best = max(better, key=lambda method: better[method].value or 0.0, default="")
    return replace(model, localisation=records[gradcam], finer=finer, beside=best)


def _over_gradcam(name: str, model: ModelExplanations, skills: Skills) -> dict[str, Estimate]:
    """Return by how much the skill of the finer maps is higher than Grad-CAM's, corrected for their number."""
    pairs = [(_key(name, method), _key(name, GRADCAM)) for method in model.finer]
    return {line.first: Estimate(line.difference, line.adjusted) for line in skills.compare("energy", pairs)}


def _is_higher(difference: Estimate) -> bool:
    return bool(difference.value and difference.value > 0 and leaves_out_0(difference.interval))


def _differences(models: Mapping[str, ModelExplanations], skills: Skills) -> list[SkillDifference]:
    """Return the differences between the networks' shown maps, those that are not too coarse, by network."""
    shown = {
        _key(name, model.shown): name
        for name, model in models.items()
        if not fields.too_coarse(*_sizes(model)[model.shown])
    }
    lines = skills.differences(list(shown))
    return [replace(line, first=shown[line.first], second=shown[line.second]) for line in lines]


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
    lesions = (outline_of(data, images, place) for place in outlined.places)
    return np.array([fields.shares(lesion, height, width) for lesion in lesions])


def outline_of(data: PreparedData, images: Sequence[ExplainedImage], place: int) -> np.ndarray:
    """Return the lesion on a test image that has an outline, S×S bool: by that of the data, or the estimated one."""
    positions, _ = data.of_split("test")
    outline = data.outline(positions[place])
    return mask_of(images[place].outline, data.images.shape[1]) if outline is None else outline


def mask_of(path: str, side: int) -> np.ndarray:
    """Return the inside of a path, as `cases.path_of` writes it, side×side bool."""
    fine = cases.PATH_SIDE * cases.STEPS
    mask = np.zeros((fine, fine), np.uint8)
    for closed in path.split("z")[:-1]:
        steps = [int(number) for number in re.findall(r"-?\d+", closed)]  # the first place, then the steps from it
        corners = np.cumsum(np.reshape(steps, (-1, 2)), axis=0)
        cv2.fillPoly(mask, [corners.astype(np.int32) * cases.STEPS], 1)
    return cv2.resize(mask, (side, side), interpolation=cv2.INTER_NEAREST_EXACT).astype(bool)


def _located(model: ModelExplanations, method: str, shares: np.ndarray, outlined: Outlined) -> Located:
    with np.load(config.REPORTS / model.maps, allow_pickle=False) as arrays:
        maps = arrays["fields" if method == GRADCAM else method][outlined.places]
        verdicts = arrays["malignant"][outlined.places]
    return located(maps, shares, outlined.groups, verdicts)


def _record(key: str, skills: Skills, outlined: Outlined, images: int, coarse: bool) -> LocalisationRecord:
    energies: list[float | None] = [None] * images
    values = skills.networks[key].values[:, list(SCORES).index("energy"), 0]
    for place, energy in zip(outlined.places, values.tolist(), strict=True):
        energies[place] = round(energy, DECIMALS)
    return LocalisationRecord(
        coarse=coarse, subsets=skills.describe(key), follows=skills.follows(key), energies=energies
    )

"""Maps of the test images against the outlines, known or estimated."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from lesion import config
from lesion.explain import cases, located
from lesion.records.common import Provenance
from lesion.records.explanations import ExplainedImage, ModelExplanations
from lesion.records.metrics import Estimate
from lesion.records.probes import FinerMaps

SIZE, IMAGES = 40, 24


def circle(place):
    mask = np.zeros((SIZE, SIZE), np.uint8)
    cv2.circle(mask, (12 + place % 4 * 5, 12 + place // 4 * 3), 8, 1, -1)
    return mask.astype(bool)


class Data:
    """Prepared data whose last test image has no known outline."""

    images = np.zeros((0, SIZE, SIZE, 3), np.uint8)

    def of_split(self, split):
        assert split == "test"
        return np.arange(IMAGES) + 100, np.arange(IMAGES) % 2

    def outline(self, position):
        return None if position in (100 + IMAGES - 1, 100 + IMAGES - 2) else circle(position - 100)


def images():
    """Return the test images; the last outline is estimated, that before it unknown."""
    paths = [cases.path_of(circle(place)) for place in range(IMAGES)]
    paths[-2] = ""
    return [
        ExplainedImage(place, place % 2, place, {}, "", path, "masks" if path else "")
        for place, path in enumerate(paths)
    ]


def explained(tmp_path, name, fields):
    np.savez(tmp_path / f"{name}.npz", fields=fields, malignant=np.ones(IMAGES, bool))
    provenance = Provenance("", 0.0, "", "", {})
    return ModelExplanations("", "", "", list(fields.shape[1:]), IMAGES, 0, f"{name}.npz", None, provenance)


@pytest.fixture
def models(tmp_path, monkeypatch):
    monkeypatch.setattr(config, "REPORTS", tmp_path)
    fine = np.array(
        [cv2.resize(circle(place).astype(np.uint8), (8, 8), interpolation=cv2.INTER_AREA) for place in range(IMAGES)]
    )
    return {
        "scratch": explained(tmp_path, "scratch", (fine * 255).astype(np.uint8)),
        "mobilenet": explained(tmp_path, "mobilenet", np.ones((IMAGES, 8, 8), np.uint8)),
        "efficientnet": explained(tmp_path, "efficientnet", np.ones((IMAGES, 2, 2), np.uint8)),
    }


def test_each_image_with_an_outline_is_scored(models):
    scored, differences = located.locate(Data(), images(), models)
    even = scored["mobilenet"].localisation
    expected = [round(circle(place).mean(), 4) for place in range(IMAGES)]
    assert even.energies[:-2] == pytest.approx(expected[:-2], abs=1e-4) and even.energies[-2] is None
    assert even.energies[-1] == pytest.approx(expected[-1], abs=0.01), "from the path"
    assert even.subsets["all"].images == IMAGES - 1 and even.subsets["right"].images == IMAGES // 2
    good = scored["scratch"].localisation
    assert good.follows.interval[0] > 0 > even.subsets["all"].scores["energy"].skill.interval[1]
    assert not good.coarse and not even.coarse and scored["efficientnet"].localisation.coarse
    assert {(line.first, line.second) for line in differences} == {("scratch", "mobilenet")}
    energy = next(line for line in differences if line.score == "energy")
    assert energy.adjusted[0] > 0


def test_without_any_outline_nothing_is_scored(models):
    unknown = [ExplainedImage(place, 0, place, {}, "", "") for place in range(IMAGES)]
    scored, differences = located.locate(Data(), unknown, models)
    assert [model.localisation for model in scored.values()] == [None] * 3 and differences == []


def test_a_path_is_read_as_it_was_written():
    outline = circle(3) | circle(20)
    again = located.mask_of(cases.path_of(outline), 4 * SIZE)
    expected = cv2.resize(outline.astype(np.uint8), again.shape, interpolation=cv2.INTER_NEAREST_EXACT).astype(bool)
    assert (again & expected).sum() / (again | expected).sum() > 0.95
    assert not located.mask_of("", SIZE).any()


def finer(tmp_path, explanations, name, **maps):
    """Return a network's explanations with LayerCAM maps beside its own."""
    with np.load(tmp_path / f"{name}.npz") as arrays:
        np.savez(tmp_path / f"{name}.npz", **arrays, **maps)
    records = {
        method: FinerMaps("layer", list(fields.shape[1:]), 0, None, Estimate(None, None))
        for method, fields in maps.items()
    }
    return replace(explanations, finer=records)


def test_finer_maps_stand_beside_grad_cam_only_if_they_are_better_beyond_chance(models, tmp_path):
    good = np.load(tmp_path / "scratch.npz")["fields"].repeat(2, axis=1).repeat(2, axis=2)
    even = np.ones((IMAGES, 16, 16), np.uint8)
    better = finer(tmp_path, models["mobilenet"], "mobilenet", layercam_16=even, layercam_8=good)
    alike = finer(tmp_path, models["scratch"], "scratch", layercam_16=good)
    scored, _ = located.locate(Data(), images(), {"mobilenet": better, "scratch": alike})
    assert scored["mobilenet"].beside == "layercam_8" and scored["scratch"].beside == ""
    assert scored["mobilenet"].finer["layercam_8"].skill_over_gradcam.interval[0] > 0
    assert scored["mobilenet"].finer["layercam_8"].localisation.energies[0] > 0.8, "Grad-CAM has 0.3"


def test_networks_are_compared_by_the_maps_that_are_shown(models, tmp_path):
    good = np.load(tmp_path / "scratch.npz")["fields"]
    coarse = finer(tmp_path, models["efficientnet"], "efficientnet", layercam_16=good)
    shown = replace(coarse, shown="layercam_16")
    scored, differences = located.locate(Data(), images(), {"mobilenet": models["mobilenet"], "efficientnet": shown})
    assert {(line.first, line.second) for line in differences} == {("mobilenet", "efficientnet")}
    assert next(line for line in differences if line.score == "energy").difference < 0
    assert scored["efficientnet"].finer["layercam_16"].skill_over_gradcam.value is None, "Grad-CAM has too few fields"

"""Where the evidence lies, in words: only what the intervals support."""

from dataclasses import replace

import artefacts as fake
import pytest

from lesion.evaluation.words.looks import (
    coarse_sentence,
    corner_sentence,
    difference_sentence,
    following_sentence,
    map_name,
    map_verdict,
    replaced_sentence,
    sanity_sentence,
    spot_sentence,
    unlike_sentence,
)
from lesion.records.localisation import LocalisationRecord, LocatedImages, LocatedScore, SkillDifference
from lesion.records.metrics import Estimate
from lesion.records.probes import CornerTest, SanityTest


def estimate(low, high):
    return Estimate((low + high) / 2, [low, high])


def located(skill, energy=0.61):
    skill = Estimate(None, None) if skill is None else estimate(*skill)
    score = LocatedScore(Estimate(energy, None), spot=0.594, ceiling=0.8, other=0.5, skill=skill)
    return LocatedImages(images=50, lesions=40, area=0.244, scores={"energy": score})


def record(skill, follows=(0.1, 0.2), energy=0.61, coarse=False):
    """Return the scores of a network whose skill and whose gain over other lesions have these intervals."""
    return LocalisationRecord(coarse, {"all": located(skill, energy)}, estimate(*follows), [])


@pytest.mark.parametrize(("skill", "how"), [((0.1, 0.3), "more"), ((-0.1, 0.3), "no more"), ((-0.3, -0.1), "less")])
def test_the_evidence_is_told_from_the_spot_only_with_support(skill, how):
    assert spot_sentence({"mobilenet": record(skill)}) == (
        f"The evidence of MobileNetV2 lies on the lesion {how} than a centred spot that never saw an image."
    )


def test_without_an_interval_nothing_is_said_of_the_spot():
    assert spot_sentence({"mobilenet": record(None)}) == (
        "Whether the evidence of MobileNetV2 does cannot be judged: there are too few lesions."
    )


def test_networks_of_which_the_same_is_true_are_named_together():
    records = {"scratch": record((-0.1, 0.1)), "mobilenet": record((-0.2, 0.1)), "efficientnet": record((0.1, 0.2))}
    assert spot_sentence(records) == (
        "The evidence of EfficientNetB0 lies on the lesion more than a centred spot that never saw an image, that of "
        "CNN from scratch and MobileNetV2 no more."
    )
    assert following_sentence(records) == "On the outline of another lesion less of it would lie."


def test_a_map_that_fits_any_lesion_is_named():
    records = {"scratch": record((0.1, 0.3), follows=(-0.01, 0.02)), "mobilenet": record((0.1, 0.3))}
    assert following_sentence(records) == (
        "As much of the evidence of CNN from scratch would lie on the outline of another lesion."
    )


# --- corner and random weights ----------------------------------------------------------------------
def corner(skill):
    return CornerTest(located(skill), same_verdict=estimate(0.8, 0.9), roc_auc_change=estimate(-0.1, 0.0))


@pytest.mark.parametrize(
    ("skills", "sentence"),
    [
        ({"scratch": (0.1, 0.2)}, "The map of CNN from scratch follows the lesion into a corner."),
        ({"scratch": (-0.2, -0.1)}, "The map of CNN from scratch does not follow the lesion into a corner."),
        (
            {"scratch": (-0.1, 0.1)},
            "That the map of CNN from scratch follows the lesion into a corner could be chance.",
        ),
        (
            {"scratch": (0.1, 0.2), "mobilenet": (-0.2, -0.1), "efficientnet": (-0.1, 0.1)},
            "The map of CNN from scratch follows the lesion into a corner, the map of MobileNetV2 does not follow the "
            "lesion into a corner; for EfficientNetB0 that could be chance.",
        ),
        (
            {"scratch": (0.1, 0.2), "mobilenet": (0.1, 0.2)},
            "The maps of CNN from scratch and MobileNetV2 follow the lesion into a corner.",
        ),
        ({"scratch": None}, ""),
        ({}, ""),
    ],
)
def test_maps_follow_the_lesion_into_a_corner_only_with_support(skills, sentence):
    assert corner_sentence({name: corner(skill) for name, skill in skills.items()}) == sentence


def sanity(low, high):
    return SanityTest(50, head=estimate(0, 1), everything=estimate(low, high), other=0.3, complexity=estimate(0, 1))


def test_a_map_that_does_not_depend_on_the_weights_is_named():
    tests = {"scratch": sanity(0.51, 0.9), "mobilenet": sanity(0.1, 0.49), "efficientnet": sanity(0.4, 0.6)}
    verdicts = ["hardly changes", "changes", "unsure"]
    assert [map_verdict(test.everything) for test in tests.values()] == verdicts
    assert sanity_sentence(tests) == (
        "The map of CNN from scratch hardly changes if all weights are drawn at random: it says nothing of the network."
        " Whether the map of EfficientNetB0 depends on the network’s weights is not sure."
    )
    assert sanity_sentence({"mobilenet": tests["mobilenet"]}) == ""
    assert "maps of CNN from scratch and MobileNetV2 hardly change if" in sanity_sentence(
        dict.fromkeys(("scratch", "mobilenet"), sanity(0.6, 0.7))
    )
    assert map_verdict(Estimate(0.9, None)) == "unsure"


# --- differences, coarse maps, images ---------------------------------------------------------------
def difference(value, adjusted):
    return SkillDifference("energy", "scratch", "mobilenet", value, adjusted, 0.001, 0.0123, adjusted)


def test_only_a_supported_difference_is_stated():
    assert difference_sentence([difference(-0.3, [-0.5, -0.1])]) == (
        "More skilled, beyond chance: MobileNetV2 than CNN from scratch."
    )
    assert difference_sentence([difference(-0.3, [-0.5, 0.1])]) == "The networks' skill differs no more than by chance."
    assert difference_sentence([]) == ""


def test_coarse_maps_are_told_in_one_line():
    sizes = {"mobilenet": [2, 2], "efficientnet": [2, 2]}
    assert coarse_sentence({name: record((0, 0.1), energy=0.25, coarse=True) for name in sizes}, sizes) == (
        "The maps of MobileNetV2 and EfficientNetB0 have 2 × 2 fields and cannot show where: 25% of the evidence "
        "lies on the lesion, which covers 24% of the image."
    )
    assert coarse_sentence({}, {}) == "" and spot_sentence({}) == ""


def test_finer_maps_stand_in_for_coarse_ones_in_one_line(tmp_path):
    explanation = fake.explained(fake._Pictures(tmp_path, fake._square)).models["mobilenet"]
    finer = replace(explanation, resolution=[2, 2], shown="layercam_16")
    assert replaced_sentence({"scratch": explanation, "mobilenet": finer}) == (
        "Grad-CAM’s maps of MobileNetV2 have 2 × 2 fields and cannot show where; LayerCAM’s, of 8 × 8, stand in their "
        "place."
    )
    assert replaced_sentence({"mobilenet": explanation}) == ""
    assert [map_name(finer, name) for name in ("gradcam", "layercam_8")] == ["Grad-CAM, 2 × 2", "LayerCAM, 12 × 12"]


def test_images_unlike_the_training_images_are_counted():
    assert unlike_sentence({"scratch": [], "mobilenet": [3, 4], "efficientnet": [4]}) == (
        "Unlike the training images: 2 for MobileNetV2 and 1 for EfficientNetB0."
    )
    assert unlike_sentence({"scratch": []}) == "No test image is unlike the training images."
    assert unlike_sentence({}) == ""

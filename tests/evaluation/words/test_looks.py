"""Where the evidence lies, in words: only what the intervals support."""

import pytest

from lesion.evaluation.words.looks import coarse_sentence, looks_sentences
from lesion.records.localisation import LocalisationRecord, LocatedImages, LocatedScore, SkillDifference
from lesion.records.metrics import Estimate


def record(skill, follows=(0.1, 0.2), energy=0.61, coarse=False):
    """Return the scores of a network whose skill and whose gain over other lesions have these intervals."""
    skill = Estimate(None, None) if skill is None else Estimate(sum(skill) / 2, list(skill))
    score = LocatedScore(Estimate(energy, None), spot=0.594, ceiling=0.8, other=0.5, skill=skill)
    images = LocatedImages(images=50, lesions=40, area=0.244, scores={"energy": score})
    return LocalisationRecord(coarse, {"all": images}, Estimate(sum(follows) / 2, list(follows)), [])


@pytest.mark.parametrize(("skill", "how"), [((0.1, 0.3), "more"), ((-0.1, 0.3), "no more"), ((-0.3, -0.1), "less")])
def test_the_evidence_is_told_from_the_spot_only_with_support(skill, how):
    assert looks_sentences({"mobilenet": record(skill)}, [])[0] == (
        f"The evidence of MobileNetV2 lies on the lesion {how} than a centred spot that never saw an image "
        "(61% against 59%)."
    )


def test_without_an_interval_nothing_is_said_of_the_spot():
    assert looks_sentences({"mobilenet": record(None)}, [])[0] == (
        "Whether the evidence of MobileNetV2 does cannot be judged: there are too few lesions."
    )


def test_networks_of_which_the_same_is_true_are_named_together():
    records = {
        "scratch": record((-0.1, 0.1)),
        "mobilenet": record((-0.2, 0.1), energy=0.55),
        "efficientnet": record((0.1, 0.2)),
    }
    assert looks_sentences(records, []) == [
        "The evidence of EfficientNetB0 lies on the lesion more than a centred spot that never saw an image "
        "(61% against 59%), that of CNN from scratch and MobileNetV2 no more (61% against 59% and 55% against 59%).",
        "On the outline of another lesion less of it would lie.",
    ]


def test_a_map_that_fits_any_lesion_is_named():
    records = {"scratch": record((0.1, 0.3), follows=(-0.01, 0.02)), "mobilenet": record((0.1, 0.3))}
    sentence = looks_sentences(records, [])[1]
    assert sentence == "As much of the evidence of CNN from scratch would lie on the outline of another lesion."


def difference(value, adjusted):
    return SkillDifference("energy", "scratch", "mobilenet", value, adjusted, 0.001, 0.0123, adjusted)


def test_only_a_supported_difference_is_stated():
    records = {"scratch": record((0.1, 0.3)), "mobilenet": record((0.1, 0.3))}
    worse = looks_sentences(records, [difference(-0.3, [-0.5, -0.1])])[-1]
    assert worse == "More skilled, beyond chance: MobileNetV2 than CNN from scratch."
    assert looks_sentences(records, [difference(-0.3, [-0.5, 0.1])])[-1] == (
        "The networks' skill differs no more than by chance."
    )


def test_coarse_maps_are_told_in_one_line():
    sizes = {"mobilenet": [2, 2], "efficientnet": [2, 2]}
    assert coarse_sentence({name: record((0, 0.1), energy=0.25, coarse=True) for name in sizes}, sizes) == (
        "The maps of MobileNetV2 and EfficientNetB0 have 2 × 2 fields and cannot show where: 25% of the evidence "
        "lies on the lesion, which covers 24% of the image."
    )
    assert coarse_sentence({}, {}) == ""
    assert looks_sentences({}, []) == []

"""What disturbances do to the verdicts, in words: only what the intervals support."""

from dataclasses import replace

import artefacts as fake
import pytest

from lesion.evaluation.words.stress import (
    direction,
    outside_sentence,
    remedy_sentences,
    strongest,
    worst_sentence,
)
from lesion.records.metrics import Estimate


def flipped(low, high, to_malignant=5, to_benign=5):
    flips = Estimate((low + high) / 2, [low, high])
    one = fake.disturbed("scratch", "ink", 0.1)
    return replace(one, flips=flips, to_malignant=to_malignant, to_benign=to_benign)


def model(outside=None, **kinds):
    """Return a network; of each kind only the strongest disturbance counts, the weaker one is worse than any."""
    whole = fake.model_stress("scratch")
    share = Estimate(None, None) if outside is None else Estimate(sum(outside) / 2, list(outside))
    return replace(whole, outside=share, disturbed={kind: [flipped(0.9, 1), one] for kind, one in kinds.items()})


@pytest.mark.parametrize(
    ("outsides", "sentence"),
    [
        ({"mobilenet": (0.4, 0.8)}, "MobileNetV2 takes 60% (40% to 80%) of its score from outside the lesion."),
        (
            {"scratch": (0.2, 0.4), "mobilenet": (0.4, 0.8), "efficientnet": (-0.1, 0.3)},
            "CNN from scratch takes 30% (20% to 40%) of its score from outside the lesion, MobileNetV2 60% (40% to "
            "80%); without the lesion EfficientNetB0 may be guessing.",
        ),
        ({"mobilenet": (-0.1, 0.3)}, "With the lesion painted over, MobileNetV2 may be guessing."),
        ({"mobilenet": None}, ""),
    ],
)
def test_the_score_comes_from_outside_the_lesion_only_with_support(outsides, sentence):
    assert outside_sentence({name: model(outside) for name, outside in outsides.items()}) == sentence


def test_the_worst_disturbance_is_named_with_its_direction():
    models = {
        "scratch": model(blur=flipped(0.05, 0.1)),
        "mobilenet": model(ink=flipped(0.2, 0.3, to_malignant=8, to_benign=4), blur=flipped(0.1, 0.19)),
    }
    assert worst_sentence(models) == (
        "Ink marks changed most verdicts: 25% (20% to 30%) of MobileNetV2’s, mostly to malignant."
    )


def test_others_that_could_be_as_bad_are_named_unless_they_are_many():
    kinds = {"ink": flipped(0.2, 0.3), "jpeg": flipped(0.1, 0.21), "blur": flipped(0.05, 0.2)}
    assert worst_sentence({"mobilenet": model(**kinds)}).endswith(
        "25% (20% to 30%) of MobileNetV2’s; blur or JPEG compression could be as bad."
    )
    many = {**kinds, "ruler": flipped(0.1, 0.21), "hair": flipped(0.1, 0.21)}
    assert worst_sentence({"mobilenet": model(**many)}).endswith("; others could be as bad.")


def test_a_remedy_is_not_the_worst_disturbance_and_chance_is_called_chance():
    models = {"mobilenet": model(hair_removed=flipped(0.5, 0.6), hair=flipped(0.0, 0.1))}
    assert worst_sentence(models) == "That any disturbance changes verdicts could be chance."
    assert worst_sentence({}) == "" and worst_sentence({"mobilenet": model()}) == ""


def test_a_remedy_helps_only_if_its_interval_is_below_that_without_it():
    models = {
        "scratch": model(hair=flipped(0.3, 0.5), hair_removed=flipped(0.0, 0.1)),
        "mobilenet": model(hair=flipped(0.3, 0.5), hair_removed=flipped(0.2, 0.3)),
        "efficientnet": model(hair=flipped(0.1, 0.2), hair_removed=flipped(0.25, 0.35)),
    }
    assert remedy_sentences(models) == [
        "Removing hair lowers the share for CNN from scratch (40% to 5%) and raises it for EfficientNetB0 (15% to "
        "30%); for MobileNetV2 that could be chance."
    ]
    models = {"scratch": model(cast=flipped(0.3, 0.5), cast_corrected=flipped(0.3, 0.4))}
    assert remedy_sentences(models) == ["Correcting the colour changes the share no more than chance would."]
    assert remedy_sentences({"scratch": model(cast=flipped(0.3, 0.5))}) == []


def test_two_thirds_of_the_changed_verdicts_make_a_direction():
    assert direction(flipped(0, 1, to_malignant=4, to_benign=2)) == "to malignant"
    assert direction(flipped(0, 1, to_malignant=3, to_benign=6)) == "to benign"
    assert direction(flipped(0, 1, to_malignant=5, to_benign=3)) == ""
    assert direction(flipped(0, 1, to_malignant=0, to_benign=0)) == ""


def test_the_last_strength_is_the_strongest():
    one = fake.model_stress("mobilenet")
    assert strongest(one, "ink").flips.value == 0.42 and strongest(one, "snow") is None

"""What the baselines learn from."""

from dataclasses import replace

import numpy as np
import pytest

from lesion import config
from lesion.baselines import features, inputs
from lesion.prepared import PreparedData

SPLITS = np.array(["train", "train", "train", "validation", "test", "external", "unreadable"])
UNKNOWN = np.full(7, np.nan)
NAMELESS = np.full(7, "")
EVERYTHING = np.arange(7)


def data(ages=UNKNOWN, sexes=NAMELESS, sites=NAMELESS):
    return PreparedData(
        images=np.random.default_rng(0).integers(0, 256, (7, 32, 32, 3), dtype=np.uint8),
        rows=np.arange(7),
        labels=np.zeros(7, np.int8),
        splits=SPLITS,
        groups=np.arange(7),
        ages=np.array(ages, float),
        sexes=np.array(sexes),
        sites=np.array(sites),
        cropped=np.zeros(7, bool),
        cleaned_shares=np.zeros(7),
        record=None,
        fingerprint="some",
    )


def numbers(name, content, positions=EVERYTHING):
    return inputs.numbers(
        name, content, positions, lambda describe: features.of_images(content.images, positions, describe)
    )


def test_age_sex_and_site_are_learned_from_if_one_is_known_for_a_training_image():
    assert list(inputs.fingerprints(data())) == ["frame", "colour"]
    only_test = [np.nan] * 4 + [50, np.nan, np.nan]
    assert list(inputs.fingerprints(data(ages=only_test))) == ["frame", "colour"]
    one_site = ["", "back", "", "", "", "", ""]
    assert list(inputs.fingerprints(data(sites=one_site))) == list(config.BASELINE_NAMES)


def test_only_the_baselines_that_use_the_table_depend_on_it():
    sexes = ["male", "", "female", "", "male", "", ""]
    before, after = (inputs.fingerprints(data(sexes=sexes, ages=[age, *UNKNOWN[1:]])) for age in (40, 41))
    assert {name for name in before if before[name] != after[name]} == {"patient", "colour_patient"}
    assert len(set(before.values())) == 4


def test_other_settings_make_other_fingerprints(monkeypatch):
    before = inputs.fingerprints(data())
    monkeypatch.setattr(config, "BASELINES", replace(config.BASELINES, rings=5))
    after = inputs.fingerprints(data())
    assert all(before[name] != after[name] for name in before)


def test_names_become_numbers_and_those_that_training_never_saw_are_unknown():
    content = data(
        ages=[30, np.nan, 60, 45, 70, np.nan, np.nan],
        sites=["back", "face", "back", "face", "foot", "", "back"],
    )
    patient = numbers("patient", content)
    assert patient.categories.tolist() == [False, True]  # no sex is known, so there is no column for it
    assert patient.values[:, 0].tolist() == pytest.approx(content.ages.tolist(), nan_ok=True)
    back, face = 0, 1
    assert patient.values[:, 1].tolist() == pytest.approx([back, face, back, face, np.nan, np.nan, back], nan_ok=True)


def test_colour_and_patient_stand_side_by_side():
    content = data(ages=np.arange(7))
    positions = np.array([4, 0])
    both = numbers("colour_patient", content, positions)
    assert both.values.shape == (2, 69) and not both.categories.any()
    assert np.array_equal(both.values[:, :68], numbers("colour", content, positions).values)
    assert both.values[:, 68].tolist() == [4, 0]
    assert numbers("frame", content, positions).values.shape == (2, 15)


def test_of_more_sites_than_trees_can_take_the_rarest_are_unknown():
    sites = np.array([f"site {number}" for number in range(300)] + ["site 299"] * 5)
    codes = inputs._codes(sites, np.arange(len(sites)))
    assert np.nanmax(codes) == 254 and np.isnan(codes).sum() == 300 - 255
    assert codes[299] == codes[304] == 0

"""Skill: 0 for the spot, 1 for the outline itself, with intervals over lesions and paired differences."""

from dataclasses import replace

import numpy as np
import pytest

from lesion.evaluation.localisation.comparison import Located, located
from lesion.evaluation.localisation.fields import centred_spot, shares
from lesion.evaluation.localisation.skill import Skills, reach

IMAGES = 60
LABELS = np.arange(IMAGES) % 2
GROUPS = np.arange(IMAGES) // 4 * 2 + LABELS  # two images of a class show one lesion


def outlines():
    """Return the shares of 7 × 7 fields of lesions of several sizes in several places."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[:70, :70]
    kept = []
    for _ in range(IMAGES):
        row, column = random.uniform(20, 50, 2)
        radius = random.uniform(8, 20)
        kept.append(shares((x - column) ** 2 + (y - row) ** 2 < radius**2, 7, 7))
    return np.array(kept)


SHARES = outlines()
SPOT = np.array([centred_spot(7, 7)] * IMAGES)
VERDICTS = LABELS == 1


def skills(**maps):
    return Skills({name: located(each, SHARES, GROUPS, VERDICTS) for name, each in maps.items()}, LABELS, GROUPS)


def test_the_outline_has_skill_1_the_spot_0_and_half_way_is_a_half():
    between = skills(outline=SHARES, spot=SPOT)
    for score in ("energy", "rank_accuracy", "pointing"):
        assert between.describe("outline")["all"].scores[score].skill.value == pytest.approx(1)
        assert between.describe("spot")["all"].scores[score].skill.value == pytest.approx(0)
    energy = between.describe("outline")["all"].scores["energy"]
    assert energy.value.value == pytest.approx(energy.ceiling) and energy.spot < energy.ceiling
    # energy is linear in maps of equal sums
    half = SHARES / SHARES.sum(axis=(1, 2), keepdims=True) + SPOT
    assert skills(half=half).describe("half")["all"].scores["energy"].skill.value == pytest.approx(0.5)


def test_only_a_map_of_this_lesion_follows_it():
    both = skills(outline=SHARES, spot=SPOT)
    assert both.follows("outline").interval[0] > 0.1
    low, high = both.follows("spot").interval
    assert low < 0 < high or abs(both.follows("spot").value) < 1e-9


def test_a_difference_is_paired_and_corrected():
    noise = np.random.default_rng(1).random((2, IMAGES, 7, 7))
    worse, alike = SHARES + noise[0], SHARES + noise[1]
    lines = skills(outline=SHARES, worse=worse, alike=alike).differences(["outline", "worse", "alike"])
    assert len(lines) == 9
    energies = {(line.first, line.second): line for line in lines if line.score == "energy"}
    clear, none = energies["outline", "worse"], energies["worse", "alike"]
    assert clear.difference > 0 and clear.interval[0] > 0 and clear.adjusted[0] > 0
    assert clear.p_corrected > clear.p and clear.p_corrected < 0.05
    assert none.adjusted[0] <= 0 <= none.adjusted[1] and none.p_corrected >= 0.05
    assert none.adjusted[0] <= none.interval[0] and none.adjusted[1] >= none.interval[1]


def test_classes_and_verdicts_are_told_apart():
    verdicts = VERDICTS.copy()
    verdicts[:12] = ~verdicts[:12]
    subsets = Skills({"a": located(SHARES, SHARES, GROUPS, verdicts)}, LABELS, GROUPS).describe("a")
    assert {name: each.images for name, each in subsets.items()} == {
        "all": 60, "benign": 30, "malignant": 30, "right": 48, "wrong": 12,
    }  # fmt: skip
    assert subsets["all"].lesions == 30 and subsets["wrong"].lesions == 6
    assert subsets["benign"].area == pytest.approx(SHARES[LABELS == 0].mean())
    assert subsets["wrong"].scores["energy"].value.value == pytest.approx(
        np.mean([(each**2).sum() / each.sum() for each in SHARES[:12]])
    )


def test_no_wrong_verdict_leaves_that_subset_empty():
    subsets = skills(a=SHARES).describe("a")
    assert subsets["wrong"].images == 0 and subsets["wrong"].scores == {}
    assert subsets["right"] == subsets["all"]


def test_where_the_spot_is_as_good_as_the_outline_there_is_no_skill():
    whole = np.ones((IMAGES, 4, 4))
    network = located(whole, whole, GROUPS, VERDICTS)
    skills_of = Skills({"a": network, "b": replace(network)}, LABELS, GROUPS)
    score = skills_of.describe("a")["all"].scores["energy"]
    assert score.value.value == 1 and score.skill.value is None and score.skill.interval is None
    assert skills_of.differences(["a", "b"]) == []


def test_too_few_lesions_have_no_interval():
    few = Located(np.random.default_rng(0).random((4, 3, 4)), np.ones(4), np.ones(4, bool))
    score = Skills({"a": few}, np.array([0, 1, 0, 1]), np.arange(4)).describe("a")["all"].scores["energy"]
    assert score.value.value == pytest.approx(few.values[:, 0, 0].mean())
    assert score.value.interval is None and score.skill.interval is None
    assert reach(np.arange(4)) is None


def test_the_interval_of_a_mean_is_that_of_a_mean_of_lesions():
    # 400 lesions of one image: mean ± 1.97 standard errors, of the energy of random maps
    random = np.random.default_rng(0)
    maps, covered = random.random((400, 4, 4)), random.random((400, 4, 4))
    labels, groups = np.arange(400) % 2, np.arange(400)
    network = located(maps, covered, groups, labels == 1)
    score = Skills({"a": network}, labels, groups).describe("a")["all"].scores["energy"]
    error = network.values[:, 0, 0].std(ddof=1) / 20
    low, high = score.value.interval
    assert (high - low) / 2 == pytest.approx(1.97 * error, rel=0.05)

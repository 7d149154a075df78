"""Scores of hand-made maps of 4 × 4 fields, worked out on paper."""

import numpy as np
import pytest

from lesion.evaluation.localisation import fields, scores

# The lesion: the left half of a square of 8 × 8 pixels, without its topmost row of pixels.
OUTLINE = np.zeros((8, 8), bool)
OUTLINE[1:, :4] = True
SHARES = [
    [0.5, 0.5, 0, 0],
    [1, 1, 0, 0],
    [1, 1, 0, 0],
    [1, 1, 0, 0],
]  # 7 fields of 16
AREA = 7 / 16


def score(name, fields_of_map):
    return float(scores.SCORES[name](np.array([fields_of_map]), np.array([SHARES]))[0])


def test_a_field_that_the_outline_cuts_counts_by_area():
    assert fields.shares(OUTLINE, 4, 4).tolist() == SHARES


def test_fields_need_not_fit_the_pixels():
    # 3 fields on 8 pixels: each 8/3 wide; the left half ends in the middle of the second
    half = np.zeros((8, 8), bool)
    half[:, :4] = True
    assert fields.shares(half, 1, 3) == pytest.approx(np.array([[1, 0.5, 0]]), abs=1e-6)


@pytest.mark.parametrize(("size", "height", "width"), [(8, 4, 4), (224, 7, 7), (100, 7, 3), (64, 2, 2), (5, 9, 16)])
def test_the_mean_share_is_the_area(size, height, width):
    outline = np.random.default_rng(0).random((size, size)) < 0.3
    assert fields.shares(outline, height, width).mean() == pytest.approx(outline.mean(), abs=1e-6)


MAPS = {
    "even": np.ones((4, 4)),
    "empty": np.zeros((4, 4)),
    # all of it in a field that lies inside, 3 in one that is cut in half, 2 outside
    "mixed": [[0, 3, 0, 0], [5, 0, 0, 0], [0, 0, 0, 2], [0, 0, 0, 0]],
    "outside": [[0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]],
    "two peaks": [[4, 0, 0, 0], [0, 0, 4, 0], [0, 0, 0, 0], [2, 0, 0, 0]],
    "itself": SHARES,
}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("even", AREA),
        ("empty", AREA),
        ("mixed", (3 * 0.5 + 5) / 10),
        ("outside", 0),
        ("two peaks", (4 * 0.5 + 2) / 10),
        ("itself", (6 + 2 * 0.25) / 7),
    ],
)
def test_energy_is_the_share_of_the_evidence_on_the_lesion(kind, expected):
    assert score("energy", MAPS[kind]) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("even", AREA),
        ("empty", AREA),
        # Of 7 fields, 3 have evidence: 1 + 0.5 + 0 inside. The other 4 are drawn from 13, which hold 7 - 1.5.
        ("mixed", (1.5 + 4 / 13 * 5.5) / 7),
        # 1 outside, and 6 of 15 that hold all 7
        ("outside", 6 / 15),
        # 0.5 + 0 + 1, and 4 of 13 that hold 5.5
        ("two peaks", (1.5 + 4 / 13 * 5.5) / 7),
        # the 6 whole fields, and one of the two that are half inside
        ("itself", 6.5 / 7),
    ],
)
def test_rank_accuracy_is_the_share_of_the_highest_pixels_on_the_lesion(kind, expected):
    assert score("rank_accuracy", MAPS[kind]) == pytest.approx(expected)


def test_the_last_field_is_taken_in_part():
    # An outline of 1.5 fields: the highest lies outside, and of the next, inside, only half is taken.
    shares = np.zeros((1, 4, 4))
    shares[0, 0, 0], shares[0, 0, 1] = 1, 0.5
    maps = np.zeros((1, 4, 4))
    maps[0, 3, 3], maps[0, 0, 0] = 9, 8
    assert scores.rank_accuracy(maps, shares)[0] == pytest.approx(0.5 / 1.5)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("even", AREA),  # every field is a peak
        ("empty", 0),
        ("mixed", 1),
        ("outside", 0),
        ("two peaks", (0.5 + 0) / 2),
        ("itself", 1),
    ],
)
def test_pointing_asks_where_the_peak_is(kind, expected):
    assert score("pointing", MAPS[kind]) == pytest.approx(expected)


@pytest.mark.parametrize("name", scores.SCORES)
def test_the_scale_of_a_map_and_its_neighbours_do_not_matter(name):
    maps = np.array([np.asarray(each, float) for each in MAPS.values()])
    shares = np.array([SHARES] * len(MAPS))
    together = scores.SCORES[name](maps, shares)
    scaled = np.clip(maps * 50, 0, 255).astype(np.uint8)
    assert together == pytest.approx(scores.SCORES[name](scaled, shares))
    assert together.tolist() == [score(name, one) for one in MAPS.values()]


def test_a_whole_picture_of_lesion_has_every_score_1():
    maps = np.random.default_rng(0).integers(0, 256, (3, 4, 4))
    for one in scores.SCORES.values():
        assert one(maps, np.ones((3, 4, 4))) == pytest.approx(1)


def test_the_spot_is_in_the_middle_and_the_same_at_any_resolution():
    fine, coarse = fields.centred_spot(224, 224), fields.centred_spot(7, 4)
    assert fine.sum() == pytest.approx(1) and coarse.sum() == pytest.approx(1)
    assert fine.reshape(7, 32, 4, 56).sum(axis=(1, 3)) == pytest.approx(coarse)
    assert (fine == fine.T).all() and (fine == fine[::-1]).all()
    # from the middle of the image to its side, in standard deviations: 0.5 / 0.17; exp(-x² / 2) at both ends
    assert fine[111, 0] / fine[111, 111] == pytest.approx(np.exp(-((0.5 / 0.17) ** 2) / 2), rel=0.05)


def test_fields_that_are_equally_far_from_the_middle_are_tied():
    spot = np.array([fields.centred_spot(4, 4)])
    # the four in the middle are the peaks: two of them lie inside; the 7 highest are these and 3 of the 8 beside them
    assert scores.pointing(spot, np.array([SHARES]))[0] == pytest.approx(0.5)
    assert scores.rank_accuracy(spot, np.array([SHARES]))[0] == pytest.approx((2 + 3 / 8 * 3.5) / 7)


@pytest.mark.parametrize(("height", "width", "expected"), [(2, 2, True), (3, 9, True), (4, 4, False), (14, 14, False)])
def test_maps_of_few_fields_are_too_coarse(height, width, expected):
    assert fields.too_coarse(height, width) == expected

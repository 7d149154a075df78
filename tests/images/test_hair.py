"""Hair and ruler marks, on images drawn here: what was drawn over the skin goes, what belongs to it stays."""

import cv2
import numpy as np
import pytest
from photographs import SKIN, skin, with_hair, with_lesion

from lesion.images.hair import remove_hair


@pytest.mark.parametrize(
    ("colour", "level"),
    [((45, 30, 25), SKIN), ((145, 105, 90), SKIN), ((235, 225, 205), (120, 75, 60)), ((165, 135, 115), (120, 75, 60))],
    ids=["dark hair", "faint dark hair", "light hair", "faint light hair"],
)
def test_hair_gives_way_to_the_skin_and_lesion_below(colour, level):
    bare, _ = with_lesion(skin(level=level), colour=tuple(int(value * 0.85) for value in level))
    hairy, hair = with_hair(bare, colour)
    cleaned, mask = remove_hair(hairy)
    before = np.abs(hairy.astype(int) - bare)[hair].mean()
    after = np.abs(cleaned.astype(int) - bare)[hair].mean()
    assert before > 30 and after < 6
    assert mask[hair].mean() > 0.9 and mask.mean() < 3 * hair.mean()
    assert np.array_equal(cleaned[~mask], hairy[~mask])


def test_a_ruler_gives_way_to_the_skin_below():
    bare = skin()
    marked = bare.copy()
    for number, x in enumerate(range(20, 220, 8)):
        cv2.line(marked, (x, 4), (x, 18 if number % 5 == 0 else 13), (30, 30, 30), 1)
    marks = (marked != bare).any(axis=2)
    cleaned, mask = remove_hair(marked)
    assert mask[marks].mean() > 0.9 and mask.mean() < 0.06
    assert np.abs(cleaned.astype(int) - bare)[marks].mean() < 8


def globules(image):
    for x, y in np.random.default_rng(2).integers((80, 62), (160, 118), (40, 2)).tolist():
        cv2.circle(image, (x, y), 3, (60, 35, 30), -1, cv2.LINE_AA)


def network(image):
    for offset in range(0, 37, 6):  # a mesh of pigment, its holes 6 pixels apart
        cv2.line(image, (100, 72 + offset), (136, 72 + offset), (60, 30, 25), 1)
        cv2.line(image, (100 + offset, 72), (100 + offset, 108), (60, 30, 25), 1)


def streaks(image):
    for x in (80, 97, 121, 133, 152):  # short, and at no regular distance
        cv2.line(image, (x, 40), (x + 2, 53), (60, 35, 30), 2, cv2.LINE_AA)


def irregular_dots(image):
    for x in np.cumsum([20, 5, 16, 9, 24, 6, 13, 30, 5, 19, 8, 26]).tolist():
        cv2.line(image, (x, 8), (x, 16), (30, 30, 30), 1)


def fold(image):
    cv2.line(image, (20, 20), (220, 40), (120, 85, 75), 12, cv2.LINE_AA)


def vessels(image):
    """Draw thin red lines: dark in green and blue, and hardly in red."""
    for start, end in (((20, 15), (60, 50)), ((15, 120), (60, 160)), ((185, 110), (230, 160))):  # beside the lesion
        cv2.line(image, start, end, (195, 90, 85), 2, cv2.LINE_AA)


@pytest.mark.parametrize("draw", [globules, network, streaks, irregular_dots, fold, vessels])
def test_what_belongs_to_skin_and_lesion_stays(draw):
    image, lesion = with_lesion(skin())
    draw(image)
    cleaned, mask = remove_hair(image)
    assert mask.mean() < 0.001
    assert np.abs(cleaned.astype(int) - image)[lesion].mean() < 0.1


def test_an_image_that_is_nothing_but_hair_is_left_alone():
    stripes = np.repeat(np.tile([[30, 30, 220, 220, 220]], (180, 48))[..., None], 3, axis=2).astype(np.uint8)
    cleaned, mask = remove_hair(stripes)
    assert not mask.any() and np.array_equal(cleaned, stripes)

"""The dark frame, on images drawn here: what was drawn is what must be found."""

import cv2
import numpy as np
import pytest
from photographs import PIGMENT, encoded, framed, skin, with_lesion

from lesion.images.crop import black_border
from lesion.images.preprocess import decode


def whole(image):
    return 0, 0, image.shape[1], image.shape[0]


def pixels_lost(mask, box):
    left, top, right, bottom = box
    return mask.sum() - mask[top:bottom, left:right].sum()


@pytest.mark.parametrize("bars", [(20, 15, 25, 10), (30, 0, 0, 0), (0, 12, 0, 18), (0, 0, 22, 14)])
@pytest.mark.parametrize(("level", "noise"), [(0, 0), (14, 4), (28, 5)])
def test_black_bars_are_found_to_two_pixels(bars, level, noise):
    image, _ = with_lesion(skin())
    image = framed(image, *bars, level=level, noise=noise)
    photograph = decode(encoded(image, ".jpg", cv2.IMWRITE_JPEG_QUALITY, 80))
    expected = bars[0], bars[1], bars[0] + 240, bars[1] + 180
    assert np.abs(np.subtract(black_border(photograph), expected)).max() <= 2


def test_the_surround_of_a_round_field_of_view_is_cropped_to_the_field():
    image, lesion = with_lesion(skin(400, 240), (200, 120), (60, 45))
    field = np.zeros((240, 400), np.uint8)
    cv2.circle(field, (200, 120), 110, 1, -1)
    image[field == 0] = 0
    box = black_border(image)
    assert np.abs(np.subtract(box, (90, 10, 311, 231))).max() <= 3
    assert pixels_lost(lesion, box) == 0


def test_a_lesion_that_is_black_and_touches_the_field_of_view_is_kept():
    image = skin(400, 240)
    field = np.zeros((240, 400), np.uint8)
    cv2.circle(field, (200, 120), 110, 1, -1)
    image, lesion = with_lesion(image, (105, 120), (30, 25), (8, 5, 5))
    lesion &= field > 0
    image[field == 0] = 0
    assert pixels_lost(lesion, black_border(image)) == 0


@pytest.mark.parametrize(
    ("centre", "axes"),
    [((0, 90), (60, 50)), ((120, 180), (90, 60)), ((240, 0), (80, 80)), ((0, 90), (70, 200)), ((120, 0), (300, 60))],
)
@pytest.mark.parametrize("colour", [PIGMENT, (30, 20, 18), (0, 0, 0)])
def test_a_dark_lesion_at_the_edge_is_never_cropped(centre, axes, colour):
    image, _ = with_lesion(skin(), centre, axes, colour)
    assert black_border(image) == whole(image)


def test_a_shadow_that_falls_off_slowly_is_not_a_frame():
    shade = np.clip(np.linspace(0, 2, 240), 0, 1)[None, :, None]
    image = (skin() * shade).astype(np.uint8)
    assert black_border(image) == whole(image)

"""The dark frame, on images drawn here: what was drawn is what must be found."""

import cv2
import numpy as np
import pytest
from photographs import PIGMENT, encoded, framed, skin, with_lesion

from lesion.images.crop import black_border, has_rim
from lesion.images.preprocess import decode
from lesion.images.resize import resize


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


def softly_framed(image, bars, ramp):
    """Return the image in a black frame; its light grows from 0 to 1 over `ramp` pixels beside each bar."""
    height, width = image.shape[:2]
    left, top, right, bottom = bars
    light = np.ones((height, width))
    if ramp:
        rise = np.clip((np.arange(max(height, width)) + 1) / (ramp + 1), 0, 1)
        light *= rise[:width] if left else 1
        light *= rise[:width][::-1] if right else 1
        light *= rise[:height, None] if top else 1
        light *= rise[:height, None][::-1] if bottom else 1
    return framed((image * light[..., None]).astype(np.uint8), left, top, right, bottom)


@pytest.mark.parametrize("size", [64, 224])
@pytest.mark.parametrize("ramp", [0, 2, 5])
@pytest.mark.parametrize("bars", [(20, 15, 25, 10), (0, 12, 0, 18), (30, 0, 0, 0)])
def test_a_frame_leaves_no_rim_and_takes_no_more_of_the_picture_than_its_soft_edge(bars, ramp, size):
    image, _ = with_lesion(skin())
    photograph = softly_framed(image, bars, ramp)
    left, top, right, bottom = black_border(photograph)
    taken = np.subtract((left, top, 240 + bars[0] + bars[2] - right, 180 + bars[1] + bars[3] - bottom), bars)
    assert all(taken[side] == 0 for side in range(4) if not bars[side])
    assert taken.min() >= 0 and taken.max() <= ramp + 1
    kept = photograph[top:bottom, left:right]
    assert not has_rim(resize(kept, size, size))
    assert np.median(kept[0]) > 0.8 * np.median(kept[20]) and np.median(kept[:, 0]) > 0.8 * np.median(kept[:, 20])


def test_a_soft_frame_around_a_picture_that_is_shaded_at_its_sides_leaves_no_rim():
    inside = np.minimum(np.arange(240), np.arange(240)[::-1]) / 240
    shade = np.interp(inside, (0, 0.2), (0.55, 1))
    photograph = softly_framed(skin() * shade[:, None], (20, 15, 20, 15), 5)
    left, top, right, bottom = black_border(photograph)
    assert not has_rim(resize(photograph[top:bottom, left:right], 224, 224))
    assert left <= 22 + 0.05 * 280 and right >= 258 - 0.05 * 280


def test_a_lesion_at_a_soft_frame_loses_no_more_than_the_soft_edge():
    image, _ = with_lesion(skin(), (0, 90), (60, 70))
    box = black_border(softly_framed(image, (20, 0, 0, 0), 5))
    assert box[0] <= 20 + 6 and box[1:] == (0, 260, 180)


def test_a_lesion_that_is_black_and_reaches_along_most_of_a_frame_is_kept():
    image, lesion = with_lesion(skin(), (0, 90), (30, 75), (8, 5, 5))
    box = black_border(framed(image, 0, 14, 0, 14))
    assert pixels_lost(lesion[:, 8:], (box[0], 0, box[2], 180)) == 0


def test_a_thin_dark_side_of_an_image_that_is_cropped_elsewhere_is_taken_off_too():
    image, _ = with_lesion(skin())
    box = black_border(framed(image, 1, 20, 0, 20))
    assert 1 <= box[0] <= 3 and box[2] == 241


def test_a_rim_is_a_dark_strip_along_a_side_and_dark_corners_are_none():
    image = skin(224, 224)
    assert not has_rim(image)
    field = np.zeros((224, 224), np.uint8)
    cv2.circle(field, (112, 112), 112, 1, -1)
    assert not has_rim(image * field[..., None])
    for side in range(4):
        rimmed = np.rot90(image, side).copy()
        rimmed[:, :2] //= 2
        assert has_rim(rimmed)
        rimmed[60:] = 200
        assert not has_rim(rimmed)
    assert not has_rim(np.zeros((64, 64, 3), np.uint8))


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

"""Painting over: the lesion is gone, real skin is left as it was, and what is painted looks like skin."""

import cv2
import numpy as np
import pytest
from photographs import skin, with_lesion

from lesion.baselines import features
from lesion.images.outline import estimate_outline
from lesion.images.painting import PAINTING, frame_alone, in_corner, lesion_alone, outline_in_corner, without_lesion

SIZES = [32, 64, 97, 224]
GREEN = (20, 200, 60)


def dice(one, other):
    return 2 * np.sum(one & other) / (one.sum() + other.sum())


def photograph(size):
    """Return a photograph with a dark lesion left of the middle, and the lesion's outline."""
    centre = (size * 2 // 5, size // 2)
    return with_lesion(skin(size, size), centre=centre, axes=(size // 5, size // 7))


def distance_from(outline):
    """Return how far each pixel is from the lesion, as a share of the side."""
    return cv2.distanceTransform(np.uint8(~outline), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) / len(outline)


def texture(image, mask):
    """Return the standard deviation of the fine texture in the mask, in levels."""
    grey = image.astype(float).mean(axis=2)
    return (grey - cv2.GaussianBlur(grey, (0, 0), 2))[mask].std()


@pytest.mark.parametrize("size", SIZES)
def test_a_hidden_lesion_leaves_skin_like_that_around_it(size):
    image, outline = photograph(size)
    hidden = without_lesion(image, outline)
    plain = skin(size, size).astype(int)
    assert hidden.shape == image.shape and hidden.dtype == np.uint8
    assert np.abs(image[outline].astype(int) - plain[outline]).mean() > 60
    assert np.abs(hidden[outline].mean(axis=0) - plain[outline].mean(axis=0)).max() < 10
    assert hidden[outline].min() > 120  # nothing as dark as the lesion is left


@pytest.mark.parametrize("size", [64, 97, 224])
def test_no_outline_is_estimated_where_the_lesion_was(size):
    image, outline = photograph(size)
    assert dice(estimate_outline(image), outline) > 0.85
    left = estimate_outline(without_lesion(image, outline))
    assert left is None or dice(left, outline) < 0.2


@pytest.mark.parametrize("size", SIZES)
def test_the_image_stays_as_it_was_away_from_the_lesion(size):
    image, outline = photograph(size)
    away = distance_from(outline) > 2 * PAINTING.margin
    assert away.mean() > 0.4
    assert (without_lesion(image, outline)[away] == image[away]).all()


@pytest.mark.parametrize("size", [64, 97, 224])
def test_painted_skin_is_as_rough_as_skin(size):
    image, outline = photograph(size)
    hidden = without_lesion(image, outline)
    ratio = texture(hidden, outline) / texture(image, distance_from(outline) > 0.15)
    assert 0.8 < ratio < 1.25


def test_dark_corners_are_not_taken_for_skin():
    image, outline = with_lesion(skin(224, 224), centre=(60, 60), axes=(50, 40))
    y, x = np.mgrid[:224, :224]
    corners = np.hypot(x - 111.5, y - 111.5) > 118
    image[corners] = 5
    outline &= ~corners
    hidden = without_lesion(image, outline)
    away = corners & (distance_from(outline) > 2 * PAINTING.margin)
    assert (hidden[away] == 5).all()
    assert hidden[outline].min() > 120


def test_a_lesion_at_the_edge_is_painted_over_from_its_other_side():
    image, outline = with_lesion(skin(224, 224), centre=(0, 60), axes=(70, 60))
    hidden = without_lesion(image, outline)
    assert hidden[outline].min() > 120


def test_too_little_skin_is_refused():
    image, outline = with_lesion(skin(224, 224), centre=(112, 112), axes=(120, 140))
    assert without_lesion(image, outline) is None
    assert without_lesion(image, np.ones((224, 224), bool)) is None


@pytest.mark.parametrize("size", SIZES)
def test_an_even_colour_stays_even(size):
    image = np.full((size, size, 3), (201, 163, 149), np.uint8)
    _, outline = photograph(size)
    assert (without_lesion(image, outline) == image).all()


@pytest.mark.parametrize("size", SIZES)
def test_only_the_lesion_is_left(size):
    image, outline = photograph(size)
    alone = lesion_alone(image, outline, GREEN)
    assert (alone[outline] == image[outline]).all()
    assert (alone[distance_from(outline) > 2 * PAINTING.margin] == GREEN).all()


def test_the_edge_of_a_lone_lesion_is_soft():
    image = np.full((224, 224, 3), 200, np.uint8)
    outline = np.zeros((224, 224), bool)
    outline[:, :100] = True
    line = lesion_alone(image, outline, (0, 0, 0))[112, :, 0].astype(int)
    steps = -np.diff(line)
    assert (steps >= 0).all() and steps.max() < 30  # one step would be 200
    assert line[99] == 200 and line[115] == 0


@pytest.mark.parametrize(("size", "width"), [(32, 2), (64, 3), (97, 5), (224, 12)])
def test_exactly_the_frame_is_left(size, width):
    image, _ = photograph(size)
    alone = frame_alone(image, GREEN)
    inside = np.zeros((size, size), bool)
    inside[width:-width, width:-width] = True
    assert (alone[inside] == GREEN).all() and (alone[~inside] == image[~inside]).all()
    assert (inside == (features.frame_mask(size) == 0)).all()


@pytest.mark.parametrize("corner", range(4))
@pytest.mark.parametrize("size", SIZES)
def test_the_lesion_goes_into_the_corner_with_its_outline(size, corner):
    image, outline = photograph(size)
    moved, moved_outline = in_corner(image, outline, corner), outline_in_corner(outline, corner)
    assert moved.shape == image.shape and moved_outline.shape == outline.shape and moved_outline.dtype == bool
    dark = moved[..., 0] < (205 + 110) / 2  # between skin and lesion
    assert dice(dark, moved_outline) > 0.85
    # Dark pixels beyond a pixel from the outline would be a second lesion.
    assert not dark[cv2.dilate(moved_outline.astype(np.uint8), np.ones((3, 3))) == 0].any()
    y, x = np.argwhere(moved_outline).mean(axis=0) / size
    small = 0.63
    assert y == pytest.approx((1 - small if corner >= 2 else 0) + small * 0.5, abs=0.03)
    assert x == pytest.approx((1 - small if corner % 2 else 0) + small * 0.4, abs=0.03)


@pytest.mark.parametrize("corner", range(4))
def test_the_skin_goes_on_without_a_seam_around_the_shrunk_image(corner):
    image, outline = photograph(224)
    image = np.clip(image - np.linspace(0, 60, 224)[:, np.newaxis], 0, 255).astype(np.uint8)  # brighter at the left
    image = np.clip(image - np.linspace(0, 60, 224)[:, np.newaxis, np.newaxis], 0, 255).astype(np.uint8)  # and on top
    moved = in_corner(image, outline, corner)
    if corner % 2:
        moved = moved[:, ::-1]
    if corner >= 2:
        moved = moved[::-1]
    grey = moved.astype(float).mean(axis=2)
    small = round(0.63 * 224)
    assert np.abs(grey[:, small] - grey[:, small - 1]).mean() < 1
    assert np.abs(grey[small] - grey[small - 1]).mean() < 1


def test_dark_corners_do_not_come_into_the_picture():
    image, outline = photograph(224)
    y, x = np.mgrid[:224, :224]
    image[np.hypot(x - 111.5, y - 111.5) > 125] = 5
    moved, moved_outline = in_corner(image, outline, 0), outline_in_corner(outline, 0)
    near = cv2.dilate(moved_outline.astype(np.uint8), np.ones((15, 15))) > 0
    assert moved[~near].min() > 120


def test_where_no_skin_can_be_painted_a_band_of_the_border_is_mirrored():
    image, outline = with_lesion(skin(224, 224), centre=(112, 112), axes=(125, 125))
    image[:, 216:] = (10, 20, 200)  # within the band of 7 pixels of the shrunk image: 5% of 141
    moved, moved_outline = in_corner(image, outline, 0), outline_in_corner(outline, 0)
    small = round(0.63 * 224)
    assert not moved_outline[small:].any() and not moved_outline[:, small:].any()
    blue = (moved[:small, small:, 2].astype(int) - moved[:small, small:, 0] > 150).mean(axis=0) > 0.9
    # 5 of the 7 columns of the band are blue; forth and back make runs of 5, 4 (not blue), 10, 4, ...
    runs = np.diff(np.flatnonzero(np.diff(np.concatenate([[0], blue.astype(int), [0]]))))
    assert runs[:4].tolist() == [5, 4, 10, 4]


def test_the_same_image_gives_the_same_bytes():
    image, outline = photograph(97)
    for make in (without_lesion, lambda *both: in_corner(*both, 3), lambda *both: lesion_alone(*both, GREEN)):
        kept = image.copy()
        first = make(image, outline)
        np.random.default_rng().normal(size=1000)
        assert first.tobytes() == make(image.copy(), outline.copy()).tobytes()
        assert (image == kept).all()

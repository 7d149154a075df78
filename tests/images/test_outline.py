"""Estimated outlines: on the lesion, whatever the size and the lighting, and none where the image leaves it unsure."""

import cv2
import numpy as np
import pytest
from photographs import PIGMENT, skin, with_hair, with_lesion

from lesion.images.outline import estimate_outline


def dice(one, other):
    return 2 * np.sum(one & other) / (one.sum() + other.sum())


def square(size=224, **lesion):
    """Return a photograph with a lesion, and the lesion's mask."""
    image, mask = with_lesion(skin(size, size), **lesion)
    return image, mask


@pytest.mark.parametrize("size", [64, 97, 224, 512])
def test_a_dark_lesion_is_outlined_at_any_size(size):
    image, mask = square(size, centre=(size // 2, size * 2 // 5), axes=(size // 4, size // 6))
    outline = estimate_outline(image)
    assert outline.shape == (size, size) and outline.dtype == bool
    assert dice(outline, mask) > 0.9
    assert (estimate_outline(image) == outline).all()


@pytest.mark.parametrize("colour", [PIGMENT, (60, 40, 45), (190, 90, 90)])
def test_lesions_of_other_colours_are_outlined(colour):
    image, mask = square(centre=(105, 120), axes=(60, 40), colour=colour)
    assert dice(estimate_outline(image), mask) > 0.9


def test_uneven_light_and_dark_corners_are_no_lesion():
    image, mask = square(centre=(112, 112), axes=(40, 30))
    y, x = np.mgrid[:224, :224]
    light = 1 - 0.25 * x / 223
    light[np.hypot(x - 112, y - 112) > 135] = 0.1
    shaded = (image * light[..., None]).astype(np.uint8)
    assert dice(estimate_outline(shaded), mask) > 0.85


def test_a_hole_and_hair_do_not_break_the_outline():
    image, mask = square(centre=(112, 112), axes=(60, 45))
    cv2.circle(image, (112, 112), 12, (205, 165, 150), -1)
    hairy, _ = with_hair(image, (40, 30, 30))
    outline = estimate_outline(hairy)
    assert outline[112, 112] and dice(outline, mask) > 0.85


def test_the_part_in_the_middle_counts_more_than_a_larger_one_at_the_edge():
    image, mask = square(centre=(112, 112), axes=(32, 32))
    image[:, :36] = PIGMENT
    outline = estimate_outline(image)
    assert dice(outline, mask) > 0.85 and not outline[:, :30].any()


@pytest.mark.parametrize(
    "image",
    [
        skin(224, 224),
        np.full((224, 224, 3), 128, np.uint8),
        np.zeros((64, 64, 3), np.uint8),
        np.random.default_rng(0).integers(0, 256, (224, 224, 3), np.uint8),
        square(centre=(112, 112), axes=(50, 40), colour=(202, 161, 146))[0],  # hardly darker than the skin
        square(centre=(112, 112), axes=(5, 4))[0],  # too small
        square(centre=(112, 112), axes=(118, 118))[0],  # hardly any skin is left
        square(centre=(40, 112), axes=(90, 200))[0],  # half of the image, from edge to edge
    ],
)
def test_an_unsure_image_has_no_outline(image):
    assert estimate_outline(image) is None

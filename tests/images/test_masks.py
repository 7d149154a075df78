"""Masks: from encoded bytes to an outline of the image's size, or the reason why there is none."""

import cv2
import numpy as np
import pytest
from photographs import encoded, framed, skin, with_lesion

from lesion.images import masks
from lesion.images.masks import read_mask
from lesion.images.stream import prepare_images
from lesion.sources.original import Original

LEVELS = np.zeros((12, 16), np.uint8)
LEVELS[2:7, 3:11] = 255


def test_white_is_the_lesion_from_level_128_on():
    levels = LEVELS.copy()
    levels[0, :2] = (127, 128)
    outline, problem = read_mask(encoded(levels), 16, 12)
    assert problem == "" and outline.dtype == bool and (outline == (levels > 127)).all()
    assert not outline[0, 0] and outline[0, 1]


@pytest.mark.parametrize(
    "content",
    [
        encoded(np.repeat(LEVELS[..., None], 3, axis=2)),
        encoded(LEVELS.astype(np.uint16) * 257),
        encoded(LEVELS, ".bmp"),
        encoded(LEVELS, ".tiff"),
    ],
)
def test_masks_of_other_kinds_are_read(content):
    assert (read_mask(content, 16, 12)[0] == (LEVELS > 0)).all()


def test_a_mask_of_another_size_is_fitted_to_its_image():
    outline, problem = read_mask(encoded(LEVELS), 48, 36)
    assert problem == "" and outline.shape == (36, 48)
    assert (outline == np.kron(LEVELS > 0, np.ones((3, 3), bool))).all()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", masks.MISSING),
        (b"no picture", masks.UNREADABLE),
        (encoded(LEVELS)[:-20], masks.UNREADABLE),
        (encoded(LEVELS.T.copy()), masks.MISFIT),
        (encoded(np.zeros_like(LEVELS)), masks.EMPTY),
        (encoded(np.minimum(LEVELS, 1)), masks.EMPTY),
    ],
)
def test_a_mask_that_gives_no_outline_says_why(content, problem):
    assert read_mask(content, 16, 12) == (None, problem)


def test_a_mask_goes_through_crop_and_resize_with_its_image():
    image, lesion = with_lesion(skin(240, 180))
    photograph = encoded(framed(image, left=60, top=40, right=20, bottom=30))
    mask = np.pad(lesion, ((40, 30), (60, 20))).astype(np.uint8) * 255
    half = cv2.resize(mask, (160, 125), interpolation=cv2.INTER_NEAREST_EXACT)
    originals = [Original(photograph, mask=encoded(each)) for each in (mask, half)] + [Original(photograph)]
    whole, smaller, none = prepare_images(originals, 90, clean=False, masked=True)
    left, top, right, bottom = whole.prepared.box
    expected = cv2.resize(mask[top:bottom, left:right], (90, 90), interpolation=cv2.INTER_NEAREST_EXACT)
    assert whole.mask_problem == "" and (whole.outline == (expected > 0)).all() and whole.outline.any()
    assert np.mean(whole.outline != smaller.outline) < 0.02
    assert none.outline is None and none.mask_problem == masks.MISSING
    (unasked,) = prepare_images(originals[:1], 90, clean=False)
    assert unasked.outline is None and unasked.mask_problem == ""


def test_a_lesion_that_is_cropped_away_is_none():
    image = framed(skin(240, 180), left=60)
    mask = np.zeros(image.shape[:2], np.uint8)
    mask[:20, :20] = 255
    (photograph,) = prepare_images([Original(encoded(image), mask=encoded(mask))], 64, clean=False, masked=True)
    assert photograph.prepared.cropped and photograph.outline is None and photograph.mask_problem == masks.EMPTY

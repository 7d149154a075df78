"""Numbers that describe the colour of a picture."""

import numpy as np
import pytest
from scipy import ndimage

from lesion.baselines import features

SIZE = 64


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)


def colours(pixels):
    """Return mean, standard deviation and percentiles of `pixels` (P, 3) in the order of `features`."""
    percentiles = [np.percentile(pixels[:, channel], (10, 50, 90)) for channel in range(3)]
    return np.concatenate([pixels.mean(axis=0), pixels.std(axis=0), *percentiles])


def test_the_frame_is_described_by_its_colours(image):
    pixels = np.array([image[y, x] for y in range(SIZE) for x in range(SIZE) if min(x, y, 63 - x, 63 - y) < 3])
    assert features.frame(image) == pytest.approx(colours(pixels))


@pytest.mark.parametrize(("size", "width"), [(224, 12), (64, 3), (32, 2), (1024, 55), (4, 1)])
def test_the_frame_takes_the_same_share_of_every_picture(size, width):
    mask = features.frame_mask(size)
    assert mask.sum() == size**2 - (size - 2 * width) ** 2
    assert mask[:width].all() and mask[:, -width:].all()


def test_what_is_inside_the_frame_does_not_change_its_numbers(image):
    changed = image.copy()
    changed[3:-3, 3:-3] = 0
    assert np.array_equal(features.frame(changed), features.frame(image))
    changed[2, 2] = 0
    assert not np.array_equal(features.frame(changed), features.frame(image))


def test_each_ring_is_described_by_its_colours_and_its_gradient(image):
    image[:] = image[..., :1]  # grey, so that the grey image is one of its channels
    grey = image[..., 0].astype(float)
    gradient = np.hypot(*(ndimage.sobel(grey, axis=axis, mode="mirror") for axis in (0, 1)))
    y, x = np.indices((SIZE, SIZE)) - (SIZE - 1) / 2
    ring_of_pixel = (np.hypot(x, y) // (SIZE / np.sqrt(2) / 4)).astype(int)
    expected = []
    for ring in range(4):
        inside = ring_of_pixel == ring
        expected += [*colours(image[inside]), gradient[inside].mean(), gradient[inside].std()]
    assert features.colour(image) == pytest.approx(expected, rel=1e-5)
    assert len(expected) == 68


@pytest.mark.parametrize("size", [32, 64, 225])
def test_every_pixel_is_in_one_ring_and_no_ring_is_empty(size):
    masks = features.ring_masks(size, 4)
    assert np.all(np.sum(masks, axis=0) == 1)
    assert all(mask.any() for mask in masks)
    assert masks[0][size // 2, size // 2] == 1 and masks[3][0, 0] == 1


def test_a_picture_that_is_turned_or_mirrored_has_the_same_numbers(image):
    for other in (np.rot90(image), image[::-1]):
        assert features.colour(np.ascontiguousarray(other)) == pytest.approx(features.colour(image), rel=1e-5)
        assert features.frame(np.ascontiguousarray(other)) == pytest.approx(features.frame(image))


def test_the_place_in_memory_does_not_change_a_digit(image):
    expected = features.colour(image)
    memory = np.zeros(image.nbytes + 64, np.uint8)
    for offset in range(64):
        moved = memory[offset : offset + image.nbytes].reshape(image.shape)
        moved[:] = image
        assert np.array_equal(features.colour(moved), expected)


def test_a_picture_of_one_colour_varies_nowhere():
    image = np.full((SIZE, SIZE, 3), (10, 120, 255), np.uint8)
    colour = [10, 120, 255]
    ring = [*colour, 0, 0, 0, *np.repeat(colour, 3), 0, 0]
    assert features.colour(image) == pytest.approx(ring * 4, abs=1e-4)


def test_images_are_described_in_the_order_that_is_asked_for(image):
    images = np.stack([image, image // 2, image // 4])
    numbers = features.of_images(images, np.array([2, 0]), features.frame)
    assert np.array_equal(numbers, [features.frame(images[2]), features.frame(images[0])])

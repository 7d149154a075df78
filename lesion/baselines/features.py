"""Numbers that describe the colour of a picture, without looking for a lesion."""

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np

from lesion import config
from lesion.console import progress

LEVELS = 256  # of a colour channel


def frame(image: np.ndarray) -> np.ndarray:
    """Return numbers for the outermost pixels of an image S×S×3 uint8: 15 with three percentiles, see `_colours`.

    The frame is config.BASELINES.frame_share of the side wide, at least one pixel.
    """
    return _colours(image, frame_mask(len(image)))


def colour(image: np.ndarray) -> np.ndarray:
    """Return numbers for each ring around the middle of an image S×S×3 uint8, the innermost first: 68 with four rings.

    For each ring those of `_colours`, and mean and standard deviation of the grey image's gradient (Sobel).
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    across, down = (cv2.Sobel(grey, cv2.CV_32F, *direction) for direction in ((1, 0), (0, 1)))
    # NumPy's: OpenCV's magnitude and moments of floats change in the last digit with the place in memory.
    gradient = np.sqrt(across**2 + down**2).astype(float)
    numbers = []
    for mask in ring_masks(len(image), config.BASELINES.rings):
        steps = gradient[mask > 0]
        numbers += [_colours(image, mask), np.array([steps.mean(), steps.std()])]
    return np.concatenate(numbers)


def of_images(images: np.ndarray, positions: np.ndarray, describe: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Return what `describe`, `frame` or `colour`, says (P, K) of the `positions` (P,) of `images` (N×S×S×3 uint8)."""
    shown = progress(positions, len(positions), "baseline: images")
    return np.array([describe(images[position]) for position in shown])


@cache
def frame_mask(size: int) -> np.ndarray:
    """Return 1 in the frame of an image of `size` pixels and 0 inside (size×size uint8)."""
    width = config.BASELINES.frame_width(size)
    mask = np.ones((size, size), np.uint8)
    mask[width:-width, width:-width] = 0
    return mask


@cache
def ring_masks(size: int, count: int) -> list[np.ndarray]:
    """Return a mask for each of `count` rings, 1 in the ring and 0 elsewhere (size×size uint8), the innermost first.

    The rings are circles of the same width around the middle; the outermost one reaches to the corners.
    """
    place = (np.arange(size) + 0.5) / size * 2 - 1
    distance = np.hypot(place[:, np.newaxis], place) / np.sqrt(2)  # 1 in the corners
    rings = np.minimum((distance * count).astype(int), count - 1)
    return [(rings == ring).astype(np.uint8) for ring in range(count)]


def _colours(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return numbers for the colour of the pixels in `mask`.

    The mean of each channel, the standard deviation of each, and of each its percentiles config.BASELINES.percentiles,
    linear between two pixels as in `np.percentile`.
    """
    quantiles = []
    for channel in range(config.CHANNELS):
        histogram = cv2.calcHist([image], [channel], mask, [LEVELS], [0, LEVELS]).ravel()
        pixels = np.cumsum(histogram)  # up to each level
        place = np.array(config.BASELINES.percentiles) / 100 * (pixels[-1] - 1)  # in the sorted pixels
        lower, upper = (np.searchsorted(pixels, rounded, side="right") for rounded in (np.floor(place), np.ceil(place)))
        quantiles.append(lower + (place - np.floor(place)) * (upper - lower))
    return np.concatenate([*(moment.ravel() for moment in cv2.meanStdDev(image, mask=mask)), *quantiles])

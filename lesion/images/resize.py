"""Resizing without jagged edges."""

import cv2
import numpy as np


def shrink(image: np.ndarray, longest: int) -> np.ndarray:
    """Return the image with its longer side at most `longest` pixels, its proportions kept."""
    factor = longest / max(image.shape[:2])
    if factor >= 1:
        return image
    return resize(image, max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor)))


def resize(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Return the image at `width` × `height` pixels.

    INTER_AREA averages all pixels if some are lost; if more are needed, cubic interpolation makes them up.
    """
    if image.shape[:2] == (height, width):
        return np.ascontiguousarray(image)
    shrinking = image.shape[0] * image.shape[1] > width * height
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC)

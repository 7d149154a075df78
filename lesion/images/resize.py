"""Resizing without jagged edges."""

import cv2
import numpy as np


def shrink(image: np.ndarray, longest: int) -> np.ndarray:
    """The image with its longer side at most `longest` pixels, its shape kept."""
    factor = longest / max(image.shape[:2])
    if factor >= 1:
        return image
    return resize(image, max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor)))


def resize(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """INTER_AREA where pixels are lost, since it averages all of them; cubic where they are made up."""
    if image.shape[:2] == (height, width):
        return np.ascontiguousarray(image)
    shrinking = image.shape[0] * image.shape[1] > width * height
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC)

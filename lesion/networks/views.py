"""Exact views: a network looks at an image from several sides, and the mean logit of what it says counts.

A lesion has no up and no left. A square that is mirrored or turned by a quarter keeps every pixel, so a view shows just
what the image shows, and differs from it only in where the layers' strides fall.
"""

import numpy as np

from lesion.evaluation import figures
from lesion.networks.batches import Images

MIRRORED, UPSIDE_DOWN, TRANSPOSED = 1, 2, 4  # bits of a view's number: the first 4 are flips, 8 are all there are


def view(image: np.ndarray, number: int) -> np.ndarray:
    """Return the view `number` (0 to 7) of a square image S×S×3; 0 is the image itself, the plain view."""
    if number & TRANSPOSED:
        image = image.transpose(1, 0, 2)
    if number & UPSIDE_DOWN:
        image = image[::-1]
    return image[:, ::-1] if number & MIRRORED else image


class Views:
    """Stands in for an array of images: the views `numbers` of those at `rows` (N,), all of an image side by side."""

    def __init__(self, images: Images, rows: np.ndarray, numbers: range) -> None:
        self.images = images
        self.rows = np.repeat(rows, len(numbers))
        self.numbers = np.tile(numbers, len(rows))
        self.shape = (len(self.rows), *images.shape[1:])

    def __getitem__(self, places: np.ndarray) -> np.ndarray:
        """Return the views at the places (B,)."""
        seen = zip(self.images[self.rows[places]], self.numbers[places], strict=True)
        return np.stack([view(image, number) for image, number in seen])


def mean_logit(probabilities: np.ndarray, views: int) -> np.ndarray:
    """Return one probability (N,) for each image from those of its views (N * views,), side by side."""
    return figures.combine(list(probabilities.reshape(-1, views).T))

"""Maps are coarse: what share of each of their fields lies on the lesion, and what a mask or a spot looks like in them.

The fields of a map divide the image evenly. A field that the outline cuts counts by area, so nothing depends on how a
map would be smoothed or enlarged.
"""

import functools

import numpy as np
from scipy.special import ndtr

from lesion.evaluation.localisation.settings import LOCALISATION


def shares(outline: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return the share, 0 to 1, of each of height × width fields that lies inside an outline (S×S bool).

    Their mean is the share of the image that the lesion covers, whatever the number of fields.
    """
    rows, columns = outline.shape
    return _averages(rows, height) @ outline.astype(np.float32) @ _averages(columns, width).T


@functools.lru_cache(maxsize=8)
def _averages(pixels: int, fields: int) -> np.ndarray:
    """Return the matrix (fields, pixels) that averages pixels over fields of equal length, cut pixels by length."""
    ends = np.arange(fields + 1) * (pixels / fields)
    starts = np.arange(pixels)
    common = np.minimum(ends[1:, np.newaxis], starts + 1) - np.maximum(ends[:-1, np.newaxis], starts)
    return (np.clip(common, 0, 1) * (fields / pixels)).astype(np.float32)


def centred_spot(height: int, width: int) -> np.ndarray:
    """Return a Gaussian in the middle of the image, summed over each of height × width fields; all of it sums to 1.

    It knows that lesions are photographed in the middle, and has never seen an image. Its standard deviation is
    LOCALISATION.spot of the side, and what lies outside the image is cut off.
    """
    spot = np.outer(_strip(height), _strip(width))
    return spot / spot.sum()


def _strip(fields: int) -> np.ndarray:
    strip = np.diff(ndtr((np.linspace(0, 1, fields + 1) - 0.5) / LOCALISATION.spot))
    return (strip + strip[::-1]) / 2  # rounding must not rank fields that are equally far from the middle


def too_coarse(height: int, width: int) -> bool:
    """Tell whether maps of so many fields cannot show where the evidence lies."""
    return min(height, width) < LOCALISATION.least_fields

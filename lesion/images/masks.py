"""The mask of a lesion, from encoded bytes to an outline, or why it gives none."""

import cv2
import numpy as np

from lesion.errors import LesionError
from lesion.images import preprocess

WHITE = 127  # a pixel above this level, of 255, is on the lesion: JPEG blurs what was drawn as 0 and 255
PROPORTIONS = 0.05  # the mask's ratio of sides may differ from the image's by this share: sides are rounded to pixels
MISSING = "missing"
UNREADABLE = "not readable"
MISFIT = "of other proportions than the image"
EMPTY = "without a lesion"
PROBLEMS = (MISSING, UNREADABLE, MISFIT, EMPTY)


def read_mask(encoded: bytes, width: int, height: int) -> tuple[np.ndarray | None, str]:
    """Return the outline that a mask draws of an image of `width` × `height` pixels, and why there is none, or "".

    The outline is height × width bool. A mask of another size is resized, each pixel to the nearest.
    """
    if not encoded:
        return None, MISSING
    try:
        levels = preprocess.decode(encoded).max(axis=2)
    except LesionError:
        return None, UNREADABLE
    own_height, own_width = levels.shape
    if abs(own_width * height - own_height * width) > PROPORTIONS * own_height * width:
        return None, MISFIT
    white = (levels > WHITE).astype(np.uint8)
    if not white.any():
        return None, EMPTY
    return cv2.resize(white, (width, height), interpolation=cv2.INTER_NEAREST_EXACT).astype(bool), ""

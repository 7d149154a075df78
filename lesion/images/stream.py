"""Many photographs prepared at once, in parallel threads and in order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

import cv2
import numpy as np

from lesion import config
from lesion.errors import LesionError
from lesion.images import masks, memory, preprocess
from lesion.images.crop import Box
from lesion.images.preprocess import Cropped, Prepared
from lesion.sources.original import Original

AHEAD = 4  # images for each thread that may wait for their turn: they keep the threads busy, and memory small

Description = TypeVar("Description")


@dataclass(frozen=True)
class Photograph(Generic[Description]):
    """One row of the source after preprocessing: its encoded bytes, and the result or why there is none."""

    encoded: bytes
    prepared: Prepared | None
    outline: np.ndarray | None  # of the lesion in `prepared`, size × size bool; None if it is not known
    description: Description | None  # of the cropped photograph; None if unreadable or not asked for
    reason: str  # empty if `prepared` is there
    mask_problem: str = ""  # why a mask gave no outline, one of masks.PROBLEMS; empty if it did, or was not asked for


def prepare_images(
    originals: Iterable[Original],
    size: int,
    clean: bool,
    describe: Callable[[np.ndarray], Description] | None = None,
    masked: bool = False,
) -> Iterator[Photograph[Description]]:
    """Decode, crop, clean and resize the images of `originals`, and their outlines alike; yield them in order.

    The outlines are in the images' masks if they are `masked`. `describe` is called with each cropped photograph
    (height × width × 3 uint8 RGB). Only a few images are in memory at a time, however slowly they are taken (joblib's
    generator would read on without end), and large ones wait for each other (see `memory`). An image that cannot be
    decoded is yielded with the reason; an error of the source itself (a cut connection) is raised as the source raised
    it.
    """

    def prepare(original: Original) -> Photograph[Description]:
        if original.problem:
            return Photograph(original.encoded, None, None, None, original.problem)
        pixels = preprocess.area(original.encoded) + (preprocess.area(original.mask) if masked else 0)
        with memory.room().taken(pixels):
            return decode_and_prepare(original)

    def decode_and_prepare(original: Original) -> Photograph[Description]:
        try:
            photograph = preprocess.open_photograph(original.encoded)
        except LesionError as error:
            return Photograph(original.encoded, None, None, None, str(error))
        description = describe(photograph.image) if describe else None
        prepared = preprocess.clean_and_resize(photograph, size, clean)
        outline, problem = _outline(original, photograph, size, masked)
        return Photograph(original.encoded, prepared, outline, description, "", problem)

    waiting: deque[Future[Photograph[Description]]] = deque()
    with ThreadPoolExecutor(config.CORES) as pool:
        for original in originals:
            waiting.append(pool.submit(prepare, original))
            if len(waiting) > AHEAD * config.CORES:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _outline(original: Original, photograph: Cropped, size: int, masked: bool) -> tuple[np.ndarray | None, str]:
    """Return the outline of the prepared photograph, and why its mask gave none, one of masks.PROBLEMS or ""."""
    if not masked:
        known = original.outline
        return None if known is None else fit_outline(known, photograph.box, size), ""
    drawn, problem = masks.read_mask(original.mask, photograph.width, photograph.height)
    if drawn is None:
        return None, problem
    outline = fit_outline(drawn, photograph.box, size)
    return (outline, "") if outline.any() else (None, masks.EMPTY)


def fit_outline(outline: np.ndarray, box: Box, size: int) -> np.ndarray:
    """Take an outline (height × width bool) where `preprocess.clean_and_resize` takes its photograph.

    Returns the inside of `box` (left, top, right, bottom; pixels of the original) as size × size bool: each pixel is
    that of the original nearest to its middle.
    """
    left, top, right, bottom = box
    inside = outline[top:bottom, left:right].astype(np.uint8)
    return cv2.resize(inside, (size, size), interpolation=cv2.INTER_NEAREST_EXACT).astype(bool)

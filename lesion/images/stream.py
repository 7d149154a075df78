"""Many photographs prepared at once, in parallel threads and in order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from lesion import config
from lesion.errors import LesionError
from lesion.images import preprocess
from lesion.images.preprocess import Prepared

AHEAD = 4  # images for each thread that may wait for their turn: they keep the threads busy, and memory small

Description = TypeVar("Description")


@dataclass(frozen=True)
class Photograph(Generic[Description]):
    """One row of the source after preprocessing: its encoded bytes, and the result or why there is none."""

    encoded: bytes
    prepared: Prepared | None
    description: Description | None  # of the cropped photograph; None if unreadable or not asked for
    reason: str  # empty if `prepared` is there


def prepare_images(
    encoded: Iterable[bytes], size: int, clean: bool, describe: Callable[[np.ndarray], Description] | None = None
) -> Iterator[Photograph[Description]]:
    """Decode, crop, clean and resize the images of `encoded`; yield them in order.

    `describe` is called with each cropped photograph (height × width × 3 uint8 RGB). Only a few images are in memory
    at a time, however slowly they are taken (joblib's generator would read on without end). An image that cannot be
    decoded is yielded with the reason; an error of the source itself (a cut connection, a missing file) is raised as
    the source raised it.
    """

    def prepare(image: bytes) -> Photograph[Description]:
        try:
            photograph = preprocess.open_photograph(image)
        except LesionError as error:
            return Photograph(image, None, None, str(error))
        description = describe(photograph.image) if describe else None
        return Photograph(image, preprocess.clean_and_resize(photograph, size, clean), description, "")

    waiting: deque[Future[Photograph[Description]]] = deque()
    with ThreadPoolExecutor(config.CORES) as pool:
        for image in encoded:
            waiting.append(pool.submit(prepare, image))
            if len(waiting) > AHEAD * config.CORES:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

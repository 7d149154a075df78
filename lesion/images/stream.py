"""Many photographs prepared at once, in parallel threads and in order."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from joblib import Parallel, delayed

from lesion import config
from lesion.errors import LesionError
from lesion.images import preprocess
from lesion.images.preprocess import Prepared

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

    `describe`, if given, gets each cropped photograph (height × width × 3 uint8 RGB). Only a few images are in memory
    at a time. An image that cannot be decoded is yielded with the reason; an error of the source itself (a cut
    connection, a missing file) is raised as the source raised it.
    """

    def prepare(image: bytes) -> Photograph[Description]:
        try:
            photograph = preprocess.open_photograph(image)
        except LesionError as error:
            return Photograph(image, None, None, str(error))
        description = describe(photograph.image) if describe else None
        return Photograph(image, preprocess.clean_and_resize(photograph, size, clean), description, "")

    parallel = Parallel(config.CORES, prefer="threads", return_as="generator", pre_dispatch="2 * n_jobs")
    yield from parallel(delayed(prepare)(image) for image in encoded)

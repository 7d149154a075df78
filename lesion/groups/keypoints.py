"""Keypoints: local features that two pictures of one lesion still share after rotation, zoom and flips.

    keypoints = describe(image)
    store = KeypointStore(folder, rows)
    store.write(row, keypoints)

SIFT (Lowe, 2004) does not change with rotation, zoom and brightness. It does not recognise a mirror image, but the
descriptor of the mirrored picture has the same numbers in another order, so `mirrored` makes one from the other.
"""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from lesion.images.resize import resize


@dataclass(frozen=True)
class Detection:
    """How keypoints are found.

    Chosen on photographs with known copies: rotated, mirrored, zoomed by .8 to 1.2, sheared and compressed.
    """

    side: int = 192  # pixels, the longer side: 160 loses copies of blurred photographs, 224 costs half as much again
    most: int = 250  # the strongest of an image: 34 KB on disk for each row
    contrast: float = 0.005  # SIFT's default of .04 leaves soft lesions without any keypoint
    edge: float = 10.0  # SIFT's default, which ignores lines; 20 adds stripes of smeared borders and improves nothing


DETECTION = Detection()
GRID, ORIENTATIONS = 4, 8  # of a SIFT descriptor: 4 × 4 cells of 8 orientations
LENGTH = GRID * GRID * ORIENTATIONS  # numbers in a descriptor
POINT_BYTES = LENGTH + 2 * np.dtype(np.float32).itemsize  # of one keypoint on disk
ROW_BYTES = DETECTION.most * POINT_BYTES
# If a patch is mirrored along the keypoint's direction, rows of cells swap places and orientations are reversed.
_MIRROR = np.arange(LENGTH).reshape(GRID, GRID, ORIENTATIONS)[::-1, :, -np.arange(ORIENTATIONS)].reshape(-1)


@dataclass(frozen=True)
class Keypoints:
    """Distinctive places of one image, strongest first."""

    points: np.ndarray  # (n, 2) float32, x and y in pixels of the image at its working size
    descriptors: np.ndarray  # (n, LENGTH) uint8, SIFT

    def __len__(self) -> int:
        """Return their number: 0 (a featureless image) to DETECTION.most."""
        return len(self.points)


NONE = Keypoints(np.zeros((0, 2), np.float32), np.zeros((0, LENGTH), np.uint8))


def describe(image: np.ndarray) -> Keypoints:
    """Return the keypoints of an RGB image (height × width × 3 uint8, any size), at most DETECTION.most.

    The same image always gives the same keypoints. Can run in parallel threads.
    """
    grey = _working_size(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
    sift = cv2.SIFT.create(nfeatures=DETECTION.most, contrastThreshold=DETECTION.contrast, edgeThreshold=DETECTION.edge)
    detected, descriptors = sift.detectAndCompute(grey, None)
    if not detected:
        return NONE
    # SIFT returns more than `nfeatures` if several are as strong as the last one.
    order = np.argsort([-keypoint.response for keypoint in detected], kind="stable")[: DETECTION.most]
    points = np.asarray(cv2.KeyPoint.convert(detected))
    return Keypoints(points[order].astype(np.float32), descriptors[order].clip(0, 255).astype(np.uint8))


def _working_size(grey: np.ndarray) -> np.ndarray:
    """Return the grey image with its longer side at DETECTION.side, its proportions kept."""
    height, width = grey.shape
    factor = DETECTION.side / max(height, width)
    return resize(grey, max(1, round(width * factor)), max(1, round(height * factor)))


def mirrored(descriptors: np.ndarray) -> np.ndarray:
    """Return the descriptors (n, LENGTH) of the mirrored image, made from those of the image."""
    return descriptors[:, _MIRROR]


def rooted(descriptors: np.ndarray) -> np.ndarray:
    """Return descriptors (n, LENGTH uint8) as float32 of length 1 whose dot product compares histograms.

    RootSIFT (Arandjelović and Zisserman, 2012): the dot product is Hellinger's kernel, in which large bins do not
    dominate.
    """
    values = descriptors.astype(np.float32)
    return np.sqrt(values / np.maximum(values.sum(axis=1, keepdims=True), 1))


class KeypointStore:
    """The keypoints of `rows` images in one file, with a place of fixed size for each row.

    A row that was never written has no keypoints. It is a plain file and not a memory map: pages that were read would
    count as the process's memory, and a full disk would kill the process instead of raising OSError.
    """

    def __init__(self, folder: Path, rows: int) -> None:
        """Create the file in `folder`, which must exist; it replaces the file of an earlier store."""
        self.counts = np.zeros(rows, np.int64)
        self._path = folder / "keypoints.bin"
        self._path.write_bytes(b"")

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.counts)

    def write(self, row: int, keypoints: Keypoints) -> None:
        """Keep the keypoints of `row`."""
        self.counts[row] = len(keypoints)
        with self._path.open("r+b") as file:
            file.seek(row * ROW_BYTES)
            file.write(keypoints.points.astype(np.float32).tobytes() + keypoints.descriptors.tobytes())

    def read(self, row: int) -> Keypoints:
        """Return the keypoints of `row`; may be called by several threads at once."""
        count = self.counts[row]
        with self._path.open("rb") as file:  # each thread has its own position in the file
            file.seek(row * ROW_BYTES)
            content = file.read(count * POINT_BYTES)
        points = np.frombuffer(content, np.float32, 2 * count).reshape(count, 2)
        return Keypoints(points, np.frombuffer(content, np.uint8, offset=points.nbytes).reshape(count, LENGTH))


@contextlib.contextmanager
def temporary_store(folder: Path, rows: int) -> Iterator[KeypointStore]:
    """Yield a store of `rows` rows in `folder`, which is created empty and removed in the end, also after an error."""
    shutil.rmtree(folder, ignore_errors=True)  # left by a run that was killed
    folder.mkdir(parents=True)
    try:
        yield KeypointStore(folder, rows)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def bytes_needed(rows: int) -> int:
    """Return the disk space that a store of `rows` takes."""
    return rows * ROW_BYTES

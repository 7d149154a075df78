"""Local features of a photograph: what two pictures of one lesion still share after rotation, zoom and flips.

    keypoints = describe(image)
    store = KeypointStore(folder, rows)
    store.write(row, keypoints)

SIFT (Lowe, 2004) does not change with rotation, zoom and brightness. A mirror image it does not recognise, but the
descriptor of the mirrored picture holds the same numbers in another order, so `mirrored` makes one from the other.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from lesion.resize import resize

WORKING_SIDE = 192  # pixels, the longer side: 160 loses copies of blurred photographs, 224 costs half as much again
MOST_KEYPOINTS = 250  # the strongest of an image: 34 KB a row on disk
CONTRAST = 0.005  # SIFT's own .04 leaves soft lesions with no keypoint at all
EDGE = 10.0  # SIFT's own, which passes over lines; with 20, stripes of smeared borders included, nothing improved
GRID, ORIENTATIONS = 4, 8  # of a SIFT descriptor: 4 × 4 cells of 8 orientations
LENGTH = GRID * GRID * ORIENTATIONS  # numbers in a descriptor
# Mirrored along the keypoint's direction, rows of cells swap places and orientations turn the other way.
_MIRROR = np.arange(LENGTH).reshape(GRID, GRID, ORIENTATIONS)[::-1, :, -np.arange(ORIENTATIONS)].reshape(-1)


@dataclass(frozen=True)
class Keypoints:
    """Distinctive places of one image, strongest first."""

    points: np.ndarray  # (n, 2) float32, x and y in pixels of the image at WORKING_SIDE
    descriptors: np.ndarray  # (n, LENGTH) uint8, SIFT

    def __len__(self) -> int:
        """Return how many there are: 0 (a featureless image) to MOST_KEYPOINTS."""
        return len(self.points)


def describe(image: np.ndarray) -> Keypoints:
    """Return the keypoints of an RGB image (height × width × 3 uint8, any size), at most MOST_KEYPOINTS.

    The same image always gives the same keypoints. May run in parallel threads.
    """
    grey = _working_size(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
    sift = cv2.SIFT_create(nfeatures=MOST_KEYPOINTS, contrastThreshold=CONTRAST, edgeThreshold=EDGE)
    found, descriptors = sift.detectAndCompute(grey, None)
    if not found:
        return Keypoints(np.zeros((0, 2), np.float32), np.zeros((0, LENGTH), np.uint8))
    # SIFT returns all keypoints that are as strong as the last one it was asked for.
    order = np.argsort([-keypoint.response for keypoint in found], kind="stable")[:MOST_KEYPOINTS]
    points = cv2.KeyPoint_convert(found)
    return Keypoints(points[order].astype(np.float32), descriptors[order].clip(0, 255).astype(np.uint8))


def _working_size(grey: np.ndarray) -> np.ndarray:
    """Return the grey image with its longer side at WORKING_SIDE, its shape kept."""
    factor = WORKING_SIDE / max(grey.shape)
    return resize(grey, *(max(1, round(side * factor)) for side in grey.shape[::-1]))


def mirrored(descriptors: np.ndarray) -> np.ndarray:
    """Return what descriptors (n, LENGTH) become when their image is mirrored."""
    return descriptors[:, _MIRROR]


def rooted(descriptors: np.ndarray) -> np.ndarray:
    """Return descriptors (n, LENGTH uint8) as float32 of length 1 whose dot product compares histograms.

    RootSIFT (Arandjelović and Zisserman, 2012): the dot product is Hellinger's kernel, which large bins do not rule.
    """
    values = descriptors.astype(np.float32)
    return np.sqrt(values / np.maximum(values.sum(axis=1, keepdims=True), 1))


class KeypointStore:
    """The keypoints of `rows` images in three memory-mapped files of a fixed size, written and read row by row.

    A row that was never written has no keypoints.
    """

    def __init__(self, folder: Path, rows: int) -> None:
        """Create the files in `folder`, which must exist; files of an earlier store there are replaced."""
        self._points = self._file(folder / "points.npy", (rows, MOST_KEYPOINTS, 2), np.float32)
        self._descriptors = self._file(folder / "descriptors.npy", (rows, MOST_KEYPOINTS, LENGTH), np.uint8)
        self.counts = np.zeros(rows, np.int64)

    @staticmethod
    def _file(path: Path, shape: tuple[int, ...], kind: type) -> np.ndarray:
        return np.lib.format.open_memmap(path, mode="w+", dtype=kind, shape=shape)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.counts)

    def write(self, row: int, keypoints: Keypoints) -> None:
        """Keep the keypoints of `row`."""
        count = self.counts[row] = len(keypoints)
        self._points[row, :count] = keypoints.points
        self._descriptors[row, :count] = keypoints.descriptors

    def read(self, row: int) -> Keypoints:
        """Return the keypoints of `row`."""
        count = self.counts[row]
        return Keypoints(self._points[row, :count], self._descriptors[row, :count])


def bytes_needed(rows: int) -> int:
    """Return the disk space that a store of `rows` takes."""
    return rows * MOST_KEYPOINTS * (LENGTH + 2 * np.dtype(np.float32).itemsize)

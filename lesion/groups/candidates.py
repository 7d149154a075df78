"""Candidates: pairs of pictures that may show one lesion, from one short vector for each picture.

The vector is similar for pictures of one lesion. VLAD (Jégou et al., 2010): the differences between a picture's
descriptors and the nearest of a few typical descriptors are summed, and a principal component analysis shortens the
sums. All of it is learnt from the pictures themselves.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

import cv2
import numpy as np
from scipy.linalg import eigh

from lesion.groups.keypoints import KeypointStore, mirrored, rooted


@dataclass(frozen=True)
class Signature:
    """How the descriptors of a picture become one vector."""

    words: int = 32  # typical descriptors
    dimensions: int = 256  # 17 MB for 17,000 rows
    rows: int = 1500  # from which words and components are learnt, at most: 49 MB of vectors and 2 s
    descriptors: int = 40  # of each of these rows, from which the words are learnt


SIGNATURE = Signature()
BLOCK = 512  # rows compared with all others at a time: 35 MB for 17,000 rows

Item = TypeVar("Item")


class Progress(Protocol):
    """A function that yields `items` (`total` of them) and may show how far they are, as `console.progress` does."""

    def __call__(self, items: Iterable[Item], total: int, label: str) -> Iterator[Item]:
        """Yield `items`."""


class Signer:
    """Turns descriptors into signatures, in a way that it learns from some rows of a store."""

    def __init__(self, store: KeypointStore, seed: int) -> None:
        """Learn typical descriptors and principal components from rows with keypoints; there must be at least one."""
        rng = np.random.default_rng(seed)
        rows = np.sort(rng.permutation(np.flatnonzero(store.counts))[: SIGNATURE.rows]).tolist()
        self._words = _typical([store.read(row).descriptors[: SIGNATURE.descriptors] for row in rows], seed)
        vectors = np.empty((2, len(rows), self._words.size), np.float32)
        for place, row in enumerate(rows):
            descriptors = store.read(row).descriptors
            vectors[:, place] = self._vlad(descriptors), self._vlad(mirrored(descriptors))
        self._components = _components(vectors.reshape(-1, self._words.size))
        self.dimensions = self._components.shape[1]

    def _vlad(self, descriptors: np.ndarray) -> np.ndarray:
        """Return the residuals of descriptors (n, LENGTH uint8) as (words × LENGTH,) float32 of length 1."""
        values = rooted(descriptors)
        nearest = (values @ self._words.T - 0.5 * (self._words**2).sum(axis=1)).argmax(axis=1)
        member = (nearest == np.arange(len(self._words))[:, None]).astype(np.float32)
        vlad = member @ values - member.sum(axis=1, keepdims=True) * self._words
        vlad /= np.maximum(np.linalg.norm(vlad, axis=1, keepdims=True), 1e-6)  # no word outweighs the others
        return (vlad / max(1.0, np.linalg.norm(vlad))).ravel()

    def sign(self, descriptors: np.ndarray) -> np.ndarray:
        """Return the signatures of an image and of its mirror image, (2, dimensions) float32 of length 1."""
        both = np.stack([self._vlad(descriptors), self._vlad(mirrored(descriptors))]) @ self._components
        return both / np.maximum(np.linalg.norm(both, axis=1, keepdims=True), 1e-6)


def _typical(descriptors: list[np.ndarray], seed: int) -> np.ndarray:
    """Return the centres of k-means, (words, LENGTH) float32; some are alike if descriptors are few."""
    values = rooted(np.concatenate(descriptors))
    # k-means takes no fewer values than centres.
    values = np.tile(values, (-(-SIGNATURE.words // len(values)), 1))
    cv2.setRNGSeed(seed)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 1e-3)
    _, _, centres = cv2.kmeans(values, SIGNATURE.words, None, criteria, 1, cv2.KMEANS_PP_CENTERS)
    return centres


def _components(vectors: np.ndarray) -> np.ndarray:
    """Return the directions in which the vectors (n, D) vary most, (D, dimensions) float32."""
    count = len(vectors)  # smaller than D
    wanted = [max(0, count - SIGNATURE.dimensions), count - 1]
    # Only the wanted eigenvectors, and in place: `prepare` needs the most memory here.
    _, directions = eigh(vectors @ vectors.T, subset_by_index=wanted, overwrite_a=True)
    directions = vectors.T @ directions[:, ::-1]
    return directions / np.maximum(np.linalg.norm(directions, axis=0), 1e-6)


def signatures(store: KeypointStore, seed: int, progress: Progress) -> tuple[np.ndarray, np.ndarray]:
    """Return the signatures of all rows and of their mirror images, each (N, D) float32; 0 without keypoints.

    D is SIGNATURE.dimensions, or fewer if there are few rows. `progress` wraps the loop over the rows.
    """
    signer = Signer(store, seed)
    plain, mirror = np.zeros((2, len(store), signer.dimensions), np.float32)
    for row in progress(range(len(store)), len(store), "prepare: images looked at for lesions shown twice"):
        if store.counts[row]:
            plain[row], mirror[row] = signer.sign(store.read(row).descriptors)
    return plain, mirror


def nearest(plain: np.ndarray, mirror: np.ndarray, groups: np.ndarray, count: int) -> np.ndarray:
    """Return the `count` rows most similar to each row or to its mirror image, most similar first, (N, count).

    `plain` and `mirror` (N, D) are signatures. A row of the same group (`groups` (N,)) is never a neighbour, and rows
    whose signature is 0 neither have nor are neighbours; the missing ones are -1.
    """
    count = min(count, len(plain))
    empty = np.logical_not(plain.any(axis=1))
    neighbours = np.full((len(plain), count), -1)
    for start in range(0, len(plain), BLOCK):
        rows = slice(start, start + BLOCK)
        similar = np.maximum(plain[rows] @ plain.T, plain[rows] @ mirror.T)
        similar[(groups[rows, None] == groups) | empty | empty[rows, None]] = -np.inf
        best = np.argpartition(similar, -count, axis=1)[:, -count:]
        values = np.take_along_axis(similar, best, axis=1)
        order = np.lexsort((best, -values), axis=1)
        best[np.isinf(values)] = -1
        neighbours[rows] = np.take_along_axis(best, order, axis=1)
    return neighbours

"""One short vector a picture that is similar for pictures of one lesion: which pairs are worth a closer look.

VLAD (Jégou et al., 2010): what a picture's descriptors differ by from the nearest of a few typical descriptors,
summed up, and shortened by a principal component analysis. All of it is learnt from the pictures themselves.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from scipy.linalg import eigh

from lesion.groups.keypoints import KeypointStore, mirrored, rooted


@dataclass(frozen=True)
class Signature:
    """How descriptors become one vector."""

    words: int = 32  # typical descriptors
    dimensions: int = 256  # 17 MB for 17,000 rows
    rows: int = 1500  # what words and components are learnt from, at most: 49 MB of vectors and 2 s
    descriptors: int = 40  # of each of these rows, for the words


SIGNATURE = Signature()
BLOCK = 512  # rows compared with all others at a time: 35 MB for 17,000 rows

Watch = Callable[[Iterable, int, str], Iterator]  # as lesion.progress.progress


class Signer:
    """Turns descriptors into signatures; learns how from some rows of a store."""

    def __init__(self, store: KeypointStore, seed: int) -> None:
        """Learn typical descriptors and principal components from rows with keypoints, of which there must be one."""
        rng = np.random.default_rng(seed)
        rows = np.flatnonzero(store.counts)
        rows = np.sort(rng.permutation(rows)[: SIGNATURE.rows])
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
    """Return the centres of k-means, (words, LENGTH) float32; some are alike where descriptors are few."""
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
    # No more eigenvectors than are wanted, in place: `prepare` needs the most memory here.
    _, directions = eigh(vectors @ vectors.T, subset_by_index=wanted, overwrite_a=True)
    directions = vectors.T @ directions[:, ::-1]
    return directions / np.maximum(np.linalg.norm(directions, axis=0), 1e-6)


def signatures(store: KeypointStore, seed: int, watch: Watch) -> tuple[np.ndarray, np.ndarray]:
    """Return the signatures of all rows and of their mirror images, each (N, D) float32; 0 without keypoints.

    D is SIGNATURE.dimensions, or fewer where there are few rows. `watch` wraps the loop over the rows, to show
    progress.
    """
    signer = Signer(store, seed)
    plain, mirror = np.zeros((2, len(store), signer.dimensions), np.float32)
    for row in watch(range(len(store)), len(store), "sign images"):
        if store.counts[row]:
            plain[row], mirror[row] = signer.sign(store.read(row).descriptors)
    return plain, mirror


def nearest(plain: np.ndarray, mirror: np.ndarray, groups: np.ndarray, count: int) -> np.ndarray:
    """Return the `count` rows most similar to each row or to its mirror image, most similar first, (N, count).

    `plain` and `mirror` (N, D) are signatures. Rows of the same value of `groups` (N,) are passed over, and rows
    whose signature is 0 have no neighbours and are none; -1 stands where there is nothing left.
    """
    count = min(count, len(plain))
    empty = ~plain.any(axis=1)
    found = np.full((len(plain), count), -1)
    for start in range(0, len(plain), BLOCK):
        rows = slice(start, start + BLOCK)
        similar = np.maximum(plain[rows] @ plain.T, plain[rows] @ mirror.T)
        similar[(groups[rows, None] == groups) | empty | empty[rows, None]] = -np.inf
        best = np.argpartition(similar, -count, axis=1)[:, -count:]
        values = np.take_along_axis(similar, best, axis=1)
        order = np.lexsort((best, -values), axis=1)
        best[np.isinf(values)] = -1
        found[rows] = np.take_along_axis(best, order, axis=1)
    return found

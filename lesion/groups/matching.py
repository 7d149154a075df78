"""The check whether two sets of keypoints show the same lesion: does one affine map explain their matches?"""

from dataclasses import dataclass

import cv2
import numpy as np

from lesion.groups.keypoints import Keypoints, mirrored, rooted


@dataclass(frozen=True)
class Matching:
    """When two photographs show one lesion."""

    ratio: float = 0.8  # Lowe's: a match counts if its distance is below this share of the second best one's
    tolerance: float = 4.0  # pixels at Detection.side between the place where the map puts a keypoint and its match
    iterations: int = 2000  # of RANSAC, at most: enough if 1 match in 7 is right
    confidence: float = 0.999  # from which RANSAC stops earlier
    most_zoom: float = 2.5  # in or out; .8 to 1.2 with shear, in both pictures, stays below 2
    most_stretch: float = 2.2  # of one direction against the other: twice a zoom of .8 to 1.2 and a shear of .15
    enough_inliers: int = 8  # pairs of different lesions have up to 6, copies 50 and more, distorted blurred ones 9


MATCHING = Matching()


def inliers(one: Keypoints, other: Keypoints) -> int:
    """Return how many keypoints of `one` an affine map, possibly a mirroring one, takes to their match in `other`.

    0 if there is no plausible map. Keypoints at one place count once. The result depends only on the two sets, not
    even on the thread.
    """
    if _identical(one, other):
        return max(len(one), MATCHING.enough_inliers)
    if min(len(one), len(other)) < MATCHING.enough_inliers:
        return 0
    target = rooted(other.descriptors)
    best = 0
    for flip in (False, True):
        source = rooted(mirrored(one.descriptors) if flip else one.descriptors)
        start, end = _matches(source @ target.T)
        if len(start) >= MATCHING.enough_inliers:
            best = max(best, _agreeing(one.points[start], other.points[end], flip))
    return best


def _identical(one: Keypoints, other: Keypoints) -> bool:
    """Tell whether these are exact copies: they count even if keypoints are few or repeat themselves."""
    return (
        len(one) > 0 and np.array_equal(one.points, other.points) and np.array_equal(one.descriptors, other.descriptors)
    )


def _matches(similarity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (rows, columns): the rows of `similarity` (n, m) whose best column is clear, and that column.

    Changes `similarity`.
    """
    rows = np.arange(len(similarity))
    columns = similarity.argmax(axis=1)
    best = similarity[rows, columns]
    similarity[rows, columns] = -1
    second = similarity.max(axis=1)
    # The squared distance of vectors of length 1 is 2 - 2 × similarity.
    clear = 1 - best < MATCHING.ratio**2 * (1 - second)
    return rows[clear], columns[clear]


def _agreeing(start: np.ndarray, end: np.ndarray, flip: bool) -> int:
    """Return how many pairs of points (n, 2) one plausible affine map explains; it mirrors if `flip`."""
    # OpenCV seeds each RANSAC with the same number.
    matrix, agree = cv2.estimateAffine2D(
        start,
        end,
        method=cv2.RANSAC,
        ransacReprojThreshold=MATCHING.tolerance,
        maxIters=MATCHING.iterations,
        confidence=MATCHING.confidence,
    )
    if matrix is None or not _plausible(matrix[:, :2], flip):
        return 0
    agree = agree.ravel() > 0
    return min(len(np.unique(points[agree].round(), axis=0)) for points in (start, end))


def _plausible(linear: np.ndarray, flip: bool) -> bool:
    """Tell whether a map with the linear part (2, 2) mirrors as `flip` says and zooms and stretches within limits."""
    largest, smallest = np.linalg.svd(linear, compute_uv=False)
    mirrors = bool(np.linalg.det(linear) < 0)
    highest = min(MATCHING.most_zoom, MATCHING.most_stretch * smallest)
    return mirrors == flip and 1 / MATCHING.most_zoom < smallest <= largest < highest

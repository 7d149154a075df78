"""Whether two sets of keypoints show the same lesion: matched descriptors that one affine map explains."""

import cv2
import numpy as np

from lesion import config
from lesion.groups.keypoints import Keypoints, mirrored, rooted


def inliers(one: Keypoints, other: Keypoints) -> int:
    """Return how many keypoints of `one` an affine map, perhaps a mirroring one, takes to their match in `other`.

    0 where no plausible map was found. Keypoints at one place count once. The result depends on nothing but the
    two sets, not even on the thread.
    """
    if _identical(one, other):
        return max(len(one), config.ENOUGH_INLIERS)
    if min(len(one), len(other)) < config.ENOUGH_INLIERS:
        return 0
    target = rooted(other.descriptors)
    best = 0
    for flip in (False, True):
        source = rooted(mirrored(one.descriptors) if flip else one.descriptors)
        start, end = _matches(source @ target.T)
        if len(start) >= config.ENOUGH_INLIERS:
            best = max(best, _agreeing(one.points[start], other.points[end], flip))
    return best


def _identical(one: Keypoints, other: Keypoints) -> bool:
    """Tell exact copies apart from all else: they count even where keypoints are few or repeat themselves."""
    return (
        len(one) > 0 and np.array_equal(one.points, other.points) and np.array_equal(one.descriptors, other.descriptors)
    )


def _matches(similarity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (rows, columns) of the (n, m) similarities where a row's best column is clearly better than its second."""
    rows = np.arange(len(similarity))
    columns = similarity.argmax(axis=1)
    best = similarity[rows, columns]
    similarity[rows, columns] = -1
    second = similarity.max(axis=1)
    # The squared distance of vectors of length 1 is 2 - 2 × similarity.
    clear = 1 - best < config.MATCH_RATIO**2 * (1 - second)
    return rows[clear], columns[clear]


def _agreeing(start: np.ndarray, end: np.ndarray, flip: bool) -> int:
    """Return how many of the pairs of points (n, 2) one plausible affine map, mirroring or not, explains."""
    # OpenCV seeds each RANSAC with the same number, whatever ran before.
    matrix, agree = cv2.estimateAffine2D(
        start,
        end,
        method=cv2.RANSAC,
        ransacReprojThreshold=config.MATCH_TOLERANCE,
        maxIters=config.RANSAC_ITERATIONS,
        confidence=config.RANSAC_CONFIDENCE,
    )
    if matrix is None or not _plausible(matrix[:, :2], flip):
        return 0
    agree = agree.ravel() > 0
    return min(len(np.unique(points[agree].round(), axis=0)) for points in (start, end))


def _plausible(linear: np.ndarray, flip: bool) -> bool:
    largest, smallest = np.linalg.svd(linear, compute_uv=False)
    mirrors = bool(np.linalg.det(linear) < 0)
    highest = min(config.MOST_ZOOM, config.MOST_STRETCH * smallest)
    return mirrors == flip and 1 / config.MOST_ZOOM < smallest <= largest < highest

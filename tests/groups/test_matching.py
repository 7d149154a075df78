import numpy as np
from photographs import changed

from lesion.groups.keypoints import describe
from lesion.groups.matching import MATCHING, inliers


def test_inliers_of_copies_and_of_different_lesions(photographs):
    one, other = describe(photographs[0]), describe(photographs[1])
    copy = describe(changed(photographs[0], 33, 0.9, True, 1.1))
    assert inliers(one, copy) > 3 * MATCHING.enough_inliers
    assert inliers(one, other) < MATCHING.enough_inliers
    assert inliers(one, describe(np.zeros((64, 64, 3), np.uint8))) == 0


def test_few_keypoints_match_only_as_an_exact_copy(photographs):
    keypoints = describe(photographs[2])
    few = type(keypoints)(keypoints.points[:3], keypoints.descriptors[:3])
    same = type(keypoints)(few.points.copy(), few.descriptors.copy())
    assert inliers(few, same) == MATCHING.enough_inliers
    assert inliers(few, keypoints) == 0

import numpy as np

from lesion.groups.candidates import nearest

# Six rows on the unit circle, at these angles in degrees, and a row without keypoints.
ANGLES = np.radians([0, 10, 25, 90, 100, 180])
PLAIN = np.vstack([np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1), np.zeros((1, 2))]).astype(np.float32)
NOTHING = np.zeros_like(PLAIN)
APART = np.arange(len(PLAIN))


def test_neighbours_are_the_most_similar_rows_of_other_groups_and_rows_without_keypoints_have_none():
    assert nearest(PLAIN, NOTHING, APART, 2).tolist() == [[1, 2], [0, 2], [1, 0], [4, 2], [3, 2], [4, 3], [-1, -1]]
    groups = np.array([0, 0, 2, 3, 3, 5, 6])
    assert nearest(PLAIN, NOTHING, groups, 2).tolist() == [[2, 3], [2, 3], [1, 0], [2, 1], [2, 5], [4, 3], [-1, -1]]


def test_a_row_that_is_similar_to_the_mirror_image_is_a_neighbour():
    mirror = NOTHING.copy()
    mirror[5] = PLAIN[0]  # mirrored, the last row with keypoints looks like the first one
    assert nearest(PLAIN, mirror, APART, 1)[0].tolist() == [5]


def test_fewer_rows_than_candidates_leave_places_empty():
    assert nearest(PLAIN[:2], NOTHING[:2], APART[:2], 20).tolist() == [[1, -1], [0, -1]]
    assert nearest(PLAIN[:1], NOTHING[:1], APART[:1], 20).tolist() == [[-1]]

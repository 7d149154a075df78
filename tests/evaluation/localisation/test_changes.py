"""Whether two maps rank their fields alike, and how widely evidence is spread."""

import numpy as np
import pytest

from lesion.evaluation.localisation import changes


def correlation(first, second):
    return changes.rank_correlations(np.array([first]), np.array([second]))[0]


def test_maps_are_compared_by_the_order_of_their_fields():
    fields = np.array([[1, 2], [3, 4]], np.uint8)
    assert correlation(fields, fields * 60) == pytest.approx(1)
    assert correlation(fields, [[1, 4], [9, 200]]) == pytest.approx(1)
    assert correlation(fields, [[4, 3], [2, 1]]) == pytest.approx(-1)
    # ranks 1 2 3 4 and 2 1 4 3: 1 - 6 · (1 + 1 + 1 + 1) / (4 · 15)
    assert correlation(fields, [[2, 1], [4, 3]]) == pytest.approx(0.6)


def test_fields_of_equal_evidence_share_a_rank():
    # ranks 1.5 1.5 3 4 and 1 2 3 4, less 2.5: products sum to 4.5, squares to 4.5 and 5
    assert correlation([[0, 0], [5, 9]], [[1, 2], [3, 4]]) == pytest.approx(4.5 / np.sqrt(4.5 * 5))


def test_an_empty_map_ranks_nothing():
    fields, empty = np.array([[1, 2], [3, 4]], np.uint8), np.zeros((2, 2), np.uint8)
    assert correlation(fields, empty) == 0  # nothing is left of the order
    assert np.isnan(correlation(empty, fields))  # there was none
    assert np.isnan(correlation(empty, empty))


def test_evidence_is_as_complex_as_it_is_spread():
    maps = np.zeros((4, 2, 4), np.uint8)
    maps[0, 1, 2] = 255  # in one field
    maps[1] = 7  # in all 8 fields alike
    maps[2, 0, :2] = 100, 50  # shares of 2/3 and 1/3
    one, even, two, empty = changes.complexities(maps)
    assert one == 0
    assert even == pytest.approx(np.log(8))
    assert two == pytest.approx(np.log(3) - 2 / 3 * np.log(2))
    assert np.isnan(empty)


def test_the_scale_of_a_map_does_not_matter():
    maps = np.random.default_rng(0).random((3, 4, 4))
    assert changes.complexities(maps) == pytest.approx(changes.complexities(maps * 200))

"""What maps are seen beside: the outline of another lesion, the spot and the ceiling."""

import numpy as np
import pytest

from lesion.evaluation.localisation import comparison, fields
from lesion.evaluation.localisation.scores import SCORES


@pytest.mark.parametrize("groups", [range(9), [0, 0, 0, 1, 1, 2, 2, 3], [5, 7]])
def test_every_outline_stands_in_once_and_for_another_lesion(groups):
    groups = np.array(groups)
    positions = comparison.others(groups)
    assert sorted(positions) == list(range(len(groups)))
    assert (groups[positions] != groups).all()
    assert (positions == comparison.others(groups)).all()


def test_one_image_stands_in_for_itself():
    assert comparison.others(np.array([4])).tolist() == [0]


def test_all_that_a_map_is_seen_beside_is_scored_like_a_map():
    random = np.random.default_rng(0)
    maps, shares = random.random((5, 4, 6)), random.random((5, 4, 6))
    located = comparison.located(maps, shares, np.arange(5), np.zeros(5, bool))
    assert located.values.shape == (5, 3, 4)
    assert located.areas == pytest.approx(shares.mean(axis=(1, 2)))
    spots = np.array([fields.centred_spot(4, 6)] * 5)
    for place, score in enumerate(SCORES.values()):
        assert located.values[:, place, 0] == pytest.approx(score(maps, shares))
        assert located.values[:, place, 1] == pytest.approx(score(spots, shares))
        assert located.values[:, place, 2] == pytest.approx(score(shares, shares))
        assert located.values[:, place, 3] == pytest.approx(score(maps, shares[comparison.others(np.arange(5))]))

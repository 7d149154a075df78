"""Photographs for the tests of this folder."""

import numpy as np
import pytest

from lesion.sources.drawn import DrawnSample


@pytest.fixture(scope="session")
def photographs():
    """Return 8 different drawn lesions."""
    sample = DrawnSample(40, seed=2)
    _, first = np.unique(sample.groups, return_index=True)
    return list(sample.draw(first[:8])[0])

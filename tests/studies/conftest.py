"""Images that a study can divide."""

import numpy as np
import pytest

from lesion.prepared import PreparedData

LESIONS = 120
OWN = 4 * LESIONS  # rows that take part


@pytest.fixture
def divisible():
    """Return OWN rows of LESIONS lesions, a third of them malignant, and 8 external and 2 unreadable rows."""
    groups = np.r_[np.repeat(np.arange(LESIONS), 4), np.arange(8), LESIONS, LESIONS + 1]
    splits = np.array(["train"] * OWN + ["external"] * 8 + ["unreadable"] * 2)
    labels = (groups % 3 == 0).astype(np.int8)
    images = np.zeros((len(groups), 4, 4, 3), np.uint8)
    unread = [np.zeros(len(groups))] * 5  # ages, sexes, sites, cropped, cleaned shares
    return PreparedData(images, np.arange(len(groups)), labels, splits, groups, *unread, None, fingerprint="some")

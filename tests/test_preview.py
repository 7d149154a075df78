"""Pictures of prepared data: which rows they show, and that each record's picture is on disk."""

import cv2
import numpy as np
import pandas as pd
import pytest
from photographs import encoded, framed, skin

from lesion import config, preview
from lesion.images.preprocess import Prepared
from lesion.records.preparation import AugmentedExample, Example, LargeGroup

SIZE = 16
SPLITS = ["train"] * 5 + ["test", "unreadable", "train", "validation", "train"]
GROUPS = [10, 20, 10, 40, 10, 40, 20, 20, 90, 100]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(config, "DATA", tmp_path)
    return tmp_path


@pytest.fixture
def index():
    rows = np.arange(100, 110)
    return pd.DataFrame({"row": rows, "label": rows % 2, "split": SPLITS, "group": GROUPS})


def greys(*values):
    return np.stack([np.full((SIZE, SIZE, 3), value, np.uint8) for value in values])


def grey_of(folder, path):
    picture = cv2.imread(str(folder / path))
    assert picture.shape == (SIZE, SIZE, 3)
    return picture.mean()


def test_augmented_pairs_are_of_training_images_all_over_the_data(folder, index):
    positions = preview.augmented_positions(index)
    assert positions == [0, 2, 4]  # training images are at 0, 1, 2, 3, 4, 7 and 9
    pairs = [(original, original + 50) for original in greys(10, 20, 30)]
    records = preview.augmentation(index, positions, pairs)
    assert [(record.row, record.label) for record in records] == [(100, 0), (102, 0), (104, 0)]
    assert isinstance(records[0], AugmentedExample)
    for record, grey in zip(records, (10, 20, 30), strict=True):
        assert grey_of(folder, record.original) == pytest.approx(grey, abs=1)
        assert grey_of(folder, record.augmented) == pytest.approx(grey + 50, abs=1)


def test_fewer_training_images_than_pairs_are_all_shown(index):
    assert preview.augmented_positions(index.iloc[:2]) == [0, 1]


def test_the_largest_groups_are_shown_without_their_unreadable_rows(folder, index):
    images = greys(*range(0, 200, 20))
    records = preview.largest_groups(images, index)
    assert [(record.size, record.split, record.rows) for record in records] == [
        (3, "train", [100, 102, 104]),
        (2, "train", [101, 107]),
        (2, "train, test", [103, 105]),
    ]
    assert isinstance(records[0], LargeGroup)
    for record in records:
        for row, path in zip(record.rows, record.pictures, strict=True):
            assert grey_of(folder, path) == pytest.approx(20 * (row - 100), abs=1)


def test_examples_are_the_first_photographs_that_preprocessing_changed_clearly(folder, index):
    images = greys(*range(0, 200, 20))
    chosen = {}
    for position in range(10):
        cropped = position % 2 == 1
        box = (0, 0, SIZE - cropped, SIZE)
        result = Prepared(images[position], SIZE, SIZE, box, cleaned_share=0.01 if position >= 8 else 0.009)
        preview.choose(chosen, position, encoded(images[position] + 5), result)
    records = preview.examples(images, index, chosen)
    assert [(record.what, record.row) for record in records] == [
        ("cropped", 101),
        ("cropped", 103),
        ("cropped", 105),
        ("cleaned", 108),
        ("cleaned", 109),
    ]
    assert isinstance(records[0], Example) and records[0].label == 1
    assert grey_of(folder, records[0].before) == pytest.approx(25, abs=1)
    assert grey_of(folder, records[0].after) == pytest.approx(20, abs=1)


def test_before_and_after_are_given_at_equal_scale(folder, index):
    photograph = framed(skin(240, 180), 30, 18, 30, 12)
    result = Prepared(greys(9)[0], 300, 210, (30, 18, 270, 198), cleaned_share=0)
    chosen = {}
    preview.choose(chosen, 1, encoded(photograph), result)
    (record,) = preview.examples(greys(*range(10)), index, chosen)
    # What is kept is 180 of 210 pixels high, and as high as the prepared picture.
    assert record.before_width == pytest.approx(300 / 180, abs=0.03)
    assert record.before_height == pytest.approx(210 / 180, abs=0.03)
    assert record.before_width / record.before_height == pytest.approx(300 / 210)


def test_a_photograph_that_is_whole_is_as_high_as_its_prepared_picture(folder, index):
    result = Prepared(greys(9)[0], 240, 180, (0, 0, 240, 180), cleaned_share=0.2)
    chosen = {}
    preview.choose(chosen, 1, encoded(skin(240, 180)), result)
    (record,) = preview.examples(greys(*range(10)), index, chosen)
    assert (record.before_width, record.before_height) == (pytest.approx(4 / 3), 1)


def test_earlier_pictures_are_removed(folder, index):
    preview.largest_groups(greys(*range(10)), index)
    assert list(folder.rglob("*.jpg"))
    preview.clear()
    assert not list(folder.rglob("*.jpg"))

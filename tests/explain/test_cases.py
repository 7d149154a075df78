"""The test images for the report: what is known of each, thumbnails, and outlines as paths."""

import re
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from photographs import skin, with_lesion

from lesion import config
from lesion.explain import cases
from lesion.prepared import PreparedData, packed_bytes
from lesion.records.preparation import SourceRecord

SIZE = 100


@pytest.fixture
def data():
    """Return six images, of which the last three are tested; the last one's outline is empty."""
    outlines = np.zeros((6, SIZE, SIZE), bool)
    outlines[:5, 20:60, 30:80] = True
    packed = np.packbits(outlines.reshape(6, -1), axis=1)
    assert packed.shape[1] == packed_bytes(SIZE)
    return PreparedData(
        images=np.random.default_rng(0).integers(0, 256, (6, SIZE, SIZE, 3), np.uint8),
        rows=np.array([2, 3, 5, 7, 11, 13]),
        labels=np.array([0, 1, 0, 1, 0, 1], np.int8),
        splits=np.array(["train"] * 3 + ["test"] * 3),
        groups=np.array([2, 3, 5, 3, 11, 13]),
        ages=np.array([40.0, 50, 60, 60, np.nan, 40]),
        sexes=np.array(["", "male", "", "female", "", "male"]),
        sites=np.array([""] * 6),
        cropped=np.array([False, False, False, True, False, False]),
        cleaned_shares=np.array([0.0, 0, 0, 0, 0.1, 0]),
        record=SimpleNamespace(source=SourceRecord("folder", "6 rows", None, "masks")),
        fingerprint="0" * 16,
        outlines=packed,
    )


def test_every_test_image_is_described_and_what_is_unknown_left_out(data):
    seven, eleven, thirteen = cases.describe(data)
    assert (seven.row, seven.label, seven.group, seven.thumbnail) == (7, 1, 3, "cases/7.webp")
    assert seven.levels == {
        "photographs of the lesion": "several",
        "dark frame": "cropped",
        "hair or marks": "none",
        "age": "50 and above",
        "sex": "female",
    }
    assert eleven.levels == {
        "photographs of the lesion": "one",
        "dark frame": "none",
        "hair or marks": "painted over",
    }
    assert thirteen.levels["age"] == "below 50"
    assert (bool(seven.outline), seven.outline_from) == (True, "masks")
    assert thirteen.outline == thirteen.outline_from == "", "noise shows no lesion"


def test_an_outline_that_is_not_known_is_estimated_once(data):
    data.images[5], mask = with_lesion(skin(SIZE, SIZE), centre=(50, 45), axes=(30, 20))
    thirteen = cases.describe(data)[2]
    assert thirteen.outline_from == "estimated"
    assert 2 * np.sum(drawn(thirteen.outline) & mask) / (drawn(thirteen.outline).sum() + mask.sum()) > 0.9
    assert cases.describe(data, {13: "M1 1L2 2Z", 7: "not used"})[2].outline == "M1 1L2 2Z"
    assert cases.describe(data, {7: "a mask counts more"})[0].outline_from == "masks"


def test_without_any_outline_there_are_no_paths(data):
    object.__setattr__(data, "outlines", None)
    assert [(image.outline, image.outline_from) for image in cases.describe(data)] == [("", "")] * 3


@pytest.mark.parametrize(("side", "expected"), [(SIZE, 96), (64, 64)])
def test_a_thumbnail_is_small_and_shows_the_picture(side, expected):
    image = np.full((side, side, 3), (200, 120, 60), np.uint8)
    image[: side // 2] = (40, 160, 90)
    encoded = cases.thumbnail(image)
    assert encoded[:4] == b"RIFF" and encoded[8:12] == b"WEBP"
    read = cv2.cvtColor(cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB).astype(int)
    assert read.shape == (expected, expected, 3)
    assert read[5, 5] == pytest.approx([40, 160, 90], abs=8) and read[-5, -5] == pytest.approx([200, 120, 60], abs=8)


def test_thumbnails_of_the_test_images_alone_are_written(data, tmp_path, monkeypatch):
    monkeypatch.setattr(config, "REPORTS", tmp_path)
    cases.write_thumbnails(data)
    assert sorted(path.name for path in (tmp_path / "cases").iterdir()) == ["11.webp", "13.webp", "7.webp"]


def drawn(path):
    """Draw a path as a mask of 100 × 100."""
    mask = np.zeros((100, 100), np.uint8)
    assert re.fullmatch(r"(M\d+ \d+l-?\d+( ?-?\d+)+z)*", path)
    for one in path.split("z")[:-1]:
        cv2.fillPoly(mask, [np.array(corners(one), np.int32)], 1)
    return mask.astype(bool)


def corners(path):
    """Return the places of one part of a path: the first as it is, each other one by its step."""
    numbers = [int(number) for number in re.findall(r"-?\d+", path)]
    return np.cumsum(np.reshape(numbers, (-1, 2)), axis=0).tolist()


@pytest.mark.parametrize("side", [8, 64, 100, 224, 600])
def test_a_rectangle_has_its_four_corners_whatever_the_size_of_the_image(side):
    mask = np.zeros((side, side), bool)
    mask[side // 4 : side // 2, side // 2 :] = True
    found = corners(cases.path_of(mask))
    assert len(found) == 4
    for x, y in ((50, 25), (100, 25), (100, 50), (50, 50)):
        assert min(max(abs(x - a), abs(y - b)) for a, b in found) <= 1


def test_a_path_covers_what_the_outline_covers():
    y, x = np.mgrid[:224, :224]
    mask = ((x - 90) / 70) ** 2 + ((y - 120) / 50) ** 2 < 1 + 0.2 * np.sin(x / 9)
    path = cases.path_of(mask)
    expected = cv2.resize(mask.astype(np.uint8), (100, 100), interpolation=cv2.INTER_AREA).astype(bool)
    assert np.sum(drawn(path) & expected) / np.sum(drawn(path) | expected) > 0.95
    assert len(path) < 300


def test_several_parts_come_largest_first_and_without_holes_and_specks():
    mask = np.zeros((200, 200), bool)
    mask[150:155, 150:155] = True
    mask[10:30, 10:30] = True
    mask[60:140, 60:140] = True
    mask[90:100, 90:100] = False
    path = cases.path_of(mask)
    assert path.count("M") == path.count("z") == 2
    large, small = (corners(one) for one in path.split("z")[:2])
    assert min(large) == [30, 30] and min(small) == [5, 5]


def test_no_pixel_gives_no_path():
    assert cases.path_of(np.zeros((64, 64), bool)) == ""

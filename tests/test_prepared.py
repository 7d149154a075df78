"""Prepared data on disk: written whole, read back, and refused if its parts do not fit."""

import dataclasses
import functools
import tracemalloc

import numpy as np
import pandas as pd
import pytest
import reading

from lesion import config, prepared, store
from lesion.errors import LesionError
from lesion.images.preprocess import Prepared
from lesion.images.stream import Photograph
from lesion.records.preparation import (
    Groups,
    MetadataRecord,
    PreparationRecord,
    PreparationSettings,
    PreprocessingShares,
    SourceRecord,
)
from lesion.sources.source import Source, open_source
from lesion.tables import read_table, write_table

ROWS, SIZE = 4, 8


@functools.cache  # made at one time
def record(rows=ROWS):
    return PreparationRecord(
        fingerprint="0123456789abcdef",
        data="fedcba9876543210",
        settings=PreparationSettings(
            data="auto", limit=0, image_size=SIZE, seed=0, split="grouped", clean=True, metadata="", search=False
        ),
        method={"preparation": {"train": 0.7, "shares": [1, 2.5]}},
        source=SourceRecord(name="sample", description="4 rows", replaced="no network"),
        metadata=MetadataRecord("ages.csv", {"age": "age_approx"}, 3, 1, 0, 0, {"age": 1, "sex": 3, "site": 3}, 0),
        classes=["benign", "malignant"],
        rows=rows,
        counts={"train": {"benign": 1, "malignant": 1}},
        unreadable=[],
        preprocessing=PreprocessingShares(cropped_share=0.0, cleaned_share=0.5, painted_pixels_share=0.01),
        groups=Groups("source", {"source": 4}, 3, {"1": 2, "2": 1}, {}, {"grouped": None}, None, None, None, None, []),
        examples=[],
        augmentation=[],
        provenance=store.provenance(1.0),
    )


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (ROWS, SIZE, SIZE, 3), np.uint8)


@pytest.fixture
def folder(tmp_path, images):
    np.save(tmp_path / "images.npy", images)
    index = pd.DataFrame(
        {
            "row": [3, 5, 8, 9],
            "label": [0, 1, 1, 0],
            "split": ["train", "train", "test", "unreadable"],
            "group": [3, 3, 8, 9],
            "cropped": [0, 1, 0, 0],
            "cleaned_share": [0.0, 0.25, 0.0, 0.0],
            "age": [50.0, np.nan, 7.5, np.nan],
            "sex": ["male", "", "female", ""],
            "site": ["", "head, neck", "back", ""],
        }
    )
    write_table(tmp_path / "index.csv", index)
    prepared.write_manifest(record(), tmp_path)
    return tmp_path


def test_prepared_data_are_read_back(folder, images):
    data = prepared.open_data(folder)
    assert (data.images == images).all() and data.image_size == SIZE
    assert data.rows.tolist() == [3, 5, 8, 9] and data.groups.tolist() == [3, 3, 8, 9]
    assert data.ages[[0, 2]].tolist() == [50, 7.5] and np.isnan(data.ages[[1, 3]]).all()
    assert data.sexes.tolist() == ["male", "", "female", ""] and data.sites.tolist() == ["", "head, neck", "back", ""]
    assert data.cropped.tolist() == [False, True, False, False] and data.cleaned_shares.tolist() == [0, 0.25, 0, 0]
    positions, labels = data.of_split("train")
    assert positions.tolist() == [0, 1] and labels.tolist() == [0, 1]
    assert data.record == record()
    assert data.fingerprint == "fedcba9876543210"


@pytest.mark.parametrize("name", ["index.csv", "manifest.json"])
def test_a_missing_file_names_the_command_that_makes_it(folder, name):
    (folder / name).unlink()
    with pytest.raises(LesionError, match=rf"{name} is missing: run `invoke prepare`"):
        prepared.open_data(folder)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY, and no more"])
def test_damaged_images_are_refused(folder, content):
    (folder / "images.npy").write_bytes(content)
    with pytest.raises(LesionError, match=r"images\.npy is not as it was written: run `invoke prepare`"):
        prepared.open_data(folder)


def test_data_without_metadata_are_read_back(folder):
    index = pd.read_csv(folder / "index.csv").assign(age=np.nan, sex="", site="")
    write_table(folder / "index.csv", index)
    prepared.write_manifest(record(), folder)
    data = prepared.open_data(folder)
    assert np.isnan(data.ages).all() and data.sexes.tolist() == data.sites.tolist() == [""] * 4


def test_an_index_without_a_column_is_refused(folder):
    write_table(folder / "index.csv", read_table(folder / "index.csv", "").drop(columns="sex"))
    prepared.write_manifest(record(), folder)
    with pytest.raises(LesionError, match=r"index\.csv has no column sex: run `invoke prepare`"):
        prepared.open_data(folder)


def test_parts_that_do_not_fit_are_refused(folder):
    prepared.write_manifest(record(rows=5), folder)
    with pytest.raises(LesionError, match="4 images, 4 index lines and a manifest of 5 rows"):
        prepared.open_data(folder)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setattr(config, "DATA", tmp_path)
    for name in ("IMAGES", "OUTLINES", "INDEX", "MANIFEST"):
        monkeypatch.setattr(prepared, name, tmp_path / getattr(prepared, name).name)
    return tmp_path


def test_new_images_replace_the_old_ones_only_when_all_are_there(home, images):
    store.write_record(prepared.MANIFEST, record())
    with pytest.raises(RuntimeError, match="stop"), prepared.new_images(ROWS, SIZE) as append:
        append(images[0], None)
        raise RuntimeError("stop")
    assert prepared.MANIFEST.exists() and not prepared.IMAGES.exists()
    with prepared.new_images(ROWS, SIZE) as append:
        for image in images:
            append(image, None)
    assert (np.load(prepared.IMAGES) == images).all()
    assert not prepared.MANIFEST.exists(), "the old data's manifest must not describe the new images"
    assert [file.name for file in home.iterdir()] == ["images.npy"]


def test_data_are_complete_once_the_manifest_is_there_and_carries_the_fingerprint(home, images):
    fingerprint = record().fingerprint
    np.save(prepared.IMAGES, images)
    prepared.INDEX.write_text("row\n")
    assert not prepared.is_complete(fingerprint)
    prepared.write_manifest(record(), home)
    assert prepared.is_complete(fingerprint) and not prepared.is_complete("another")
    prepared.IMAGES.unlink()
    assert not prepared.is_complete(fingerprint)


OUTLINED = SourceRecord(name="sample", description="4 rows", replaced=None, outlines="drawn")
MASKS = np.random.default_rng(1).random((ROWS, 5, 5)) < 0.5  # 25 bits each: not a whole number of bytes


def write_outlined():
    """Write data with outlines, the second of them of an image that cannot be read."""
    images = np.zeros((ROWS, 5, 5, 3), np.uint8)
    with prepared.new_images(ROWS, 5, outlined=True) as append:
        for place in range(ROWS):
            append(images[place], None if place == 1 else MASKS[place])
    measured = np.zeros(ROWS, prepared.MEASURED)
    numbers = np.arange(ROWS)
    labels = (numbers % 2).astype(np.int8)
    write_table(prepared.INDEX, prepared.new_index(numbers, labels, numbers > ROWS, measured))
    prepared.write_manifest(dataclasses.replace(record(), source=OUTLINED), prepared.MANIFEST.parent)


def test_outlines_are_read_back(home):
    write_outlined()
    data = prepared.open_data(home)
    for place in (0, 2, 3):
        outline = data.outline(place)
        assert outline.dtype == bool and (outline == MASKS[place]).all()
    assert data.outline(1) is None, "all its bits are 0: it is not known"
    assert prepared.is_complete(record().fingerprint)


def test_outlines_that_are_missing_or_do_not_fit_are_refused(home):
    write_outlined()
    np.save(prepared.OUTLINES, np.zeros((ROWS, 3), np.uint8))
    prepared.write_manifest(dataclasses.replace(record(), source=OUTLINED), home)
    with pytest.raises(LesionError, match=r"outlines\.npy does not hold the outlines of 4 images: run"):
        prepared.open_data(home)
    prepared.OUTLINES.unlink()
    assert not prepared.is_complete(record().fingerprint)
    with pytest.raises(LesionError, match=r"outlines\.npy is missing: run `invoke prepare`"):
        prepared.open_data(home)


def test_data_of_a_source_that_knows_no_outlines_have_none(home, folder):
    write_outlined()
    with prepared.new_images(ROWS, SIZE) as append:
        for _ in range(ROWS):
            append(np.zeros((SIZE, SIZE, 3), np.uint8), None)
    assert not prepared.OUTLINES.exists(), "the outlines of earlier data"
    prepared.write_manifest(record(), home)
    assert prepared.open_data(folder).outline(0) is None


def test_the_outline_stays_on_the_lesion_through_prepare(home):
    """Drawn lesions are darker than the skin around them, in the prepared image too; and nothing is drawn twice."""
    source = open_source("sample", limit=12, seed=3)
    drawn = []

    def originals():
        for original in source.originals():
            drawn.append(original)
            yield original

    settings = dataclasses.replace(record().settings, image_size=48)
    with prepared.new_images(12, 48, outlined=True) as append:
        reading.read(dataclasses.replace(source, originals=originals), settings, append, None)
    assert len(drawn) == 12
    images = np.load(prepared.IMAGES)
    packed = np.load(prepared.OUTLINES)
    assert packed.shape == (12, 288) and packed.dtype == np.uint8
    masks = np.unpackbits(packed, axis=1).reshape(12, 48, 48).astype(bool)
    darker = [image[mask].mean() < image[~mask].mean() for image, mask in zip(images, masks, strict=True)]
    assert np.mean(darker) > 0.9


def measured_images():
    """Return what is kept of four images: whole, unreadable, cropped, and the first file again."""
    measured = np.zeros(4, prepared.MEASURED)
    whole = Prepared(np.zeros((SIZE, SIZE, 3), np.uint8), 60, 40, (0, 0, 60, 40), 0.0)
    cropped = Prepared(np.zeros((SIZE, SIZE, 3), np.uint8), 60, 40, (5, 4, 58, 39), 0.1234567)
    for position, encoded, result in ((0, b"one", whole), (2, b"two", cropped), (3, b"one", whole)):
        measured[position] = prepared.measurements(encoded, result)
    return measured


def test_the_index_has_a_line_for_each_image_readable_or_not(home):
    labels, external = np.array([0, 1, 1, 0], np.int8), np.array([False, False, False, True])
    write_table(prepared.INDEX, prepared.new_index(np.array([3, 5, 8, 9]), labels, external, measured_images()))
    assert prepared.INDEX.read_text().splitlines() == [
        "row,label,split,group,width,height,cropped,crop_left,crop_top,crop_right,crop_bottom,cleaned_share,"
        "group_origin,age,sex,site",
        "3,0,,3,60,40,0,0,0,60,40,0.0,,nan,,",
        "5,1,unreadable,5,0,0,0,0,0,0,0,0.0,,nan,,",
        "8,1,,8,60,40,1,5,4,58,39,0.12346,,nan,,",
        "9,0,external,9,60,40,0,0,0,60,40,0.0,,nan,,",
    ]


def test_the_same_file_has_the_same_number_and_an_unreadable_one_has_none():
    one, unreadable, two, again = prepared.identical(measured_images()).tolist()
    assert one == again != two and unreadable == -1 and min(one, two) >= 0


def test_of_an_image_that_is_on_disk_less_than_200_bytes_stay_in_memory(monkeypatch):
    rows = 3000
    pixels = np.zeros((SIZE, SIZE, 3), np.uint8)

    def photographs(*_):
        for row in range(rows):
            result = Prepared(pixels.copy(), 300 + row, 400, (0, 0, 300 + row, 400), row / 7e4)
            yield Photograph(b"%d" % row, result, None, None, "")

    monkeypatch.setattr(reading, "prepare_images", photographs)
    described = SourceRecord("folder", "", replaced=None)
    labels, external, names = np.zeros(rows, np.int8), np.zeros(rows, bool), np.zeros(rows, str)
    source = Source(described, np.arange(rows), labels, external, None, names, None, lambda: iter([]))
    tracemalloc.start()
    try:
        stream = reading.read(source, record().settings, lambda image, outline: None, None)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert stream.measured["readable"].all() and kept < 200 * rows


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("label", 7, "label: Expected `int` <= 1"),
        ("label", "x", "label: Expected `int`, got `str`"),
        ("split", "tset", "split: Invalid enum value 'tset'"),
        ("cleaned_share", 1.7, "cleaned_share: Expected `float` <= "),
        ("group", 1.5, "group: Expected `int`, got `float`"),
    ],
)
def test_an_index_that_says_what_cannot_be_is_refused(folder, column, value, said):
    index = read_table(folder / "index.csv", "")
    write_table(folder / "index.csv", index.assign(**{column: value}))
    prepared.write_manifest(record(), folder)
    with pytest.raises(LesionError, match=rf"index\.csv is not as expected \({said}.*\): run `invoke prepare`$"):
        prepared.open_data(folder)

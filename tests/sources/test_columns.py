"""Columns of a data set: labels and images of any type that can be read, and one line for whatever is wrong."""

import errno

import datasets
import pytest
from datasets import ClassLabel, Dataset, Features, Image, Value
from tables import PUBLIC, everything, images, jpeg, refusal, write

from lesion.sources.source import open_source


@pytest.mark.parametrize(
    ("features", "labels"),
    [
        (Features(image=Image(), label=ClassLabel(names=["Malignant", "BENIGN"])), [1, 0, 1]),
        (Features(image=Image(), label=Value("int64")), [0, 1, 0]),
        (Features(image=Image(), label=Value("bool")), [False, True, False]),
        (Features(image={"bytes": Value("binary"), "path": Value("string")}, label=Value("uint8")), [0, 1, 0]),
    ],
)
def test_labels_and_images_of_other_types(tmp_path, features, labels):
    path = write(tmp_path / "odd [1] name.parquet", images(1, 2, 3), labels, features)
    source = open_source(str(path), limit=0, seed=0)
    assert everything(source) == ([jpeg(n) for n in (1, 2, 3)], [0, 1, 0], [False] * 3)


def test_a_path_is_read_and_a_missing_image_stays_in_as_a_row(tmp_path):
    (tmp_path / "beside.jpg").write_bytes(b"beside")
    rows = [{"bytes": None, "path": "beside.jpg"}, {"bytes": None, "path": "gone.jpg"}, None]
    bare = Features(image={"bytes": Value("binary"), "path": Value("string")}, label=Value("int64"))
    path = write(tmp_path / "paths.parquet", rows, [0, 1, 1], bare)
    assert list(open_source(str(path), limit=0, seed=0).encoded()) == [b"beside", b"", b""]


@pytest.mark.parametrize(
    ("features", "labels", "said"),
    [
        (Features(image=Image(), label=ClassLabel(names=["cat", "dog"])), [0, 1], "has the classes cat, dog"),
        (Features(image=Image(), label=ClassLabel(names=["benign", "malignant", "x"])), [0, 1], "malignant, x"),
        (PUBLIC, [0, None], "has the label None"),
        (PUBLIC, [0, -1], "has the label -1"),
        (Features(image=Image(), label=Value("int64")), [0, 2], "has the label 2"),
        (Features(image=Image(), label=Value("string")), ["a", "b"], "has the label 'a', 'b'"),
        (Features(image=Image(), label=[Value("int64")]), [[0], [1]], "column `label` of the type"),
        (PUBLIC, [0, 0], "has no malignant image in its 2 training rows"),
    ],
)
def test_other_labels_are_refused(tmp_path, features, labels, said):
    path = write(tmp_path / "rows.parquet", images(1, 2), labels, features)
    assert said in refusal(path)


def test_other_columns_and_damaged_files_are_refused(tmp_path):
    numbers = Features(image=Value("int64"), label=Value("int64"))
    assert "column `image` of the type" in refusal(write(tmp_path / "numbers.parquet", [1, 2], [0, 1], numbers))
    Dataset.from_dict({"picture": [1], "label": [0]}).to_parquet(str(tmp_path / "names.parquet"))
    assert "has no column `image`, only picture, label" in refusal(tmp_path / "names.parquet")
    assert "none.parquet cannot be read as a data set" in refusal(write(tmp_path / "none.parquet", [], []))
    whole = write(tmp_path / "whole.parquet", images(1, 2), [0, 1]).read_bytes()
    for name, content in {"cut": whole[: len(whole) // 2], "empty": b"", "text": b"hello"}.items():
        (tmp_path / f"{name}.parquet").write_bytes(content)
        assert f"{name}.parquet cannot be read as a data set" in refusal(tmp_path / f"{name}.parquet")


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    def full(*what, **options):
        raise RuntimeError("generation failed") from OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(datasets, "load_dataset", full)
    assert "the disk is full" in refusal(tmp_path)

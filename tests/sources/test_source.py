"""Sources: the same rows, labels and bytes from every layout, and one line for whatever is wrong."""

import cv2
import numpy as np
import pytest
from tables import TEST, TRAIN, everything, images, jpeg, refusal, write

from lesion import options
from lesion.errors import LesionError
from lesion.sources import source as sources
from lesion.sources.drawn import DrawnSample


def place(folder, **files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def test_the_hub_layout_numbers_test_on_after_train(tmp_path):
    write(tmp_path / TRAIN, images(1, 2, 3), [0, 1, 1])
    write(tmp_path / TEST, images(4, 5), [1, 0])
    source = sources.open_source(str(tmp_path), limit=0, seed=0)
    expected = [jpeg(n) for n in (1, 2, 3, 4, 5)], [0, 1, 1, 1, 0], [False, False, False, True, True]
    assert everything(source) == expected
    assert source.rows.tolist() == [0, 1, 2, 3, 4]
    assert source.record.name == "folder" and source.record.description.startswith(
        "5 rows, 2 of them published as test"
    )
    assert list(source.encoded()) == expected[0], "the images can be read twice"


def test_class_folders_give_the_same_with_awkward_names(tmp_path):
    files = {"benign/b <i>&'\".PNG": b"1", "benign/ä 2.jpeg": b"2", "malignant/deep/x.TIFF": b"3"}
    ignored = {"benign/notes.txt": b"-", "benign/._b.jpg": b"-"}
    place(tmp_path, **files, **ignored)
    source = sources.open_source(str(tmp_path), limit=0, seed=0)
    assert everything(source) == ([b"1", b"2", b"3"], [0, 0, 1], [False] * 3)
    assert "2 files in it ignored" in source.record.description


def test_class_folders_inside_train_and_test(tmp_path):
    place(tmp_path, **{"test/Benign/a.jpg": b"3", "train/Malignant/a.jpg": b"2", "train/Benign/a.jpg": b"1"})
    source = sources.open_source(str(tmp_path), limit=0, seed=0)
    assert everything(source) == ([b"1", b"2", b"3"], [0, 1, 0], [False, False, True])


def test_a_limit_keeps_the_proportions_and_follows_the_seed(tmp_path):
    labels = [0] * 30 + [1] * 10
    path = write(tmp_path / "rows.parquet", images(*range(40)), labels)
    first, again, other = (sources.open_source(str(path), limit=8, seed=seed) for seed in (3, 3, 4))
    assert np.bincount(first.labels).tolist() == [6, 2]
    assert list(first.encoded()) == [jpeg(row) for row in first.rows]
    assert first.labels.tolist() == [labels[row] for row in first.rows]
    assert first.rows.tolist() == again.rows.tolist() != other.rows.tolist()
    assert first.record.description.startswith("8 of 40 rows")
    assert len(sources.open_source(str(path), limit=1000, seed=0).rows) == 40


def test_a_changed_file_is_noticed(tmp_path):
    path = write(tmp_path / "rows.parquet", images(1, 2), [0, 1])
    sources.open_source(str(path), limit=0, seed=0)
    before = sources.identity(str(path))
    assert before == sources.identity(str(path))
    write(path, images(3, 4, 5), [0, 1, 1])
    assert sources.identity(str(path)) != before
    assert list(sources.open_source(str(path), limit=0, seed=0).encoded()) == [jpeg(n) for n in (3, 4, 5)]


def test_the_sample_is_drawn_by_seed():
    first, again = (sources.open_source("sample", limit=6, seed=1) for _ in range(2))
    encoded = list(first.encoded())
    assert encoded == list(again.encoded())
    assert cv2.imdecode(np.frombuffer(encoded[0], np.uint8), cv2.IMREAD_COLOR).shape == (224, 224, 3)
    assert len(encoded) == len(first.labels) == len(first.groups) == 6
    assert first.rows.tolist() == [0, 1, 2, 3, 4, 5] and not first.external.any() and first.names.tolist() == [""] * 6
    assert first.record.name == "sample" and first.record.drawn and first.record.replaced is None


def test_the_sample_knows_the_outline_of_each_lesion():
    source = sources.open_source("sample", limit=4, seed=1)
    assert source.record.outlines == "drawn"
    _, outlines = DrawnSample(4, seed=1).draw(np.arange(4))
    assert all(
        (one.outline == known).all() and not one.mask for one, known in zip(source.originals(), outlines, strict=True)
    )


def test_photographs_have_no_outlines(tmp_path):
    source = sources.open_source(str(write(tmp_path / "rows.parquet", images(1, 2), [0, 1])), limit=0, seed=0)
    assert source.record.outlines == ""
    assert [(original.outline, original.mask) for original in source.originals()] == [(None, b"")] * 2


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "cannot be read as a data set"),
        ({"benign/a.jpg": b"1"}, "has no malignant image in its 1 training rows"),
        ({"benign/a.txt": b"1", "malignant/a.txt": b"1"}, "has no benign image in its 0 training rows"),
        ({"benign/a.jpg": b"1", "malignant/a.jpg": b"1", "other/a.jpg": b"1"}, "has images in 'other'"),
        ({"test/benign/a.jpg": b"1", "test/malignant/a.jpg": b"1"}, "has the splits test"),
    ],
)
def test_other_folders_are_refused(tmp_path, files, said):
    place(tmp_path, **files)
    assert said in refusal(tmp_path)


def test_unknown_names_and_limits_are_refused(tmp_path):
    (tmp_path / "rows.csv").write_text("image,label\n")
    allowed = ": give auto, isic, sample, a FOLDER or a FILE.parquet"
    for data, said in (("isik", "does not exist"), (tmp_path / "rows.csv", "neither a folder nor"), ("\0", allowed)):
        assert said in refusal(data) and allowed in refusal(data)
        with pytest.raises(LesionError, match=allowed):
            sources.identity(str(data))
    with pytest.raises(LesionError, match="--limit -1 does not work: give 0"):
        options.read("prepare", {"limit": "-1"})
    path = write(tmp_path / "rows.parquet", images(1, 2, 3), [0, 1, 1])
    assert "--limit 1 leaves a class without an image: take 2" in refusal(path, limit=1)

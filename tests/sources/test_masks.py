"""Masks of the lesions: from a folder or a column, matched with their images, and never from outside their folder."""

import os

import cv2
import numpy as np
import pytest
from datasets import ClassLabel, Dataset, Features, Image, Value
from tables import TEST, TRAIN, images, jpeg, write

from lesion.errors import LesionError
from lesion.sources import masks
from lesion.sources.source import identity, open_source

PATHS = Features(image={"bytes": Value("binary"), "path": Value("string")}, label=Value("int64"))


def png(number):
    """Return a mask of 8 × 8 pixels with so many white ones, encoded."""
    levels = np.zeros(64, np.uint8)
    levels[:number] = 255
    return cv2.imencode(".png", levels.reshape(8, 8))[1].tobytes()


def place(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def attached(data, named=""):
    """Return what the masks gave, and the number of white pixels of each, 0 without a mask."""
    result = masks.attach(str(named), str(data), open_source(str(data), limit=0, seed=0))
    return result, [white(original.mask) for original in result.source.originals()]


def white(mask):
    return int((cv2.imdecode(np.frombuffer(mask, np.uint8), cv2.IMREAD_GRAYSCALE) > 0).sum()) if mask else 0


def public(path, names=("a.jpg", "b.jpg", "c.jpg")):
    """Write a data set in the Hub's layout whose images have these names."""
    rows = [{"bytes": jpeg(number), "path": name} for number, name in enumerate(names)]
    return write(path, rows, [number % 2 for number in range(len(names))], PATHS)


def test_a_folder_beside_the_hubs_layout_is_taken_unasked(tmp_path):
    public(tmp_path / TRAIN)
    place(tmp_path, {"masks/c.png": png(3), "masks/a_segmentation.png": png(1), "masks/other.png": png(9)})
    result, whites = attached(tmp_path)
    assert whites == [1, 0, 3] and result.others == 1 and result.problem == ""
    assert result.source.record.outlines == "masks"
    assert list(result.source.encoded()) == [jpeg(0), jpeg(1), jpeg(2)]


@pytest.mark.parametrize("name", ["rows.parquet", "train.parquet", "data/rows.parquet"])
def test_masks_are_not_taken_for_images_of_a_parquet_file_beside_them(tmp_path, name):
    public(tmp_path / name)
    place(tmp_path, {f"masks/{name}.png": png(number) for number, name in enumerate("abcdefgh", start=1)})
    assert attached(tmp_path)[1] == [1, 2, 3]


@pytest.mark.parametrize(
    "files",
    [
        {"masks/benign/x.png": 1, "masks/malignant/x.png": 2},
        {"benign/masks/x.png": 1, "malignant/masks/x_segmentation.png": 2},
    ],
)
def test_masks_beside_class_folders_count_with_their_folders(tmp_path, files):
    place(tmp_path, {"benign/x.jpg": b"1", "malignant/x.jpg": b"2", **{name: png(n) for name, n in files.items()}})
    result, whites = attached(tmp_path)
    assert whites == [1, 2] and result.source.labels.tolist() == [0, 1]


def test_masks_beside_class_folders_and_splits_count_by_their_names_alone(tmp_path):
    classes = {"benign/a.jpg": b"1", "malignant/b.tiff": b"2"}
    place(tmp_path / "plain", {**classes, "masks/a.bmp": png(1), "masks/b.PNG": png(2), "masks/notes.txt": b"-"})
    assert attached(tmp_path / "plain")[1] == [1, 2]
    train = {f"train/{name}": content for name, content in classes.items()}
    test = {"test/benign/c.jpg": b"3"}
    place(tmp_path / "split", {**train, **test, **{f"masks/{name}.png": png(ord(name) - 96) for name in "abc"}})
    assert attached(tmp_path / "split")[1] == [1, 2, 3]


def test_a_folder_that_is_named_counts_alone(tmp_path):
    public(tmp_path / "images" / TRAIN)
    place(tmp_path, {"images/masks/a.png": png(1), "elsewhere/b.png": png(2), "elsewhere/a.jpg.png": png(5)})
    assert attached(tmp_path / "images", tmp_path / "elsewhere")[1] == [5, 2, 0]


def test_a_limit_and_the_test_split_keep_their_masks(tmp_path):
    names = [f"{number}.jpg" for number in range(20)]
    public(tmp_path / TRAIN, names)
    public(tmp_path / TEST, ["20.jpg", "21.jpg"])
    place(tmp_path, {f"masks/{number}.png": png(number + 1) for number in range(22)})
    source = open_source(str(tmp_path), limit=9, seed=1)
    originals = masks.attach("", str(tmp_path), source).source.originals()
    assert [white(original.mask) for original in originals] == [row + 1 for row in source.rows.tolist()]
    assert {20, 21} & set(source.rows.tolist())


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Image(), lambda number: {"bytes": png(number), "path": None}),
        (PATHS["image"], lambda number: {"bytes": png(number), "path": "x"}),
        (Value("binary"), png),
        (Value("string"), lambda number: f"drawn/{number}.png"),
        (PATHS["image"], lambda number: {"bytes": None, "path": f"drawn/{number}.png"}),
    ],
)
def test_a_column_of_masks_is_read(tmp_path, kind, value):
    place(tmp_path, {"drawn/1.png": png(1), "drawn/2.png": png(2)})
    features = Features(image=Image(), label=ClassLabel(names=["benign", "malignant"]), mask=kind)
    rows = {"image": images(1, 2, 3), "label": [0, 1, 1], "mask": [value(1), None, value(2)]}
    Dataset.from_dict(rows, features=features).to_parquet(str(tmp_path / "rows.parquet"))
    result, whites = attached(tmp_path / "rows.parquet")
    assert whites == [1, 0, 2] and result.source.record.outlines == "masks"


@pytest.mark.parametrize("column", ["mask", "mask_file_name"])
def test_a_table_of_a_folder_names_masks(tmp_path, column):
    table = f"file_name,label,{column}\na.jpg,0,masks/one.png\nb.jpg,1,masks/two.png\n"
    place(tmp_path, {"a.jpg": jpeg(1), "b.jpg": jpeg(2), "masks/one.png": png(1), "masks/two.png": png(2)})
    (tmp_path / "metadata.csv").write_text(table)
    result, whites = attached(tmp_path)
    assert whites == [1, 2] and "has no mask of the 2 images" in result.problem


def test_a_column_of_another_type_is_left_alone(tmp_path):
    features = Features(image=Image(), label=Value("int64"), mask=Value("int64"))
    rows = {"image": images(1, 2), "label": [0, 1], "mask": [4, 5]}
    Dataset.from_dict(rows, features=features).to_parquet(str(tmp_path / "rows.parquet"))
    result, whites = attached(tmp_path / "rows.parquet")
    assert whites == [0, 0] and result.source.record.outlines == ""


def test_no_path_leads_out_of_the_folder(tmp_path):
    place(tmp_path, {"secret.png": png(7), "data/masks/inside.png": png(1)})
    data = tmp_path / "data"
    (data / "masks" / "b.png").symlink_to(tmp_path / "secret.png")
    (data / "masks" / "a.png").symlink_to(data / "masks" / "a.png")
    (data / "masks" / "c.png").symlink_to(data / "masks" / "inside.png")
    public(data / TRAIN)
    assert attached(data)[1] == [0, 0, 1]
    features = Features(image=Image(), label=Value("int64"), mask=Value("string"))
    paths = ["../secret.png", str(tmp_path / "secret.png"), "masks/b.png", "\0", "x" * 5000, "", "masks/inside.png"]
    rows = {"image": images(*range(7)), "label": [0, 1, 1, 1, 1, 1, 1], "mask": paths}
    Dataset.from_dict(rows, features=features).to_parquet(str(data / "rows.parquet"))
    assert attached(data / "rows.parquet")[1] == [0, 0, 0, 0, 0, 0, 1]


def test_a_folder_without_a_mask_of_these_images_is_refused(tmp_path):
    public(tmp_path / "images" / TRAIN)
    place(tmp_path, {"other/x.png": png(1), "empty/notes.txt": b"-", "images/masks/y.png": png(1)})
    with pytest.raises(LesionError, match=r"other has no mask of the 3 images \(its first is 'x', the first image is"):
        attached(tmp_path / "images", tmp_path / "other")
    with pytest.raises(LesionError, match=r"empty has no mask of the 3 images \(it has no image files\)"):
        attached(tmp_path / "images", tmp_path / "empty")
    result, whites = attached(tmp_path / "images")
    assert whites == [0, 0, 0] and result.source.record.outlines == ""
    assert "the folder masks has no mask of the 3 images" in result.problem
    with pytest.raises(LesionError, match=r"\(the images have no file names\)"):
        masks.attach(str(tmp_path / "other"), "sample", open_source("sample", limit=4, seed=0))


def test_a_changed_mask_is_noticed(tmp_path):
    public(tmp_path / TRAIN)
    place(tmp_path, {"masks/a.png": png(1)})
    before = masks.identity(str(tmp_path / "masks")), identity(str(tmp_path))
    assert before == (masks.identity(str(tmp_path / "masks")), identity(str(tmp_path))) and masks.identity("") == ""
    os.utime(tmp_path / "masks" / "a.png", ns=(1, 1))
    assert masks.identity(str(tmp_path / "masks")) != before[0] and identity(str(tmp_path)) != before[1]

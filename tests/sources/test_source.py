"""Sources: the same rows, labels and bytes from every layout, and one line for whatever is wrong."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import datasets
import numpy as np
import pytest
from datasets import ClassLabel, Dataset, Features, Image, Value
from hub import Hub

from lesion import config
from lesion.errors import LesionError
from lesion.sources import source as sources

PUBLIC = Features(image=Image(), label=ClassLabel(names=["benign", "malignant"]))
TRAIN, TEST = "data/train-00000-of-00001.parquet", "data/test-00000-of-00001.parquet"


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path_factory.mktemp("cache"))


def jpeg(number):
    return cv2.imencode(".jpg", np.full((8, 8, 3), number, np.uint8))[1].tobytes()


def write(path, images, labels, features=PUBLIC):
    path.parent.mkdir(parents=True, exist_ok=True)
    Dataset.from_dict({"image": images, "label": labels}, features=features).to_parquet(str(path))
    return path


def images(*numbers):
    return [{"bytes": jpeg(number), "path": None} for number in numbers]


def place(folder, **files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def everything(source):
    return list(source.encoded()), source.labels.tolist(), source.external.tolist()


def test_the_hub_layout_numbers_test_on_after_train(tmp_path):
    write(tmp_path / TRAIN, images(1, 2, 3), [0, 1, 1])
    write(tmp_path / TEST, images(4, 5), [1, 0])
    source = sources.open_source(str(tmp_path), limit=0, seed=0)
    expected = [jpeg(n) for n in (1, 2, 3, 4, 5)], [0, 1, 1, 1, 0], [False, False, False, True, True]
    assert everything(source) == expected
    assert source.rows.tolist() == [0, 1, 2, 3, 4]
    assert source.name == "folder" and source.description.startswith("5 rows, 2 of them published as test")
    assert list(source.encoded()) == expected[0], "the images can be read twice"


def test_class_folders_give_the_same_with_awkward_names(tmp_path):
    files = {"benign/b <i>&'\".PNG": b"1", "benign/ä 2.jpeg": b"2", "malignant/deep/x.TIFF": b"3"}
    ignored = {"benign/notes.txt": b"-", "benign/._b.jpg": b"-"}
    place(tmp_path, **files, **ignored)
    source = sources.open_source(str(tmp_path), limit=0, seed=0)
    assert everything(source) == ([b"1", b"2", b"3"], [0, 0, 1], [False] * 3)
    assert "2 files in it ignored" in source.description


def test_class_folders_inside_train_and_test(tmp_path):
    place(tmp_path, **{"test/Benign/a.jpg": b"3", "train/Malignant/a.jpg": b"2", "train/Benign/a.jpg": b"1"})
    source = sources.open_source(str(tmp_path), limit=0, seed=0)
    assert everything(source) == ([b"1", b"2", b"3"], [0, 1, 0], [False, False, True])


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
    source = sources.open_source(str(path), limit=0, seed=0)
    assert everything(source) == ([jpeg(n) for n in (1, 2, 3)], [0, 1, 0], [False] * 3)


def test_a_path_is_read_and_a_missing_image_stays_in_as_a_row(tmp_path):
    (tmp_path / "beside.jpg").write_bytes(b"beside")
    rows = [{"bytes": None, "path": "beside.jpg"}, {"bytes": None, "path": "gone.jpg"}, None]
    bare = Features(image={"bytes": Value("binary"), "path": Value("string")}, label=Value("int64"))
    path = write(tmp_path / "paths.parquet", rows, [0, 1, 1], bare)
    assert list(sources.open_source(str(path), limit=0, seed=0).encoded()) == [b"beside", b"", b""]


def test_a_limit_keeps_the_proportions_and_follows_the_seed(tmp_path):
    labels = [0] * 30 + [1] * 10
    path = write(tmp_path / "rows.parquet", images(*range(40)), labels)
    first, again, other = (sources.open_source(str(path), limit=8, seed=seed) for seed in (3, 3, 4))
    assert np.bincount(first.labels).tolist() == [6, 2]
    assert list(first.encoded()) == [jpeg(row) for row in first.rows]
    assert first.labels.tolist() == [labels[row] for row in first.rows]
    assert first.rows.tolist() == again.rows.tolist() != other.rows.tolist()
    assert first.description.startswith("8 of 40 rows")
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
    assert first.name == "sample" and first.replaced is None


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


def refusal(data, limit=0):
    with pytest.raises(LesionError) as caught:
        sources.open_source(str(data), limit=limit, seed=0)
    assert "\n" not in str(caught.value)
    return str(caught.value)


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
    allowed = "--data must be auto, isic, sample, a FOLDER or a FILE.parquet"
    for data, said in (("isik", "does not exist"), (tmp_path / "rows.csv", "neither a folder nor"), ("\0", allowed)):
        assert said in refusal(data) and allowed in refusal(data)
        with pytest.raises(LesionError, match="--data must be"):
            sources.identity(str(data))
    assert "--limit must be 0" in refusal("sample", limit=-1)
    path = write(tmp_path / "rows.parquet", images(1, 2, 3), [0, 1, 1])
    assert "--limit 1 leaves a class without an image: take 2" in refusal(path, limit=1)


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    def full(*what, **options):
        raise RuntimeError("generation failed") from OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(datasets, "load_dataset", full)
    assert "the disk is full" in refusal(tmp_path)


CLIENT = """
import hashlib, json, sys
from lesion import config, sources
from lesion.errors import LesionError
from lesion.sources import source as sources
config.HUB_STALL = float(sys.argv[1])
for data in sys.argv[2:]:
    try:
        source = sources.open_source(data, limit=4, seed=0)
        digests = [hashlib.sha256(image).hexdigest() for image in source.encoded()]
        columns = source.labels.tolist(), source.external.tolist()
        print(json.dumps([source.name, source.description, source.replaced, digests, *columns]))
    except LesionError as error:
        print(json.dumps(["error", str(error)]))
"""


def client(hub, home, *data, stall=60):
    """Open each source in a process of its own: the Hub's libraries read their settings at import."""
    settings = {"HF_ENDPOINT": hub.url, "HF_HOME": str(home), "PYTHONPATH": str(config.PROJECT)}
    unset = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    command = [sys.executable, "-c", CLIENT, str(stall), *map(str, data)]
    done = subprocess.run(command, env={**unset, **settings}, capture_output=True, text=True, timeout=60)
    assert (done.stderr, done.returncode) == ("", 0)
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def published(tmp_path):
    """A folder in the Hub's layout, and the same files as a Hub serves them."""
    folder = tmp_path / "published"
    write(folder / TRAIN, images(1, 2, 3), [0, 1, 1])
    write(folder / TEST, images(4), [1])
    return folder, {name: Path(folder, name).read_bytes() for name in (TEST, TRAIN)}


def test_the_hub_gives_what_the_folder_gives_and_its_cache_outlives_it(published, tmp_path):
    folder, files = published
    with Hub(files) as hub:
        isic, local = client(hub, tmp_path / "home", "isic", folder)
        assert isic[0] == "isic" and isic[2:] == local[2:]
        assert isic[4:] == [[0, 1, 1, 1], [False, False, False, True]]
    (cached,) = client(hub, tmp_path / "home", "auto")
    assert cached[2:] == isic[2:] and "from the local cache" in cached[1]
    strict, sample = client(hub, tmp_path / "other", "isic", "auto")
    assert strict[0] == "error" and "refused" in strict[1] and "--data sample" in strict[1]
    assert sample[0] == "sample" and "drawn sample took its place" in sample[2] and "refused" in sample[2]


def test_a_faulty_hub_costs_one_line_and_leaves_a_sound_cache(published, tmp_path):
    folder, files = published
    with Hub(files) as hub:
        for fault, data, stall, said in (
            ("down", "auto", 60, "503"),
            ("busy", "isic", 60, "503"),
            ("mute", "auto", 1, "hardly any data"),
            ("cut", "isic", 1, "cannot be had"),
        ):
            hub.fault = fault
            ((name, *told),) = client(hub, tmp_path / "home", data, stall=stall)
            assert name == ("sample" if data == "auto" else "error")
            line = told[1] if data == "auto" else told[0]
            assert said in line and "\n" not in line
        hub.fault = None
        isic, local = client(hub, tmp_path / "home", "isic", folder)
        assert isic[0] == "isic" and isic[2:] == local[2:]

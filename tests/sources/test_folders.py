"""Folders as a user has them: names that differ in case alone, what may not be read, and nothing from elsewhere."""

import errno
import os
import socket

import pytest
from datasets import Features, Value
from tables import TRAIN, images, jpeg, refusal, write

from lesion import console
from lesion.errors import LesionError
from lesion.sources import folders
from lesion.sources import source as sources


def place(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(9))


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("train/benign/a.jpg", "train/malignant/a.jpg", "Train/benign/b.jpg"), "has Train beside train"),
        (("Benign/a.jpg", "benign/b.jpg", "malignant/a.jpg"), "has Benign beside benign"),
        (("train/MALIGNANT/a.jpg", "train/malignant/b.jpg", "train/benign/a.jpg"), "has MALIGNANT beside malignant"),
    ],
)
def test_folders_that_differ_in_case_alone_are_refused(tmp_path, names, said):
    place(tmp_path, *names)
    if len(list(tmp_path.rglob("*.jpg"))) < len(names):
        pytest.skip("this file system takes upper and lower case for the same")
    line = refusal(tmp_path)
    assert said in line and line.endswith("put the images of both into one of them")


@pytest.mark.parametrize("closed", ["benign", "benign/deep", "malignant"])
def test_a_folder_that_may_not_be_read_is_named(tmp_path, monkeypatch, closed):
    place(tmp_path, "benign/a.jpg", "benign/deep/b.jpg", "malignant/a.jpg")
    refused = str(tmp_path / closed)
    scandir = os.scandir

    def guarded(path):
        if str(path) == refused:
            raise PermissionError(errno.EACCES, "Permission denied", refused)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)  # permission bits do not bind root
    said = f"{refused} cannot be read (permission denied): check its permissions"
    assert refusal(tmp_path) == said
    with pytest.raises(LesionError) as caught:
        sources.identity(str(tmp_path))
    assert str(caught.value) == said


def test_links_pipes_and_hidden_files(tmp_path):
    place(tmp_path / "images", "benign/a.jpg", "malignant/a.jpg", "malignant/._b.jpg")
    place(tmp_path / "elsewhere", "c.jpg")
    benign = tmp_path / "images" / "benign"
    (benign / "link.jpg").symlink_to(tmp_path / "elsewhere" / "c.jpg")
    (benign / "folder").symlink_to(tmp_path / "elsewhere")
    (benign / "gone.jpg").symlink_to("nothing")
    (benign / "itself.jpg").symlink_to("itself.jpg")
    (benign / "folder.jpg").mkdir()
    os.mkfifo(benign / "pipe.jpg")
    source = sources.open_source(str(tmp_path / "images"), limit=0, seed=0)
    assert source.names.tolist() == ["benign/a.jpg", "benign/link.jpg", "malignant/a.jpg"]


def test_the_search_of_a_large_folder_says_how_far_it_is(tmp_path, monkeypatch, capsys):
    place(tmp_path, *(f"{number}.jpg" for number in range(6)))
    monkeypatch.setattr(console, "COUNTED_AT_ONCE", 2)
    monkeypatch.setattr(console.Screen, "due", lambda screen: True)
    assert len(list(folders.files_below(tmp_path))) == 6
    said = [f"prepare: looking for images in {tmp_path}: {number} files so far" for number in (2, 4, 6)]
    assert capsys.readouterr().out.splitlines() == said


BARE = Features(image={"bytes": Value("binary"), "path": Value("string")}, label=Value("int64"))


@pytest.mark.parametrize("layout", ["file", "folder"])
def test_a_table_reads_no_file_outside_its_folder(tmp_path, layout):
    folder = tmp_path / "images"
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(jpeg(7))
    name = TRAIN if layout == "folder" else "rows.parquet"
    base = (folder / name).parent if layout == "file" else folder
    base.mkdir(parents=True)
    (base / "inside.jpg").write_bytes(jpeg(8))
    (base / "link.jpg").symlink_to(secret)
    (base / "loop.jpg").symlink_to("loop.jpg")
    os.mkfifo(base / "pipe.jpg")
    paths = [
        "inside.jpg",
        str(secret),
        "../secret.jpg",
        "x/../../secret.jpg",
        "link.jpg",
        "loop.jpg",
        "pipe.jpg",
        "x" * 5000,
        "a\0b",
        "gone.jpg",
        "http://localhost/secret.jpg",
        f"file://{secret}",
    ]
    write(folder / name, [{"bytes": None, "path": path} for path in paths], [0, 1] * 6, BARE)
    data = folder if layout == "folder" else folder / name
    originals = list(sources.open_source(str(data), limit=0, seed=0).originals())
    assert originals[0].encoded == jpeg(8) and not originals[0].problem
    assert [original.encoded for original in originals[1:]] == [b""] * 11
    for original in originals[1:5]:
        assert original.problem == "the table names a file outside the folder of the images: put it there"
    assert all(original.problem for original in originals[1:])


@pytest.fixture
def no_network(monkeypatch):
    """Make each attempt to reach an address fail, and return what was tried."""
    tried = []

    def refuse(self, address, *more):
        tried.append(address)
        raise OSError("the network is off limits")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **options: refuse(None, host))
    return tried


HEADING = (
    "---\nlicense: mit\nhomepage: http://localhost:9\nconfigs:\n- config_name: default\n  data_files: {}\n---\nImages."
)


@pytest.mark.parametrize(
    "named",
    [
        '"http://localhost:9/train.parquet"',
        '\n  - split: train\n    path: ["data/*", "https://localhost:9/x.parquet"]',
        '"hf://datasets/someone/something/train.parquet"',
        '"zip://x::http://localhost:9/x.zip"',
        '"/etc/*.parquet"',
        '"../*.parquet"',
    ],
)
def test_settings_beside_the_images_fetch_nothing_and_lead_nowhere_else(tmp_path, no_network, named):
    write(tmp_path / TRAIN, images(1, 2), [0, 1])
    (tmp_path / "README.md").write_text(HEADING.format(named))
    assert "names data that is not in the folder" in refusal(tmp_path)
    (tmp_path / "README.md").write_text(HEADING.format('"data/*.parquet"'))
    assert len(sources.open_source(str(tmp_path), limit=0, seed=0).rows) == 2
    (tmp_path / ".huggingface.yaml").write_text("configs: []")
    assert ".huggingface.yaml, whose settings are not used: remove it" in refusal(tmp_path)
    assert no_network == []


def test_a_table_of_pictures_with_addresses_fetches_nothing(tmp_path, no_network):
    place(tmp_path, "train/a.jpg", "train/b.jpg")
    lines = ['{"file_name": "http://localhost:9/a.jpg", "label": 0}', '{"file_name": "b.jpg", "label": 1}']
    (tmp_path / "train" / "metadata.jsonl").write_text("\n".join(lines))
    assert "cannot be read as a data set" in refusal(tmp_path)
    assert no_network == []

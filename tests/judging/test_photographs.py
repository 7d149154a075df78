"""The image files of a user: which they are, and those that are none."""

import os

import cv2
import numpy as np
import pytest
from faults.ending import as_a_user, run, stage

from lesion.errors import LesionError
from lesion.judging import photographs
from lesion.records.training import ImageSettings

SETTINGS = ImageSettings(image_size=16, clean=False)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Make a folder with two images, and with all that may have the name of one."""
    monkeypatch.setattr(photographs, "LARGEST_FILE", 5000)
    for name, value in (("a.png", 153), ("z.png", 51)):
        cv2.imwrite(str(tmp_path / name), np.full((16, 16, 3), value, np.uint8))
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "dangling.jpg").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    (tmp_path / "endless.jpg").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "words.jpg").write_text("no image")
    (tmp_path / "huge.jpg").write_bytes(bytes(5001))
    for name in ("._a.png", "notes.txt"):
        (tmp_path / name).write_text("not looked at")
    return tmp_path


def test_each_odd_file_is_named_with_its_reason_and_the_others_are_read(folder):
    files = photographs.listed(str(folder))
    prepared = list(photographs.prepare(files, SETTINGS))
    assert [photograph.file for photograph in prepared] == sorted(files)
    images = {each.file.name: each.image.mean() for each in prepared if each.is_readable()}
    assert images == {"a.png": 153, "z.png": 51}
    reasons = {each.file.name: each.reason for each in prepared if not each.is_readable()}
    assert reasons.pop("words.jpg").startswith("file is not a readable JPEG or PNG image (8 bytes")
    assert reasons == {
        "folder.jpg": "it is a folder",
        "dangling.jpg": "its link leads nowhere",
        "loop.jpg": "too many levels of symbolic links",
        "endless.jpg": "it is a device",
        "pipe.jpg": "it is a named pipe",
        "empty.jpg": "image file is empty (0 bytes): replace or remove it",
        "huge.jpg": "it has more than 5,000 bytes",
    }


def test_a_file_without_permission_is_one_of_the_odd_ones(tmp_path):
    (tmp_path / "x.jpg").touch(mode=0)
    body = "from pathlib import Path\nfrom lesion.judging import photographs\nphotographs.read(Path('x.jpg'))"
    body = body.replace("x.jpg", str(tmp_path / "x.jpg"))
    assert run(stage(body), tmp_path, as_a_user) == (2, "", "error: permission denied\n")


def test_the_digest_is_that_of_the_content(folder):
    (folder / "b.png").write_bytes((folder / "a.png").read_bytes())
    digests = {each.file.name: each.digest for each in photographs.prepare(sorted(folder.glob("?.png")), SETTINGS)}
    assert digests["a.png"] == digests["b.png"] == photographs.digest(folder / "a.png") != digests["z.png"]
    assert photographs.digest(folder / "pipe.jpg") == ""


def test_a_folder_without_images_says_what_they_are_called(tmp_path):
    with pytest.raises(LesionError, match=r"holds no image file \(\.bmp, \.jpeg, \.jpg"):
        photographs.listed(str(tmp_path))

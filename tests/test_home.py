"""The folder that the stages work in: one run at a time, nothing left of dead ones, and one line if it cannot be."""

import errno
import os
import subprocess
import sys

import clean
import pytest

from lesion import config, home, store
from lesion.errors import LesionError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a new folder, which LESION_HOME then names."""
    monkeypatch.setattr(config, "HOME", tmp_path)
    for name in ("DATA", "RUNS", "REPORTS", "LOCK"):
        monkeypatch.setattr(config, name, tmp_path / getattr(config, name).name)
    return tmp_path


def write(folder, name):
    """Return the temporary file of a process that ends while it writes `folder / name`."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    code = f"""
import os, pathlib
from lesion import store
with store.atomic(pathlib.Path({str(folder / name)!r})) as temporary:
    temporary.write_text("half")
    print(temporary, flush=True)
    os._exit(9)
"""
    command = [sys.executable, "-c", code]
    printed = subprocess.run(command, cwd=config.PROJECT, capture_output=True, text=True).stdout
    return folder / printed.strip()


def test_a_second_run_in_the_same_folder_is_refused_and_the_first_goes_on():
    with home.exclusive("train"):
        second = subprocess.run(
            [sys.executable, "-c", "from lesion import home\nwith home.exclusive('prepare'): print('in')"],
            capture_output=True,
            text=True,
            cwd=config.PROJECT,
        )
    assert second.returncode == 1
    assert f"another run is at work in {config.HOME}" in second.stderr
    assert "in\n" not in second.stdout
    with home.exclusive("train"):
        pass


def test_the_next_run_removes_what_dead_ones_had_not_finished_and_nothing_else(folder):
    (folder / "other disk").mkdir()
    (folder / "runs" / "mobilenet").mkdir(parents=True)
    (folder / "runs" / "mobilenet" / "activations").symlink_to(folder / "other disk")
    names = ("data/images.npy", "runs/scratch/activations/view0.npy", "runs/mobilenet/activations/view0.npy")
    litter = [write(folder, name) for name in (*names, "reports/" + "long " * 48 + ".jpg")]
    assert all(path.exists() for path in litter)
    for name in ("data/.keypoints", ".bench-12ab"):
        (folder / name).mkdir()
        (folder / name / "0").touch()
    mine = [folder / "data" / name for name in (".2026-notes.txt", ".1-ab-x", "images.npy")]
    working = folder / "reports" / f".{os.getpid()}-0123abcd-predictions.csv"  # `predict` works without the lock
    for path in (*mine, working):
        path.touch()
    with home.exclusive("train"):
        pass
    left = {path for path in folder.rglob("*") if path.is_file() and path != config.LOCK}
    assert left == {*mine, working}
    assert not (folder / "data" / ".keypoints").exists() and not (folder / ".bench-12ab").exists()


def test_a_write_takes_names_as_long_as_the_system_does(tmp_path):
    path = tmp_path / ("ü" * 125 + ".jpg")
    store.write_bytes(path, b"x")
    assert list(tmp_path.iterdir()) == [path]


def test_where_nothing_can_be_written_no_lock_is_needed(folder, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied", str(config.LOCK))

    monkeypatch.setattr(home, "FileLock", refuse)
    monkeypatch.setattr(home.os, "access", lambda path, mode: False)
    with home.exclusive("report"):
        pass
    monkeypatch.setattr(home.os, "access", lambda path, mode: path == config.RUNS)
    with pytest.raises(PermissionError), home.exclusive("report"):
        pass


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("~nosuchuser/x", "LESION_HOME '~nosuchuser/x' begins with the name of no user: set LESION_HOME to a folder"),
        ("file", "is no folder, or below what is none: set LESION_HOME to a folder of your own"),
        ("file/below", "is no folder, or below what is none"),
        ("link/below", "(too many levels of symbolic links)"),
        ("x" * 300, "(file name too long)"),
    ],
)
def test_a_home_that_cannot_be_is_one_line(tmp_path, asked, said):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "link")
    command = [sys.executable, str(config.PROJECT / "scripts" / "report.py")]
    environment = {**os.environ, "LESION_HOME": asked if asked.startswith("~") else str(tmp_path / asked)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    (line,) = done.stderr.splitlines()
    assert done.returncode == 2 and said in line and len(line) < 500
    assert not (config.PROJECT / "~nosuchuser").exists()


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EACCES, "report: {path}: permission denied: change its permissions, or set LESION_HOME to a folder of"),
        (errno.EROFS, "report: {path}: read-only file system: set LESION_HOME to a folder on a disk that can be"),
        (errno.ENAMETOOLONG, "report: {path}: file name too long: give it a shorter name"),
        (errno.ENOTDIR, "report: {path}: not a directory: a file is where a folder should be"),
        (errno.EIO, "report: {path}: input/output error: look whether it is still there, and run report again"),
    ],
)
def test_every_error_of_the_system_names_the_path_and_what_to_do(number, said):
    path = config.REPORTS / "index.html"
    assert said.format(path=path) in home.advice(OSError(number, os.strerror(number), str(path)), "report")


def test_an_error_elsewhere_does_not_speak_of_the_home_and_one_without_a_path_says_what_is_known(tmp_path):
    error = PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "a\x1b\n.jpg"))
    said = home.advice(error, "predict")
    assert said == f"predict: {tmp_path}/a\\x1b\\n.jpg: permission denied: change its permissions"
    said = home.advice(OSError("Unable to open file (truncated file)"), "train")
    assert said == "train: unable to open file (truncated file): mend that, and run train again"


def test_a_claimed_folder_behind_a_link_is_emptied_and_the_link_stays(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = tmp_path / "activations"
    link.symlink_to(elsewhere)
    assert not store.claim(link, "one")
    (elsewhere / "views").mkdir()
    (elsewhere / "view0.npy").touch()
    assert store.claim(link, "one")
    (elsewhere / "fingerprint.txt").write_bytes(b"\xff")  # as a damaged disk leaves it
    assert not store.claim(link, "one")
    assert link.is_symlink() and [path.name for path in elsewhere.iterdir()] == ["fingerprint.txt"]


def test_a_folder_behind_a_link_that_holds_files_of_your_own_is_refused_and_kept(tmp_path):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "mine.jpg").touch()
    link = tmp_path / "activations"
    link.symlink_to(tmp_path / "pictures")
    with pytest.raises(LesionError, match=r"activations leads to .*/pictures, which holds other files \(mine.jpg\)"):
        store.claim(link, "one")
    clean._remove(link)
    assert [path.name for path in (tmp_path / "pictures").iterdir()] == ["mine.jpg"] and not link.exists()


def test_clean_removes_what_was_written_behind_a_link(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "activations"
    link.symlink_to(tmp_path / "elsewhere")
    store.claim(link, "one")
    (tmp_path / "elsewhere" / "view0.npy").touch()
    clean._remove(link)
    assert list(tmp_path.rglob("*")) == [tmp_path / "elsewhere"]


def test_a_folder_that_was_emptied_in_part_is_emptied_by_the_next_claim(tmp_path):
    store.claim(tmp_path, "one")
    (tmp_path / "view0.npy").touch()
    store.disown(tmp_path)  # and killed
    assert not store.claim(tmp_path, "one")
    assert [path.name for path in tmp_path.iterdir()] == ["fingerprint.txt"]

"""Seals: what has changed since it was written is noticed, at the price of reading little."""

import hashlib
import os

import pytest

from lesion.integrity import seals


@pytest.fixture
def large(tmp_path, monkeypatch):
    """Return a file that counts as large, and its seal."""
    monkeypatch.setattr(seals, "LARGE", 3)
    path = tmp_path / "images.npy"
    path.write_bytes(b"pixels")
    return path, seals.of_files(tmp_path, [path.name])[path.name]


def test_a_digest_is_the_beginning_of_the_sha_256_of_the_content(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")  # the example of FIPS 180-2, appendix B.1
    assert seals.digest(tmp_path / "x") == "ba7816bf8f01cfea" == hashlib.sha256(b"abc").hexdigest()[:16]


def test_a_record_with_its_seal_is_whole_until_anything_in_it_changes():
    value = seals.with_seal({"auc": 0.9, "names": ["ä", "b"]}, {"index.csv": seals.FileSeal("0" * 16, 3)})
    assert seals.is_whole(value) and list(value) == ["auc", "names", "files", "seal"]
    assert seals.files_of(value) == {"index.csv": seals.FileSeal("0" * 16, 3)}
    for other in ({"auc": 0.91}, {"more": 1}, {"files": {}}, {"seal": None}):
        assert not seals.is_whole({**value, **other})
    assert not any(map(seals.is_whole, ({}, [], [value], None, "seal")))


def test_a_small_file_is_intact_with_the_same_content_alone(tmp_path):
    path = tmp_path / "index.csv"
    path.write_bytes(b"row\n")
    files = seals.of_files(tmp_path, ["index.csv"])
    time = path.stat().st_mtime_ns
    assert seals.intact(tmp_path, files) == {"index.csv"}
    path.write_bytes(b"r0w\n")
    os.utime(path, ns=(time, time))
    assert seals.intact(tmp_path, files) == set()
    path.unlink()
    assert seals.intact(tmp_path, files) == set()


def test_a_large_file_is_read_only_if_it_was_touched_or_on_demand(large):
    path, seal = large
    path.write_bytes(b"pixelz")
    assert not seals.is_intact(path, seal)
    os.utime(path, ns=(seal.time, seal.time))
    assert seals.is_intact(path, seal) and not seals.is_intact(path, seal, read=True)
    path.write_bytes(b"pixels and more")
    os.utime(path, ns=(seal.time, seal.time))
    assert not seals.is_intact(path, seal)


def test_a_large_file_that_was_only_touched_is_read_once(large, monkeypatch):
    path, seal = large
    os.utime(path, ns=(0, 0))
    assert seals.is_intact(path, seal) and path.stat().st_mtime_ns == seal.time
    monkeypatch.setattr(seals, "digest", lambda path: pytest.fail("it is not read again"))
    assert seals.is_intact(path, seal)

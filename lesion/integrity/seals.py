"""Seals: with them a record tells whether it, and the files it describes, are as they were written.

value = with_seal(value, of_files(folder, ["index.csv", "images.npy"]))
is_whole(value)
intact(folder, files_of(value))

A record carries a digest of itself, and of each of its files the digest and the size. A seal keeps out accidents and
mistakes, not somebody who computes it anew.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

SEAL, FILES = "seal", "files"  # keys of a record, the last ones
DIGITS = 16  # hexadecimal, of a SHA-256
# Bytes. A larger file is read only if its time has changed: all others, the networks among them, are read within some
# 10 ms. What changes neither size nor time of such a file is not noticed, as a fault of the disk.
LARGE = 20 * 2**20


@dataclass(frozen=True)
class FileSeal:
    """What a file was when it was written."""

    digest: str
    size: int  # bytes
    time: int | None = None  # of the last change, in nanoseconds; None of a file that is not LARGE


Files = Mapping[str, FileSeal]  # by the path below the folder of the record
Value = dict[str, Any]  # Any: what JSON can hold


def digest(path: Path) -> str:
    """Return 16 hex digits that change with the content of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:DIGITS]


def of_files(folder: Path, names: Iterable[str]) -> dict[str, FileSeal]:
    """Return the seals of files below `folder`, which must be there."""
    seals = {}
    for name in names:
        status = (folder / name).stat()
        time = status.st_mtime_ns if status.st_size > LARGE else None
        seals[name] = FileSeal(digest(folder / name), status.st_size, time)
    return seals


def with_seal(value: Value, files: Files) -> Value:
    """Return `value` with the seals of its `files`, if there are any, and with its own."""
    if files:
        value = {**value, FILES: {name: asdict(each) for name, each in files.items()}}
    return {**value, SEAL: _of_value(value)}


def is_whole(value: Any) -> bool:
    """Tell whether `value`, as read from JSON, carries the seal that belongs to it."""
    if not isinstance(value, dict):
        return False
    return value.get(SEAL) == _of_value({key: each for key, each in value.items() if key != SEAL})


def _of_value(value: Value) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]


def files_of(value: Value) -> dict[str, FileSeal]:
    """Return the seals of the files that a whole record describes."""
    return msgspec.convert(value.get(FILES, {}), dict[str, FileSeal])


def intact(folder: Path, files: Files) -> set[str]:
    """Return the names of those `files` below `folder` that are as they were written."""
    return {name for name, seal in files.items() if is_intact(folder / name, seal)}


def is_intact(path: Path, seal: FileSeal, read: bool = False) -> bool:
    """Tell whether a file is the one that was sealed; `read` it in any case, or only if it is small or was touched.

    A large file that was only touched, as by copying a folder, gets its time back, so that it is read just once.
    """
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    if status.st_size != seal.size:
        return False
    if status.st_mtime_ns == seal.time and not read:
        return True
    if digest(path) != seal.digest:
        return False
    if seal.time is not None:
        with contextlib.suppress(OSError):  # it may not be ours
            os.utime(path, ns=(status.st_atime_ns, seal.time))
    return True

"""Files of the stages: written whole or not at all, and never mistaken for those of other settings.

Every stage leaves a JSON manifest that carries a fingerprint of what it was asked and of what it read, and seals of
itself and of the files beside it: what has changed since it was written counts as not finished, and is never read.
Files are written under a temporary name beside their target and renamed, so a half-written one never looks finished.
"""

import contextlib
import dataclasses
import errno
import hashlib
import json
import os
import platform
import shutil
import time
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from lesion import config
from lesion.console import say
from lesion.errors import LesionError
from lesion.integrity import seals
from lesion.records.common import Method, Provenance

Record = TypeVar("Record")
UNFINISHED = r"\.([0-9]+)-[0-9a-f]{8}-.*"  # temporary names: number of the process, digest of the name, end of the name
KEPT = 20  # characters of a name's end: with all of them a long name would be too long
OWNER = "fingerprint.txt"  # in a folder that `claim` keeps for one fingerprint
CHANGED = "is not as it was written"
PACKAGES = ("tensorflow", "keras", "datasets", "scikit-learn", "opencv-python-headless", "numpy")


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary file name beside `path`; rename it to `path` on success, remove it on failure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    short = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:8]
    temporary = path.with_name(f".{os.getpid()}-{short}-{path.name[-KEPT:]}")  # some writers read the suffix
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content`, whole or not at all."""
    with atomic(path) as temporary:
        temporary.write_bytes(content)


# Any: what JSON can hold; records give it its types.
def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON; refuses NaN and infinity, which JSON does not have."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path, made_by: str) -> Any:
    """Read a JSON file.

    Raises LesionError that names the command `made_by` if the file is missing or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
    except FileNotFoundError:
        raise LesionError(f"{shown(path)} is missing: run `{made_by}` first") from None
    except (ValueError, RecursionError) as error:  # JSONDecodeError and UnicodeDecodeError are ValueErrors
        raise LesionError(f"{shown(path)} is damaged ({error}): run `{made_by}`") from None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def write_record(path: Path, record: Any, files: seals.Files | None = None) -> None:
    """Write a dataclass of `lesion.records` as JSON, sealed, with the seals of the `files` that it describes.

    A list of dataclasses has no seal.
    """
    value = plain(record)
    write_json(path, seals.with_seal(value, files or {}) if isinstance(value, dict) else value)


def read_record(path: Path, kind: type[Record], made_by: str) -> Record:
    """Read a JSON file as the dataclass `kind`, its seal and every value checked against the type of its field.

    Raises LesionError that names the command `made_by` if the file is missing, damaged, of another shape or not as it
    was written. That command does its work again, since it takes such a file for missing.
    """
    value = read_json(path, made_by)
    try:
        record = msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise LesionError(f"{shown(path)} is not as expected ({error}): run `{made_by}`") from None
    if isinstance(value, dict):
        _require_whole(path, value, made_by)
    return record


def _require_whole(path: Path, value: Any, made_by: str) -> None:
    if not seals.is_whole(value):
        raise LesionError(f"{shown(path)} {CHANGED}: run `{made_by}`")


def sealed_files(manifest: Path, made_by: str) -> dict[str, seals.FileSeal]:
    """Return the seals of the files that a record describes; raises LesionError if it is not as it was written."""
    value = read_json(manifest, made_by)
    _require_whole(manifest, value, made_by)
    return seals.files_of(value)


def intact(manifest: Path) -> set[str]:
    """Return the names of the files that a record describes and that are as they were written; say which are not.

    None are if there is no record, or if it is not as it was written itself.
    """
    return _intact(manifest, seals.files_of(_whole(manifest)))


def _intact(manifest: Path, files: seals.Files) -> set[str]:
    names = seals.intact(manifest.parent, files)
    for name in sorted(files.keys() - names)[:1]:
        more = len(files) - len(names) - 1
        say(f"{shown(manifest.parent / name)}{f', and {more:,} more,' if more else ''} {CHANGED}")
    return names


def _whole(manifest: Path) -> dict[str, Any]:
    """Return the content of a record; nothing if it is missing, or not as it was written, which is said."""
    if not manifest.exists():
        return {}
    try:
        value = read_json(manifest, "")
        _require_whole(manifest, value, "")
    except LesionError:
        say(f"{shown(manifest)} {CHANGED}")
        return {}
    return value


def require_intact(manifest: Path, names: Iterable[str], made_by: str, read: bool = False) -> None:
    """Raise LesionError that names the command `made_by` unless files are as the record beside them says.

    `read`: also large files that seem untouched.
    """
    sealed = sealed_files(manifest, made_by)
    for name in names:
        path = manifest.parent / name
        if name not in sealed or not seals.is_intact(path, sealed[name], read):
            raise LesionError(f"{shown(path)} {CHANGED if path.exists() else 'is missing'}: run `{made_by}`")


def plain(value: Any) -> Any:
    """Return dataclasses as dicts, at any depth; a field marked `optional` is left out if it is None."""
    if dataclasses.is_dataclass(value):
        pairs = ((each, getattr(value, each.name)) for each in dataclasses.fields(value))
        return {
            each.name: plain(content)
            for each, content in pairs
            if not (content is None and each.metadata.get("optional"))
        }
    if isinstance(value, dict):
        return {key: plain(content) for key, content in value.items()}
    if isinstance(value, list | tuple):
        return [plain(content) for content in value]
    return value


def blocks(*settings: Any) -> Method:
    """Return frozen blocks of settings as plain values, by the name of their class in lower case."""
    return {type(block).__name__.lower(): plain(block) for block in settings}


def shown(path: Path) -> str:
    """Return `path` as it is shown to a person: relative to the root if it is below it."""
    return str(path.relative_to(config.HOME)) if path.is_relative_to(config.HOME) else str(path)


# Any: whatever JSON can hold identifies an artefact.
def fingerprint(**values: Any) -> str:
    """Return 16 hex digits that change if any of `values` (JSON values) changes."""
    text = json.dumps({"format": config.FORMAT, **values}, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def digest(path: Path) -> str:
    """Return 16 hex digits that change with the content of a file."""
    return seals.digest(path)


def finished(manifest: Path, wanted: str) -> bool:
    """Tell whether `manifest` carries the fingerprint `wanted`, and it and its files are as they were written.

    If they are not, that is said. One that may not be read raises OSError: what is done is not to be done again for
    that.
    """
    value = _whole(manifest)
    files = seals.files_of(value)
    return value.get("fingerprint") == wanted and files.keys() == _intact(manifest, files)


def claim(folder: Path, wanted: str) -> bool:
    """Keep `folder` if its content was made for the fingerprint `wanted`, else empty it; tell whether it was kept.

    A link to a folder stays, and the folder is emptied; raises LesionError if that holds what was never claimed. Raises
    OSError if something cannot be removed: nothing that was made for another fingerprint may pass for this one's.
    """
    if owner(folder) == wanted:
        return True
    contents = [path for path in folder.iterdir() if path.name != OWNER] if folder.exists() else []
    if folder.is_symlink() and contents and owner(folder) is None:
        raise LesionError(
            f"{shown(folder)} leads to {folder.resolve()}, which holds other files ({contents[0].name}): "
            "let it lead to an empty folder"
        )
    disown(folder)  # first: a folder that is emptied in part is nobody's
    for path in contents:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    write_text(folder / OWNER, wanted)
    return False


def owner(folder: Path) -> str | None:
    """Return the fingerprint that the content of `folder` was made for: empty if it is to go, None if never claimed."""
    try:
        return (folder / OWNER).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None


def disown(folder: Path) -> None:
    """Let the next `claim` of `folder` empty it."""
    write_text(folder / OWNER, "")


def provenance(seconds: float, device: str = "CPU") -> Provenance:
    """Return when, on what and with which versions an artefact was made; `seconds` is its wall time."""
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            versions[package] = version(package)
    return Provenance(
        created=time.strftime("%Y-%m-%d %H:%M:%S %z"),
        seconds=round(seconds, 2),
        machine=f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        device=device,
        versions=versions,
    )


def require_space(folder: Path, needed: int, purpose: str) -> None:
    """Raise LesionError unless the disk of `folder` has `needed` bytes free."""
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise LesionError(
            f"{needed / 1e6:,.0f} MB are needed for {purpose}, and {free / 1e6:,.0f} MB are free in "
            f"{shown(folder)}: free some space, or set LESION_HOME to a folder on another disk"
        )


def is_disk_full(error: BaseException) -> bool:
    """Tell whether `error`, raised by any library, comes from a full disk."""
    return getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or (
        "No space left on device" in str(error) or "errno = 28" in str(error)
    )

"""Artefacts on disk: written whole or not at all, and never mistaken for those of other settings.

Every stage leaves a JSON manifest that carries a fingerprint of what it was asked and of what it read.
Files are written under a temporary name beside their target and renamed, so a half-written one never
looks finished.
"""

import contextlib
import csv
import errno
import hashlib
import json
import os
import platform
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from lesion import config
from lesion.errors import LesionError

PACKAGES = ("tensorflow", "keras", "datasets", "scikit-learn", "opencv-python-headless", "numpy")


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary file name beside `path`; rename it to `path` on success, remove it on failure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{os.getpid()}-{path.name}")  # keeps the suffix: some writers read it
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


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON; refuses NaN and infinity, which JSON does not have."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path, made_by: str) -> Any:
    """Read an artefact.

    Raises LesionError that names the command `made_by` when the file is missing or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LesionError(f"{shown(path)} is missing: run `{made_by}` first") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise LesionError(f"{shown(path)} is damaged ({error}): run `{made_by} --force`") from None


def write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write `rows` as CSV with the keys of the first one as header."""
    with atomic(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read_table(path: Path, made_by: str) -> list[dict[str, str]]:
    """Read a CSV artefact as a list of rows; raises LesionError when the file is missing."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except FileNotFoundError:
        raise LesionError(f"{shown(path)} is missing: run `{made_by}` first") from None


def shown(path: Path) -> str:
    """Return `path` as it is shown to a person: relative to the root where it lies below it."""
    return str(path.relative_to(config.HOME)) if path.is_relative_to(config.HOME) else str(path)


def fingerprint(**parts: Any) -> str:
    """Return 16 hex digits that change when any of `parts` (JSON values) changes."""
    text = json.dumps({"format": config.FORMAT, **parts}, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def finished(manifest: Path, wanted: str) -> bool:
    """Tell whether `manifest` exists and carries the fingerprint `wanted`."""
    try:
        return json.loads(manifest.read_text(encoding="utf-8")).get("fingerprint") == wanted
    except (OSError, ValueError, AttributeError):
        return False


def provenance(seconds: float, device: str = "CPU") -> dict[str, Any]:
    """Return when, on what and with which versions an artefact was made; `seconds` is its wall time."""
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            versions[package] = version(package)
    return {
        "created": time.strftime("%Y-%m-%d %H:%M:%S %z"),
        "seconds": round(seconds, 2),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "device": device,
        "versions": versions,
    }


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


@contextlib.contextmanager
def exclusive(stage: str) -> Iterator[None]:
    """Hold the folder's lock while `stage` runs; raises LesionError where another run holds it.

    The lock goes with the process that holds it, so a killed run leaves none behind.
    """
    config.HOME.mkdir(parents=True, exist_ok=True)
    lock = FileLock(config.LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise LesionError(
            f"another run is at work in {config.HOME}: wait for it to end, "
            f"or set LESION_HOME to another folder for this `{stage}`"
        ) from None
    try:
        yield
    finally:
        lock.release()

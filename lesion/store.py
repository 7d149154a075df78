"""Files of the stages: written whole or not at all, and never mistaken for those of other settings.

Every stage leaves a JSON manifest that carries a fingerprint of what it was asked and of what it read. Files are
written under a temporary name beside their target and renamed, so a half-written one never looks finished.
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
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import numpy as np

from lesion import config
from lesion.errors import LesionError
from lesion.records.common import Method, Provenance

if TYPE_CHECKING:  # it takes half a second to import
    import pandas as pd

Record = TypeVar("Record")
UNFINISHED = r"\.([0-9]+)-[0-9a-f]{8}-.*"  # temporary names: number of the process, digest of the name, end of the name
KEPT = 20  # characters of a name's end: with all of them a long name would be too long
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
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LesionError(f"{shown(path)} is missing: run `{made_by}` first") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise LesionError(f"{shown(path)} is damaged ({error}): {_anew(made_by)}") from None


def _anew(made_by: str) -> str:
    """Return what to do about a file that the command `made_by` wrote and that cannot be used."""
    forced = made_by.split()[1] not in ("leak", "bench")  # they have no --force
    return f"run `{made_by} --force`" if forced else f"remove it and run `{made_by}`"


def write_record(path: Path, record: Any) -> None:
    """Write a dataclass of `lesion.records` as JSON."""
    write_json(path, plain(record))


def read_record(path: Path, kind: type[Record], made_by: str) -> Record:
    """Read a JSON file as the dataclass `kind`, every value checked against the type of its field.

    Raises LesionError that names the command `made_by` if the file is missing, damaged or of another shape.
    """
    try:
        return msgspec.convert(read_json(path, made_by), kind)
    except msgspec.ValidationError as error:
        raise LesionError(f"{shown(path)} is not as expected ({error}): {_anew(made_by)}") from None


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


def write_table(path: Path, table: "pd.DataFrame", decimals: int | None = None) -> None:
    """Write `table` as CSV, whole or not at all; floats in full, or with so many decimals."""
    with atomic(path) as temporary:
        decimal_format = None if decimals is None else f"%.{decimals}f"
        table.to_csv(temporary, index=False, lineterminator="\n", na_rep="nan", float_format=decimal_format)


def read_table(path: Path, made_by: str) -> "pd.DataFrame":
    """Read a CSV file; raises LesionError that names `made_by` if it is missing or damaged."""
    import pandas as pd

    try:
        return pd.read_csv(path, keep_default_na=False, na_values=["nan"])
    except FileNotFoundError:
        raise LesionError(f"{shown(path)} is missing: run `{made_by}` first") from None
    except (ValueError, UnicodeDecodeError) as error:  # pandas' own errors are ValueErrors
        reason = " ".join(str(error).split())
        raise LesionError(f"{shown(path)} is damaged ({reason}): {_anew(made_by)}") from None


@contextlib.contextmanager
def new_array(path: Path, shape: tuple[int, ...], kind: np.dtype) -> Iterator[Callable[[np.ndarray], None]]:
    """Yield a function that appends values to a new `.npy` file of `shape` and type `kind`.

    Written in order and not through a memory map: that would hold in memory what it has written, and kill the process
    if the disk is full.
    """
    with atomic(path) as temporary, temporary.open("wb") as file:
        header = {"descr": kind.str, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_2_0(file, header)

        def append(values: np.ndarray) -> None:
            file.write(values.astype(kind, casting="no").tobytes())

        yield append


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
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def finished(manifest: Path, wanted: str) -> bool:
    """Tell whether `manifest` exists and carries the fingerprint `wanted`.

    One that may not be read raises OSError: what is done is not to be done again for that.
    """
    try:
        return json.loads(manifest.read_text(encoding="utf-8")).get("fingerprint") == wanted
    except (FileNotFoundError, ValueError, AttributeError):
        return False


def claim(folder: Path, wanted: str) -> bool:
    """Keep `folder` if its content was made for the fingerprint `wanted`, else empty it; tell whether it was kept.

    A link to a folder stays, and the folder is emptied. Raises OSError if something cannot be removed: nothing that was
    made for another fingerprint may pass for this one's.
    """
    owner = folder / "fingerprint.txt"
    if owner.exists() and owner.read_bytes() == wanted.encode():
        return True
    owner.unlink(missing_ok=True)  # first: a folder that is emptied in part is nobody's
    for path in folder.iterdir() if folder.exists() else ():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    write_text(owner, wanted)
    return False


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

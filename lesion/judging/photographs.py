"""The photographs that a user names: which files they are, and each as the networks take it or why it cannot be."""

import hashlib
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lesion.errors import LesionError, quoted
from lesion.images import stream
from lesion.records.training import ImageSettings
from lesion.sources.folders import SUFFIXES
from lesion.sources.original import Original

LARGEST_FILE = 500_000_000  # bytes: the largest image that is taken has no more, at 16 bits a channel and uncompressed
KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@dataclass(frozen=True)
class Photograph:
    """A file that has the name of an image."""

    file: Path
    digest: str  # of its content
    image: np.ndarray | None  # size × size × 3 uint8, as the training images were prepared; None if it cannot be read
    squeezed: bool = False  # to a square, from clearly different sides
    reason: str = ""  # why it cannot be read

    def is_readable(self) -> bool:
        """Tell whether there is an image."""
        return self.image is not None


def listed(image: str) -> list[Path]:
    """Return the file `image`, or all in the folder `image` that has the name of an image, by name, hidden files aside.

    Raises LesionError if there is nothing.
    """
    path = Path(image).expanduser()
    if path.is_file():
        return [path]
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES and file.name[0] != ".")
    if not files:
        raise LesionError(f"--image {quoted(image)} holds no image file ({', '.join(sorted(SUFFIXES))})")
    return files


def prepare(files: Sequence[Path], settings: ImageSettings) -> Iterator[Photograph]:
    """Yield `files` in their order, prepared in parallel, just as the training images of a network were."""
    reasons: dict[Path, str] = {}
    originals = (Original(_content(file, reasons)) for file in files)
    prepared: Iterator[stream.Photograph[None]]
    prepared = stream.prepare_images(originals, settings.image_size, settings.clean)
    for file, photograph in zip(files, prepared, strict=True):
        if photograph.prepared is None:
            yield Photograph(file, "", None, reason=reasons.get(file, photograph.reason))
        else:
            made = photograph.prepared
            yield Photograph(file, digest_of(photograph.encoded), made.image, made.squeezed)


def digest_of(encoded: bytes) -> str:
    """Return 16 hex digits that change with the content of a file."""
    return hashlib.sha256(encoded).hexdigest()[:16]


def digest(file: Path) -> str:
    """Return what `digest_of` returns of the content of `file`; "" if it cannot be read."""
    try:
        return digest_of(read(file))
    except LesionError:
        return ""


def _content(file: Path, reasons: dict[Path, str]) -> bytes:
    """Return the content of a file; if it cannot be read, nothing, and note the reason."""
    try:
        return read(file)
    except LesionError as error:
        reasons[file] = str(error)
        return b""


def read(file: Path) -> bytes:
    """Return the content of a file; raises LesionError, which says why, if it is none, too large or not readable.

    It never waits for a pipe to be written to, nor reads a device without end.
    """
    try:
        _require_file(file.stat().st_mode)
        with file.open("rb") as opened:
            content = opened.read(LARGEST_FILE + 1)
    except OSError as error:
        dangling = file.is_symlink() and isinstance(error, FileNotFoundError)
        raise LesionError("its link leads nowhere" if dangling else (error.strerror or str(error)).lower()) from None
    if len(content) > LARGEST_FILE:
        raise LesionError(f"it has more than {LARGEST_FILE:,} bytes")
    return content


def _require_file(mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise LesionError(f"it is {KINDS.get(stat.S_IFMT(mode), 'no file')}")

"""Folders of images as a user has them: which files are images, which are masks, and whether a file has changed."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from lesion import config, store
from lesion.console import counted
from lesion.errors import LesionError

SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"}
MASKS = "masks"  # a folder of this name holds outlines of lesions, not images


def class_folders(root: Path) -> dict[str, Path]:
    """Return those folders in `root` that are named after a class, by class; raises LesionError if two share a name."""
    folders = _by_name(root, root.iterdir())
    return {name: folders[name] for name in config.CLASSES if name in folders}


def split_folders(path: Path) -> dict[str, Path]:
    """Return the folders in `path` that have class folders, by lower-case name; masks may have them, too.

    Raises LesionError if two share a name.
    """
    return _by_name(path, (folder for folder in path.iterdir() if _may_be_split(folder)))


def _may_be_split(folder: Path) -> bool:
    return folder.is_dir() and folder.name != MASKS and bool(class_folders(folder))


def _by_name(root: Path, entries: Iterable[Path]) -> dict[str, Path]:
    """Return the folders among the `entries` of `root` by their names in lower case."""
    folders: dict[str, Path] = {}
    for folder in sorted(entry for entry in entries if entry.is_dir()):
        other = folders.setdefault(folder.name.lower(), folder)
        if other != folder:
            raise LesionError(
                f"the folder {root} has {other.name} beside {folder.name}: put the images of both into one of them"
            )
    return folders


def files_below(root: Path) -> Iterator[os.DirEntry[str]]:
    """Yield the files below a folder, links to files included and links to folders not, and show how many.

    Raises OSError, with the name of the folder, if one of the folders cannot be read.
    """
    return counted(_walk(root), f"prepare: looking for images in {root}")


def _walk(root: Path) -> Iterator[os.DirEntry[str]]:
    waiting = [str(root)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif _is_file(entry):
                    yield entry


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link that leads to itself, or where one may not look
        return False


def image_files(root: Path) -> tuple[list[Path], list[int], int]:
    """Return the image files in the class folders of `root`, their labels, and the number of other files.

    Raises LesionError if there are images in another folder of `root`, OSError if a folder cannot be read.
    """
    classes = class_folders(root)
    for folder in set(root.iterdir()) - set(classes.values()):
        if folder.is_dir() and any(_is_image(Path(file.path), root) for file in files_below(folder)):
            raise LesionError(
                f"the folder {root} has images in {folder.name!r} beside {' and '.join(classes)}: "
                "there are two classes, benign and malignant; move other images elsewhere"
            )
    files = []
    labels = []
    others = 0
    for label, name in enumerate(config.CLASSES):
        below = files_below(classes[name]) if name in classes else ()
        inside = [file for file in (Path(entry.path) for entry in below) if not is_mask(file, root)]
        images = sorted((file for file in inside if _is_image(file, root)), key=Path.as_posix)
        files += images
        labels += [label] * len(images)
        others += len(inside) - len(images)
    return files, labels, others


def is_mask(file: Path, root: Path) -> bool:
    """Tell whether a file below `root` is in a folder of masks."""
    return MASKS in file.relative_to(root).parts[:-1]


def _is_image(file: Path, root: Path) -> bool:
    hidden = any(name.startswith(".") for name in file.relative_to(root).parts)  # `._x.jpg`, `.thumbnails/`
    return file.suffix.lower() in SUFFIXES and not hidden and not is_mask(file, root)


def contained(file: Path, folder: Path) -> bool:
    """Tell whether a path leads to a file below `folder`, links followed."""
    try:
        return is_below(file, folder) and file.is_file()
    except OSError:  # too long
        return False


def is_below(file: Path, folder: Path) -> bool:
    """Tell whether a path stays below `folder`, links followed, whether or not there is a file."""
    try:
        return file.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):  # too long, a link that leads to itself, a NUL character
        return False


def digest(path: Path) -> str:
    """Return a digest of the name, size and time of a file, or of all files below a folder.

    Raises LesionError if they cannot be read.
    """
    try:
        below = (path,) if path.is_file() else (Path(entry.path) for entry in files_below(path))
        stamps = sorted(_stamp(file, path) for file in below)
    except OSError as error:
        raise unreadable(error, path) from error
    return store.fingerprint(files=stamps)


def _stamp(file: Path, root: Path) -> tuple[str, int, int]:
    state = file.stat()
    return str(file.relative_to(root)), state.st_size, state.st_mtime_ns


def unreadable(error: OSError, path: Path) -> LesionError:
    """Return what to say of a file or folder, `path` or one below it, that the system does not let us read."""
    reason = (error.strerror or str(error)).lower()
    return LesionError(f"{error.filename or path} cannot be read ({reason}): check its permissions")

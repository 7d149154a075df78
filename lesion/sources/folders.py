"""Folders of images as a user has them: which files are images, which are masks, and whether a file has changed."""

from pathlib import Path

from lesion import config, store
from lesion.errors import LesionError

SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"}
MASKS = "masks"  # a folder of this name holds outlines of lesions, not images


def class_folders(root: Path) -> dict[str, Path]:
    """Return those folders in `root` that are named after a class, by class."""
    folders = {folder.name.lower(): folder for folder in root.iterdir() if folder.is_dir()}
    return {name: folders[name] for name in config.CLASSES if name in folders}


def split_folders(path: Path) -> dict[str, Path]:
    """Return the folders in `path` that have class folders, by lower-case name; masks may have them, too."""
    folders = sorted(folder for folder in path.iterdir() if folder.is_dir() and folder.name != MASKS)
    return {folder.name.lower(): folder for folder in folders if class_folders(folder)}


def image_files(root: Path) -> tuple[list[Path], list[int], int]:
    """Return the image files in the class folders of `root`, their labels, and the number of other files.

    Raises LesionError if there are images in another folder of `root`.
    """
    classes = class_folders(root)
    for folder in set(root.iterdir()) - set(classes.values()):
        if any(_is_image(file, root) for file in folder.rglob("*")):
            raise LesionError(
                f"the folder {root} has images in {folder.name!r} beside {' and '.join(classes)}: "
                "there are two classes, benign and malignant; move other images elsewhere"
            )
    files = []
    labels = []
    others = 0
    for label, name in enumerate(config.CLASSES):
        beside = (file for file in classes.get(name, root / name).rglob("*") if not is_mask(file, root))
        inside = [file for file in beside if file.is_file()]
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
        return file.resolve().is_relative_to(folder.resolve()) and file.is_file()
    except (OSError, RuntimeError, ValueError):  # too long, a link that leads to itself, a NUL character
        return False


def digest(path: Path) -> str:
    """Return a digest of the name, size and time of a file, or of all files below a folder.

    Raises LesionError if they cannot be read.
    """
    try:
        files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
        states = [file.stat() for file in files]
    except OSError as error:
        raise LesionError(f"{path} cannot be read ({error.strerror}): check its permissions") from error
    stamps = [
        (str(file.relative_to(path)), state.st_size, state.st_mtime_ns)
        for file, state in zip(files, states, strict=True)
    ]
    return store.fingerprint(files=stamps)

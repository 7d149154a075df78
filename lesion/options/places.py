"""Values that name files and folders, and what is there."""

import os
import stat
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lesion import config
from lesion.errors import LesionError, quoted
from lesion.options.wording import Value, flag, refusal

MISSING = "it does not exist"
WORDS = ", ".join(config.WEIGHT_WORDS)
SOURCES = f"{', '.join(config.DATA_WORDS)}, a FOLDER or a FILE.parquet"
TABLE = "a CSV table with a column of image names or rows"
# A folder of so many entries that does not look like a data set is no data set, but a disk or somebody's home: to go
# through all of it takes minutes. The layouts that are known show within two levels.
ENTRIES = 20_000
METADATA = ("metadata.csv", "metadata.jsonl", "metadata.parquet")  # beside images, in one of the Hub's layouts


@dataclass(frozen=True)
class Place:
    """What is at a path: a file or a folder that may be read, or neither, and why."""

    path: Path
    is_file: bool = False
    is_folder: bool = False
    reason: str = ""


def look(text: str) -> Place:
    """Return what is at the path `text`, `~` expanded; never raises."""
    path = Path(os.path.expanduser(text))  # Path.expanduser raises where there is no such user
    if text.startswith("~") and str(path).startswith("~"):
        return Place(path, reason=f"there is no user {quoted(text.split('/')[0][1:])}")
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return Place(path, reason=MISSING)
    except OSError as error:  # too long, a link that leads to itself, no permission
        return Place(path, reason=(error.strerror or str(error)).lower())
    except ValueError:
        return Place(path, reason="it has a character that no path can have")
    if not os.access(path, os.R_OK | (os.X_OK if stat.S_ISDIR(mode) else 0)):
        return Place(path, reason="its permissions do not let you read it")
    return Place(path, stat.S_ISREG(mode), stat.S_ISDIR(mode))


def data_path(data: str) -> Path | None:
    """Return the folder or parquet file that `--data` names, None for a word; raises LesionError if there is none."""
    if data in config.DATA_WORDS:
        return None
    place = look(data)
    if place.is_folder or (place.is_file and place.path.suffix.lower() == ".parquet"):
        return place.path.resolve()
    neither = "does not exist" if place.reason == MISSING else "is neither a folder nor a .parquet file"
    raise refusal("data", quoted(data), _problem(place, neither), SOURCES)


def weight_file(weights: str, model: str) -> Path | None:
    """Return the file for `model` in the folder that `--weights` names; None for a word, or if `model` needs none.

    Raises LesionError if `weights` is neither a known word nor a folder, or if the file is missing.
    """
    if weights in config.WEIGHT_WORDS:
        return None
    folder = _weight_folder(weights)
    network = config.NETWORKS[model]
    if not network.pretrained:
        return None
    place = look(str(folder / network.weight_file))
    if place.is_file:
        return place.path
    unusable = f" ({place.reason})" if place.reason not in ("", MISSING) else ""
    raise LesionError(
        f"{flag('weights')} {quoted(weights)} has no {network.weight_file}{unusable}, which {model} needs: put it there"
    )


def _weight_folder(weights: str) -> Path:
    place = look(weights)
    if not place.is_folder:
        neither = f"is neither a folder nor one of {WORDS}"
        raise refusal("weights", quoted(weights), _problem(place, neither), Weights.accepted)
    return place.path


class Source:
    """Where images come from."""

    accepted = SOURCES

    def read(self, name: str, text: str) -> Value:
        """Return the text as it is; a folder too large to be a data set is refused."""
        path = data_path(text)
        if path is not None and path.is_dir() and _is_huge(path):
            raise refusal(
                name,
                quoted(text),
                f"has more than {ENTRIES:,} files and folders without one called {' or '.join(config.CLASSES)}, "
                "metadata.csv or ….parquet beside them",
                "the folder of the images alone",
            )
        return text


class Weights:
    """Where weights of backbones come from; which files must be there depends on the networks."""

    accepted = f"one of {WORDS}, or a FOLDER"

    def read(self, name: str, text: str) -> Value:
        """Return the text as it is."""
        if text not in config.WEIGHT_WORDS:
            _weight_folder(text)
        return text


@dataclass(frozen=True)
class Existing:
    """A file or a folder, or whichever of them there is."""

    accepted: str
    file: bool = False
    folder: bool = False

    def read(self, name: str, text: str) -> Value:
        """Return the text as it is."""
        place = look(text)
        if (self.file and place.is_file) or (self.folder and place.is_folder):
            return text
        wanted = [word for word, wished in (("file", self.file), ("folder", self.folder)) if wished]
        neither = f"is neither a {' nor a '.join(wanted)}" if len(wanted) > 1 else f"is not a {wanted[0]}"
        raise refusal(name, quoted(text), _problem(place, neither), self.accepted)


def _problem(place: Place, neither: str) -> str:
    """Return what is wrong with a place: `neither` of what it could be, or why it cannot be used."""
    return neither if place.reason in ("", MISSING) else f"cannot be used ({place.reason})"


def _is_huge(root: Path) -> bool:
    """Tell whether there are more than ENTRIES files and folders in `root` that belong to no data set.

    What is in a data set counts as one. Links are not followed.
    """
    if _is_data_set(root):
        return False
    count = 0
    waiting = deque([root])
    while waiting:
        folder = waiting.popleft()
        for entry in _entries(folder):
            count += 1
            if count > ENTRIES:
                return True
            if entry.is_dir(follow_symlinks=False) and not (folder == root and _is_data_set(Path(entry.path))):
                waiting.append(Path(entry.path))
    return False


def _is_data_set(folder: Path) -> bool:
    """Tell whether a folder has class folders, a table of images, or parquet files directly in it."""
    names = (entry.name.lower() for entry in _entries(folder))
    return any(name in (*config.CLASSES, *METADATA) or name.endswith(".parquet") for name in names)


def _entries(folder: Path) -> Iterator["os.DirEntry[str]"]:
    """Yield what is in a folder, at most ENTRIES; nothing if it may not be read."""
    try:
        with os.scandir(folder) as entries:
            for _, entry in zip(range(ENTRIES + 1), entries, strict=False):
                yield entry
    except OSError:
        return

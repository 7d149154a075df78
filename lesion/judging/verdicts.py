"""predictions.csv: one line for each image and network, written as the verdicts are made, and resumed.

Each line holds a digest of the image, and one of itself and of what judged it. A line that another network or other
settings made, that was changed or cut, or whose image is another by now, is not kept. So a run that is killed leaves
nothing that could be mistaken, and there is no second file that the lines would have to fit.
"""

import csv
import dataclasses
import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from filelock import FileLock, Timeout

from lesion import config, store
from lesion.errors import LesionError
from lesion.streams import as_cell, of_cell

FOLDER = config.REPORTS / "predictions"
LOCK = ".lock"
TABLE = "predictions.csv"
DECIMALS = 6  # of the probabilities
LONGEST_NAME = 200  # bytes of an image's name that an overlay keeps: with what is added, disks take up to 255
KEPT = 40  # characters of the name where it cannot be kept
WITHHELD = "no verdict: unlike the training images"


@dataclass(frozen=True)
class Verdict:
    """A line of the table, all as text: what a network says of an image, or what all of them say together."""

    file: str  # its path; what UTF-8 cannot write is shown by its number
    model: str
    probability: str  # of malignancy
    verdict: str  # "" if the image is unlike the training images
    unlike: str  # above 1 if the image is; "" if that is not known
    overlay: str  # name of the picture beside the table; "" of all together
    note: str  # what to know of the overlay
    image: str  # digest of the content of the file

    def __str__(self) -> str:
        """Return the verdict as it is said."""
        shown = self.verdict or WITHHELD
        note = f", {self.note}" if self.note else ""
        return f"{self.file}: probability of malignancy {float(self.probability):.3f}, {shown} ({self.model}){note}"


FIELDS = [field.name for field in dataclasses.fields(Verdict)]
COLUMNS = [*FIELDS, "check"]


class Table:
    """The table in FOLDER, for one run at a time.

    with Table(fingerprint, models) as table:
        table.known(file, digest) or table.append(verdicts)
        table.finish([(file, digest), ...])
    """

    def __init__(self, fingerprint: str, models: Sequence[str]) -> None:
        """Take what is there of the `fingerprint` of the networks and settings; `models` judge each image."""
        self.path = FOLDER / TABLE
        self._fingerprint = fingerprint
        self._models = models
        self._lock = FileLock(FOLDER / LOCK, timeout=0)
        self._file: TextIO | None = None
        self._verdicts: dict[str, dict[str, dict[str, Verdict]]] = {}  # by file, image and model

    def __enter__(self) -> "Table":
        """Lock the folder, and read what an earlier run has left; raises LesionError if another run is at work."""
        FOLDER.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire()
        except Timeout:
            raise LesionError(f"another `invoke predict` is at work in {config.HOME}: wait for it to end") from None
        for verdict in self._read():
            self._note(verdict)
        return self

    def __exit__(self, *_error: object) -> None:
        """Close the table and give the folder free."""
        if self._file is not None:
            self._file.close()
        self._lock.release()

    def names(self, file: Path) -> bool:
        """Tell whether there are lines of a file, whatever its content was."""
        return cell_text(file) in self._verdicts

    def known(self, file: Path, digest: str) -> list[Verdict]:
        """Return what all networks have said of the image with this digest; nothing if one or an overlay is missing."""
        verdicts = self._verdicts.get(cell_text(file), {}).get(digest, {})
        if any(model not in verdicts for model in self._models):
            return []
        ordered = [verdicts[model] for model in self._models]
        return ordered if all((FOLDER / verdict.overlay).exists() for verdict in ordered) else []

    def append(self, verdicts: Iterable[Verdict]) -> None:
        """Write the lines of some verdicts at once, below what is kept of an earlier run."""
        if self._file is None:
            images = [image for of_file in self._verdicts.values() for image in of_file.values()]
            self._rewrite([verdict for of_image in images for verdict in of_image.values()])
            self._file = self.path.open("a", encoding="utf-8", newline="")
        for verdict in verdicts:
            self._note(verdict)
            csv.writer(self._file, lineterminator="\n").writerow(self._line(verdict))
            self._file.flush()

    def finish(self, judged: Iterable[tuple[Path, str]]) -> list[Verdict]:
        """Write the lines of these files with their digests alone, in this order; return them."""
        verdicts = [verdict for file, digest in judged for verdict in self.known(file, digest)]
        self._rewrite(verdicts)
        return verdicts

    def _note(self, verdict: Verdict) -> None:
        self._verdicts.setdefault(verdict.file, {}).setdefault(verdict.image, {})[verdict.model] = verdict

    def _rewrite(self, verdicts: Iterable[Verdict]) -> None:
        with store.atomic(self.path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(map(self._line, verdicts))

    def _line(self, verdict: Verdict) -> list[str]:
        cells = list(dataclasses.astuple(verdict))
        return [*map(as_cell, cells), self._check(cells)]

    def _check(self, cells: Sequence[str]) -> str:
        """Return 16 hex digits that change with any cell of a line, and with what judged the image."""
        return store.fingerprint(judged_by=self._fingerprint, cells=cells)

    def _read(self) -> Iterable[Verdict]:
        """Yield the lines of the table that this run would write just so; nothing if there is none."""
        try:
            with self.path.open(encoding="utf-8", errors="replace", newline="") as file:
                for line in csv.reader(file):
                    cells = [of_cell(cell) for cell in line[:-1]]
                    if len(cells) == len(FIELDS) and line[-1] == self._check(cells):
                        yield Verdict(*cells)
        except (FileNotFoundError, csv.Error):  # damaged from there on
            return


def cell_text(file: Path) -> str:
    """Return a path as text that UTF-8 can write: bytes of another encoding are shown by their numbers."""
    return str(file).encode("utf-8", "backslashreplace").decode()


def overlay_name(file: Path, model: str) -> str:
    """Return the name of the picture of an image and a network: no two images of a folder have the same.

    A name that is too long for that, or has characters that cannot be shown, is cut and gets a digest.
    """
    name = file.name
    if len(os.fsencode(name)) > LONGEST_NAME or not name.isprintable():
        short = hashlib.sha256(os.fsencode(name)).hexdigest()[:8]
        name = "".join(letter if letter.isprintable() else "_" for letter in name[:KEPT]) + f"-{short}"
    return f"{name}.{model}.jpg"

"""One run over the files of a user, batch after batch."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from lesion.console import say
from lesion.images.preprocess import PREPROCESSING
from lesion.judging import photographs
from lesion.judging.photographs import Photograph
from lesion.judging.verdicts import Table, Verdict
from lesion.records.training import ImageSettings

BATCH = 64  # files: with all views of an image a few full batches of a network, and little memory

Judging = Callable[[Sequence[Photograph]], Iterable[Verdict]]  # of photographs that can be read


class Session:
    """Judges files, and keeps the verdicts that the table has of them already."""

    def __init__(self, table: Table, settings: ImageSettings, load: Callable[[], Judging]) -> None:
        """Prepare images by `settings`; `load` is called once, when the first image has to be judged."""
        self._table = table
        self._settings = settings
        self._load = load
        self._judging: Judging | None = None
        self._count = 0  # of the images that were judged
        self._squeezed = 0

    def judge(self, files: Sequence[Path]) -> list[tuple[Path, str]]:
        """Say the verdicts on a batch of files; return those that can be read, with digests of their content.

        A batch is judged as a whole unless all verdicts on it are known: beside other images the last digit of a
        probability may be another one, and a run that was stopped would end in other bytes.
        """
        digests = {file: digest for file in files if (digest := self._known(file))}
        fresh = self._prepare([file for file in files if file not in digests])
        if any(map(Photograph.is_readable, fresh)):
            whole = self._prepare(files) if digests else fresh
            digests = self._append([photograph for photograph in whole if photograph.is_readable()])
        reasons = {photograph.file: photograph.reason for photograph in fresh}
        for file in files:
            if file in digests:
                for verdict in self._table.known(file, digests[file]):
                    say(str(verdict))
            else:
                say(f"{file}: cannot be read: {reasons.get(file, 'it has just been changed')}")
        return [(file, digests[file]) for file in files if file in digests]

    def say_squeezed(self) -> None:
        """Say how many of the images that were judged lost their proportions."""
        if self._squeezed:
            limit = PREPROCESSING.squeezed - 1
            amount = f"{self._squeezed:,} of {self._count:,}"
            say(f"{amount} images squeezed by more than {limit:.0%} into a square, as in training")

    def _known(self, file: Path) -> str:
        """Return the digest of a file on which all verdicts are known; else nothing."""
        if not self._table.names(file):
            return ""
        digest = photographs.digest(file)
        return digest if self._table.known(file, digest) else ""

    def _prepare(self, files: Sequence[Path]) -> list[Photograph]:
        return list(photographs.prepare(files, self._settings))

    def _append(self, readable: Sequence[Photograph]) -> dict[Path, str]:
        """Judge photographs that can be read, and write the verdicts; return their digests."""
        if self._judging is None:
            self._judging = self._load()
        self._table.append(self._judging(readable))
        self._count += len(readable)
        self._squeezed += sum(photograph.squeezed for photograph in readable)
        return {photograph.file: photograph.digest for photograph in readable}

"""Every image of a source read once: prepared, written, measured and, if it is asked for, described.

stream = read(source, settings, append, points)
"""

import hashlib
from collections import Counter
from dataclasses import dataclass, field

import cv2
import numpy as np
import stage  # noqa: F401  it sets the import path

from lesion import config, prepared, preview, store
from lesion.console import progress, say
from lesion.errors import LesionError, quoted
from lesion.groups import keypoints
from lesion.groups.keypoints import KeypointStore
from lesion.images.masks import PROBLEMS
from lesion.images.stream import prepare_images
from lesion.records.preparation import MaskRecord, PreparationSettings, Unreadable
from lesion.sources.original import FROM_MASKS
from lesion.sources.source import Source


@dataclass
class Stream:
    """What is known once all images have been read."""

    measured: np.ndarray  # (N,) prepared.MEASURED; zero for an image that cannot be read
    unreadable: list[Unreadable] = field(default_factory=list)
    examples: preview.Chosen = field(default_factory=dict)
    mask_problems: Counter[str] = field(default_factory=Counter)  # of images that can be read
    digest: str = ""  # of the prepared images


def read(
    source: Source, settings: PreparationSettings, append: prepared.Append, points: KeypointStore | None
) -> Stream:
    """Prepare every image of `source`, `append` it with its outline, and write its keypoints to `points`, if not None.

    Raises LesionError if too many are unreadable.
    """
    cv2.setNumThreads(1)  # several images are prepared at a time already
    stream = Stream(np.zeros(len(source.rows), prepared.MEASURED))
    digest = hashlib.sha256()
    size = settings.image_size
    describe = None if points is None else keypoints.describe
    masked = source.record.outlines == FROM_MASKS
    photographs = prepare_images(source.originals(), size, settings.clean, describe, masked)
    for position, photograph in enumerate(progress(photographs, len(source.rows), "prepare: images")):
        result = photograph.prepared
        if points is not None and photograph.description is not None:
            points.write(position, photograph.description)
        if result is None:
            stream.unreadable.append(Unreadable(int(source.rows[position]), photograph.reason))
            append(np.zeros((size, size, config.CHANNELS), np.uint8), None)  # so that positions and rows agree
        else:
            append(result.image, photograph.outline)
            digest.update(result.image.tobytes())
            stream.mask_problems[photograph.mask_problem] += masked
            stream.measured[position] = prepared.measurements(photograph.encoded, result)
            preview.choose(stream.examples, position, photograph.encoded, result)
    stream.digest = digest.hexdigest()
    _require_readable(stream.unreadable, source)
    return stream


def _require_readable(unreadable: list[Unreadable], source: Source) -> None:
    """Say which images are left out; raises LesionError if there are too many."""
    limit = config.PREPARATION.unreadable_limit
    count = len(source.rows)
    if len(unreadable) > limit * count:
        raise LesionError(
            f"{len(unreadable):,} of {count:,} images cannot be read, more than {limit:.0%} (the first is "
            f"{_named(unreadable[0].row, source)}: {unreadable[0].reason}): mend or remove them"
        )
    for image in unreadable:
        say(f"prepare: {_named(image.row, source)} is left out: {image.reason}")


def _named(row: int, source: Source) -> str:
    """Return which image a row is: by its number and, if it has one, its name."""
    name = str(source.names[np.searchsorted(source.rows, row)])
    return f"row {row} ({quoted(name)})" if name else f"row {row}"


def mask_record(amounts: Counter[str], others: int) -> MaskRecord:
    """Return how well the masks fit, `amounts` of problems with "" for none, and print one line about it."""
    problems = {problem: amounts[problem] for problem in PROBLEMS if amounts[problem]}
    notes = [f"{amount:,} {problem}" for problem, amount in problems.items()]
    if others:
        which = "file left out that is" if others == 1 else "files left out that are"
        notes.append(f"{others:,} {which} the mask of no image")
    known = amounts[""]
    line = f"prepare: masks give the outlines of {known:,} of {amounts.total():,} images"
    say(f"{line}; {', '.join(notes)}" if notes else line)
    return MaskRecord(known, problems, others, store.digest(prepared.OUTLINES))

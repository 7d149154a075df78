"""Activations of the frozen layers of a network, computed once and kept on disk.

A few augmented views of each training image, and each validation image unchanged or in its exact views, pass the frozen
layers once.
"""

import contextlib
import io
import json
import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from lesion import config, store
from lesion.console import duration, estimate, progress, say
from lesion.errors import LesionError
from lesion.networks import batches, models, views
from lesion.networks.activations import Activations, Rows
from lesion.prepared import PreparedData
from lesion.records.training import ActivationsRecord
from lesion.tables import array_header, new_array

MOST_SECONDS = 4 * 3600  # of all passes together; if they would take longer, the user must ask for fewer views
MAP = np.dtype(np.float16)  # on disk: maps are large
VECTOR = np.dtype(np.float32)  # on disk: pooled vectors are small
VALIDATION = "validation"  # the pass over the validation images as they are; those of training are view0, view1 ...
SIDE = "side"  # with a number from 1 on: a pass over that exact view of the validation images
TIMED_BATCHES = 3  # enough to estimate how long a pass takes


def _holds(path: Path, shape: tuple[int, ...], kind: np.dtype) -> bool:
    """Tell whether `path` has the first bytes and the size of an array of this shape and type."""
    header = io.BytesIO()
    np.lib.format.write_array_header_2_0(header, array_header(shape, kind))
    size = len(header.getvalue()) + math.prod(shape) * kind.itemsize
    try:
        with path.open("rb") as file:
            return path.stat().st_size == size and file.read(len(header.getvalue())) == header.getvalue()
    except FileNotFoundError:
        return False


class Cache:
    """Files below `folder` with the activations of `model` at the layers `cuts`, for `views` augmented views of `rows`.

    Each pass over the images has its own files: passes that a stopped run has finished are used again, and more views
    only need the new passes. Files of other images, weights, augmentation or seed are removed.
    """

    def __init__(
        self,
        model: keras.Model,
        cuts: Sequence[str],
        data: PreparedData,
        rows: Rows,
        folder: Path,
        views: int,
        seed: int,
    ) -> None:
        self.name = model.name
        self.cuts = list(dict.fromkeys(cuts))
        self.data = data
        self.rows = rows
        self.folder = folder
        self.views = views
        self.seed = seed
        self.passes = [
            *(f"view{number}" for number in range(views)),
            *(VALIDATION, *(f"{SIDE}{number}" for number in range(1, rows.sides))),
        ]
        outputs = [model.get_layer(cut).output for cut in self.cuts]
        self.shapes = [tuple(output.shape[1:]) for output in outputs]
        self.types = [MAP if len(shape) > 1 else VECTOR for shape in self.shapes]
        below = keras.Model(model.input, outputs)
        self.forward = tf.function(lambda batch: below(batch, training=False), reduce_retracing=True)
        store.claim(folder, self._fingerprint(below))

    def _fingerprint(self, below: keras.Model) -> str:
        return store.fingerprint(
            data=self.data.fingerprint,
            rows=[self.rows.training.tolist(), self.rows.validation.tolist()],
            model=self.name,
            weights=models.digest(below),
            seed=self.seed,
            augmentation=store.blocks(config.AUGMENTATION),
            precision=(MAP.name, VECTOR.name),
            keras=keras.__version__,
        )

    def compute(self) -> dict[str, Activations]:
        """Compute what is missing; return the activations by the name of the cut.

        Raises LesionError, before the work, if the disk is too small or the passes would take too long.
        """
        missing = [name for name in self.passes if not self._is_whole(name)]
        if missing:
            self._say_damaged(missing)
            self._require_means(missing)
        for name in missing:
            self._run(name)
        return {cut: self._activations([self._open(cut, name) for name in self.passes]) for cut in self.cuts}

    def _activations(self, arrays: Sequence[np.ndarray]) -> Activations:
        """Return the arrays of all passes as what they are."""
        return Activations(arrays[: self.views], arrays[self.views], arrays[self.views + 1 :])

    def summary(self) -> ActivationsRecord:
        """Describe the files; `seconds` are those of all passes, those of earlier runs included."""
        return ActivationsRecord(
            views=self.views,
            layers=self.cuts,
            bytes=sum(path.stat().st_size for path in self.folder.glob("*.npy")),
            seconds=round(sum(self.seconds(name) for name in self.passes), 2),
        )

    def seconds(self, name: str) -> float:
        """Return how long the pass `name`, which is finished, took."""
        return float(json.loads(self._record(name).read_bytes()))

    def _is_whole(self, name: str) -> bool:
        """Tell whether the pass `name` is finished: its time is written last, and the others are as they should be."""
        try:
            seconds = self.seconds(name)
        except (FileNotFoundError, ValueError, TypeError):
            return False
        count = len(self._positions(name))
        kinds = zip(self._paths(name), self.shapes, self.types, strict=True)
        return seconds >= 0 and all(_holds(path, (count, *shape), kind) for path, shape, kind in kinds)

    def _say_damaged(self, missing: Sequence[str]) -> None:
        """Say which of the passes `missing` have left something that cannot be used."""
        damaged = [name for name in missing if any(path.exists() for path in (*self._paths(name), self._record(name)))]
        if damaged:
            names = ", ".join(damaged)
            say(f"train: {store.shown(self.folder)}: what is incomplete or damaged ({names}) is computed again")

    def _label(self, name: str) -> str:
        """Return what a reader calls the pass `name`."""
        number = self.passes.index(name) + 1
        images = f"augmented view {number} of {self.views}"
        if number > self.views:
            images = "validation images"
            if self.rows.sides > 1:
                images += f", exact view {number - self.views} of {self.rows.sides}"
        return f"train: {config.title(self.name)}, {images}, batches"

    def _positions(self, name: str) -> np.ndarray:
        return self.rows.training if name.startswith("view") else self.rows.validation

    def _record(self, name: str) -> Path:
        """Return the file with the seconds of the pass `name`."""
        return self.folder / f"{name}.json"

    def _paths(self, name: str) -> list[Path]:
        return [self.folder / f"{cut}-{name}.npy" for cut in self.cuts]

    def _open(self, cut: str, name: str) -> np.ndarray:
        return np.load(self.folder / f"{cut}-{name}.npy", mmap_mode="r")

    def _batches(self, name: str) -> tf.data.Dataset:
        """Return batches of the images of the pass `name`, in order."""
        positions = self._positions(name)
        size = batches.PREDICTION_BATCH_SIZE
        if not name.startswith("view"):
            number = 0 if name == VALIDATION else int(name.removeprefix(SIDE))
            seen = views.Views(self.data.images, positions, range(number, number + 1))
            labelled = batches.evaluation_batches(seen, np.arange(len(positions)), np.zeros(len(positions)), size)
            return batches.read_ahead(labelled.map(lambda image, _: image))
        view = int(name.removeprefix("view"))
        seed = int(np.random.SeedSequence((self.seed, view)).generate_state(1)[0] >> 1)  # Keras takes 31 bits
        return batches.augmented_batches(self.data.images, positions, size, seed)

    def _require_means(self, missing: Sequence[str]) -> None:
        """Say what the passes `missing` will cost; raise LesionError if it is too much."""
        images = sum(len(self._positions(name)) for name in missing)
        needed = images * sum(
            math.prod(shape) * kind.itemsize for shape, kind in zip(self.shapes, self.types, strict=True)
        )
        exact = f" and {self.rows.sides} exact ones" if self.rows.sides > 1 else ""
        views = f"{self.views} augmented views{exact}"
        store.require_space(self.folder, needed, f"the activations of {views}")
        seconds = images * self._seconds_for_one_image()
        if seconds > MOST_SECONDS:
            raise LesionError(
                f"{views} of the images would take about {estimate(seconds)} to compute here, more than "
                f"{duration(MOST_SECONDS)}: give fewer --views, or --no-cache-activations"
            )
        means = f"about {estimate(seconds)}, {needed / 1e6:,.0f} MB of disk"
        title = config.title(self.name)
        say(f"train: {title}: {views} of each image go through the frozen layers once: {means}")

    def _seconds_for_one_image(self) -> float:
        """Time a few batches and their augmentation, after a first batch that pays for building the graph."""
        sample = self._batches("view0").take(TIMED_BATCHES)
        self.forward(next(iter(sample)))
        images = 0
        begin = time.monotonic()
        for batch in sample:
            self.forward(batch)
            images += len(batch)
        return (time.monotonic() - begin) / images

    def _run(self, name: str) -> None:
        """Send the images of the pass `name` through the frozen layers; write one file for each cut, all or none."""
        begin = time.monotonic()
        count = len(self._positions(name))
        with contextlib.ExitStack() as files:
            appends = [
                files.enter_context(new_array(path, (count, *shape), kind))
                for path, shape, kind in zip(self._paths(name), self.shapes, self.types, strict=True)
            ]
            total = math.ceil(count / batches.PREDICTION_BATCH_SIZE)
            for activations in progress(self._forward(name), total, self._label(name)):
                for append, values in zip(appends, activations, strict=True):
                    append(values)
        store.write_json(self._record(name), time.monotonic() - begin)

    def _forward(self, name: str) -> Iterator[list[np.ndarray]]:
        """Yield the activations of each batch, one array for each cut; raises LesionError if they overflow."""
        for batch in self._batches(name):
            outputs = keras.tree.flatten(self.forward(batch))
            with np.errstate(over="ignore"):  # checked below
                activations = [output.numpy().astype(kind) for output, kind in zip(outputs, self.types, strict=True)]
            if not all(np.isfinite(values).all() for values in activations):
                raise LesionError(
                    f"the activations of {', '.join(self.cuts)} are no numbers, or too large for {MAP.name}: "
                    "give --no-cache-activations"
                )
            yield activations

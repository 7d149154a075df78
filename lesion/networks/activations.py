"""Activations of the frozen part of a network, computed once and kept on disk.

Below a cut nothing changes in training, so a few augmented views of each training image, and each validation
image as it is, go through that part once. What is trained lies above the cut and reads what came out there.
"""

import contextlib
import math
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from lesion import config, store
from lesion.console import duration, progress, say
from lesion.errors import LesionError
from lesion.networks import batches, models
from lesion.prepared import PreparedData

MOST_SECONDS = 4 * 3600  # the passes may take this long; if they would take longer, fewer views must do
MAP, VECTOR = np.dtype(np.float16), np.dtype(np.float32)  # on disk: maps are large, pooled vectors small


@dataclass(frozen=True)
class Selection:
    """Some rows of a memory-mapped array, in the order of `rows` (n,), without a copy."""

    array: np.ndarray
    rows: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the shape that a copy would have."""
        return (len(self.rows), *self.array.shape[1:])

    def __getitem__(self, row: int) -> np.ndarray:
        """Return one row."""
        return self.array[self.rows[row]]


@dataclass(frozen=True)
class Activations:
    """What one layer gives, memory-mapped: an array a view of the training images, one of the validation images."""

    views: Sequence[np.ndarray | Selection]
    validation: np.ndarray | Selection

    def select(self, training: np.ndarray, validation: np.ndarray) -> "Activations":
        """Return those of some training rows and of some validation rows, both row numbers (n,)."""
        return Activations([Selection(view, training) for view in self.views], Selection(self.validation, validation))

    def training_batches(self, labels: np.ndarray, batch_size: int, seed: int) -> tf.data.Dataset:
        """Return shuffled batches of (activations float32, labels B×1); each epoch draws a view of each image anew."""
        count = len(labels)
        draws = tf.data.Dataset.random(seed=seed, rerandomize_each_iteration=True)
        rows = tf.data.Dataset.range(count).shuffle(count, seed=seed)
        drawn = tf.data.Dataset.zip(rows, draws).map(lambda row, draw: (row, draw % len(self.views)))
        return self._read(drawn.batch(batch_size), self.views, labels)

    def validation_batches(self, labels: np.ndarray, batch_size: int) -> tf.data.Dataset:
        """Return batches of (activations float32, labels B×1) in order."""
        rows = tf.data.Dataset.range(len(labels)).map(lambda row: (row, tf.zeros_like(row)))
        return self._read(rows.batch(batch_size), [self.validation], labels)

    @staticmethod
    def _read(
        rows_and_views: tf.data.Dataset, arrays: Sequence[np.ndarray | Selection], labels: np.ndarray
    ) -> tf.data.Dataset:
        targets = tf.constant(labels.astype(np.float32)[:, np.newaxis])

        def read(rows: np.ndarray, views: np.ndarray) -> np.ndarray:
            return np.stack([arrays[view][row] for row, view in zip(rows, views, strict=True)]).astype(np.float32)

        def batch(rows: tf.Tensor, views: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            values = tf.numpy_function(read, [rows, views], tf.float32, stateful=False)
            return tf.ensure_shape(values, (None, *arrays[0].shape[1:])), tf.gather(targets, rows)

        return batches.read_ahead(rows_and_views.map(batch, num_parallel_calls=config.CORES))


class Cache:
    """The files below `folder` with the activations of `model` at the layers `cuts`, for `views` augmented views.

    Each pass over the images has files of its own: what a stopped run has finished is used, and more views need
    the new ones only. Files of other images, weights, augmentation or seed are removed.
    """

    def __init__(
        self, model: keras.Model, cuts: Sequence[str], data: PreparedData, folder: Path, views: int, seed: int
    ) -> None:
        self.cuts, self.data, self.folder, self.views, self.seed = list(dict.fromkeys(cuts)), data, folder, views, seed
        self.name = model.name
        self.passes = [*(f"view{number}" for number in range(views)), "validation"]
        outputs = [model.get_layer(cut).output for cut in self.cuts]
        self.shapes = [tuple(output.shape[1:]) for output in outputs]
        self.types = [MAP if len(shape) > 1 else VECTOR for shape in self.shapes]
        below = keras.Model(model.input, outputs)
        self.forward = tf.function(lambda batch: below(batch, training=False), reduce_retracing=True)
        identity = store.fingerprint(
            data=data.fingerprint,
            model=model.name,
            weights=models.digest(below),
            seed=seed,
            augmentation=(
                config.AUGMENTATION.rotation,
                config.AUGMENTATION.zoom,
                config.AUGMENTATION.brightness,
                config.AUGMENTATION.contrast,
            ),
            precision=(MAP.name, VECTOR.name),
            keras=keras.__version__,
        )
        current = folder / "fingerprint.txt"
        if not current.exists() or current.read_text() != identity:
            shutil.rmtree(folder, ignore_errors=True)
            store.write_text(current, identity)

    def compute(self) -> dict[str, Activations]:
        """Compute what is missing; return the activations by cut.

        Raises LesionError, before the work, where the disk has no room or the passes would take too long.
        """
        missing = [name for name in self.passes if not all(path.exists() for path in self._paths(name))]
        if missing:
            self._require_means(missing)
        for name in missing:
            self._run(name)
        return {
            cut: Activations([self._open(cut, name) for name in self.passes[:-1]], self._open(cut, "validation"))
            for cut in self.cuts
        }

    def summary(self) -> dict[str, Any]:
        """Describe the files: views, layers, bytes, and the seconds of all passes, those of earlier runs included."""
        size = sum(path.stat().st_size for path in self.folder.glob("*.npy"))
        seconds = round(sum(self.seconds(name) for name in self.passes), 2)
        return {"views": self.views, "layers": self.cuts, "bytes": size, "seconds": seconds}

    def seconds(self, name: str) -> float:
        """Return how long the pass `name` took."""
        return store.read_json(self.folder / f"{name}.json", "invoke train --force")

    def _rows(self, name: str) -> np.ndarray:
        return self.data.of_split("validation" if name == "validation" else "train")[0]

    def _paths(self, name: str) -> list[Path]:
        return [self.folder / f"{cut}-{name}.npy" for cut in self.cuts]

    def _open(self, cut: str, name: str) -> np.ndarray:
        return np.load(self.folder / f"{cut}-{name}.npy", mmap_mode="r")

    def _batches(self, name: str) -> tf.data.Dataset:
        rows, size = self._rows(name), batches.PREDICTION_BATCH_SIZE
        if name == "validation":
            labelled = batches.evaluation_batches(self.data.images, rows, np.zeros(len(rows)), size)
            return batches.read_ahead(labelled.map(lambda image, _: image))
        view = int(name.removeprefix("view"))
        seed = int(np.random.SeedSequence((self.seed, view)).generate_state(1)[0] >> 1)  # Keras takes 31 bits
        return batches.augmented_batches(self.data.images, rows, size, seed)

    def _require_means(self, missing: Sequence[str]) -> None:
        images = sum(len(self._rows(name)) for name in missing)
        needed = images * sum(
            math.prod(shape) * kind.itemsize for shape, kind in zip(self.shapes, self.types, strict=True)
        )
        store.require_space(self.folder, needed, f"the activations of {self.views} views")
        seconds = images * self._seconds_an_image()
        if seconds > MOST_SECONDS:
            raise LesionError(
                f"{self.views} views of the images would take about {duration(seconds)} to compute here, more than "
                f"{duration(MOST_SECONDS)}: give fewer --views, or --no-cache-activations"
            )
        means = f"about {duration(seconds)}, {needed / 1e6:,.0f} MB of disk"
        say(f"{self.name}: {self.views} views go through the frozen layers once: {means}")

    def _seconds_an_image(self) -> float:
        """Time a few batches, their augmentation included, after one that pays for the start."""
        few, images = self._batches("view0").take(3), 0
        self.forward(next(iter(few)))
        begin = time.monotonic()
        for batch in few:
            self.forward(batch)
            images += len(batch)
        return (time.monotonic() - begin) / images

    def _run(self, name: str) -> None:
        """Send the images of one pass through the frozen part; write one file a cut, all or none."""
        begin, rows = time.monotonic(), self._rows(name)
        with contextlib.ExitStack() as stack:
            temporary = [stack.enter_context(store.atomic(path)) for path in self._paths(name)]
            files = [stack.enter_context(path.open("wb")) for path in temporary]
            for file, shape, kind in zip(files, self.shapes, self.types, strict=True):
                header = {"descr": kind.str, "fortran_order": False, "shape": (len(rows), *shape)}
                np.lib.format.write_array_header_2_0(file, header)
            count = math.ceil(len(rows) / batches.PREDICTION_BATCH_SIZE)
            for values in progress(self._forward(name), count, f"{self.name} {name}, batches"):
                for file, value in zip(files, values, strict=True):
                    file.write(value.tobytes())
        store.write_json(self.folder / f"{name}.json", time.monotonic() - begin)

    def _forward(self, name: str) -> Iterator[list[np.ndarray]]:
        for batch in self._batches(name):
            outputs = keras.tree.flatten(self.forward(batch))
            with np.errstate(over="ignore"):  # caught below
                values = [output.numpy().astype(kind) for output, kind in zip(outputs, self.types, strict=True)]
            if not all(np.isfinite(value).all() for value in values):
                raise LesionError(
                    f"the activations of {', '.join(self.cuts)} are no numbers, or too large for {MAP.name}: "
                    "give --no-cache-activations"
                )
            yield values

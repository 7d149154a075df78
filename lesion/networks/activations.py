"""Activations of the frozen layers of a network, computed once and kept on disk.

Below a cut nothing changes in training. So a few augmented views of each training image, and each validation image
unchanged, pass that part once. What is trained is above the cut, and reads the activations instead of images.
"""

import contextlib
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from lesion import config, store
from lesion.console import duration, estimate, progress, say
from lesion.errors import LesionError
from lesion.networks import batches, models, replicas
from lesion.prepared import PreparedData
from lesion.records.training import ActivationsRecord

MOST_SECONDS = 4 * 3600  # of all passes together; if they would take longer, the user must ask for fewer views
MAP = np.dtype(np.float16)  # on disk: maps are large
VECTOR = np.dtype(np.float32)  # on disk: pooled vectors are small
VALIDATION = "validation"  # the pass over the validation images; the others are view0, view1 ...
TIMED_BATCHES = 3  # enough to estimate how long a pass takes


@dataclass(frozen=True)
class Rows:
    """Positions, in the prepared images, of the training images (n,) and of the validation images (m,)."""

    training: np.ndarray
    validation: np.ndarray

    @classmethod
    def of(cls, data: PreparedData) -> "Rows":
        """Return the positions of the splits `train` and `validation`."""
        return cls(data.of_split("train")[0], data.of_split("validation")[0])


@dataclass(frozen=True)
class Selection:
    """Some rows of a memory-mapped array, in the order of `rows` (n,), without a copy."""

    array: "np.ndarray | Selection"
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
    """Memory-mapped output of one layer: an array for each view of the training images, one for validation."""

    views: Sequence[np.ndarray | Selection]
    validation: np.ndarray | Selection

    def select(self, training: np.ndarray, validation: np.ndarray) -> "Activations":
        """Return the activations of some training rows (n,) and some validation rows (m,), both row numbers."""
        return Activations([Selection(view, training) for view in self.views], Selection(self.validation, validation))

    def training_batches(self, labels: np.ndarray, batch_size: int, seed: int) -> tf.data.Dataset:
        """Return shuffled batches of (activations float32, labels B×1); each epoch draws a view of each image anew.

        As in `batches.training_batches`, an epoch leaves out what replicas could not share equally.
        """
        count = len(labels)
        draws = tf.data.Dataset.random(seed=seed, rerandomize_each_iteration=True)
        rows = tf.data.Dataset.range(count).shuffle(count, seed=seed).take(replicas.shareable(count))
        drawn = tf.data.Dataset.zip(rows, draws).map(lambda row, draw: (row, draw % len(self.views)))
        return _read(drawn.batch(batch_size), self.views, labels)

    def validation_batches(self, labels: np.ndarray, batch_size: int) -> tf.data.Dataset:
        """Return batches of (activations float32, labels B×1) in order."""
        rows = tf.data.Dataset.range(len(labels)).map(lambda row: (row, tf.zeros_like(row)))
        return _read(rows.batch(batch_size), [self.validation], labels)


def _read(
    rows_and_views: tf.data.Dataset, arrays: Sequence[np.ndarray | Selection], labels: np.ndarray
) -> tf.data.Dataset:
    """Turn batches of (row, number of an array) into batches of (activations float32, labels B×1)."""
    targets = tf.constant(labels.astype(np.float32)[:, np.newaxis])

    def read(rows: np.ndarray, views: np.ndarray) -> np.ndarray:
        return np.stack([arrays[view][row] for row, view in zip(rows, views, strict=True)]).astype(np.float32)

    def batch(rows: tf.Tensor, views: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        values = tf.numpy_function(read, [rows, views], tf.float32, stateful=False)
        return tf.ensure_shape(values, (None, *arrays[0].shape[1:])), tf.gather(targets, rows)

    return batches.read_ahead(rows_and_views.map(batch, num_parallel_calls=config.CORES))


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
        self.passes = [*(f"view{number}" for number in range(views)), VALIDATION]
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
        missing = [name for name in self.passes if not all(path.exists() for path in self._paths(name))]
        if missing:
            self._require_means(missing)
        for name in missing:
            self._run(name)
        return {
            cut: Activations([self._open(cut, name) for name in self.passes[:-1]], self._open(cut, VALIDATION))
            for cut in self.cuts
        }

    def summary(self) -> ActivationsRecord:
        """Describe the files; `seconds` are those of all passes, those of earlier runs included."""
        return ActivationsRecord(
            views=self.views,
            layers=self.cuts,
            bytes=sum(path.stat().st_size for path in self.folder.glob("*.npy")),
            seconds=round(sum(self.seconds(name) for name in self.passes), 2),
        )

    def seconds(self, name: str) -> float:
        """Return how long the pass `name` took."""
        return store.read_json(self.folder / f"{name}.json", "invoke train --force")

    def _label(self, name: str) -> str:
        """Return what a reader calls the pass `name`."""
        number = self.passes.index(name) + 1
        images = "validation images" if name == VALIDATION else f"augmented view {number} of {self.views}"
        return f"train: {config.title(self.name)}, {images}, batches"

    def _positions(self, name: str) -> np.ndarray:
        return self.rows.validation if name == VALIDATION else self.rows.training

    def _paths(self, name: str) -> list[Path]:
        return [self.folder / f"{cut}-{name}.npy" for cut in self.cuts]

    def _open(self, cut: str, name: str) -> np.ndarray:
        return np.load(self.folder / f"{cut}-{name}.npy", mmap_mode="r")

    def _batches(self, name: str) -> tf.data.Dataset:
        """Return batches of the images of the pass `name`, in order."""
        positions = self._positions(name)
        size = batches.PREDICTION_BATCH_SIZE
        if name == VALIDATION:
            labelled = batches.evaluation_batches(self.data.images, positions, np.zeros(len(positions)), size)
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
        store.require_space(self.folder, needed, f"the activations of {self.views} views")
        seconds = images * self._seconds_for_one_image()
        if seconds > MOST_SECONDS:
            raise LesionError(
                f"{self.views} views of the images would take about {estimate(seconds)} to compute here, more than "
                f"{duration(MOST_SECONDS)}: give fewer --views, or --no-cache-activations"
            )
        means = f"about {estimate(seconds)}, {needed / 1e6:,.0f} MB of disk"
        title = config.title(self.name)
        say(f"train: {title}: {self.views} augmented views of each image go through the frozen layers once: {means}")

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
                files.enter_context(store.new_array(path, (count, *shape), kind))
                for path, shape, kind in zip(self._paths(name), self.shapes, self.types, strict=True)
            ]
            total = math.ceil(count / batches.PREDICTION_BATCH_SIZE)
            for activations in progress(self._forward(name), total, self._label(name)):
                for append, values in zip(appends, activations, strict=True):
                    append(values)
        store.write_json(self.folder / f"{name}.json", time.monotonic() - begin)

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

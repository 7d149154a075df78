"""Activations of the frozen layers of a network, as training and prediction read them.

Below a cut nothing changes in training. So what is trained is above the cut, and reads activations instead of images.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from lesion import config
from lesion.networks import batches, replicas
from lesion.prepared import PreparedData


@dataclass(frozen=True)
class Rows:
    """Positions, in the prepared images, of the training images (n,) and of the validation images (m,).

    The first `sides` exact views of the validation images are computed: see `views`.
    """

    training: np.ndarray
    validation: np.ndarray
    sides: int = 1

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
    sides: Sequence[np.ndarray | Selection] = ()  # the other exact views of the validation images

    def select(self, training: np.ndarray, validation: np.ndarray) -> "Activations":
        """Return the activations of some training rows (n,) and some validation rows (m,), both row numbers."""
        return Activations(
            [Selection(view, training) for view in self.views],
            Selection(self.validation, validation),
            [Selection(side, validation) for side in self.sides],
        )

    def exact_views(self) -> list["Activations"]:
        """Return the activations of each exact view of the validation images in turn, the plain one first."""
        return [Activations(self.views, side) for side in (self.validation, *self.sides)]

    def training_batches(self, labels: np.ndarray, batch_size: int, draws: batches.Draws) -> tf.data.Dataset:
        """Return batches of (activations float32, labels B×1), in the order and of the views that `draws` has.

        As in `batches.training_batches`, an epoch leaves out what replicas could not share equally.
        """

        def read(places: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
            for row in draws.order[places]:
                yield row, self.views[draws.view[row]][row]

        return _read(read, replicas.shareable(len(labels)), batch_size, labels, self.views[0].shape[1:])

    def validation_batches(self, labels: np.ndarray, batch_size: int) -> tf.data.Dataset:
        """Return batches of (activations float32, labels B×1) in order."""

        def read(places: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
            for row in places:
                yield row, self.validation[row]

        return _read(read, len(labels), batch_size, labels, self.validation.shape[1:])


def _read(
    read: Callable[[np.ndarray], Iterator[tuple[int, np.ndarray]]],
    count: int,
    batch_size: int,
    labels: np.ndarray,
    shape: tuple[int, ...],
) -> tf.data.Dataset:
    """Return batches of (activations float32, labels B×1) of the places 0 to `count`.

    `read` yields for the places of a batch the rows and their values, which have this `shape`.
    """
    targets = labels.astype(np.float32)[:, np.newaxis]

    def collect(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows, values = zip(*read(places), strict=True)
        return np.stack(values).astype(np.float32), targets[list(rows)]

    def batch(places: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        values, label = tf.numpy_function(collect, [places], [tf.float32, tf.float32], stateful=False)
        return tf.ensure_shape(values, (None, *shape)), tf.ensure_shape(label, (None, 1))

    places = tf.data.Dataset.range(count).batch(batch_size)
    return batches.read_ahead(places.map(batch, num_parallel_calls=config.CORES))

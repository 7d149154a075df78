"""Input pipelines with tf.data: from prepared images to batches of floats in [0, 1]."""

from collections.abc import Callable, Sequence
from typing import Protocol

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from lesion import config
from lesion.networks import replicas

PREDICTION_BATCH_SIZE = 64
SEEDS = np.iinfo(np.int32).max  # more than the highest one that is drawn: TensorFlow takes 32 bits


class Images(Protocol):
    """An array of images (M×S×S×3 uint8), or what stands in for one: only this is asked of it."""

    shape: tuple[int, ...]

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """Return the images `rows` (B,), B×S×S×3 uint8."""


def read_ahead(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Let `dataset` work ahead of its reader, without TensorFlow's search for the best parallelism.

    The thread of that search sleeps for 10, 20, 40 ... ms, and the end of a pass waits until it wakes:
    a pass of 26 s took 41 s.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.prefetch(2).with_options(options)


class Draws:
    """What is drawn at random in an epoch of training: all of it follows from the seed and the number of the epoch.

    So an epoch is the same, however often the training was stopped before it. `images`: how many there are (N);
    `views`: how many stored views of each. Before the first call of `begin` it is epoch 0.
    """

    order: np.ndarray  # (N,) in which the images come
    view: np.ndarray  # (N,) of each image, the one that is taken
    seeds: np.ndarray  # (N, 2) int32; that of a batch is the one at the place of its first image

    def __init__(self, seed: int, images: int, views: int = 1) -> None:
        self.seed = seed
        self.images = images
        self.views = views
        self.begin(0)

    def begin(self, epoch: int) -> None:
        """Draw for this epoch, which begins now."""
        random = np.random.default_rng((self.seed, epoch))
        self.order = random.permutation(self.images)
        self.view = random.integers(self.views, size=self.images)
        self.seeds = random.integers(SEEDS, size=(self.images, 2), dtype=np.int32)


class _Seeds(keras.random.SeedGenerator):
    """Gives a layer the seeds that it asks for: they follow from one that it is given, and no state is kept."""

    first: tf.Tensor
    count: int

    def begin(self, first: tf.Tensor) -> None:
        """Let the next seeds follow from `first` (2,)."""
        self.first = first
        self.count = 0

    def next(self, ordered: bool = True) -> tf.Tensor:
        """Return the next seed."""
        self.count += 1
        return tf.random.fold_in(self.first, self.count)


class Augmentation:
    """Random flips, rotation, zoom, brightness and contrast of a batch; the result stays in [0, 1].

    Call it with float32 images N×S×S×3 in [0, 1] and a seed (2,) int32, from which all that is drawn follows.
    """

    def __init__(self) -> None:
        self.layers = [
            layers.RandomFlip("horizontal_and_vertical"),
            layers.RandomRotation(config.AUGMENTATION.rotation, fill_mode="reflect"),
            layers.RandomZoom(config.AUGMENTATION.zoom, fill_mode="reflect"),
            layers.RandomBrightness(config.AUGMENTATION.brightness, value_range=(0.0, 1.0)),
            layers.RandomContrast(config.AUGMENTATION.contrast, value_range=(0.0, 1.0)),
        ]
        for layer in self.layers:
            layer.generator = _Seeds(seed=0)

    def __call__(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Return the images, changed at random."""
        for number, layer in enumerate(self.layers):
            layer.generator.begin(tf.random.fold_in(seed, number))
            images = layer(images, training=True)
        return tf.clip_by_value(images, 0.0, 1.0)


def to_float(images: tf.Tensor) -> tf.Tensor:
    """Turn uint8 images, 0 to 255, into the models' float32 in [0, 1]."""
    return tf.cast(images, tf.float32) / 255.0


def training_batches(
    images: np.ndarray, rows: np.ndarray, labels: np.ndarray, batch_size: int, draws: Draws
) -> tf.data.Dataset:
    """Return batches of augmented images B×S×S×3 and labels B×1, in the order and changed as `draws` has it.

    Row numbers are shuffled, not images, so that the shuffle is complete and costs no memory; the
    memory-mapped images come from the operating system's page cache. `rows` selects from `images`
    (M×S×S×3 uint8), `labels` (N,) belongs to `rows`. Each epoch leaves out what replicas could not share equally:
    other images each time, and fewer than there are replicas.
    """
    augment = Augmentation()
    read = _reader(images)
    targets = labels.astype(np.float32)[:, np.newaxis]

    def draw(places: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        drawn = draws.order[places]
        return rows[drawn], targets[drawn], draws.seeds[places[0]]

    def batch(places: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        row, label, seed = tf.numpy_function(draw, [places], [rows.dtype, tf.float32, tf.int32], stateful=False)
        seen = augment(to_float(read(row)), tf.ensure_shape(seed, (2,)))
        return seen, tf.ensure_shape(label, (None, 1))

    places = tf.data.Dataset.range(replicas.shareable(len(rows))).batch(batch_size)
    return read_ahead(places.map(batch, num_parallel_calls=config.CORES))


def augmented_batches(images: np.ndarray, rows: np.ndarray, batch_size: int, seed: int) -> tf.data.Dataset:
    """Return batches of images B×S×S×3 in the order of `rows`, augmented as in `training_batches`."""
    augment = Augmentation()
    read = _reader(images)
    seeds = Draws(seed, len(rows)).seeds[::batch_size]
    batches = tf.data.Dataset.zip(
        tf.data.Dataset.from_tensor_slices(rows).batch(batch_size), tf.data.Dataset.from_tensor_slices(seeds)
    )
    return read_ahead(
        batches.map(lambda row, first: augment(to_float(read(row)), first), num_parallel_calls=config.CORES)
    )


def evaluation_batches(images: Images, rows: np.ndarray, labels: np.ndarray, batch_size: int) -> tf.data.Dataset:
    """Return batches of unchanged images B×S×S×3 and labels B×1 in the order of `rows`."""
    batches = tf.data.Dataset.from_tensor_slices((rows, labels.astype(np.float32)[:, np.newaxis])).batch(batch_size)
    read = _reader(images)
    return read_ahead(batches.map(lambda row, label: (to_float(read(row)), label), num_parallel_calls=config.CORES))


def _reader(images: Images) -> Callable[[tf.Tensor], tf.Tensor]:
    """Return a function from a tensor of rows (B,) to the uint8 tensor of their images."""

    def read(rows: tf.Tensor) -> tf.Tensor:
        batch = tf.numpy_function(lambda wanted: images[wanted], [rows], tf.uint8, stateful=False)
        return tf.ensure_shape(batch, (None, *images.shape[1:]))

    return read


def augmented_pairs(images: np.ndarray, rows: Sequence[int], seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return (original, augmented) pairs of the rows, uint8 S×S×3, augmented as in training."""
    originals = images[list(rows)]
    augmented = Augmentation()(to_float(originals), tf.constant(Draws(seed, 1).seeds[0])).numpy()
    return list(zip(originals, np.rint(augmented * 255).astype(np.uint8), strict=True))

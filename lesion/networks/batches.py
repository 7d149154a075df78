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


class Augmentation:
    """Random flips, rotation, zoom, brightness and contrast of a batch; the result stays in [0, 1].

    Call it with float32 images N×S×S×3 in [0, 1]; each call draws anew from the seeded stream.
    """

    def __init__(self, seed: int) -> None:
        reflect = {"fill_mode": "reflect", "seed": seed}
        self.layers = [
            layers.RandomFlip("horizontal_and_vertical", seed=seed),
            layers.RandomRotation(config.AUGMENTATION.rotation, **reflect),
            layers.RandomZoom(config.AUGMENTATION.zoom, **reflect),
            layers.RandomBrightness(config.AUGMENTATION.brightness, value_range=(0.0, 1.0), seed=seed),
            layers.RandomContrast(config.AUGMENTATION.contrast, value_range=(0.0, 1.0), seed=seed),
        ]

    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        """Return the images, changed at random."""
        for layer in self.layers:
            images = layer(images, training=True)
        return tf.clip_by_value(images, 0.0, 1.0)


def to_float(images: tf.Tensor) -> tf.Tensor:
    """Turn uint8 images, 0 to 255, into the models' float32 in [0, 1]."""
    return tf.cast(images, tf.float32) / 255.0


def training_batches(
    images: np.ndarray, rows: np.ndarray, labels: np.ndarray, batch_size: int, seed: int
) -> tf.data.Dataset:
    """Return batches of augmented images B×S×S×3 and labels B×1; each epoch shuffles and augments anew.

    Row numbers are shuffled, not images, so that the shuffle is complete and costs no memory; the
    memory-mapped images come from the operating system's page cache. `rows` selects from `images`
    (M×S×S×3 uint8), `labels` (N,) belongs to `rows`. Each epoch leaves out what replicas could not share equally:
    other images each time, and fewer than there are replicas.
    """
    augment = Augmentation(seed)
    batches = tf.data.Dataset.from_tensor_slices((rows, labels.astype(np.float32)[:, np.newaxis]))
    batches = batches.shuffle(len(rows), seed=seed).take(replicas.shareable(len(rows))).batch(batch_size)
    read = _reader(images)
    return read_ahead(
        batches.map(lambda row, label: (augment(to_float(read(row))), label), num_parallel_calls=config.CORES)
    )


def augmented_batches(images: np.ndarray, rows: np.ndarray, batch_size: int, seed: int) -> tf.data.Dataset:
    """Return batches of images B×S×S×3 in the order of `rows`, augmented as in `training_batches`."""
    augment = Augmentation(seed)
    read = _reader(images)
    batches = tf.data.Dataset.from_tensor_slices(rows).batch(batch_size)
    return read_ahead(batches.map(lambda row: augment(to_float(read(row))), num_parallel_calls=config.CORES))


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
    augmented = keras.ops.convert_to_numpy(Augmentation(seed)(to_float(originals)))
    return list(zip(originals, np.rint(augmented * 255).astype(np.uint8), strict=True))

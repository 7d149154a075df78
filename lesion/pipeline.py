"""tf.data pipelines: encoded photographs to prepared images, and these to batches of floats in [0, 1]."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from lesion import config, preprocess
from lesion.errors import LesionError
from lesion.keypoints import NONE, Keypoints, describe
from lesion.preprocess import Prepared

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Photograph:
    """One row of the source after preprocessing: its encoded bytes, and the result or why there is none."""

    encoded: bytes
    prepared: Prepared | None
    keypoints: Keypoints  # of the cropped photograph; none where they were not asked for
    reason: str  # empty where `prepared` is there


def prepare_images(
    encoded: Callable[[], Iterable[bytes]], size: int, clean: bool, keypoints: bool
) -> Iterator[Photograph]:
    """Decode, crop, clean and resize the images of `encoded`, in parallel, and yield them in order.

    With `keypoints` each comes with those of the cropped photograph. Only a few images are in memory at a time. One
    that cannot be decoded is yielded with the reason; an error of the source itself (a cut connection, a missing
    file) is raised as the source raised it.
    """
    failures: list[Exception] = []

    def read() -> Iterator[bytes]:
        try:
            yield from encoded()
        except Exception as error:  # TensorFlow would wrap it beyond recognition
            failures.append(error)

    def prepare(image: bytes) -> tuple:
        try:
            photograph = preprocess.open_photograph(image)
        except LesionError as error:
            nothing = np.zeros((size, size, config.CHANNELS), np.uint8), np.zeros(6, np.int32), 0.0
            return *nothing, NONE.points, NONE.descriptors, str(error)
        found = describe(photograph.image) if keypoints else NONE
        done = preprocess.clean_and_resize(photograph, size, clean)
        numbers = np.array((done.width, done.height, *done.box), np.int32)
        return done.image, numbers, done.cleaned_share, found.points, found.descriptors, ""

    types = (tf.uint8, tf.int32, tf.float64, tf.float32, tf.uint8, tf.string)
    photographs = tf.data.Dataset.from_generator(read, output_signature=tf.TensorSpec((), tf.string)).map(
        lambda image: (image, *tf.numpy_function(prepare, [image], types)), num_parallel_calls=CORES
    )
    for image, pixels, numbers, share, *found, reason in read_ahead(photographs).as_numpy_iterator():
        width, height, *box = (int(number) for number in numbers)
        prepared = None if reason else Prepared(pixels, width, height, tuple(box), float(share))
        yield Photograph(image, prepared, Keypoints(*found), reason.decode())
    if failures:
        raise failures[0]


def read_ahead(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Let `dataset` work ahead of whoever reads it, without TensorFlow's search for the best parallelism.

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
            layers.RandomRotation(config.ROTATION, **reflect),
            layers.RandomZoom(config.ZOOM, **reflect),
            layers.RandomBrightness(config.BRIGHTNESS, value_range=(0.0, 1.0), seed=seed),
            layers.RandomContrast(config.CONTRAST, value_range=(0.0, 1.0), seed=seed),
        ]

    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        for layer in self.layers:
            images = layer(images, training=True)
        return tf.clip_by_value(images, 0.0, 1.0)


def to_float(images: tf.Tensor) -> tf.Tensor:
    """Turn uint8 images, 0 to 255, into the models' float32 in [0, 1]."""
    return tf.cast(images, tf.float32) / 255.0


def training_batches(
    images: np.ndarray, rows: np.ndarray, labels: np.ndarray, batch_size: int, seed: int
) -> tf.data.Dataset:
    """Return shuffled, augmented batches of (images B×S×S×3, labels B×1), without end to an epoch's order.

    Row numbers are shuffled, not images, so that the shuffle is complete and costs no memory; the
    memory-mapped images come from the operating system's page cache. `rows` selects from `images`
    (M×S×S×3 uint8), `labels` (N,) belongs to `rows`.
    """
    augment = Augmentation(seed)
    batches = tf.data.Dataset.from_tensor_slices((rows, labels.astype(np.float32)[:, np.newaxis]))
    batches = batches.shuffle(len(rows), seed=seed).batch(batch_size)
    read = _reader(images)
    return read_ahead(batches.map(lambda row, label: (augment(to_float(read(row))), label), num_parallel_calls=CORES))


def augmented_batches(images: np.ndarray, rows: np.ndarray, batch_size: int, seed: int) -> tf.data.Dataset:
    """Return batches of augmented images B×S×S×3 in the order of `rows`, as `training_batches` would show them."""
    augment, read = Augmentation(seed), _reader(images)
    batches = tf.data.Dataset.from_tensor_slices(rows).batch(batch_size)
    return read_ahead(batches.map(lambda row: augment(to_float(read(row))), num_parallel_calls=CORES))


def evaluation_batches(images: np.ndarray, rows: np.ndarray, labels: np.ndarray, batch_size: int) -> tf.data.Dataset:
    """Return batches of (images, labels) in the order of `rows`, as they are; kept in memory where they fit."""
    batches = tf.data.Dataset.from_tensor_slices((rows, labels.astype(np.float32)[:, np.newaxis]))
    read = _reader(images)
    batches = batches.batch(batch_size).map(lambda row, label: (read(row), label), num_parallel_calls=CORES)
    if len(rows) * images[0].nbytes <= config.CACHE_BYTES:
        batches = batches.cache()
    return read_ahead(batches.map(lambda image, label: (to_float(image), label), num_parallel_calls=CORES))


def _reader(images: np.ndarray):  # noqa: ANN202 - a function from a tensor of rows to a tensor of images
    def read(rows: tf.Tensor) -> tf.Tensor:
        batch = tf.numpy_function(lambda wanted: images[wanted], [rows], tf.uint8, stateful=False)
        return tf.ensure_shape(batch, (None, *images.shape[1:]))

    return read


def augmented_pairs(images: np.ndarray, rows: Sequence[int], seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return (original, augmented) pairs of the rows, uint8 S×S×3, as training would see them."""
    originals = images[list(rows)]
    augmented = keras.ops.convert_to_numpy(Augmentation(seed)(to_float(originals)))
    return list(zip(originals, np.rint(augmented * 255).astype(np.uint8), strict=True))

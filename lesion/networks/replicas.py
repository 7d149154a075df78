"""Several GPUs for one training: each holds a replica of the network and gets an equal share of every batch.

What is trained does not depend on their number, but for rounding and for what dropout draws. So the number is noted
as the device of a run and is no part of its fingerprint. All functions refer to the strategy in whose scope they are
called; outside of any there is one replica.
"""

from collections import Counter

import keras
import tensorflow as tf

from lesion.errors import LesionError
from lesion.networks import models


def processors() -> list[tf.config.PhysicalDevice]:
    """Return the GPUs that share a training: the first 1, 2, 4, 8 ... of the visible ones; none on the CPU.

    A power of two, since the batches of the profiles can then be shared equally.
    """
    gpus = tf.config.list_physical_devices("GPU")
    return gpus[: 2 ** (len(gpus).bit_length() - 1)] if gpus else []


def strategy() -> tf.distribute.Strategy:
    """Return a strategy that shares each batch among the GPUs, if there are several."""
    names = [processor.name.removeprefix("/physical_device:") for processor in processors()]
    return tf.distribute.MirroredStrategy(names) if len(names) > 1 else tf.distribute.get_strategy()


def device() -> str:
    """Return what training runs on, as CPU, or 2 × NVIDIA H100 for two replicas."""
    names = Counter(
        tf.config.experimental.get_device_details(processor).get("device_name", processor.device_type)
        for processor in processors()
    )
    return ", ".join(f"{number} × {name}" if number > 1 else name for name, number in names.items()) or "CPU"


def count() -> int:
    """Return the number of replicas."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def shareable(rows: int) -> int:
    """Return how many of `rows` can be shared equally: all but the remainder, which is smaller than `count`.

    If the shares of a training batch differ, images of the smaller share count more; without any images in one, the
    step has half its size with two replicas, and Keras' batch normalisation yields no numbers.
    """
    return rows - rows % count()


def share(batches: tf.data.Dataset, rows: int, batch_size: int) -> tf.data.Dataset | tf.distribute.DistributedDataset:
    """Return `batches` of all `rows` in their order, for a pass that does not teach; no share of them is empty.

    Keras itself shares what is left for the last batch unequally. A share without images is what its convolutions on
    the CPU fail on, and unequal shares of the first batch are what it fails on itself. `rows`: at least two for each
    replica.
    """
    if count() == 1:
        return batches
    shared = batches.rebatch(shares(rows, batch_size)).prefetch(count())
    return tf.distribute.get_strategy().distribute_datasets_from_function(lambda context: shared)


def shares(rows: int, batch_size: int) -> list[int]:
    """Return how many rows each replica gets, batch after batch: equally many, in the last batch one more or less.

    What would be too little for a last batch joins the one before.
    """
    size = min(batch_size, max(count(), shareable(rows // 2)))
    full = max(0, (rows - count()) // size)
    last = rows - full * size
    return [size // count()] * full * count() + [(last + more) // count() for more in reversed(range(count()))]


def require_equal_shares(batch_size: int) -> None:
    """Raise LesionError unless batches of `batch_size` images can be shared equally."""
    if batch_size != shareable(batch_size):
        raise LesionError(
            f"--batch-size {batch_size} does not work: {count()} GPUs share each batch equally, so give a multiple of "
            f"{count()}, or let CUDA_VISIBLE_DEVICES name fewer GPUs"
        )


def synchronise(model: keras.Model) -> None:
    """Let batch normalisation in the training of `model` see the whole batch, if there are several replicas."""
    for layer in models.batch_normalizations(model):
        layer.synchronized = count() > 1

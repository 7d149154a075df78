"""How fast a network is trained on this machine: each kind of step, timed on a few batches of noise.

speed = measure("mobilenet", 224, "auto", 32)
"""

import contextlib
import gc
import io
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import repeat

import keras
import numpy as np
import tensorflow as tf

from lesion import config
from lesion.networks import batches, models, surgery, training
from lesion.networks.phases import Phase, make_trainable
from lesion.networks.planned.forecast import Speed

LEAST_SECONDS = 1.0  # that a kind of step is timed for, after a first one, which pays for building the graph
IMAGES = 128  # of noise: every image costs the same
JUDGED = 32  # in one step that teaches nothing
SEED = 0
RATE = 1e-3  # of learning: what is learned is thrown away


def measure(name: str, size: int, asked: str, batch_size: int) -> Speed:
    """Return how fast `name` is trained with the weights `asked` on images of `size` × `size` pixels.

    TensorFlow computes deterministically, which a real training does too and which takes time. Raises LesionError if
    the weights cannot be used.
    """
    begin = time.monotonic()
    training.make_reproducible(SEED)
    with contextlib.redirect_stdout(io.StringIO()):  # `train` will say which weights were replaced
        model, weights = training.build(name, size, asked)
    frozen = weights.used not in (training.RANDOM, training.NONE_NEEDED)
    trained = training.as_trained(model, frozen, config.NETWORKS[name].half_precision)
    noise = np.random.default_rng(SEED).integers(0, 256, (IMAGES, size, size, config.CHANNELS), np.uint8)
    ways = {"judge": _judging(model, noise), **_ways(trained, frozen, noise, batch_size)}
    timed = {step: _time(*way) for step, way in ways.items()}
    keras.backend.clear_session()
    gc.collect()  # graphs refer to themselves, and hold gigabytes
    steps = {step: seconds for step, (seconds, _) in timed.items()}
    counted = sum(spent for _, spent in timed.values())
    return Speed(name, asked, frozen, size, steps, start=time.monotonic() - begin - counted)


Way = tuple[Callable[[], object], int]  # makes one step of so many images


def _ways(trained: keras.Model, frozen: bool, noise: np.ndarray, batch_size: int) -> dict[str, Way]:
    """Return what a training consists of: steps of the whole network, or passes, and steps of the layers above."""
    if not frozen:
        return {"whole": _training(trained, _augmented(noise, batch_size), batch_size)}
    ways = {"view": _passing(trained, noise)}
    for step, share in (("head", "frozen"), ("tune", "tune")):
        make_trainable(trained, Phase(share, 1, RATE, 1))
        above = surgery.split_at(trained, surgery.last_frozen(trained), models.PROBABILITY)[1]
        ways[step] = _training(above, repeat(_activations(above, batch_size)), batch_size)
    return ways


def _training(model: keras.Model, examples: Iterator[tuple[tf.Tensor, tf.Tensor]], batch_size: int) -> Way:
    training.compile_model(model, RATE)
    return lambda: model.train_on_batch(*next(examples)), batch_size


def _augmented(noise: np.ndarray, batch_size: int) -> Iterator[tuple[tf.Tensor, tf.Tensor]]:
    """Yield batches without end, augmented as in a training."""
    rows = np.resize(np.arange(IMAGES), max(IMAGES, batch_size) // batch_size * batch_size)  # whole batches
    return iter(batches.training_batches(noise, rows, rows % 2, batch_size, batches.Draws(SEED, len(rows))).repeat())


def _activations(above: keras.Model, batch_size: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Return a batch of random numbers that the layers above the cut take for activations."""
    values = tf.random.stateless_uniform((batch_size, *above.input_shape[1:]), (SEED, SEED))
    return values, tf.cast(tf.range(batch_size)[:, tf.newaxis] % 2, tf.float32)


def _passing(model: keras.Model, noise: np.ndarray) -> Way:
    """Return a pass of augmented images through the frozen layers; those above the cut cost next to nothing."""
    augmented = iter(batches.augmented_batches(noise, np.arange(IMAGES), JUDGED, SEED).repeat())
    forward = tf.function(lambda images: model(images, training=False))
    return lambda: forward(next(augmented)), JUDGED


def _judging(model: keras.Model, noise: np.ndarray) -> Way:
    images = batches.to_float(noise[:JUDGED])
    forward = tf.function(lambda values: model(values, training=False))
    return lambda: forward(images).numpy(), JUDGED


def _time(step: Callable[[], object], images: int) -> tuple[float, float]:
    """Return the seconds for one image, and those that were spent on it without the first step.

    The median step counts: other work on the machine may hold one up.
    """
    step()
    seconds: list[float] = []
    while sum(seconds) < LEAST_SECONDS:
        begin = time.monotonic()
        step()
        seconds.append(time.monotonic() - begin)
    return statistics.median(seconds) / images, sum(seconds)

"""What a network answers to an image on the way to its verdict: the means of a layer's channels over the image."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from lesion.networks import batches, models, views


def judged_layer(model: keras.Model, stride: int) -> layers.Layer:
    """Return the last layer of `model` with a field for each `stride` pixels of the image.

    A network that has none, or whose layer before the global pooling has fewer pixels to a field, gives that layer.
    """
    names = [layer.name for layer in model.layers]
    maps = [layer for layer in model.layers[: names.index(models.POOLING)] if len(layer.output.shape) == 4]
    size = model.input_shape[1]
    sides = (size // stride, -(-size // stride))  # networks round down or up
    fitting = [layer for layer in maps if layer.output.shape[1] in sides]
    return fitting[-1] if fitting else maps[-1]


def features(model: keras.Model, stride: int, images: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the features (N, channels) float32 of the rows of `images`; the layers above are not computed."""
    return keras.Model(model.input, _means(model, stride)).predict(_dataset(images, rows), verbose=0)


def predict(
    model: keras.Model, stride: int, images: np.ndarray, rows: np.ndarray, sides: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Return, from one pass, what `training.predict` returns, and the features (N, channels) float32.

    The features are those of the plain view.
    """
    graph = judging(model, stride)
    seen = views.Views(images, rows, range(sides))
    return _of_views(graph.predict(_dataset(seen, np.arange(len(seen.rows))), verbose=0), sides)


def judging(model: keras.Model, stride: int) -> keras.Model:
    """Return the graph that answers an image with the probability and the features."""
    return keras.Model(model.input, [model.output, _means(model, stride)])


def predict_few(graph: keras.Model, images: np.ndarray, sides: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return what `predict` returns, of a few images N×S×S×3 uint8; `graph` is what `judging` has made.

    For many calls: a pipeline of tf.data would keep the images of each in memory as long as the process lives.
    """
    seen = views.Views(images, np.arange(len(images)), range(sides))
    places = np.arange(len(seen.rows))
    starts = range(0, len(places), batches.PREDICTION_BATCH_SIZE)
    groups = [places[start : start + batches.PREDICTION_BATCH_SIZE] for start in starts]
    answers = zip(*(graph.predict_on_batch(batches.to_float(seen[group])) for group in groups), strict=True)
    return _of_views([np.concatenate(each) for each in answers], sides)


def _of_views(answers: Sequence[np.ndarray], sides: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the probabilities and features of images from those of all their views, side by side."""
    probabilities, means = answers
    return views.mean_logit(probabilities[:, 0].astype(float), sides), means[::sides]


def _means(model: keras.Model, stride: int) -> keras.KerasTensor:
    """Return the means over the image of the channels of the judged layer."""
    return ops.mean(judged_layer(model, stride).output, axis=(1, 2))


def _dataset(images: batches.Images, rows: np.ndarray) -> tf.data.Dataset:
    return batches.evaluation_batches(images, rows, np.zeros(len(rows)), batches.PREDICTION_BATCH_SIZE)

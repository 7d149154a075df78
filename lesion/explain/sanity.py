"""Sanity of the maps: a map that stays as it is while the network forgets what it has learned says nothing about it.

The weights of the head, then all weights are drawn anew, as before training, and the maps are computed again (Adebayo
et al., 2018: Sanity Checks for Saliency Maps). Two measures of the change: the rank correlation with the map of the
trained network, and how much more widely the evidence is spread (eMPRT of Hedström et al., 2024: A Fresh Look at Sanity
Checks for Saliency Maps).
"""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf
from keras import initializers, layers

from lesion.evaluation.localisation import changes, comparison, means
from lesion.evaluation.localisation.settings import SANITY
from lesion.explain import gradcam
from lesion.networks import batches
from lesion.records.probes import SanityTest

UNBOUNDED = (-np.inf, np.inf)
MapAgain = Callable[[], np.ndarray]  # -> maps (n, h, w) uint8 of the same images, with the weights of the moment


def sanity(
    model: keras.Model,
    images: np.ndarray,
    maps: np.ndarray,
    map_again: MapAgain,
    labels: np.ndarray,
    groups: np.ndarray,
) -> SanityTest:
    """Draw weights of `model` anew and compare the maps; in the end the model has its own weights again.

    `maps` (n, h, w) uint8 are those of the model as it is. `images` (b, S, S, 3) uint8 are some like those that are
    mapped; SANITY.statistics of them are taken, see `drawn_anew`. `labels` (n,) of 0 and 1 and `groups` (n,) are as in
    `means.mean`.

    The correlation or rise of an image is its mean over SANITY.draws. The intervals are about the images: they do not
    say how much the means would vary with other draws.
    """
    head = _maps_anew(model, gradcam.dense_layers(model), images, map_again)
    everything = _maps_anew(model, model.layers, images, map_again)
    return SanityTest(
        images=len(maps),
        head=means.mean(_correlations(maps, head), labels, groups, (-1, 1)),
        everything=means.mean(_correlations(maps, everything), labels, groups, (-1, 1)),
        other=_other(maps, groups),
        complexity=means.mean(_rises(maps, everything), labels, groups, UNBOUNDED),
    )


def _maps_anew(
    model: keras.Model, chosen: Sequence[layers.Layer], images: np.ndarray, map_again: MapAgain
) -> list[np.ndarray]:
    """Return the maps (n, h, w) of each draw of the weights of the `chosen` layers."""
    drawn = []
    for number in range(SANITY.draws):
        with drawn_anew(model, chosen, images, SANITY.seed + number):
            drawn.append(map_again())
    return drawn


@contextlib.contextmanager
def drawn_anew(model: keras.Model, chosen: Sequence[layers.Layer], images: np.ndarray, seed: int) -> Iterator[None]:
    """Give the `chosen` layers of `model` weights as before training; afterwards it has its own again.

    Kernels and biases come from their initialisers. A batch normalisation neither scales nor shifts then, and its
    statistics are those of `images` (b, S, S, 3) uint8: the ones that it has learned belong to other kernels, and with
    none the signals of random kernels would fade from layer to layer. A scaling of the input is not learned, and stays.
    """
    weights = model.get_weights()
    seeds = np.random.default_rng(seed)
    try:
        for layer in chosen:
            _draw(layer, seeds)
        if normalising := [layer for layer in chosen if isinstance(layer, layers.BatchNormalization)]:
            _normalise(normalising, model, images[: SANITY.statistics])
        yield
    finally:
        model.set_weights(weights)


def _draw(layer: layers.Layer, seeds: np.random.Generator) -> None:
    """Draw the kernel and the bias of a layer from their initialisers."""
    names = {"kernel": "kernel_initializer", "bias": "bias_initializer"}
    if isinstance(layer, layers.DepthwiseConv2D):
        names["kernel"] = "depthwise_initializer"
    for name, initializer in names.items():
        weight = getattr(layer, name, None)
        if weight is not None:
            weight.assign(_seeded(getattr(layer, initializer), seeds)(weight.shape))


def _seeded(initializer: initializers.Initializer, seeds: np.random.Generator) -> initializers.Initializer:
    """Return a copy of an initialiser with another seed: an initialiser of Keras gives the same in each call."""
    settings = initializer.get_config()
    if "seed" in settings:
        settings["seed"] = int(seeds.integers(2**31))
    return type(initializer).from_config(settings)


def _normalise(chosen: Sequence[layers.BatchNormalization], model: keras.Model, images: np.ndarray) -> None:
    """Let batch normalisations neither scale nor shift, with the statistics of `images`; all in one pass."""
    tensors = {id(model.input): batches.to_float(images)}
    uses = Counter(id(tensor) for layer in model.layers for tensor in keras.tree.flatten(layer.input))
    for layer in model.layers[1:]:
        signals = keras.tree.map_structure(lambda tensor: tensors[id(tensor)], layer.input)
        if layer in chosen:
            _standardise(layer, signals)
        tensors[id(layer.output)] = layer(signals, training=False)
        for tensor in keras.tree.flatten(layer.input):
            uses[id(tensor)] -= 1
            if not uses[id(tensor)]:
                del tensors[id(tensor)]  # all of them would not fit into memory


def _standardise(layer: layers.BatchNormalization, signals: tf.Tensor) -> None:
    """Let a batch normalisation neither scale nor shift, with the statistics of `signals` B×h×w×channels."""
    mean, variance = tf.nn.moments(signals, axes=(0, 1, 2))
    layer.moving_mean.assign(mean)
    layer.moving_variance.assign(variance)
    if layer.scale:
        layer.gamma.assign(tf.ones_like(mean))
    if layer.center:
        layer.beta.assign(tf.zeros_like(mean))


def _correlations(maps: np.ndarray, drawn: Sequence[np.ndarray]) -> np.ndarray:
    """Return the rank correlation (n,) of each map with those of the draws, on average."""
    return np.mean([changes.rank_correlations(maps, each) for each in drawn], axis=0)


def _rises(maps: np.ndarray, drawn: Sequence[np.ndarray]) -> np.ndarray:
    """Return by how much the maps of the draws are more complex (n,), relative to the mean complexity of `maps`.

    eMPRT is relative to each image's own. Maps with hardly more than one field of evidence would then outweigh all
    others, and even maps in another order, which are as complex as before, would seem to rise. An image is left out
    (NaN) if its map, or that of a draw, is empty.
    """
    before = changes.complexities(maps)
    after = np.mean([changes.complexities(each) for each in drawn], axis=0)
    usual = _mean(before)
    return (after - before) / usual if usual else np.full(len(maps), np.nan)


def _other(maps: np.ndarray, groups: np.ndarray) -> float | None:
    """Return the rank correlation of a map with that of another lesion, on average; None if no map ranks its fields."""
    return _mean(changes.rank_correlations(maps, maps[comparison.others(groups)]))


def _mean(values: np.ndarray) -> float | None:
    """Return the mean of those values (n,) that are not NaN; None if all are."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None

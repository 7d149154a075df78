"""Grad-CAM (Selvaraju et al., 2017): where in the image the evidence for a verdict lies.

One formula serves all models, since each is one flat graph: it is cut just before the global average pooling. Above
the cut the gradient is a formula. With the pooled features g, a channel's mean over the image, and the head

    logit = v · relu(K' g + b) + c

the gradient of the logit, summed over the places of channel k, is d logit / d g[k], the sum of K[k, j] v[j] over the
active units j; without a hidden layer that is the class activation map of Zhou et al. (2016). So a map costs one
forward pass.
"""

from collections.abc import Sequence

import cv2
import keras
import numpy as np
import tensorflow as tf
from keras import activations, layers

from lesion import config
from lesion.networks import models

EMPTY = 1e-6  # in units of the logit: maps whose peak is below this count as empty
STRONGEST = 255  # value of a map at its peak
DARKENED = 0.42  # brightness left where there is no evidence: dark enough to stand back, and all is still recognized


def explained_layer(model: keras.Model) -> keras.layers.Layer:
    """Return the layer whose activations are explained: the one before the global pooling."""
    position = [layer.name for layer in model.layers].index(models.POOLING)
    return model.layers[position - 1]


def dense_layers(model: keras.Model) -> list[layers.Dense]:
    """Return the dense layers above the global pooling, the last of which gives the logit.

    Raises ValueError if there is anything else but dropout, or another activation than ReLU below the logit.
    """
    names = [layer.name for layer in model.layers]
    head = model.layers[names.index(models.POOLING) + 1 : names.index(models.LOGIT) + 1]
    dense = [layer for layer in head if isinstance(layer, layers.Dense)]
    hidden, last = dense[:-1], dense[-1]
    others = [layer for layer in head if not isinstance(layer, layers.Dense | layers.Dropout)]
    if others or last.activation is not activations.linear or any(x.activation is not activations.relu for x in hidden):
        raise ValueError(
            f"the head of {model.name} is not made of dropout, dense layers with ReLU, and a linear output"
        )
    return dense


def evidence(features: tf.Tensor, head: Sequence[layers.Dense]) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return the logits (B,), the evidence for each verdict B×h×w, at least 0, and the channels' weights B×channels.

    `features` is B×h×w×channels, the explained layer's output; `head` the dense layers above the pooling. The target is
    +logit for malignant and -logit for benign, never the probability, whose gradient vanishes if the model is sure. A
    channel's weight is the sum of its gradient, not the mean as in the paper: the evidence is then in units of the
    logit, and the mean of the map is what the channels add to the logit.
    """
    logits, weights = channel_weights(tf.reduce_mean(features, axis=(1, 2)), head)
    sign = tf.where(logits >= config.DECISION.logit, 1.0, -1.0)
    signed = weights * sign[:, tf.newaxis]
    return logits, tf.nn.relu(tf.einsum("bhwk,bk->bhw", features, signed)), signed


def channel_weights(pooled: tf.Tensor, head: Sequence[layers.Dense]) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the logits (B,) and the gradient of each with respect to the pooled features, both B×channels."""
    signals = pooled
    active = []
    for layer in head[:-1]:
        signals = tf.nn.relu(signals @ layer.kernel + layer.bias)
        active.append(tf.cast(signals > 0, signals.dtype))
    logits = (signals @ head[-1].kernel + head[-1].bias)[:, 0]
    weights = tf.ones_like(signals) * head[-1].kernel[:, 0]
    for layer, units in zip(reversed(head[:-1]), reversed(active), strict=True):
        weights = tf.matmul(weights * units, layer.kernel, transpose_b=True)
    return logits, weights


def scaled(evidence: np.ndarray) -> np.ndarray:
    """Return evidence (h×w, at least 0) as uint8 with its peak at STRONGEST; its minimum is not moved to 0.

    All 0 if there is none to speak of.
    """
    peak = float(evidence.max())
    if peak <= EMPTY:
        return np.zeros(evidence.shape, np.uint8)
    return np.rint(evidence * (STRONGEST / peak)).astype(np.uint8)


def overlay(image: np.ndarray, fields: np.ndarray) -> np.ndarray:
    """Light an RGB uint8 image by a map (h×w uint8): as it is at the peak, dark and grey without evidence.

    Light, not colour: a lesion is judged by its own colours. The fields stay fields: a smooth map would claim a
    resolution that the explained layer does not have.
    """
    height, width = image.shape[:2]
    light = cv2.resize(fields, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)[..., np.newaxis] / STRONGEST
    grey = DARKENED * cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., np.newaxis]
    return np.rint(light * image + (1 - light) * grey).astype(np.uint8)

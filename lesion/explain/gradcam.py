"""Grad-CAM (Selvaraju et al., 2017): where in the image the evidence for a verdict lies.

One function serves all models, since each is one flat graph: it is cut just before the global average pooling.
The gradient is taken only through the head above the cut, so a map costs little more than a prediction.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import keras
import numpy as np
import tensorflow as tf

from lesion import config
from lesion.networks import batches, models, surgery

EMPTY = 1e-6  # in units of the logit: maps whose peak is below this count as empty
OVERLAY_OPACITY = 0.5  # of the strongest evidence; without evidence the photograph is unchanged


@dataclass(frozen=True)
class Explanation:
    """The explanation of one image; `heat` is S×S float32 from 0 to 1, all 0 if the map is empty."""

    probability: float  # of malignancy
    logit: float
    malignant: bool  # the verdict: the map shows the evidence for it
    heat: np.ndarray
    peak: float  # the strongest evidence before it is scaled to 1, in units of the logit

    @property
    def empty(self) -> bool:
        """Tell whether no place in the image is evidence for the verdict."""
        return not self.heat.any()


def explained_layer(model: keras.Model) -> keras.layers.Layer:
    """Return the layer whose activations are explained: the one before the global pooling."""
    position = [layer.name for layer in model.layers].index(models.POOLING)
    return model.layers[position - 1]


class Explainer:
    """Grad-CAM of one model; the first batch pays for building the graph, the others cost about a prediction."""

    def __init__(self, model: keras.Model) -> None:
        below, above = surgery.split_at(model, explained_layer(model).name)
        self.evidence_of = tf.function(
            lambda batch: _evidence(above, below(batch, training=False)), reduce_retracing=True
        )

    def explain(self, images: np.ndarray, rows: np.ndarray) -> Iterator[Explanation]:
        """Explain the verdicts on the images `rows` of `images` (M×S×S×3 uint8), in that order, batch by batch."""
        labels = np.zeros(len(rows))
        for batch, _ in batches.evaluation_batches(images, rows, labels, batches.PREDICTION_BATCH_SIZE):
            logits, evidence = self.evidence_of(batch)
            for logit, coarse in zip(logits.numpy(), evidence.numpy(), strict=True):
                yield _explanation(float(logit), coarse, batch.shape[1])


def _evidence(above: keras.Model, activations: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the logits (B,) and the evidence for each verdict B×h×w, at least 0.

    The target is +logit for malignant and -logit for benign, never the probability, whose gradient vanishes
    if the model is sure. A channel's weight is the sum of its gradient, not the mean as in the paper: the evidence
    is then in units of the logit, and the mean of the map is what the channels add to the logit.
    """
    with tf.GradientTape() as tape:
        tape.watch(activations)
        logits = above(activations, training=False)[:, 0]
        sign = tf.where(logits >= config.DECISION.logit, 1.0, -1.0)
        target = tf.reduce_sum(logits * sign)
    weights = tf.reduce_sum(tape.gradient(target, activations), axis=(1, 2), keepdims=True)
    return logits, tf.nn.relu(tf.reduce_sum(weights * activations, axis=-1))


def _explanation(logit: float, coarse: np.ndarray, size: int) -> Explanation:
    """Enlarge a coarse map to the size of the image, scaled so that its peak is 1; its minimum is not moved to 0."""
    peak = float(coarse.max())
    heat = np.zeros((size, size), np.float32)
    if peak > EMPTY:
        heat = np.clip(cv2.resize(coarse / peak, (size, size), interpolation=cv2.INTER_CUBIC), 0, 1)
    probability = 1 / (1 + np.exp(-logit))
    return Explanation(float(probability), logit, logit >= config.DECISION.logit, heat, peak)


def picture(heat: np.ndarray) -> np.ndarray:
    """Return a map (S×S, 0 to 1) as an RGB uint8 picture, black without evidence."""
    levels = np.rint(heat * 255).astype(np.uint8)
    return cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)


def overlay(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Lay a map (S×S, 0 to 1) over an RGB uint8 image, which stays as it is wherever the map is 0."""
    levels = np.rint(heat * 255).astype(np.uint8)
    colours = cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_JET), cv2.COLOR_BGR2RGB)
    opacity = OVERLAY_OPACITY * heat[..., np.newaxis]
    return np.rint(image * (1 - opacity) + colours * opacity).astype(np.uint8)

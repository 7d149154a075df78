"""Grad-CAM (Selvaraju et al., 2017): where in the image the evidence for a verdict lies.

One function for all models, since each is one flat graph: it is cut at what enters the global average pooling.
The gradient is taken through the head above the cut only, so a map costs little more than a prediction.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import keras
import numpy as np
import tensorflow as tf

from lesion import config
from lesion.networks import batches, models, surgery

EMPTY = 1e-6  # in units of the logit: no more evidence than this anywhere is none
OVERLAY_OPACITY = 0.5  # of the strongest evidence; where there is none the photograph shows unchanged


@dataclass(frozen=True)
class Explanation:
    """One image explained; `heat` is S×S float32 from 0 to 1, all 0 where the map is empty."""

    probability: float  # of malignancy
    logit: float
    malignant: bool  # the verdict, and so the class whose evidence the map shows
    heat: np.ndarray
    peak: float  # the strongest evidence before scaling to 1, in units of the logit

    @property
    def empty(self) -> bool:
        """Tell whether nothing in the image speaks for the verdict."""
        return not self.heat.any()


def explained_layer(model: keras.Model) -> keras.layers.Layer:
    """Return the layer whose activations are explained: the one before the global pooling."""
    position = [layer.name for layer in model.layers].index(models.POOLING)
    return model.layers[position - 1]


class Explainer:
    """Grad-CAM of one model; its first batch pays for building the graph, the others cost about a prediction."""

    def __init__(self, model: keras.Model) -> None:
        below, above = surgery.split_at(model, explained_layer(model).name)
        self.evidence_of = tf.function(
            lambda batch: _evidence(above, below(batch, training=False)), reduce_retracing=True
        )

    def explain(self, images: np.ndarray, rows: np.ndarray) -> Iterator[Explanation]:
        """Explain the verdicts on the rows of `images` (M×S×S×3 uint8), in their order, in batches."""
        labels = np.zeros(len(rows))
        for batch, _ in batches.evaluation_batches(images, rows, labels, batches.PREDICTION_BATCH_SIZE):
            logits, evidence = self.evidence_of(batch)
            for logit, coarse in zip(logits.numpy(), evidence.numpy(), strict=True):
                yield _explanation(float(logit), coarse, batch.shape[1])


def _evidence(above: keras.Model, activations: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the logits (B,) and the evidence for each verdict B×h×w, at least 0.

    The target is +logit for malignant and -logit for benign, never the probability, whose gradient vanishes
    where the model is sure. The sum of a channel's gradient, not its mean as in the paper, puts the evidence
    into units of the logit: the mean of the map is then what the channels add to it.
    """
    with tf.GradientTape() as tape:
        tape.watch(activations)
        logits = above(activations, training=False)[:, 0]
        sign = tf.where(logits >= config.DECISION.logit, 1.0, -1.0)
        target = tf.reduce_sum(logits * sign)
    weights = tf.reduce_sum(tape.gradient(target, activations), axis=(1, 2), keepdims=True)
    return logits, tf.nn.relu(tf.reduce_sum(weights * activations, axis=-1))


def _explanation(logit: float, coarse: np.ndarray, size: int) -> Explanation:
    """Enlarge a coarse map to the image; its strongest place is 1, and it is not stretched down to 0."""
    peak = float(coarse.max())
    heat = np.zeros((size, size), np.float32)
    if peak > EMPTY:
        heat = np.clip(cv2.resize(coarse / peak, (size, size), interpolation=cv2.INTER_CUBIC), 0, 1)
    probability = 1 / (1 + np.exp(-logit))
    return Explanation(float(probability), logit, logit >= config.DECISION.logit, heat, peak)


def picture(heat: np.ndarray) -> np.ndarray:
    """Return a map (S×S, 0 to 1) as an RGB uint8 picture, black where there is no evidence."""
    levels = np.rint(heat * 255).astype(np.uint8)
    return cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)


def overlay(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Lay a map over an RGB uint8 image; the image itself is neither rescaled nor darkened where heat is 0."""
    levels = np.rint(heat * 255).astype(np.uint8)
    colours = cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_JET), cv2.COLOR_BGR2RGB)
    opacity = OVERLAY_OPACITY * heat[..., np.newaxis]
    return np.rint(image * (1 - opacity) + colours * opacity).astype(np.uint8)

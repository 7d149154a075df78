"""The maps of one network: Grad-CAM's and, if they are asked for, LayerCAM's, all from one pass."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from lesion import config
from lesion.explain import gradcam, layercam
from lesion.networks import batches
from lesion.records.explanations import GRADCAM


@dataclass(frozen=True)
class Explanation:
    """The explanation of one image.

    A map is h×w uint8, as large as its layer: 0 without evidence, STRONGEST at the peak, all 0 if it is empty.
    """

    probability: float  # of malignancy
    logit: float
    malignant: bool  # the verdict: the maps show the evidence for it
    peak: float  # the strongest evidence of Grad-CAM's map, in units of the logit
    maps: dict[str, np.ndarray]  # by method

    @property
    def fields(self) -> np.ndarray:
        """Return Grad-CAM's map."""
        return self.maps[GRADCAM]


class Mapper:
    """Explains the verdicts of one model; the first batch pays for building the graph.

    Without finer maps the others cost a prediction each, with those of both strides about half a prediction more.
    Raises ValueError if the head above the pooling is not made of dense layers and dropout alone.
    """

    def __init__(self, model: keras.Model, strides: Sequence[int] = layercam.STRIDES) -> None:
        self.finer = layercam.finer_layers(model, strides)
        outputs = [layer.output for layer in self.finer.values()]
        self._graph = keras.Model(model.input, [*outputs, gradcam.explained_layer(model).output])
        self._head = gradcam.dense_layers(model)
        self._evidence_of = tf.function(self._evidence, reduce_retracing=True)

    def explain(self, images: batches.Images, rows: np.ndarray) -> Iterator[Explanation]:
        """Explain the verdicts on the images `rows` of `images` (M×S×S×3 uint8), in that order, batch by batch."""
        labels = np.zeros(len(rows))
        for batch, _ in batches.evaluation_batches(images, rows, labels, batches.PREDICTION_BATCH_SIZE):
            yield from self.explain_batch(batch)

    def explain_batch(self, batch: tf.Tensor) -> Iterator[Explanation]:
        """Explain the verdicts on a batch of images B×S×S×3 in [0, 1], at most PREDICTION_BATCH_SIZE."""
        for logit, *evidence in zip(*(each.numpy() for each in self._evidence_of(batch)), strict=True):
            yield self._explanation(float(logit), evidence)

    def _evidence(self, batch: tf.Tensor) -> list[tf.Tensor]:
        """Return the logits (B,), Grad-CAM's evidence B×h×w, and that of LayerCAM layer by layer."""
        with tf.GradientTape() as tape:
            tape.watch(batch)  # layers that are not trained would not be recorded
            *below, features = keras.tree.flatten(self._graph(batch, training=False))
        logits, coarse, weights = gradcam.evidence(features, self._head)
        return [logits, coarse, *(layercam.evidence(tape, features, below, weights) if below else [])]

    def _explanation(self, logit: float, evidence: Sequence[np.ndarray]) -> Explanation:
        return Explanation(
            probability=float(1 / (1 + np.exp(-logit))),
            logit=logit,
            malignant=logit >= config.DECISION.logit,
            peak=float(evidence[0].max()),
            maps={method: gradcam.scaled(each) for method, each in zip((GRADCAM, *self.finer), evidence, strict=True)},
        )

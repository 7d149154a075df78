"""LayerCAM (Jiang et al., 2021): maps of layers further down, which have more fields than those of Grad-CAM.

The last layer of a network sees an image in few fields. One further down has more of them, but its channels mean
little by themselves, and what one of them says differs from place to place. So each place is weighted by its own
gradient, as far as it speaks for the verdict:

    map[i, j] = relu(sum over channels of relu(gradient[i, j]) · activation[i, j])

Above the explained layer the gradient is Grad-CAM's formula; from there it goes down to the layer in question.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from lesion.explain import gradcam
from lesion.networks import batches
from lesion.records.explanations import GRADCAM

STRIDES = (16, 8)  # pixels of the image from one field to the next; coarsest first


@dataclass(frozen=True)
class Mapped:
    """One image with its maps by method, each h×w uint8 like `Explanation.fields`."""

    explanation: gradcam.Explanation
    maps: dict[str, np.ndarray]


def method_of(stride: int) -> str:
    """Return what the maps of the last layer of a stride are called."""
    return f"layercam_{stride}"


def finer_layers(model: keras.Model, strides: Sequence[int] = STRIDES) -> dict[str, keras.layers.Layer]:
    """Return by method the last layer of each stride that has more fields than the layer that Grad-CAM explains."""
    size = model.input_shape[1]
    fewest = gradcam.explained_layer(model).output.shape[1]
    finer = [layer for layer in model.layers if len(layer.output.shape) == 4 and layer.output.shape[1] > fewest]
    layers = {}
    for stride in strides:
        sides = (size // stride, -(-size // stride))  # networks round down or up
        if fitting := [layer for layer in finer if layer.output.shape[1] in sides]:
            layers[method_of(stride)] = fitting[-1]
    return layers


class Mapper:
    """Grad-CAM and LayerCAM of one model: one pass gives all maps.

    Raises ValueError as `gradcam.Explainer` does.
    """

    def __init__(self, model: keras.Model, strides: Sequence[int] = STRIDES) -> None:
        self.layers = finer_layers(model, strides)
        outputs = [layer.output for layer in self.layers.values()]
        self._graph = keras.Model(model.input, [*outputs, gradcam.explained_layer(model).output])
        self._head = gradcam.dense_layers(model)
        self._evidence_of = tf.function(self._evidence, reduce_retracing=True)

    def explain(self, images: batches.Images, rows: np.ndarray) -> Iterator[Mapped]:
        """Explain the verdicts on the images `rows` of `images` (M×S×S×3 uint8), in that order, batch by batch."""
        labels = np.zeros(len(rows))
        for batch, _ in batches.evaluation_batches(images, rows, labels, batches.PREDICTION_BATCH_SIZE):
            for logit, coarse, *finer in zip(*(each.numpy() for each in self._evidence_of(batch)), strict=True):
                explanation = gradcam.explanation(float(logit), coarse)
                maps = {method: gradcam.scaled(each) for method, each in zip(self.layers, finer, strict=True)}
                yield Mapped(explanation, {GRADCAM: explanation.fields, **maps})

    def _evidence(self, batch: tf.Tensor) -> list[tf.Tensor]:
        """Return the logits (B,), Grad-CAM's evidence B×h×w, and that of LayerCAM layer by layer."""
        with tf.GradientTape() as tape:
            tape.watch(batch)  # layers that are not trained would not be recorded
            *below, features = keras.tree.flatten(self._graph(batch, training=False))
        logits, coarse, weights = gradcam.evidence(features, self._head)
        height, width = features.shape[1:3]
        upper = tf.broadcast_to(weights[:, tf.newaxis, tf.newaxis] / (height * width), tf.shape(features))
        gradients = tape.gradient(features, below, output_gradients=upper)
        finer = [
            tf.nn.relu(tf.reduce_sum(tf.nn.relu(gradient) * activation, axis=-1))
            for gradient, activation in zip(gradients, below, strict=True)
        ]
        return [logits, coarse, *finer]

"""LayerCAM (Jiang et al., 2021): maps of layers further down, which have more fields than those of Grad-CAM.

The last layer of a network sees an image in few fields. One further down has more of them, but its channels mean
little by themselves, and what one of them says differs from place to place. So each place is weighted by its own
gradient, as far as it speaks for the verdict:

    map[i, j] = relu(sum over channels of relu(gradient[i, j]) · activation[i, j])

Above the explained layer the gradient is Grad-CAM's formula; from there it goes down to the layer in question.
"""

from collections.abc import Sequence

import keras
import tensorflow as tf

from lesion.evaluation.localisation.fields import too_coarse
from lesion.explain import gradcam
from lesion.records.explanations import GRADCAM

STRIDES = (16, 8)  # pixels of the image from one field to the next; coarsest first


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


def shown_method(model: keras.Model) -> str:
    """Return the method with the fewest fields among those that have enough to show where evidence lies.

    Grad-CAM's if none has.
    """
    layers = {GRADCAM: gradcam.explained_layer(model), **finer_layers(model)}
    fine = [method for method, layer in layers.items() if not too_coarse(*layer.output.shape[1:3])]
    return fine[0] if fine else GRADCAM


def strides_of(method: str) -> list[int]:
    """Return the strides that a Mapper needs for the maps of a method."""
    return [stride for stride in STRIDES if method_of(stride) == method]


def evidence(
    recorded: tf.GradientTape, features: tf.Tensor, below: Sequence[tf.Tensor], weights: tf.Tensor
) -> list[tf.Tensor]:
    """Return the evidence B×h×w, at least 0, of each activation B×h×w×channels in `below`.

    `recorded` has seen how `features`, the output of the layer that Grad-CAM explains, come from `below`; `weights` are
    those of their channels, as `gradcam.evidence` returns them.
    """
    height, width = features.shape[1:3]
    upper = tf.broadcast_to(weights[:, tf.newaxis, tf.newaxis] / (height * width), tf.shape(features))
    gradients = recorded.gradient(features, below, output_gradients=upper)
    return [
        tf.nn.relu(tf.reduce_sum(tf.nn.relu(gradient) * activation, axis=-1))
        for gradient, activation in zip(gradients, below, strict=True)
    ]

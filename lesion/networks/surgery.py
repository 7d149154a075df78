"""Changes to a finished graph: freeze it, cut it, standardise its features for training, fold that back.

All of them rely on the networks being flat: see `models`.
"""

import keras
import numpy as np
from keras import layers

from lesion.errors import LesionError
from lesion.networks.models import LOGIT, POOLING

STANDARDISED = "standardised"  # between pooling and head, in training only


def freeze_backbone(model: keras.Model, tuned_share: float = 0.0) -> None:
    """Make the head trainable, and the last `tuned_share` (0 to 1) of the backbone's layers.

    Batch normalisation in the backbone is always frozen: Keras then runs it in inference mode.
    """
    backbone = _backbone(model)
    first_tuned = round(len(backbone) * (1 - tuned_share))
    for position, layer in enumerate(backbone):
        layer.trainable = position >= first_tuned and not isinstance(layer, layers.BatchNormalization)


def last_frozen(model: keras.Model) -> str:
    """Return the name of the layer at which to cut `model`: its layers up to there are frozen, the rest is trained.

    It is the pooling if the whole backbone is frozen. Otherwise it is the last layer before the first trained one
    whose output is all that the layers above need, since residual blocks and gates reach past their neighbours.
    Raises LesionError if there is no such layer.
    """
    backbone = _backbone(model)
    trained = [position for position, layer in enumerate(backbone) if layer.trainable_weights]
    if not trained:
        return POOLING
    read_last: dict[int, int] = {}  # tensor -> position of the last layer that takes it
    for position, layer in enumerate(backbone):
        for tensor in keras.tree.flatten(layer.input):
            read_last[id(tensor)] = position
    for position in reversed(range(trained[0])):
        before = [id(layer.output) for layer in backbone[:position]]
        if all(read_last.get(tensor, 0) <= position for tensor in before):
            return backbone[position].name
    raise LesionError(f"{model.name} cannot be cut below {backbone[trained[0]].name}: give --no-cache-activations")


def _backbone(model: keras.Model) -> list[layers.Layer]:
    """Return the layers before the pooling."""
    names = [layer.name for layer in model.layers]
    return model.layers[: names.index(POOLING)]


def standardise(model: keras.Model) -> keras.Model:
    """Return `model` for training: the output of its global pooling is standardised before it enters the head.

    Pooled features of a pretrained backbone differ up to a thousandfold in scale from channel to channel
    (EfficientNetB0), and a head on them learns slowly. The backbone is shared with `model`, the head is a copy;
    `fold` brings back what it learns, so that the finished model has no additional layer.
    """
    position = [layer.name for layer in model.layers].index(POOLING)
    x = layers.BatchNormalization(center=False, scale=False, momentum=0.9, name=STANDARDISED)(
        model.layers[position].output
    )
    for layer in model.layers[position + 1 :]:
        x = type(layer).from_config(layer.get_config())(x)
    trained = keras.Model(model.input, x, name=model.name)
    for name in ("dense", LOGIT):
        trained.get_layer(name).set_weights(model.get_layer(name).get_weights())
    return trained


def fold(trained: keras.Model, model: keras.Model) -> None:
    """Copy into the head of `model` what `trained`, which `standardise` made from it, has learned.

    (x - mean) / deviation · kernel + bias is x · kernel' + bias' with kernel' = kernel / deviation and
    bias' = bias - mean / deviation · kernel.
    """
    normalization = trained.get_layer(STANDARDISED)
    mean, variance = normalization.get_weights()
    kernel, bias = trained.get_layer("dense").get_weights()
    scale = 1 / np.sqrt(variance + normalization.epsilon)
    model.get_layer("dense").set_weights([kernel * scale[:, np.newaxis], bias - (mean * scale) @ kernel])
    model.get_layer(LOGIT).set_weights(trained.get_layer(LOGIT).get_weights())


def split_at(model: keras.Model, layer: str, end: str = LOGIT) -> tuple[keras.Model, keras.Model]:
    """Cut the flat graph after `layer`: (images -> its activations, activations -> output of the layer `end`).

    Both models share their weights with `model`.
    """
    activations = model.get_layer(layer).output
    below = keras.Model(model.input, activations)
    above = keras.Model(activations, model.get_layer(end).output, name=model.name)
    return below, above


def bare(model: keras.Model) -> keras.Model:
    """Return `model` as a new object with the same layers, without its optimizer, whose state would triple the file."""
    return keras.Model(model.input, model.output, name=model.name)

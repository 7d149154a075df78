"""The three networks, each one flat graph from an image in [0, 1] to the probability of malignancy.

Flat (`input_tensor=`, never a model nested as a layer) means that every layer can be reached by name, so
Grad-CAM and the cut between a frozen and a trained part are one function for all three.
"""

import contextlib
import hashlib
import io
import warnings
from collections.abc import Callable

import keras
import numpy as np
from keras import applications, layers

from lesion import config, store
from lesion.errors import LesionError

POOLING = "pooling"  # the global average pooling: what enters it is what Grad-CAM explains
STANDARDISED = "standardised"  # between pooling and head, in training only
LOGIT = "logit"  # the last linear output, before the sigmoid
PROBABILITY = "probability"


def build_scratch(size: int, weights: str | None = None) -> keras.Model:
    """Build the CNN trained from scratch: 618,017 parameters, 616,609 of them trainable.

    `weights` is there because all builders are called alike; there is nothing to load.
    """
    image = keras.Input((size, size, config.CHANNELS), name="image")
    x = image
    for block, (filters, convolutions, dropout) in enumerate(
        [(32, 2, 0.25), (64, 2, 0.25), (128, 2, 0.30), (256, 1, 0.35)], start=1
    ):
        for number in range(1, convolutions + 1):
            x = layers.Conv2D(filters, 3, padding="same", name=f"block{block}_conv{number}")(x)
            x = layers.BatchNormalization(momentum=config.RANDOM_BATCHNORM_MOMENTUM, name=f"block{block}_bn{number}")(x)
            x = layers.ReLU(name=f"block{block}_relu{number}")(x)
        x = layers.MaxPooling2D(2, name=f"block{block}_pool")(x)
        x = layers.Dropout(dropout, name=f"block{block}_dropout")(x)
    x = layers.GlobalAveragePooling2D(name=POOLING)(x)
    return keras.Model(image, _classify(x), name="scratch")


def build_mobilenet(size: int, weights: str | None) -> keras.Model:
    """Build MobileNetV2 with the transfer head; its own scaling turns [0, 1] into [-1, 1]."""
    return _transfer("mobilenet", applications.MobileNetV2, layers.Rescaling(2.0, -1.0, name="scale"), size, weights)


def build_efficientnet(size: int, weights: str | None) -> keras.Model:
    """Build EfficientNetB0 with the transfer head; its own scaling turns [0, 1] into [0, 255]."""
    return _transfer("efficientnet", applications.EfficientNetB0, layers.Rescaling(255.0, name="scale"), size, weights)


MODELS: dict[str, Callable[[int, str | None], keras.Model]] = {
    "scratch": build_scratch,
    "mobilenet": build_mobilenet,
    "efficientnet": build_efficientnet,
}


def build(name: str, size: int, weights: str | None = None) -> keras.Model:
    """Build the model `name` for float32 RGB images N×size×size×3 in [0, 1]; its output is N×1 in [0, 1].

    `weights` is None for random ones, "imagenet", or a `.weights.h5` file of the backbone without top.
    Raises LesionError for an unknown name, and for a file that does not fit the backbone.
    """
    if name not in MODELS:
        raise LesionError(f"unknown model {name!r}: take one of {', '.join(MODELS)}")
    return MODELS[name](size, weights)


def _transfer(
    name: str, application: Callable[..., keras.Model], scale: layers.Layer, size: int, weights: str | None
) -> keras.Model:
    image = keras.Input((size, size, config.CHANNELS), name="image")
    try:
        # What Keras prints and warns of meanwhile says less than the error that is raised in the end.
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            backbone = application(
                include_top=False, weights=weights, input_tensor=scale(image), input_shape=image.shape[1:]
            )
    except Exception as error:  # a failed download raises a bare Exception
        if weights is None or store.is_disk_full(error):
            raise
        reason = str(error).strip().splitlines()[0]
        raise LesionError(f"{name} cannot start from {weights}: {reason}; give other weights with --weights") from None
    if weights is None:
        for layer in batch_normalizations(backbone):
            layer.momentum = config.RANDOM_BATCHNORM_MOMENTUM
    else:
        _silence_dropout(backbone)
    x = layers.GlobalAveragePooling2D(name=POOLING)(backbone.output)
    x = layers.Dropout(0.3, name="head_dropout")(x)
    return keras.Model(image, _classify(x), name=name)


def _classify(x: keras.KerasTensor) -> keras.KerasTensor:
    """Add the layers all three models end in; the sigmoid apart, so that the logit has a layer of its own."""
    x = layers.Dense(128, activation="relu", name="dense")(x)
    x = layers.Dropout(0.5, name="dropout")(x)
    x = layers.Dense(1, name=LOGIT, dtype="float32")(x)  # also where the layers below compute in half precision
    return layers.Activation("sigmoid", name=PROBABILITY, dtype="float32")(x)


def _silence_dropout(backbone: keras.Model) -> None:
    """Turn off the dropout inside a pretrained backbone.

    A frozen backbone is to compute the same features in training as in prediction, as if it were called
    with `training=False`; `trainable = False` does that for batch normalisation but not for dropout.
    """
    for layer in backbone.layers:
        if isinstance(layer, layers.Dropout):
            layer.rate = 0.0


def batch_normalizations(model: keras.Model) -> list[layers.BatchNormalization]:
    """Return the batch normalisation layers of `model`."""
    return [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]


def freeze_backbone(model: keras.Model, tuned_share: float = 0.0) -> None:
    """Make the head trainable and of the backbone its last `tuned_share` (0 to 1) of layers.

    Batch normalisation in the backbone is frozen throughout: Keras then runs it in inference mode.
    """
    backbone = _backbone(model)
    first_tuned = round(len(backbone) * (1 - tuned_share))
    for position, layer in enumerate(backbone):
        layer.trainable = position >= first_tuned and not isinstance(layer, layers.BatchNormalization)


def last_frozen(model: keras.Model) -> str:
    """Name the layer at which to cut `model`, as it is frozen now: nothing below changes in training.

    It is the pooling where the whole backbone is frozen; else the last layer below the first trained one whose
    output is all that the layers above need, since residual blocks and gates reach past their neighbours.
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
    names = [layer.name for layer in model.layers]
    return model.layers[: names.index(POOLING)]


def in_half_precision(model: keras.Model) -> keras.Model:
    """Return a copy of `model`, one of MODELS, that computes in bfloat16; its weights and output stay float32."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        copy = build(model.name, model.input_shape[1])
    finally:
        keras.config.set_dtype_policy(before)
    copy.set_weights(model.get_weights())
    return copy


def standardise(model: keras.Model) -> keras.Model:
    """Return `model` for training: what its global pooling gives is standardised before it enters the head.

    Pooled features of a pretrained backbone differ up to a thousandfold in scale from channel to channel
    (EfficientNetB0), and a head on them learns slowly. The backbone is shared with `model`, the head is a copy;
    `fold` brings what it learns back, so that the finished model has no layer more.
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
    """Give the head of `model` what `trained`, made of it by `standardise`, has learned.

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

    Both parts share their weights with `model`.
    """
    activations = model.get_layer(layer).output
    below = keras.Model(model.input, activations)
    above = keras.Model(activations, model.get_layer(end).output, name=model.name)
    return below, above


def bare(model: keras.Model) -> keras.Model:
    """Return `model` without its optimizer, whose moments would triple the size of the file."""
    return keras.Model(model.input, model.output, name=model.name)


def digest(model: keras.Model) -> str:
    """Return 16 hex digits of the SHA-256 over all weights, in the model's order."""
    sha = hashlib.sha256()
    for value in model.get_weights():
        sha.update(value.tobytes())
    return sha.hexdigest()[:16]


def parameters(model: keras.Model) -> dict[str, int]:
    """Return the number of parameters, `total` and `trainable` as `model` now stands."""
    return {"total": model.count_params(), "trainable": trainable_parameters(model)}


def trainable_parameters(model: keras.Model) -> int:
    """Return how many numbers training may change as `model` now stands."""
    return sum(int(weight.shape.num_elements()) for weight in model.trainable_weights)

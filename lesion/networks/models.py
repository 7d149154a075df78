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
from keras import applications, layers

from lesion import config, store
from lesion.errors import LesionError

POOLING = "pooling"  # the global average pooling: what enters it is what Grad-CAM explains
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
            x = layers.BatchNormalization(
                momentum=config.TRAINING.random_batchnorm_momentum, name=f"block{block}_bn{number}"
            )(x)
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
            layer.momentum = config.TRAINING.random_batchnorm_momentum
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

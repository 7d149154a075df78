"""The networks, each one flat graph from an image in [0, 1] to the probability of malignancy.

Flat (`input_tensor=`, never a model nested as a layer) means that every layer can be reached by name, so
Grad-CAM and the cut between frozen and trained layers are one function for all networks.
"""

import contextlib
import hashlib
import io
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

import keras
import tensorflow as tf
from keras import applications, layers

from lesion import config, store
from lesion.errors import LesionError
from lesion.records.training import Parameters
from lesion.runs import Run

POOLING = "pooling"  # the global average pooling: what enters it is what Grad-CAM explains
LOGIT = "logit"  # the last linear output, before the sigmoid
PROBABILITY = "probability"
# Of the CNN from scratch, for each block: filters, convolutions, dropout.
SCRATCH_BLOCKS = ((32, 2, 0.25), (64, 2, 0.25), (128, 2, 0.30), (256, 1, 0.35))


def build_scratch(size: int, weights: str | None = None) -> keras.Model:
    """Build the CNN trained from scratch: 618,017 parameters, 616,609 of them trainable.

    `weights` is ignored; it is there because all builders are called in the same way.
    """
    image = keras.Input((size, size, config.CHANNELS), name="image")
    x = image
    for block, (filters, convolutions, dropout) in enumerate(SCRATCH_BLOCKS, start=1):
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


def build_mobilenet(size: int, weights: str | None = None) -> keras.Model:
    """Build MobileNetV2 with the transfer head; its first layer scales [0, 1] to [-1, 1]."""
    return _transfer("mobilenet", applications.MobileNetV2, layers.Rescaling(2.0, -1.0, name="scale"), size, weights)


def build_efficientnet(size: int, weights: str | None = None) -> keras.Model:
    """Build EfficientNetB0 with the transfer head; its first layer scales [0, 1] to [0, 255]."""
    return _transfer("efficientnet", applications.EfficientNetB0, layers.Rescaling(255.0, name="scale"), size, weights)


# Name in config.NETWORKS -> function from (image size, weights) to the model; see `build`.
BUILDERS: dict[str, Callable[[int, str | None], keras.Model]] = {
    "scratch": build_scratch,
    "mobilenet": build_mobilenet,
    "efficientnet": build_efficientnet,
}


def require_same_names(builders: Iterable[str], registry: Iterable[str]) -> None:
    """Raise RuntimeError that names the difference unless each network has both a builder and an entry."""
    difference = set(builders) ^ set(registry)
    if difference:
        raise RuntimeError(
            f"a network needs an entry in config.NETWORKS and a builder in models.BUILDERS: "
            f"{', '.join(sorted(difference))} has only one of them"
        )


require_same_names(BUILDERS, config.NETWORKS)


def build(name: str, size: int, weights: str | None = None) -> keras.Model:
    """Build the model `name` for float32 RGB images N×size×size×3 in [0, 1]; its output is N×1 in [0, 1].

    `weights` is None for random ones, "imagenet", or a `.weights.h5` file of the backbone without top.
    Raises LesionError if the name is unknown, or if the file does not fit the backbone.
    """
    if name not in BUILDERS:
        raise LesionError(f"unknown model {name!r}: take one of {', '.join(BUILDERS)}")
    return BUILDERS[name](size, weights)


def _transfer(
    name: str, application: Callable[..., keras.Model], scale: layers.Layer, size: int, weights: str | None
) -> keras.Model:
    image = keras.Input((size, size, config.CHANNELS), name="image")
    backbone = _backbone(name, application, scale(image), image.shape[1:], weights)
    if weights is None:
        for layer in batch_normalizations(backbone):
            layer.momentum = config.TRAINING.random_batchnorm_momentum
    _silence_dropout(backbone)
    x = layers.GlobalAveragePooling2D(name=POOLING)(backbone.output)
    x = layers.Dropout(0.3, name="head_dropout")(x)
    return keras.Model(image, _classify(x), name=name)


def _backbone(
    name: str,
    application: Callable[..., keras.Model],
    scaled: keras.KerasTensor,
    shape: tuple[int, ...],
    weights: str | None,
) -> keras.Model:
    """Build a backbone of Keras on top of the scaled image; raises LesionError if it cannot start from `weights`."""
    try:
        # The error raised in the end says more than what Keras prints and warns of before it.
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            return application(include_top=False, weights=weights, input_tensor=scaled, input_shape=shape)
    except Exception as error:  # a failed download raises a bare Exception
        if weights is None or store.is_disk_full(error):
            raise
        reason = str(error).strip().splitlines()[0]
        raise LesionError(f"{name} cannot start from {weights}: {reason}; give other weights with --weights") from None


def _classify(x: keras.KerasTensor) -> keras.KerasTensor:
    """Add the last layers of all networks; the sigmoid is apart, so that the logit has a layer of its own."""
    x = layers.Dense(128, activation="relu", name="dense")(x)
    x = layers.Dropout(0.5, name="dropout")(x)
    x = layers.Dense(1, name=LOGIT, dtype="float32")(x)  # also if the layers below compute in half precision
    return layers.Activation("sigmoid", name=PROBABILITY, dtype="float32")(x)


def _silence_dropout(backbone: keras.Model) -> None:
    """Turn off the dropout inside a backbone.

    A frozen backbone is to compute the same features in training as in prediction, as if it were called
    with `training=False`; `trainable = False` does that for batch normalisation but not for dropout. From random
    weights EfficientNetB0 learns too slowly for the few epochs of a small run while whole blocks are left out.
    """
    for layer in backbone.layers:
        if isinstance(layer, layers.Dropout):
            layer.rate = 0.0


def batch_normalizations(model: keras.Model) -> list[layers.BatchNormalization]:
    """Return the batch normalisation layers of `model`."""
    return [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]


class FusedNormalization(layers.BatchNormalization):
    """Batch normalisation of maps by one operation in training; that of Keras is a dozen, all in float32.

    Each of the dozen reads and writes all maps of a batch, which no cache holds: at 224 × 224 pixels it takes a third
    of a training step of the CNN from scratch.
    """

    def call(self, inputs: tf.Tensor, training: bool | None = None, mask: tf.Tensor | None = None) -> tf.Tensor:
        """Return the normalised maps (B×h×w×channels), and move the averages in training as Keras does."""
        if self.synchronized or not (training and self.trainable):  # the operation sees one replica's share alone
            return super().call(inputs, training, mask)
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs, scale=self.gamma, offset=self.beta, mean=[], variance=[], epsilon=self.epsilon
        )
        count = tf.cast(tf.reduce_prod(tf.shape(inputs)[:-1]), variance.dtype)
        variance *= (count - 1) / count  # TensorFlow estimates that of all images, Keras keeps that of the batch
        for moving, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + value * (1 - self.momentum))
        return outputs


def for_training(model: keras.Model, half_precision: bool = False) -> keras.Model:
    """Return a copy of `model` that computes the same and is faster to train, if all its layers are.

    In half precision it computes in bfloat16; its weights and output stay float32.
    """

    def copied(layer: layers.Layer) -> layers.Layer:
        settings = layer.get_config()
        if half_precision and layer.name not in (LOGIT, PROBABILITY):
            settings["dtype"] = "mixed_bfloat16"
        kind = FusedNormalization if type(layer) is layers.BatchNormalization else type(layer)
        return kind.from_config(settings)

    copy = keras.models.clone_model(model, clone_function=copied)
    copy.set_weights(model.get_weights())
    return copy


def load(path: Path) -> keras.Model:
    """Load a finished model; raises LesionError if it is not the one that was trained, or cannot be read."""
    run = Run(path.parent.name)
    store.require_intact(run.manifest, [path.name], run.command, read=True)
    try:
        return keras.models.load_model(path, compile=False)
    except MemoryError:
        raise
    except Exception as error:  # of Keras, or of any library that it reads with
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise LesionError(f"{store.shown(path)} cannot be read ({reason}): run `{run.command} --force`") from None


def digest(model: keras.Model) -> str:
    """Return 16 hex digits of the SHA-256 over all weights, in the model's order."""
    sha = hashlib.sha256()
    for value in model.get_weights():
        sha.update(value.tobytes())
    return sha.hexdigest()[:16]


def parameters(model: keras.Model) -> Parameters:
    """Return the number of parameters of `model`, in all and those that are trainable now."""
    return Parameters(total=model.count_params(), trainable=trainable_parameters(model))


def trainable_parameters(model: keras.Model) -> int:
    """Return the number of parameters that are trainable now."""
    return sum(int(weight.shape.num_elements()) for weight in model.trainable_weights)

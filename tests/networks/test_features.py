"""The means of a layer's channels over the image."""

import weakref

import keras
import numpy as np
import pytest
from keras import layers

from lesion import config
from lesion.networks import features, models, training


def small_model(size=32):
    """Build a model whose layers halve the image, one after the other; the first gives the means of the colours."""
    keras.utils.set_random_seed(0)
    image = keras.Input((size, size, 3), name="image")
    x = layers.AveragePooling2D(2, name="two")(image)
    x = layers.AveragePooling2D(2, name="four")(x)
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="convolution")(x)
    x = layers.GlobalAveragePooling2D(name=models.POOLING)(x)
    x = layers.Dense(1, name=models.LOGIT)(x)
    return keras.Model(image, layers.Activation("sigmoid", name=models.PROBABILITY)(x), name="small")


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (70, 32, 32, 3), np.uint8)


def test_the_judged_layer_is_the_last_of_its_stride_or_the_one_before_the_pooling():
    names = {stride: features.judged_layer(small_model(), stride).name for stride in (2, 4, 8)}
    assert names == {2: "two", 4: "convolution", 8: "convolution"}
    assert features.judged_layer(small_model(30), 4).name == "convolution"  # 30 / 4 fields, rounded down


@pytest.mark.parametrize("name", ["scratch", "mobilenet", "efficientnet"])
@pytest.mark.parametrize("size", [32, 65])
def test_every_network_has_a_layer_of_the_stride_that_is_judged(name, size):
    layer = features.judged_layer(models.build(name, size), config.UNLIKE.stride)
    assert layer.output.shape[1] in (size // 4, -(-size // 4))


def test_features_are_the_means_of_the_channels_in_the_order_of_the_rows(images):
    rows = np.array([69, 3, 5])
    means = features.features(small_model(), 2, images, rows)
    assert means == pytest.approx(images[rows].mean(axis=(1, 2)) / 255, abs=1e-6)
    assert means.dtype == np.float32


def test_one_pass_gives_the_probabilities_of_all_views_and_the_features_of_the_plain_one(images):
    model = small_model()
    rows = np.arange(70)
    probabilities, means = features.predict(model, 2, images, rows, sides=4)
    assert probabilities == pytest.approx(training.predict(model, images, rows, sides=4), abs=1e-6)
    assert means == pytest.approx(features.features(model, 2, images, rows), abs=1e-6)


def test_a_few_images_at_a_time_get_the_same_and_do_not_stay_in_memory(images):
    model = small_model()
    probabilities, means = features.predict(model, 2, images, np.arange(70), sides=4)
    few = images.copy()
    of_few = features.predict_few(features.judging(model, 2), few, sides=4)
    assert of_few[0] == pytest.approx(probabilities, abs=1e-6) and of_few[1] == pytest.approx(means, abs=1e-6)
    alive = weakref.ref(few)
    del few
    assert alive() is None

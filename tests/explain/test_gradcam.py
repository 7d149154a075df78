import keras
import numpy as np
import pytest
from keras import layers

from lesion.explain import gradcam
from lesion.networks import models

SIZE = 8


def small_model(kernel, bias):
    """Build a model whose logit is worked out by hand: the mean over the image of each colour times `kernel`."""
    image = keras.Input((SIZE, SIZE, 3), name="image")
    x = layers.Activation("linear", name="features")(image)
    x = layers.GlobalAveragePooling2D(name=models.POOLING)(x)
    x = layers.Dense(1, name=models.LOGIT)(x)
    model = keras.Model(image, layers.Activation("sigmoid", name="probability")(x))
    model.get_layer(models.LOGIT).set_weights([np.array(kernel, np.float32).reshape(3, 1), np.array([bias])])
    return model


def red_corner():
    image = np.zeros((1, SIZE, SIZE, 3), np.uint8)
    image[0, :2, :2, 0] = 255
    return image


def test_the_map_shows_the_evidence_in_units_of_the_logit():
    model = small_model(kernel=[64.0, 0, 0], bias=-1.0)
    (explained,) = gradcam.Explainer(model).explain(red_corner(), np.array([0]))
    # 4 of 64 pixels are red: mean red 1/16, so the logit is 64 / 16 - 1 = 3
    assert explained.logit == pytest.approx(3.0, abs=1e-5)
    assert explained.probability == pytest.approx(1 / (1 + np.exp(-3.0)), abs=1e-6)
    assert explained.malignant
    assert explained.peak == pytest.approx(64.0)
    expected = np.zeros((SIZE, SIZE))
    expected[:2, :2] = 1
    assert explained.heat == pytest.approx(expected)


def test_a_benign_verdict_is_explained_by_what_speaks_for_benign():
    model = small_model(kernel=[-64.0, 0, 0], bias=1.0)
    (explained,) = gradcam.Explainer(model).explain(red_corner(), np.array([0]))
    assert explained.logit == pytest.approx(-3.0, abs=1e-5)
    assert not explained.malignant
    assert explained.heat[0, 0] == pytest.approx(1.0)
    assert explained.heat[5, 5] == 0


def test_a_saturated_probability_is_still_explained():
    model = small_model(kernel=[64_000.0, 0, 0], bias=0.0)
    (explained,) = gradcam.Explainer(model).explain(red_corner(), np.array([0]))
    assert explained.probability == 1.0
    assert explained.heat[0, 0] == pytest.approx(1.0)


def test_no_evidence_is_an_empty_map():
    model = small_model(kernel=[-64.0, 0, 0], bias=9.0)  # malignant in spite of all that is seen
    (explained,) = gradcam.Explainer(model).explain(red_corner(), np.array([0]))
    assert explained.malignant
    assert explained.empty
    assert not explained.heat.any()


def test_a_flat_map_is_not_stretched_to_full_range():
    images = np.full((1, SIZE, SIZE, 3), 200, np.uint8)
    images[0, 0, 0] = 198
    (explained,) = gradcam.Explainer(small_model([1.0, 0, 0], 0.0)).explain(images, np.array([0]))
    assert explained.heat.min() > 0.95


@pytest.mark.parametrize("name", models.BUILDERS)
def test_every_network_is_explained_in_batches_and_in_order(name):
    keras.utils.set_random_seed(1)
    model = models.build(name, 32)
    images = np.random.default_rng(0).integers(0, 256, (70, 32, 32, 3), np.uint8)
    rows = np.arange(70)[::-1]
    explained = list(gradcam.Explainer(model).explain(images, rows))
    expected = model.predict(images[rows] / np.float32(255), verbose=0)[:, 0]
    assert [one.probability for one in explained] == pytest.approx(expected, abs=1e-5)
    for one in explained:
        assert one.heat.shape == (32, 32)
        assert one.empty or one.heat.max() == pytest.approx(1.0, abs=0.05)


def test_the_overlay_leaves_the_photograph_alone_where_there_is_no_evidence():
    image = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), np.uint8)
    heat = np.zeros((SIZE, SIZE), np.float32)
    heat[:2] = 1
    laid = gradcam.overlay(image, heat)
    assert (laid[2:] == image[2:]).all()
    assert (laid[:2] != image[:2]).any()
    assert (gradcam.picture(np.zeros((SIZE, SIZE))).max(axis=2) < 10).all()

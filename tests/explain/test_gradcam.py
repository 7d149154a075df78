import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from random_weights import with_random_weights

from lesion.explain import gradcam
from lesion.explain.mapper import Mapper
from lesion.networks import models, surgery

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
    (explained,) = Mapper(model, []).explain(red_corner(), np.array([0]))
    # 4 of 64 pixels are red: mean red 1/16, so the logit is 64 / 16 - 1 = 3
    assert explained.logit == pytest.approx(3.0, abs=1e-5)
    assert explained.probability == pytest.approx(1 / (1 + np.exp(-3.0)), abs=1e-6)
    assert explained.malignant
    assert explained.peak == pytest.approx(64.0)
    expected = np.zeros((SIZE, SIZE), np.uint8)
    expected[:2, :2] = 255
    assert (explained.fields == expected).all()


def test_a_benign_verdict_is_explained_by_what_speaks_for_benign():
    model = small_model(kernel=[-64.0, 0, 0], bias=1.0)
    (explained,) = Mapper(model, []).explain(red_corner(), np.array([0]))
    assert explained.logit == pytest.approx(-3.0, abs=1e-5)
    assert not explained.malignant
    assert explained.fields[0, 0] == 255
    assert explained.fields[5, 5] == 0


def test_a_saturated_probability_is_still_explained():
    model = small_model(kernel=[64_000.0, 0, 0], bias=0.0)
    (explained,) = Mapper(model, []).explain(red_corner(), np.array([0]))
    assert explained.probability == 1.0
    assert explained.fields[0, 0] == 255


def test_no_evidence_is_an_empty_map():
    model = small_model(kernel=[-64.0, 0, 0], bias=9.0)  # malignant in spite of all that is seen
    (explained,) = Mapper(model, []).explain(red_corner(), np.array([0]))
    assert explained.malignant
    assert not explained.fields.any()
    assert not explained.fields.any()


def test_a_flat_map_is_not_stretched_to_full_range():
    images = np.full((1, SIZE, SIZE, 3), 200, np.uint8)
    images[0, 0, 0] = 198
    (explained,) = Mapper(small_model([1.0, 0, 0], 0.0), []).explain(images, np.array([0]))
    assert explained.fields.min() > 0.95 * 255


@pytest.mark.parametrize("name", models.BUILDERS)
def test_every_network_is_explained_in_batches_and_in_order(name):
    keras.utils.set_random_seed(1)
    model = models.build(name, 32)
    images = np.random.default_rng(0).integers(0, 256, (70, 32, 32, 3), np.uint8)
    rows = np.arange(70)[::-1]
    explained = list(Mapper(model, []).explain(images, rows))
    expected = model.predict(images[rows] / np.float32(255), verbose=0)[:, 0]
    assert [one.probability for one in explained] == pytest.approx(expected, abs=1e-5)
    for one in explained:
        assert one.fields.shape == gradcam.explained_layer(model).output.shape[1:3]
        assert one.fields.dtype == np.uint8
        assert not one.fields.any() or one.fields.max() == 255


def by_gradient(model, features):
    """Return the logits, and the maps as the paper has them: from the gradient, here its sum over a channel."""
    _, above = surgery.split_at(model, gradcam.explained_layer(model).name)
    with tf.GradientTape() as tape:
        tape.watch(features)
        logits = above(features, training=False)[:, 0]
        target = tf.reduce_sum(tf.abs(logits))  # +logit for malignant, -logit for benign, at the threshold 0.5
    weights = tf.reduce_sum(tape.gradient(target, features), axis=(1, 2), keepdims=True)
    return logits.numpy(), tf.nn.relu(tf.reduce_sum(weights * features, axis=-1)).numpy()


@pytest.mark.parametrize("name", models.BUILDERS)
def test_the_formula_gives_what_the_gradient_gives(name):
    batch = np.random.default_rng(0).random((6, 64, 64, 3), np.float32)
    model = with_random_weights(name, batch)
    below, _ = surgery.split_at(model, gradcam.explained_layer(model).name)
    features = below(batch, training=False)
    expected_logits, expected = by_gradient(model, features)
    logits, evidence, _ = (each.numpy() for each in gradcam.evidence(features, gradcam.dense_layers(model)))
    assert logits == pytest.approx(expected_logits, rel=1e-5, abs=1e-6)
    assert (expected.max(axis=(1, 2)) > 0.01).all(), "every image is explained"
    assert np.abs(evidence - expected).max() <= 1e-6 * expected.max()


def test_units_that_are_not_active_carry_no_evidence():
    first, last = layers.Dense(2, activation="relu"), layers.Dense(1)
    first.build((None, 3))
    last.build((None, 2))
    first.set_weights([np.array([[1.0, 2], [3, -4], [5, 6]]), np.array([0.0, -10])])
    last.set_weights([np.array([[7.0], [8]]), np.array([0.5])])
    logits, weights = gradcam.channel_weights(tf.constant([[1.0, 1, 0], [1, 0, 2]]), [first, last])
    # units before ReLU: (4, -12), then (11, 4)
    assert logits.numpy().tolist() == [28.5, 109.5]
    assert weights.numpy().tolist() == [[7, 21, 35], [23, -11, 83]]


def test_a_head_of_other_layers_is_refused():
    image = keras.Input((SIZE, SIZE, 3))
    x = layers.GlobalAveragePooling2D(name=models.POOLING)(image)
    x = layers.Dense(4, activation="tanh")(x)
    model = keras.Model(image, layers.Dense(1, name=models.LOGIT)(x), name="other")
    with pytest.raises(ValueError, match="the head of other"):
        Mapper(model, [])


def test_the_overlay_keeps_the_picture_where_the_evidence_is_and_darkens_the_rest():
    image = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), np.uint8)
    lit = gradcam.overlay(image, np.array([[255, 0], [0, 0]], np.uint8))
    half = SIZE // 2
    assert lit.shape == image.shape and lit.dtype == np.uint8
    assert (lit[:half, :half] == image[:half, :half]).all()
    rest = np.ones((SIZE, SIZE), bool)
    rest[:half, :half] = False
    assert (lit[rest].max(axis=-1) == lit[rest].min(axis=-1)).all(), "grey: no colour that is not the lesion's"
    brightness = image @ [0.299, 0.587, 0.114]  # of ITU-R BT.601
    assert lit[rest][:, 0] == pytest.approx(0.42 * brightness[rest], abs=1)


def test_fields_are_shown_as_fields():
    white = np.full((6, 6, 3), 255, np.uint8)
    lit = gradcam.overlay(white, np.array([[0, 51], [102, 255]], np.uint8))[..., 0]
    # grey of 0.42 × 255 = 107.1 without evidence; a fifth of the evidence takes a fifth of the way to 255
    expected = np.kron([[107, 137], [166, 255]], np.ones((3, 3)))
    assert (lit == expected).all()


def test_an_empty_map_leaves_no_light():
    image = np.full((SIZE, SIZE, 3), (200, 100, 50), np.uint8)
    lit = gradcam.overlay(image, np.zeros((2, 2), np.uint8))
    assert len(np.unique(lit)) == 1 and lit.max() < 60

import keras
import numpy as np
import pytest
from keras import layers

from lesion.explain import gradcam
from lesion.networks import models, surgery

SIZE = 64


@pytest.fixture(scope="module")
def built():
    keras.utils.set_random_seed(0)
    return {name: models.build(name, SIZE) for name in models.BUILDERS}


@pytest.mark.parametrize("name", models.BUILDERS)
def test_the_two_parts_of_a_cut_give_what_the_whole_gives(built, name):
    below, above = surgery.split_at(built[name], gradcam.explained_layer(built[name]).name)
    images = np.random.default_rng(1).random((2, SIZE, SIZE, 3), np.float32)
    logits = above(below(images, training=False), training=False).numpy()
    whole = built[name](images, training=False).numpy()
    assert 1 / (1 + np.exp(-logits)) == pytest.approx(whole, abs=1e-6)


@pytest.mark.parametrize("name", ["mobilenet", "efficientnet"])
def test_freezing_leaves_the_head_then_the_last_quarter_without_batch_normalization(name):
    model = models.build(name, SIZE)
    surgery.freeze_backbone(model)
    # head: Dense 1280 × 128 + 128 and Dense 128 + 1
    assert models.trainable_parameters(model) == 1280 * 128 + 128 + 129
    surgery.freeze_backbone(model, tuned_share=0.25)
    backbone = model.layers[: [layer.name for layer in model.layers].index(models.POOLING)]
    trainable = [layer.trainable for layer in backbone if layer.weights]
    assert not any(layer.trainable for layer in models.batch_normalizations(model))
    assert not any(trainable[: len(trainable) // 2])
    assert any(trainable[-5:])


def test_a_frozen_pretrained_backbone_computes_the_same_in_training(tmp_path):
    backbone = keras.applications.EfficientNetB0(include_top=False, weights=None, input_shape=(SIZE, SIZE, 3))
    file = tmp_path / "efficientnetb0_notop.weights.h5"
    backbone.save_weights(file)
    model = models.build("efficientnet", SIZE, str(file))
    surgery.freeze_backbone(model)
    below, _ = surgery.split_at(model, gradcam.explained_layer(model).name)
    images = np.random.default_rng(2).random((2, SIZE, SIZE, 3), np.float32)
    expected = backbone(images * 255, training=False).numpy()
    assert below(images, training=True).numpy() == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("name", ["mobilenet", "efficientnet"])
@pytest.mark.parametrize("tuned_share", [0.0, 0.25, 0.5])
def test_nothing_below_the_cut_is_trained_and_the_parts_are_the_whole(built, name, tuned_share):
    model = built[name]
    surgery.freeze_backbone(model, tuned_share)
    cut = surgery.last_frozen(model)
    assert (cut == models.POOLING) == (tuned_share == 0)
    below, above = surgery.split_at(model, cut, models.PROBABILITY)
    assert models.trainable_parameters(below) == 0
    assert models.trainable_parameters(above) == models.trainable_parameters(model)
    images = np.random.default_rng(1).random((2, SIZE, SIZE, 3), np.float32)
    parts = above(below(images, training=False), training=False).numpy()
    assert parts == pytest.approx(model(images, training=False).numpy(), abs=1e-6)


def test_what_a_standardised_model_learned_folds_into_the_plain_one():
    image = keras.Input((8, 8, 3))
    x = layers.GlobalAveragePooling2D(name=models.POOLING)(layers.Conv2D(6, 3, activation="relu")(image))
    x = layers.Dense(4, activation="relu", name="dense")(layers.Dropout(0.3)(x))
    x = layers.Dense(1, name=models.LOGIT)(x)
    model = keras.Model(image, layers.Activation("sigmoid")(x))
    trained = surgery.standardise(model)
    random = np.random.default_rng(0)
    for name in (surgery.STANDARDISED, "dense", models.LOGIT):  # as if it had learned something
        layer = trained.get_layer(name)
        layer.set_weights([random.random(weight.shape) + 0.1 for weight in layer.get_weights()])
    surgery.fold(trained, model)
    images = random.random((8, 8, 8, 3)).astype(np.float32) * np.linspace(0, 20, 8)[:, None, None, None]
    expected = trained(images, training=False).numpy()
    assert np.ptp(expected) > 0.1
    assert model(images, training=False).numpy() == pytest.approx(expected, abs=1e-5)
    assert surgery.STANDARDISED not in [layer.name for layer in model.layers]

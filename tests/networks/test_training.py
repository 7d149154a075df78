"""Training of a small model on images whose class one channel tells."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from lesion import config
from lesion.errors import LesionError
from lesion.networks import models, training
from lesion.networks.training import Phase
from lesion.prepared import PreparedData
from lesion.records.training import TrainingSettings, WeightsRecord

SIZE = 8
SETTINGS = TrainingSettings(
    model="small",
    weights="none",
    epochs=12,
    tune_epochs=6,
    batch_size=16,
    plateau_patience=2,
    learning_rate=1e-3,
    views=0,
    seed=0,
    tune_learning_rate=None,
    half_precision=False,
)


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    """Enter the models of this module, which have no weight files, as networks."""
    for name in ("small", "efficient"):
        network = config.Network(title=name, colour="#000", dark_colour="#fff", line="-", marker="o")
        monkeypatch.setitem(config.NETWORKS, name, network)


@pytest.fixture
def data():
    random = np.random.default_rng(0)
    labels = np.arange(80, dtype=np.int8) % 2
    images = random.integers(0, 200, (80, SIZE, SIZE, 3), np.uint8)
    images[labels == 1, ..., 0] += 55
    splits = np.array(["train"] * 48 + ["validation"] * 16 + ["test"] * 16)
    unread = [np.zeros(80)] * 5  # ages, sexes, sites, cropped, cleaned shares
    return PreparedData(images, np.arange(80), labels, splits, np.arange(80), *unread, None, fingerprint="80 images")


def small_model():
    keras.utils.set_random_seed(0)
    image = keras.Input((SIZE, SIZE, 3), name="image")
    x = layers.Conv2D(4, 3, name="convolution")(image)
    x = layers.BatchNormalization(name="normalization", momentum=0.5)(x)
    x = layers.Conv2D(4, 3, name="last_convolution")(x)
    x = layers.GlobalAveragePooling2D(name=models.POOLING)(x)
    x = layers.Dense(1, name=models.LOGIT)(x)
    return keras.Model(image, layers.Activation("sigmoid", name=models.PROBABILITY)(x), name="small")


def train(data, folder, phases, model=None, **changes):
    settings = dataclasses.replace(SETTINGS, **changes)
    return training.train(model or small_model(), phases, data, folder / "partial", settings)


def test_pretrained_models_are_first_frozen_and_then_tuned():
    whole = [Phase("whole", 12, 1e-3, 2)]
    assert training.plan(training.NONE_NEEDED, SETTINGS) == whole
    settings = dataclasses.replace(SETTINGS, tune_learning_rate=1e-4)
    assert training.plan(training.RANDOM, settings) == whole
    assert training.plan("ImageNet", settings) == [Phase("frozen", 12, 1e-3, 2), Phase("tune", 6, 1e-4, 2)]
    assert training.plan("ImageNet", dataclasses.replace(settings, tune_epochs=0)) == [Phase("frozen", 12, 1e-3, 2)]
    decaying = dataclasses.replace(settings, head_decay=3.0)
    assert training.plan("ImageNet", decaying) == [Phase("frozen", 12, 1e-3, 2, 3.0), Phase("tune", 6, 1e-4, 2, 0.0)]


@pytest.mark.parametrize(
    ("name", "asked", "used"),
    [("scratch", "imagenet", training.NONE_NEEDED), ("mobilenet", "none", training.RANDOM)],
)
def test_a_model_says_which_weights_it_was_built_with(name, asked, used):
    model, weights = training.build(name, 32, asked)
    assert model.name == name
    assert weights == WeightsRecord(asked=asked, used=used, replaced=None)


def test_only_auto_replaces_weights_that_cannot_be_had_by_random_ones(monkeypatch, capsys):
    build = models.build

    def offline(name, size, weights=None):
        if weights == "imagenet":
            raise LesionError("no network")
        return build(name, size, weights)

    monkeypatch.setattr(models, "build", offline)
    with pytest.raises(LesionError, match="no network"):
        training.build("mobilenet", 32, "imagenet")
    _, weights = training.build("mobilenet", 32, "auto")
    assert (weights.asked, weights.used) == ("auto", training.RANDOM)
    assert weights.replaced in capsys.readouterr().out


def test_both_phases_are_in_the_history_and_the_frozen_one_changes_the_head_alone(data, tmp_path):
    model = small_model()
    before = model.get_layer("convolution").get_weights()[0].copy()
    trained = train(data, tmp_path, [Phase("frozen", 2, 0.01, 2)], model)
    assert (trained.model.get_layer("convolution").get_weights()[0] == before).all()
    trained = train(data, tmp_path / "both", [Phase("frozen", 2, 0.01, 2), Phase("tune", 3, 0.001, 2)])
    assert [epoch.phase for epoch in trained.epochs] == ["frozen"] * 2 + ["tune"] * 3
    assert [epoch.epoch for epoch in trained.epochs] == [1, 2, 3, 4, 5]
    assert [(phase.name, phase.epochs) for phase in trained.phases] == [("frozen", 2), ("tune", 3)]


def test_weight_decay_shrinks_the_weights_and_spares_the_biases(data, tmp_path):
    """The rate is so small that the gradient moves nothing: decay is left, with 3 steps in each of 4 epochs."""
    model = small_model()
    kernel = model.get_layer(models.LOGIT).get_weights()[0]
    model.get_layer(models.LOGIT).set_weights([kernel, np.ones(1)])
    trained = train(data, tmp_path, [Phase("frozen", 4, 1e-6, 9, weight_decay=1e4)], model).model
    shrunk, bias = trained.get_layer(models.LOGIT).get_weights()
    assert shrunk / kernel == pytest.approx(0.99**12, abs=1e-3)
    assert bias == pytest.approx(1, abs=1e-3)


FROZEN_AND_TUNED = [Phase("frozen", 3, 0.05, 2), Phase("tune", 3, 0.05, 2)]
FROZEN_THEN_RUINED = [Phase("frozen", 3, 0.01, 2), Phase("tune", 2, 50.0, 2)]


@pytest.mark.parametrize(
    ("phases", "views"),
    [
        ([Phase("whole", 6, 0.05, 2)], 0),
        (FROZEN_AND_TUNED, 0),
        (FROZEN_AND_TUNED, 2),
        (FROZEN_THEN_RUINED, 0),
        (FROZEN_THEN_RUINED, 2),
    ],
)
def test_the_returned_model_has_the_lowest_validation_loss(data, tmp_path, phases, views):
    trained = train(data, tmp_path, phases, views=views)
    positions, labels = data.of_split("validation")
    probabilities = training.predict(trained.model, data.images, positions)
    loss = -np.mean(np.log(np.where(labels == 1, probabilities, 1 - probabilities)))
    assert loss == pytest.approx(min(epoch.val_loss for epoch in trained.epochs), rel=1e-3)  # half precision


def test_cached_activations_train_only_what_is_above_the_cut(data, tmp_path):
    model = small_model()
    before = {layer.name: layer.get_weights() for layer in model.layers}
    trained = train(data, tmp_path, FROZEN_AND_TUNED, model, views=2)
    assert trained.activations.views == 2
    assert trained.activations.layers == [models.POOLING, "normalization"]
    for layer in model.layers:
        same = all((old == new).all() for old, new in zip(before[layer.name], layer.get_weights(), strict=True))
        assert same == (layer.name not in ("last_convolution", models.LOGIT) or not layer.weights)
    assert train(data, tmp_path / "slow", FROZEN_AND_TUNED).activations is None


def test_a_network_without_frozen_layers_has_no_activations_to_keep(data, tmp_path):
    assert train(data, tmp_path, [Phase("whole", 1, 0.01, 2)], views=2).activations is None
    assert not (tmp_path / "activations").exists()


def test_the_same_seed_trains_the_same_model(data, tmp_path):
    training.make_reproducible(0)
    first = train(data, tmp_path / "a", [Phase("whole", 2, 0.01, 2)])
    second = train(data, tmp_path / "b", [Phase("whole", 2, 0.01, 2)])
    assert models.digest(first.model) == models.digest(second.model)


@pytest.mark.parametrize(("gpus", "deterministic"), [([], [True]), (["GPU:0"], [])])
def test_operations_are_deterministic_on_the_cpu_alone(monkeypatch, gpus, deterministic):
    enabled = []
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: gpus)
    monkeypatch.setattr(tf.config.experimental, "enable_op_determinism", lambda: enabled.append(True))
    training.make_reproducible(0)
    assert enabled == deterministic


def test_a_network_trained_in_half_precision_is_returned_in_single_precision(data, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "computes_bfloat16", lambda: True)
    model = models.build("scratch", 32)
    images = data.images.repeat(4, 1).repeat(4, 2)
    wide = dataclasses.replace(data, images=images, fingerprint="wide")
    before = model.get_weights()
    trained = train(wide, tmp_path, [Phase("whole", 1, 0.001, 2)], model, half_precision=True).model
    assert trained is model
    assert any((old != new).any() for old, new in zip(before, model.get_weights(), strict=True))
    assert all(layer.compute_dtype == "float32" for layer in trained.layers)


def test_a_loss_that_is_no_number_is_an_error_that_says_what_to_do(data, tmp_path):
    model = small_model()
    model.get_layer(models.LOGIT).set_weights([np.full((4, 1), np.nan), np.zeros(1)])
    with pytest.raises(training.Diverged, match="small was never a number: give a smaller --learning-rate"):
        train(data, tmp_path, [Phase("whole", 2, 0.01, 2)], model)


def test_a_model_that_has_not_learned_is_named(data, tmp_path):
    model = small_model()
    model.get_layer(models.LOGIT).set_weights([np.zeros((4, 1)), np.zeros(1)])
    trained = train(data, tmp_path, [Phase("whole", 1, 1e-12, 2)], model)
    assert trained.warnings == [
        "has not learned: the validation loss never fell below 0.693, and guessing has 0.693",
        "collapsed on the validation split: all 16 probabilities are 0.500",
    ]


def as_the_original_fed_it(scale):
    """Return a model of images in [0, 1] that hands them to EfficientNet's first layers times `scale`.

    These divide by 255 and subtract ImageNet's mean. The original work gave them [0, 1], but they expect [0, 255]:
    an image then keeps a 255th of its contrast on the same dark grey, and the frozen layers above (here one
    convolution) compute the same features for all images.
    """
    keras.utils.set_random_seed(0)
    image = keras.Input((SIZE, SIZE, 3), name="image")
    x = layers.Rescaling(scale, name="scale")(image)
    x = layers.Rescaling(1 / 255, name="rescaling")(x)
    x = layers.Normalization(mean=[0.485, 0.456, 0.406], variance=[0.229**2, 0.224**2, 0.225**2], name="imagenet")(x)
    x = layers.Conv2D(8, 3, activation="relu", name="last_convolution")(x)
    x = layers.GlobalAveragePooling2D(name=models.POOLING)(x)
    x = layers.Dense(1, name=models.LOGIT)(x)
    return keras.Model(image, layers.Activation("sigmoid", name=models.PROBABILITY)(x), name="efficient")


def test_a_model_fed_with_wrongly_scaled_images_is_flagged_in_the_end(data, tmp_path):
    phases = [Phase("frozen", 6, 0.1, 9)]
    wrong = train(data, tmp_path / "wrong", phases, as_the_original_fed_it(1.0), views=2)
    assert "has not learned" in wrong.warnings[0] and "all 16 images are called" in wrong.warnings[1]
    assert train(data, tmp_path / "right", phases, as_the_original_fed_it(255.0), views=2).warnings == []

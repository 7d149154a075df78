"""Drawing the weights of a network anew, and what is said of maps that change by it or do not."""

import hashlib

import keras
import numpy as np
import pytest

from lesion.explain import gradcam, sanity
from lesion.networks import batches, models, surgery

SIZE, IMAGES = 32, 30
LABELS, GROUPS = np.arange(IMAGES) % 2, np.arange(IMAGES)


def images():
    return np.random.default_rng(0).integers(0, 256, (16, SIZE, SIZE, 3), np.uint8)


@pytest.fixture(scope="module", params=["scratch", "mobilenet"])
def model(request):
    keras.utils.set_random_seed(1)
    return models.build(request.param, SIZE)


def weights_by_layer(model):
    return {layer.name: [weight.copy() for weight in layer.get_weights()] for layer in model.layers}


def changed_layers(model, before):
    after = weights_by_layer(model)
    return {name for name in before if any((a != b).any() for a, b in zip(before[name], after[name], strict=True))}


def test_the_head_alone_is_drawn_anew_and_given_back(model):
    before, digest = weights_by_layer(model), models.digest(model)
    with sanity.drawn_anew(model, gradcam.dense_layers(model), images(), seed=0):
        assert changed_layers(model, before) == {"dense", models.LOGIT}
        kernel = model.get_layer("dense").get_weights()[0]
        assert kernel.std() == pytest.approx(before["dense"][0].std(), rel=0.1)  # drawn from the same distribution
    assert models.digest(model) == digest


def test_every_kernel_is_drawn_anew_and_given_back(model):
    before, digest = weights_by_layer(model), models.digest(model)
    with sanity.drawn_anew(model, model.layers, images(), seed=0):
        assert changed_layers(model, before) == {name for name, weights in before.items() if weights}
    assert models.digest(model) == digest


def test_a_seed_gives_the_same_weights_each_time(model):
    digests = []
    for seed in (3, 3, 4):
        with sanity.drawn_anew(model, model.layers, images(), seed):
            digests.append(models.digest(model))
    assert digests[0] == digests[1]
    assert digests[0] != digests[2]


@pytest.mark.parametrize("name", ["scratch", "mobilenet"])
def test_nothing_that_normalisation_has_learned_stays(name):
    model = models.build(name, SIZE)
    normalisations = models.batch_normalizations(model)
    for layer in normalisations:
        layer.set_weights([weight + 7 for weight in layer.get_weights()])
    surgery.freeze_backbone(model)
    with sanity.drawn_anew(model, model.layers, images(), seed=0):
        assert all((layer.gamma.numpy() == 1).all() and (layer.beta.numpy() == 0).all() for layer in normalisations)
        below = keras.Model(model.input, normalisations[-1].output)
        signals = below(batches.to_float(images()), training=False).numpy()
    # What comes out has a mean of 0 and a variance of 1, however many layers are below.
    assert signals.mean(axis=(0, 1, 2)) == pytest.approx(0, abs=0.01)
    assert np.median(signals.var(axis=(0, 1, 2))) == pytest.approx(1, abs=0.1)


def test_an_error_leaves_the_network_as_it_was(model):
    digest = models.digest(model)
    with pytest.raises(KeyError), sanity.drawn_anew(model, model.layers, images(), seed=0):
        raise KeyError
    assert models.digest(model) == digest


@pytest.fixture(scope="module")
def small_model():
    keras.utils.set_random_seed(1)
    return models.build("scratch", SIZE)


def some_maps(seed):
    return np.random.default_rng(seed).integers(0, 256, (IMAGES, 4, 4), np.uint8)


def tried(model, map_again):
    return sanity.sanity(model, images(), map_again(), map_again, LABELS, GROUPS)


def test_a_map_that_does_not_depend_on_the_network_is_found_out(small_model):
    result = tried(small_model, lambda: some_maps(0))
    assert result.images == IMAGES
    assert result.head.value == pytest.approx(1)
    assert result.everything.value == pytest.approx(1)
    assert result.complexity.value == pytest.approx(0)
    assert result.other == pytest.approx(0, abs=0.2)


def number_of(layers):
    """Return a number that stands for the weights of `layers`."""
    sha = hashlib.sha256(b"".join(weight.tobytes() for layer in layers for weight in layer.get_weights()))
    return int(sha.hexdigest(), 16)


def test_a_map_that_depends_on_the_features_alone_does_not_see_the_head(small_model):
    below = small_model.layers[: small_model.layers.index(small_model.get_layer(models.POOLING))]
    result = tried(small_model, lambda: some_maps(number_of(below)))
    assert result.head.value == pytest.approx(1)
    assert result.everything.value == pytest.approx(0, abs=0.15)


def test_evidence_that_spreads_is_more_complex(small_model):
    trained = models.digest(small_model)

    def map_again():
        maps = np.zeros((IMAGES, 2, 2), np.uint8)
        maps[:, 0] = 200
        maps[:, 1] = 0 if models.digest(small_model) == trained else 200
        return maps

    # The entropy rises from ln 2 to ln 4: by itself.
    assert tried(small_model, map_again).complexity.value == pytest.approx(1)


def test_empty_maps_say_nothing(small_model):
    result = tried(small_model, lambda: np.zeros((IMAGES, 4, 4), np.uint8))
    assert result.head.value is None
    assert result.complexity.value is None
    assert result.other is None

import numpy as np
import pytest
import tensorflow as tf
from random_weights import with_random_weights

from lesion.explain import layercam
from lesion.explain.mapper import Mapper
from lesion.networks import models, surgery
from lesion.records.explanations import GRADCAM


def by_definition(model, layer, batch):
    """Return LayerCAM's maps of the layer at which the model is cut: from the gradient of the logit for the verdict."""
    below, above = surgery.split_at(model, layer)
    activations = below(batch, training=False)
    with tf.GradientTape() as tape:
        tape.watch(activations)
        target = tf.reduce_sum(tf.abs(above(activations, training=False)))  # -logit where benign
    gradient = tape.gradient(target, activations).numpy()
    return np.maximum(0, (np.maximum(0, gradient) * activations.numpy()).sum(axis=-1))


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("scratch", {"layercam_8": 8}),
        ("mobilenet", {"layercam_16": 4, "layercam_8": 8}),
        ("efficientnet", {"layercam_16": 4, "layercam_8": 8}),
    ],
)
def test_finer_maps_of_every_network_are_those_of_the_definition(name, fields):
    images = np.random.default_rng(1).integers(0, 256, (5, 64, 64, 3), np.uint8)
    model = with_random_weights(name, images / np.float32(255))
    mapper = Mapper(model)
    assert {method: layer.output.shape[1] for method, layer in mapper.finer.items()} == fields
    mapped = list(mapper.explain(images, np.arange(5)))
    for method, layer in mapper.finer.items():
        expected = by_definition(model, layer.name, images / np.float32(255))
        assert (expected.max(axis=(1, 2)) > 0).all()
        for one, evidence in zip(mapped, expected, strict=True):
            assert one.maps[method].shape == evidence.shape
            assert np.abs(one.maps[method] - 255 * evidence / evidence.max()).max() <= 1, "rounded to whole numbers"


def test_grad_cam_is_the_same_with_finer_maps_and_without():
    images = np.random.default_rng(1).integers(0, 256, (3, 64, 64, 3), np.uint8)
    model = with_random_weights("mobilenet", images / np.float32(255))
    alone = list(Mapper(model, []).explain(images, np.arange(3)))
    beside = list(Mapper(model).explain(images, np.arange(3)))
    for one, other in zip(alone, beside, strict=True):
        assert np.abs(one.fields.astype(int) - other.maps[GRADCAM]).max() <= 1
        assert one.logit == pytest.approx(other.logit, abs=1e-5)


def test_the_last_layer_of_a_stride_is_taken_whatever_the_size():
    layers = layercam.finer_layers(models.build("mobilenet", 97))
    assert {method: layer.name for method, layer in layers.items()} == {
        "layercam_16": "block_13_expand_relu",
        "layercam_8": "block_6_expand_relu",
    }

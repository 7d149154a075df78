"""Exact views of an image, and predictions that are the mean of what a network says of each."""

import keras
import numpy as np
import pytest
from keras import layers

from lesion.networks import models, training
from lesion.networks.views import Views, view

#  1 2
#  3 4
CORNERS = np.array([[1, 2], [3, 4]], np.uint8)[..., np.newaxis].repeat(3, axis=2)
SEEN = [[1, 2, 3, 4], [2, 1, 4, 3], [3, 4, 1, 2], [4, 3, 2, 1], [1, 3, 2, 4], [3, 1, 4, 2], [2, 4, 1, 3], [4, 2, 3, 1]]


@pytest.mark.parametrize(("number", "corners"), list(enumerate(SEEN)))
def test_the_first_view_is_the_image_then_come_the_flips_then_those_with_a_quarter_turn(number, corners):
    assert view(CORNERS, number)[..., 0].ravel().tolist() == corners


def test_the_views_of_an_image_stand_side_by_side_and_the_images_stay_as_they_are():
    images = np.stack([CORNERS, CORNERS + 10, CORNERS + 20])
    seen = Views(images, np.array([2, 0]), range(3))
    assert seen.shape == (6, 2, 2, 3)
    assert seen[np.array([0, 5, 1])][:, 0, 0, 0].tolist() == [21, 3, 22]
    assert images[:, 0, 0, 0].tolist() == [1, 11, 21]


def corner_network(logits):
    """Build a network whose logit is the mean over the corners of their brightness, 0 to 1, times a weight of each."""
    image = keras.Input((2, 2, 3), name="image")
    x = layers.Flatten()(image)
    logit = layers.Dense(1, name=models.LOGIT)
    model = keras.Model(image, layers.Activation("sigmoid", name=models.PROBABILITY)(logit(x)))
    logit.set_weights([np.repeat(np.array(logits, np.float32) / 3, 3)[:, np.newaxis], np.zeros(1)])
    return model


def test_a_probability_is_that_of_the_mean_logit_over_the_views():
    # Only the first corner counts: 51/255 * 5 = 1 as it is, 2 mirrored, 3 upside down, 4 turned by half.
    images = (51 * CORNERS)[np.newaxis]
    model = corner_network([5.0, 0.0, 0.0, 0.0])
    for sides, logit in ((1, 1.0), (2, 1.5), (4, 2.5)):
        expected = 1 / (1 + np.exp(-logit))
        assert training.predict(model, images, np.array([0]), sides) == pytest.approx([expected], abs=1e-6)


def test_a_flipped_image_is_judged_alike_if_all_flips_are_seen():
    images = np.random.default_rng(0).integers(0, 256, (5, 2, 2, 3), np.uint8)
    model = corner_network([5.0, -3.0, 2.0, -7.0])
    rows = np.arange(5)
    flipped = images[:, ::-1].copy()
    plain, seen = (training.predict(model, images, rows, sides) for sides in (1, 4))
    assert np.abs(training.predict(model, flipped, rows, 1) - plain).max() > 0.05
    assert training.predict(model, flipped, rows, 4) == pytest.approx(seen, abs=1e-6)

"""Blurring the fields with the most evidence: networks whose evidence is known by construction."""

import numpy as np
import pytest

from lesion.explain import faithfulness

SIZE, IMAGES = 64, 200
CORNER = np.zeros((4, 4), np.uint8)
CORNER[:2, :2] = 255  # the quarter that the network looks at


def checkered():
    """Return images of pixels that are black and white in turn: blurred, all of them are grey."""
    board = (np.add.outer(np.arange(SIZE), np.arange(SIZE)) % 2 * 255).astype(np.uint8)
    return np.broadcast_to(board[..., np.newaxis], (IMAGES + 1, SIZE, SIZE, 3))


def sharpness(images, positions):
    """Return the probability of a network that sees how much of the top left quarter is not blurred."""
    quarters = images[positions][:, : SIZE // 2, : SIZE // 2]
    return (np.abs(quarters.astype(float) - 127.5) > 100).mean(axis=(1, 2, 3))


def tried(maps, predict=sharpness, malignant=True):
    return faithfulness.faithfulness(
        predict,
        checkered(),
        np.arange(IMAGES) + 1,
        np.broadcast_to(maps, (IMAGES, *maps.shape[-2:])),
        np.full(IMAGES, malignant),
        np.arange(IMAGES) % 2,
        np.arange(IMAGES),
    )


def test_the_true_map_beats_what_knows_nothing():
    result = tried(CORNER)
    assert result.images == IMAGES
    assert result.shares == [0, 0.25, 0.5, 0.75, 1]
    assert result.deletion["map"] == pytest.approx([1, 0, 0, 0, 0], abs=0.01)
    assert result.insertion["map"] == pytest.approx([0, 1, 1, 1, 1], abs=0.01)
    # trapezoids: 7/8 under insertion, 1/8 under deletion
    assert result.areas["map"].value == pytest.approx(0.75, abs=0.01)
    assert result.over_random.value == pytest.approx(0.75, abs=0.01)
    # One of the four fields in the middle is in the quarter; the other three follow on both sides of one half.
    assert result.areas["centre"].value == pytest.approx(0, abs=0.03)
    assert result.over_centre.value == pytest.approx(0.75, abs=0.03)
    assert result.over_centre.interval[0] > 0.7


def test_a_random_order_takes_from_the_evidence_in_proportion():
    result = tried(CORNER)
    assert result.deletion["random"] == pytest.approx([1, 0.75, 0.5, 0.25, 0], abs=0.05)
    assert result.insertion["random"] == result.deletion["random"][::-1]
    assert result.areas["random"].value == 0


def test_the_least_evidence_first_is_as_bad_as_the_true_map_is_good():
    assert tried(255 - CORNER).areas["map"].value == pytest.approx(-0.75, abs=0.01)


@pytest.mark.parametrize("maps", [np.zeros((IMAGES, 4, 4), np.uint8), np.random.default_rng(1).random((IMAGES, 4, 4))])
def test_a_map_that_knows_nothing_is_no_better_than_chance(maps):
    result = tried(maps)
    assert result.over_random.value == pytest.approx(0, abs=0.04)
    low, high = result.over_random.interval
    assert low < 0 < high


def test_the_score_is_that_of_the_verdict():
    result = tried(CORNER, lambda images, positions: 1 - sharpness(images, positions), malignant=False)
    assert result.areas["map"].value == pytest.approx(0.75, abs=0.01)


def test_an_odd_number_of_fields():
    maps = np.zeros((7, 7), np.uint8)
    maps[:4, :4] = 255
    result = tried(maps)
    # The quarter that the network looks at is 3.5 × 3.5 of the 49 fields, and the map's 4 × 4 cover it. A fourth of the
    # fields is 12 of these 16, in any order; a half is all of them.
    assert result.deletion["map"][2:] == pytest.approx([0, 0, 0], abs=0.01)
    assert result.deletion["map"][1] == pytest.approx(1 - 12 / 16, abs=0.03)
    assert result.insertion["random"] == result.deletion["random"][::-1]


def test_seventeen_predictions_of_each_image():
    predicted = []

    def predict(images, positions):
        predicted.append(len(positions))
        return sharpness(images, positions)

    tried(CORNER, predict)
    assert sum(predicted) == 17 * IMAGES == faithfulness.FAITHFULNESS.passes * IMAGES


def test_only_the_named_fields_are_blurred():
    image = checkered()[0]
    blurred = faithfulness.with_blurred(image, CORNER > 0)
    assert blurred[: SIZE // 2, : SIZE // 2] == pytest.approx(127.5, abs=4)  # grey, but for traces of the border
    assert (blurred[SIZE // 2 :] == image[SIZE // 2 :]).all()
    assert (blurred[:, SIZE // 2 :] == image[:, SIZE // 2 :]).all()

"""Photographs prepared in parallel: in order, unreadable ones with a reason, errors of the source as they are."""

import time

import cv2
import numpy as np
import pytest

from lesion import config
from lesion.groups.keypoints import describe
from lesion.images import stream
from lesion.images.preprocess import prepare_image
from lesion.images.stream import fit_outline, prepare_images
from lesion.sources.drawn import DrawnSample
from lesion.sources.original import Original

SIZE = 16


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (40, SIZE, SIZE, 3), np.uint8)


def png(image):
    return cv2.imencode(".png", image[..., ::-1])[1].tobytes()


def prepare_all(encoded, size=SIZE, clean=True, describe=None):
    return prepare_images(map(Original, encoded), size, clean, describe)


def test_photographs_come_back_in_order_and_a_broken_one_with_its_reason(images):
    encoded = [png(image) for image in images[:5]]
    encoded[2] = b"this is no image"
    photographs = list(prepare_all(encoded, clean=False))
    assert [photograph.encoded for photograph in photographs] == encoded
    for position in (0, 1, 3, 4):
        assert (photographs[position].prepared.image == images[position]).all()
        assert (photographs[position].prepared.width, photographs[position].prepared.height) == (SIZE, SIZE)
        assert photographs[position].reason == ""
    assert photographs[2].prepared is None
    assert photographs[2].reason


def test_the_order_holds_if_some_images_take_longer():
    sides = [600, 10] * 30  # so that threads overtake each other
    encoded = [png(np.full((side, side, 3), number, np.uint8)) for number, side in enumerate(sides)]
    for number, photograph in enumerate(prepare_all(encoded)):
        assert photograph.prepared.width == sides[number]
        assert (photograph.prepared.image == number).all()


def test_only_a_few_images_are_read_ahead_however_slowly_they_are_taken(images):
    read = []

    def encoded():
        for number in range(200):
            read.append(number)
            yield png(images[0])

    photographs = prepare_all(encoded())
    for taken in range(1, 6):
        next(photographs)
        time.sleep(0.1)  # enough for a hundred such images
        assert len(read) - taken <= stream.AHEAD * config.CORES
    assert sum(1 for _ in photographs) == 195
    assert len(read) == 200


def test_each_image_is_prepared_as_it_would_be_alone():
    encoded = [png(image) for image in DrawnSample(12, seed=0).draw(np.arange(12))[0]]
    for photograph in prepare_all(encoded, size=64):
        alone = prepare_image(photograph.encoded, 64, clean=True)
        assert (photograph.prepared.image == alone.image).all()
        assert photograph.prepared.box == alone.box
        assert photograph.prepared.cleaned_share == alone.cleaned_share


def test_keypoints_are_those_of_the_cropped_photograph_and_only_if_asked_for():
    inside = DrawnSample(4, seed=0).draw(np.array([1]))[0][0]
    framed = cv2.copyMakeBorder(inside, 40, 40, 30, 30, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    encoded = [png(framed), b"this is no image"]
    good, broken = prepare_all(encoded, describe=describe)
    left, top, right, bottom = good.prepared.box
    assert good.prepared.cropped
    wanted = describe(framed[top:bottom, left:right])
    assert len(wanted) > 100
    assert (good.description.points == wanted.points).all()
    assert (good.description.descriptors == wanted.descriptors).all()
    assert broken.description is None and broken.reason
    assert [photograph.description for photograph in prepare_all(encoded)] == [None, None]


def test_an_error_of_the_source_is_raised_as_it_is(images):
    def broken():
        yield png(images[0])
        raise ConnectionError("the line went dead")

    with pytest.raises(ConnectionError, match="the line went dead"):
        list(prepare_all(broken(), describe=describe))


def test_an_error_in_the_work_is_raised_as_it_is(images):
    def describe_nothing(image):
        raise ZeroDivisionError("a fault of the program")

    with pytest.raises(ZeroDivisionError, match="a fault of the program"):
        list(prepare_all([png(images[0])] * 9, describe=describe_nothing))


def test_no_images_give_nothing():
    assert list(prepare_all([])) == []


def test_an_outline_is_cropped_and_resized_like_its_photograph():
    """A bright disc is its own outline: what is left of both in the end must be the same place."""
    y, x = np.mgrid[:224, :224]
    disc = (x - 140) ** 2 + (y - 90) ** 2 < 45**2
    image = np.where(disc[..., np.newaxis], np.uint8(235), np.uint8(120)).repeat(3, axis=2)
    framed = cv2.copyMakeBorder(image, 40, 30, 60, 20, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    outline = np.pad(disc, ((40, 30), (60, 20)))
    (photograph,) = prepare_images([Original(png(framed), outline)], size=64, clean=False)
    assert photograph.prepared.cropped
    seen = photograph.prepared.image[..., 1] > 178
    assert photograph.outline.shape == (64, 64) and photograph.outline.dtype == bool
    assert np.mean(seen != photograph.outline) < 0.005  # only pixels that hold a part of the disc's edge
    assert photograph.outline.sum() > 400


def test_an_outline_takes_the_pixel_nearest_to_each_new_one():
    outline = np.zeros((6, 12), bool)
    outline[3, 7] = True
    fitted = fit_outline(outline, (3, 0, 12, 6), 3)  # boxes of 3 × 2 pixels, whose middle columns are 4, 7 and 10
    assert np.argwhere(fitted).tolist() == [[1, 1]]
    assert (fit_outline(outline, (3, 0, 9, 6), 6) == outline[:, 3:9]).all()


def test_without_an_outline_there_is_none(images):
    originals = [Original(png(images[0])), Original(b"this is no image", np.ones((SIZE, SIZE), bool))]
    assert [photograph.outline for photograph in prepare_images(originals, SIZE, clean=False)] == [None, None]

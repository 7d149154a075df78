import numpy as np
import pytest

from lesion.evaluation.words import stress
from lesion.explain.distortions import KINDS, disturb
from lesion.sources import overlays
from lesion.sources.drawn import DrawnSample

REMEDIES = {"hair_removed", "cast_corrected"}


@pytest.fixture(scope="module")
def images():
    """Drawn images of 64 and 224 pixels, without hair, marks, dark frame and corners of their own."""
    drawn = {}
    for size in (64, 224):
        sample = DrawnSample(40, seed=6, size=size)
        bare = ~np.any([sample.traits[name] for name in ("hair", "ruler", "bubbles", "frame", "corners")], axis=0)
        drawn[size], _ = sample.draw(np.flatnonzero(bare)[:6])
    return drawn


def change(image, disturbed):
    """Mean absolute difference, in grey levels."""
    return np.abs(image.astype(int) - disturbed).mean()


def mean_change(kind, strength, images):
    keys = range(8, 8 + len(images))
    return np.mean(
        [change(image, disturb(kind, strength, image, key)) for key, image in zip(keys, images, strict=True)]
    )


def test_there_are_ten_disturbances_and_two_remedies_each_with_three_strengths_in_words():
    assert set(KINDS) > REMEDIES and len(KINDS) == 12
    assert set(stress.KINDS) == set(KINDS), "each has a name for readers"
    for kind in KINDS.values():
        assert len(set(kind.strengths)) == 3
    assert KINDS["jpeg"].strengths == ("quality 70", "quality 40", "quality 20")
    assert KINDS["blur"].strengths == ("0.6% of the side", "1% of the side", "1.6% of the side")


@pytest.mark.parametrize("size", [64, 224])
@pytest.mark.parametrize("kind", sorted(set(KINDS) - REMEDIES))
def test_every_image_changes_and_the_more_the_stronger(images, size, kind):
    for key, image in enumerate(images[size], start=8):
        weak, middle, strong = (change(image, disturb(kind, strength, image, key)) for strength in range(3))
        assert 0 < weak < middle < strong


@pytest.mark.parametrize("size", [32, 65, 224, 512])
@pytest.mark.parametrize("kind", KINDS)
def test_an_image_keeps_its_shape_and_the_original_is_left_alone(kind, size):
    image = np.random.default_rng(size).integers(0, 256, (size, size, 3)).astype(np.uint8)
    before = image.copy()
    image.flags.writeable = False
    disturbed = disturb(kind, 2, image, 1_000_003)
    assert disturbed.shape == image.shape and disturbed.dtype == np.uint8
    assert (image == before).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_key_gives_the_same_bytes_and_another_key_others(images, kind):
    image = images[64][0]
    disturbed = disturb(kind, 2, image, 4)
    assert (disturb(kind, 2, image, 4) == disturbed).all()
    if kind not in {"blur", "jpeg", "cast_corrected"}:  # these have neither a side nor a sign
        assert (disturb(kind, 2, image, 5) != disturbed).any()


@pytest.mark.parametrize("kind", ["hair", "ruler", "ink", "bubbles", "corners"])
def test_many_images_pass_before_a_drawing_comes_back(kind):
    image = np.full((64, 64, 3), 200, np.uint8)
    different = {disturb(kind, 2, image, key).tobytes() for key in range(128)}
    assert len(different) > 120


@pytest.mark.parametrize(
    ("kind", "add"),
    [("hair", lambda *drawing: overlays.add_hair(*drawing, light=False)), ("ruler", overlays.add_ruler)],
)
def test_at_the_strongest_it_is_what_the_drawn_sample_has(images, kind, add):
    image = images[224][0]
    disturbed = disturb(kind, 2, image, 3)
    distances = []
    for number in range(32):
        picture = image.astype(np.float32)
        add(picture, np.random.default_rng((0, number)))
        distances.append(np.abs(picture - disturbed).max())
    assert min(distances) <= 1.5  # grey levels: the picture, its factor and what is added are rounded


def test_ink_is_violet_around_the_lesion_and_never_brightens():
    skin = np.full((224, 224, 3), (210, 165, 170), np.uint8)
    for key in range(8):
        marked = disturb("ink", 2, skin, key)
        inked = np.abs(skin.astype(int) - marked).max(axis=2) > 40
        red, green, blue = marked[inked].mean(axis=0)
        assert 0.01 < inked.mean() < 0.2 and blue > red > green
        assert not inked[90:134, 90:134].any()
        assert (marked <= skin).all()


def test_dark_corners_leave_the_middle_and_blacken_the_corners():
    white = np.full((64, 64, 3), 255, np.uint8)
    for key in range(16):
        dark = disturb("corners", 2, white, key)
        assert (dark[20:44, 20:44] == 255).all()
        assert dark[[0, 0, -1, -1], [0, -1, 0, -1]].mean() < 30


def test_a_cast_multiplies_the_channels_in_one_of_four_directions():
    grey = np.full((32, 32, 3), 100, np.uint8)
    colours = [tuple(disturb("cast", 2, grey, key)[5, 5].tolist()) for key in range(4)]
    assert colours == [(90, 90, 120), (110, 110, 80), (120, 90, 90), (95, 110, 95)]  # blue, yellow, red, green


def test_even_keys_darken_and_odd_ones_brighten():
    grey = np.full((32, 32, 3), 100, np.uint8)
    assert [int(disturb("brightness", 1, grey, key)[0, 0, 0]) for key in (6, 7)] == [80, 120]


def test_blur_is_wider_on_a_larger_image():
    spreads = []
    for size in (128, 256):
        dot = np.zeros((size, size, 3), np.uint8)
        dot[size // 2, size // 2] = 255
        spreads.append((disturb("blur", 2, dot, 0)[..., 0] > 0).any(axis=0).sum())
    assert spreads[1] > 1.5 * spreads[0]


def test_jpeg_leaves_a_uniform_image_nearly_as_it_is():
    grey = np.full((64, 64, 3), 131, np.uint8)
    assert np.abs(disturb("jpeg", 2, grey, 0).astype(int) - 131).max() <= 4
    red = np.full((64, 64, 3), (200, 120, 110), np.uint8)
    assert np.abs(disturb("jpeg", 0, red, 0).astype(int) - red).max() <= 6  # red stays red


@pytest.mark.parametrize("strength", [0, 1, 2])
@pytest.mark.parametrize("key", [0, 1])
def test_rotation_keeps_the_middle_and_turns_the_rest(strength, key):
    image = np.zeros((65, 65, 3), np.uint8)
    image[32, 32] = (250, 10, 90)
    image[30:35, 55:60] = 255  # right of the middle, at 3 o'clock
    turned = disturb("rotation", strength, image, key)
    assert (turned[32, 32] == (250, 10, 90)).all()
    y, x = np.argwhere(turned[..., 1] > 128).mean(axis=0) - 32
    degrees = np.degrees(np.arctan2(-y, x))
    assert abs(degrees - (5, 15, 45)[strength] * (1 if key else -1)) < 1


@pytest.mark.parametrize("size", [64, 224])
def test_removing_hair_brings_an_image_nearer_to_the_original(images, size):
    assert mean_change("hair_removed", 2, images[size]) < 0.7 * mean_change("hair", 2, images[size])


def test_correcting_a_strong_cast_brings_an_image_nearer_to_the_original(images):
    assert mean_change("cast_corrected", 2, images[64]) < mean_change("cast", 2, images[64])

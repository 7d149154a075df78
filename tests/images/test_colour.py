import numpy as np

from lesion.images.colour import correct_colours, multiply_channels


def test_a_grey_image_gets_the_light_of_dermoscopic_images_and_keeps_its_brightness():
    grey = np.full((8, 8, 3), 100, np.uint8)
    assert (correct_colours(grey) == (113, 91, 96)).all()  # 1.13, .91 and .96 have the mean 1


def test_the_same_scene_looks_alike_whatever_light_it_was_taken_in():
    scene = np.random.default_rng(0).integers(20, 180, (16, 16, 3)).astype(np.uint8)
    blue = multiply_channels(scene, np.array([0.9, 0.9, 1.3]))
    apart = np.abs(scene.astype(int) - blue).mean()
    corrected = [correct_colours(image).astype(float) for image in (scene, blue)]
    exposures = [image.mean() for image in corrected]
    assert np.abs(corrected[0] / exposures[0] - corrected[1] / exposures[1]).mean() * 100 < 1 < apart / 5


def test_bright_pixels_say_more_about_the_light_than_the_many_dark_ones():
    image = np.full((10, 10, 3), (60, 20, 20), np.uint8)  # red skin
    image[:3] = 200  # and white light on it: by the mean of all pixels the light would be reddish
    corrected = correct_colours(image)[0, 0].astype(float)
    assert np.allclose(corrected / corrected.mean(), (1.13, 0.91, 0.96), atol=0.01)


def test_a_black_image_stays_black_and_a_missing_channel_stays_missing():
    black = np.zeros((8, 8, 3), np.uint8)
    assert (correct_colours(black) == 0).all()
    black[..., 0] = 90
    assert (correct_colours(black)[..., 1:] == 0).all()


def test_channels_are_multiplied_and_stop_at_255():
    image = np.full((4, 4, 3), 200, np.uint8)
    assert (multiply_channels(image, np.array([0.5, 1.0, 1.5])) == (100, 200, 255)).all()

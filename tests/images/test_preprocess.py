"""Decoding and the whole way of a photograph, on images drawn here: what was drawn is what must be found."""

import subprocess
import sys

import numpy as np
import pytest
from photographs import SKIN, encoded, framed, saved, skin, with_hair, with_lesion
from PIL import Image

from lesion import config
from lesion.errors import LesionError
from lesion.images.preprocess import decode, prepare_image


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"the server is busy, please try again later", "not a readable"),
        (encoded(skin(), ".jpg")[:-1500], "truncated"),
        (encoded(skin(), ".jpg")[:-2], "truncated"),
        (encoded(skin())[:-20000], "truncated"),
        (encoded(skin())[:-12], "truncated"),
        (encoded(skin(4, 40)), "4×40 pixels is too small"),
        (saved(Image.new("L", (10_000, 9_000)), "PNG"), "10000×9000 pixels is too large"),
        (
            saved(Image.new("L", (20, 20)), "PNG", save_all=True, append_images=[Image.new("L", (20, 20), 9)]),
            "2 frames",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_bytes_that_are_not_one_whole_still_image_are_refused(data, reason):
    with pytest.raises(LesionError, match=reason) as caught:
        decode(data)
    assert "\n" not in str(caught.value)


def test_every_kind_of_pixel_becomes_rgb_bytes():
    image = Image.new("RGB", (20, 10), (200, 100, 50))
    grey = np.full((10, 20), 100, np.uint8)
    cases = {
        "RGB": (saved(image, "PNG"), (200, 100, 50)),
        "RGBA": (saved(image.convert("RGBA"), "PNG"), (200, 100, 50)),
        "palette": (saved(image.quantize(4), "PNG"), (200, 100, 50)),
        "grey": (encoded(grey), (100, 100, 100)),
        "grey, 16 bits": (encoded(grey.astype(np.uint16) * 257), (100, 100, 100)),
        "colour, 16 bits": (encoded(np.array(image).astype(np.uint16) * 257), (200, 100, 50)),
        "CMYK": (saved(image.convert("CMYK"), "JPEG", quality=100), (200, 100, 50)),
    }
    for name, (data, colour) in cases.items():
        pixels = decode(data)
        assert pixels.shape == (10, 20, 3) and pixels.dtype == np.uint8, name
        assert np.abs(pixels.astype(int) - colour).max() <= 3, name


def grey_tiff(lowest, highest, kind):
    """Return a grey TIFF file whose levels go from `lowest` to `highest`, rising from left to right."""
    levels = np.linspace(lowest, highest, 20).astype(kind)
    return saved(Image.fromarray(np.tile(levels, (10, 1))), "TIFF")


@pytest.mark.parametrize(
    ("lowest", "highest", "kind", "expected"),
    [
        (0, 1, np.float32, (0, 255)),
        (0.2, 0.6, np.float32, (51, 153)),
        (-0.05, 1.05, np.float32, (0, 255)),  # an interpolation has gone beyond
        (0, 255, np.float32, (0, 255)),
        (51, 102, np.float32, (51, 102)),
        (0, 65535, np.float32, (0, 255)),
        (0, 0, np.float32, (0, 0)),
        (51, 102, np.int32, (51, 102)),
        (0, 65535, np.int32, (0, 255)),
        (257, 25700, np.uint16, (1, 100)),
    ],
)
def test_grey_levels_of_every_range_are_scaled_to_bytes(lowest, highest, kind, expected):
    pixels = decode(grey_tiff(lowest, highest, kind))
    assert (int(pixels[0, 0, 0]), int(pixels[0, -1, 0])) == expected
    assert (pixels[..., 0] == pixels[..., 2]).all() and (np.diff(pixels[0, :, 0].astype(int)) >= 0).all()


@pytest.mark.parametrize(
    ("lowest", "highest", "kind"),
    [
        (np.nan, np.nan, np.float32),
        (0, np.inf, np.float32),
        (-1, 1, np.float32),
        (0, 3, np.float32),
        (0, 1e6, np.float32),
        (-500, 255, np.int32),
        (0, 2**31 - 1, np.int32),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_grey_levels_of_no_known_range_are_refused_rather_than_guessed(lowest, highest, kind):
    with pytest.raises(LesionError, match="image has grey levels from"):
        decode(grey_tiff(lowest, highest, kind))


def test_what_pillow_thinks_of_a_file_does_not_reach_the_screen():
    script = (
        "import lesion.images.preprocess, warnings, logging; "
        "warnings.warn_explicit('odd', UserWarning, 'a', 1, module='PIL.x'); "
        "logging.getLogger('PIL.x').error('odd')"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=config.PROJECT, capture_output=True, text=True)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_a_photograph_taken_sideways_is_turned_upright():
    exif = Image.Exif()
    exif[274] = 6  # turn 90° clockwise to view
    sideways = Image.new("L", (30, 20))
    sideways.paste(255, (0, 0, 15, 20))  # its left half is the upright picture's top
    upright = decode(saved(sideways, "JPEG", exif=exif, quality=100))
    assert upright.shape == (30, 20, 3)
    assert upright[:14].min() > 250 and upright[16:].max() < 5


@pytest.mark.parametrize("level", [SKIN, (70, 45, 35), (0, 0, 0), (255, 255, 255)])
def test_an_image_without_a_frame_comes_back_bit_by_bit(level):
    image, _ = with_lesion(skin(128, 128, level), (64, 64), (30, 20), tuple(value // 2 for value in level))
    prepared = prepare_image(encoded(image), 128, clean=False)
    assert np.array_equal(prepared.image, image)
    assert not prepared.cropped and prepared.box == (0, 0, 128, 128) and prepared.cleaned_share == 0


def test_large_photographs_are_cropped_in_their_own_pixels():
    image, _ = with_lesion(skin(1500, 1200), (750, 600), (300, 200))
    photograph = framed(image, 250, 150, 250, 150)
    prepared = prepare_image(encoded(photograph, ".jpg"), 64, clean=True)
    assert (prepared.width, prepared.height, prepared.cropped) == (2000, 1500, True)
    assert np.abs(np.subtract(prepared.box, (250, 150, 1750, 1350))).max() <= 2 * 2000 / 640
    assert prepared.image.shape == (64, 64, 3)
    assert prepared.image[[0, -1]].min() > 60 and prepared.image[:, [0, -1]].min() > 60


@pytest.mark.parametrize(
    ("width", "height", "squeezed"), [(128, 128, False), (140, 128, False), (142, 128, True), (90, 120, True)]
)
def test_an_image_counts_as_squeezed_if_its_sides_differ_by_more_than_a_tenth(width, height, squeezed):
    prepared = prepare_image(encoded(skin(width, height)), 64, clean=False)
    assert prepared.image.shape == (64, 64, 3)
    assert prepared.squeezed == squeezed and not prepared.rim


def test_a_photograph_that_is_wide_shows_all_of_its_content_in_a_square():
    image, lesion = with_lesion(skin(240, 180), (120, 90), (60, 45))
    prepared = prepare_image(encoded(image), 60, clean=False)
    dark = prepared.image[..., 0] < 160
    assert dark.mean() == pytest.approx(lesion.mean(), abs=0.02)
    # The lesion's shape changes by as much as the image's.
    assert _shape(dark) == pytest.approx(_shape(lesion) * 180 / 240, rel=0.1)


def _shape(mask):
    return mask.any(axis=0).sum() / mask.any(axis=1).sum()


def test_what_is_squeezed_is_judged_after_the_frame_is_gone():
    prepared = prepare_image(encoded(framed(skin(150, 150), 40, 0, 40, 0)), 64, clean=False)
    assert prepared.cropped and not prepared.rim and not prepared.squeezed


def test_the_share_that_was_painted_is_recorded():
    hairy, hair = with_hair(skin(), (45, 30, 25))
    prepared = prepare_image(encoded(hairy), 96, clean=True)
    assert hair.mean() < prepared.cleaned_share < 3 * hair.mean()
    assert prepare_image(encoded(hairy), 96, clean=False).cleaned_share == 0


@pytest.mark.parametrize("shape", [(8, 8), (9, 200), (200, 9), (64, 64)])
@pytest.mark.parametrize("value", [0, 128, 255])
def test_flat_and_tiny_images_pass_unharmed(shape, value):
    prepared = prepare_image(encoded(np.full((*shape, 3), value, np.uint8)), 32, clean=True)
    assert prepared.image.shape == (32, 32, 3) and (prepared.image == value).all()
    assert not prepared.cropped and prepared.cleaned_share == 0

"""Decoding, cropping and cleaning, on images drawn here: what was drawn is what must be found."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from lesion.errors import LesionError
from lesion.images.crop import black_border
from lesion.images.hair import remove_artefacts
from lesion.images.preprocess import decode, prepare_image

SKIN = (205, 165, 150)
PIGMENT = (110, 65, 50)


def skin(width=240, height=180, level=SKIN):
    """Skin with a soft mottle and grain, and no edge anywhere."""
    rng = np.random.default_rng(0)
    mottle = cv2.GaussianBlur(rng.normal(0, 1, (height, width)), (0, 0), 12) * 60
    grain = rng.normal(0, 2, (height, width, 3))
    return np.clip(np.array(level) + mottle[..., None] + grain, 0, 255).astype(np.uint8)


def with_lesion(image, centre=(120, 90), axes=(50, 38), colour=PIGMENT):
    """The image with a soft-edged ellipse, and the ellipse's outline as a mask."""
    mask = np.zeros(image.shape[:2], np.float32)
    cv2.ellipse(mask, centre, axes, 15, 0, 360, 1, -1)
    soft = cv2.GaussianBlur(mask, (0, 0), 2)[..., None]
    return (image * (1 - soft) + np.array(colour) * soft).astype(np.uint8), mask > 0


def framed(image, left=0, top=0, right=0, bottom=0, level=0, noise=0):
    height, width = image.shape[:2]
    canvas = np.random.default_rng(1).normal(level, noise, (height + top + bottom, width + left + right, 3))
    canvas = canvas.clip(0, 255).astype(np.uint8)
    canvas[top : top + height, left : left + width] = image
    return canvas


def encoded(image, suffix=".png", *parameters):
    return cv2.imencode(suffix, image[..., ::-1] if image.ndim == 3 else image, parameters)[1].tobytes()


def saved(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def whole(image):
    return 0, 0, image.shape[1], image.shape[0]


def pixels_lost(mask, box):
    left, top, right, bottom = box
    return mask.sum() - mask[top:bottom, left:right].sum()


# --- decoding ---------------------------------------------------------------------------------------


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
def test_what_is_no_whole_still_image_is_refused(data, reason):
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


def test_a_photograph_taken_sideways_is_turned_upright():
    exif = Image.Exif()
    exif[274] = 6  # turn 90° clockwise to view
    sideways = Image.new("L", (30, 20))
    sideways.paste(255, (0, 0, 15, 20))  # its left half is the upright picture's top
    upright = decode(saved(sideways, "JPEG", exif=exif, quality=100))
    assert upright.shape == (30, 20, 3)
    assert upright[:14].min() > 250 and upright[16:].max() < 5


# --- black border -----------------------------------------------------------------------------------


@pytest.mark.parametrize("bars", [(20, 15, 25, 10), (30, 0, 0, 0), (0, 12, 0, 18), (0, 0, 22, 14)])
@pytest.mark.parametrize(("level", "noise"), [(0, 0), (14, 4), (28, 5)])
def test_black_bars_are_found_to_two_pixels(bars, level, noise):
    image, _ = with_lesion(skin())
    image = framed(image, *bars, level=level, noise=noise)
    photograph = decode(encoded(image, ".jpg", cv2.IMWRITE_JPEG_QUALITY, 80))
    expected = bars[0], bars[1], bars[0] + 240, bars[1] + 180
    assert np.abs(np.subtract(black_border(photograph), expected)).max() <= 2


def test_the_surround_of_a_round_field_of_view_is_cropped_to_the_field():
    image, lesion = with_lesion(skin(400, 240), (200, 120), (60, 45))
    field = np.zeros((240, 400), np.uint8)
    cv2.circle(field, (200, 120), 110, 1, -1)
    image[field == 0] = 0
    box = black_border(image)
    assert np.abs(np.subtract(box, (90, 10, 311, 231))).max() <= 3
    assert pixels_lost(lesion, box) == 0


def test_a_lesion_that_is_black_and_touches_the_field_of_view_is_kept():
    image = skin(400, 240)
    field = np.zeros((240, 400), np.uint8)
    cv2.circle(field, (200, 120), 110, 1, -1)
    image, lesion = with_lesion(image, (105, 120), (30, 25), (8, 5, 5))
    lesion &= field > 0
    image[field == 0] = 0
    assert pixels_lost(lesion, black_border(image)) == 0


@pytest.mark.parametrize(
    ("centre", "axes"),
    [((0, 90), (60, 50)), ((120, 180), (90, 60)), ((240, 0), (80, 80)), ((0, 90), (70, 200)), ((120, 0), (300, 60))],
)
@pytest.mark.parametrize("colour", [PIGMENT, (30, 20, 18), (0, 0, 0)])
def test_a_dark_lesion_at_the_edge_is_never_cropped(centre, axes, colour):
    image, _ = with_lesion(skin(), centre, axes, colour)
    assert black_border(image) == whole(image)


def test_a_shadow_that_falls_off_slowly_is_no_frame():
    shade = np.clip(np.linspace(0, 2, 240), 0, 1)[None, :, None]
    image = (skin() * shade).astype(np.uint8)
    assert black_border(image) == whole(image)


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


# --- hair and ruler marks ---------------------------------------------------------------------------


def with_hair(image, colour):
    """The image with four curved hairs, two pixels wide, and the mask of their pixels."""
    mask = np.zeros(image.shape[:2], np.uint8)
    for start, middle, end in (
        ((5, 20), (110, 60), (230, 30)),
        ((30, 170), (120, 100), (160, 5)),
        ((60, 5), (90, 80), (200, 170)),
        ((10, 100), (100, 130), (235, 120)),
    ):
        share = np.linspace(0, 1, 60)[:, None]
        curve = (1 - share) ** 2 * start + 2 * share * (1 - share) * np.array(middle) + share**2 * np.array(end)
        cv2.polylines(mask, [np.rint(curve).astype(np.int32)], False, 255, 2)
    hairy = image.copy()
    hairy[mask > 0] = colour
    return cv2.GaussianBlur(hairy, (0, 0), 0.6), mask > 0


@pytest.mark.parametrize(
    ("colour", "level"),
    [((45, 30, 25), SKIN), ((145, 105, 90), SKIN), ((235, 225, 205), (120, 75, 60)), ((165, 135, 115), (120, 75, 60))],
    ids=["dark hair", "faint dark hair", "light hair", "faint light hair"],
)
def test_hair_gives_way_to_the_skin_and_lesion_below(colour, level):
    bare, _ = with_lesion(skin(level=level), colour=tuple(int(value * 0.85) for value in level))
    hairy, hair = with_hair(bare, colour)
    cleaned, mask = remove_artefacts(hairy)
    before = np.abs(hairy.astype(int) - bare)[hair].mean()
    after = np.abs(cleaned.astype(int) - bare)[hair].mean()
    assert before > 30 and after < 6
    assert mask[hair].mean() > 0.9 and mask.mean() < 3 * hair.mean()
    assert np.array_equal(cleaned[~mask], hairy[~mask])


def test_a_ruler_gives_way_to_the_skin_below():
    bare = skin()
    marked = bare.copy()
    for number, x in enumerate(range(20, 220, 8)):
        cv2.line(marked, (x, 4), (x, 18 if number % 5 == 0 else 13), (30, 30, 30), 1)
    marks = (marked != bare).any(axis=2)
    cleaned, mask = remove_artefacts(marked)
    assert mask[marks].mean() > 0.9 and mask.mean() < 0.06
    assert np.abs(cleaned.astype(int) - bare)[marks].mean() < 8


def globules(image):
    for x, y in np.random.default_rng(2).integers((80, 62), (160, 118), (40, 2)).tolist():
        cv2.circle(image, (x, y), 3, (60, 35, 30), -1, cv2.LINE_AA)


def network(image):
    for offset in range(0, 37, 6):  # a mesh of pigment, its holes 6 pixels apart
        cv2.line(image, (100, 72 + offset), (136, 72 + offset), (60, 30, 25), 1)
        cv2.line(image, (100 + offset, 72), (100 + offset, 108), (60, 30, 25), 1)


def streaks(image):
    for x in (80, 97, 121, 133, 152):  # short, and at no regular distance
        cv2.line(image, (x, 40), (x + 2, 53), (60, 35, 30), 2, cv2.LINE_AA)


def irregular_dots(image):
    for x in np.cumsum([20, 5, 16, 9, 24, 6, 13, 30, 5, 19, 8, 26]).tolist():
        cv2.line(image, (x, 8), (x, 16), (30, 30, 30), 1)


def fold(image):
    cv2.line(image, (20, 20), (220, 40), (120, 85, 75), 12, cv2.LINE_AA)


def vessels(image):
    """Thin red lines: dark in green and blue, and hardly in red."""
    for start, end in (((20, 15), (60, 50)), ((15, 120), (60, 160)), ((185, 110), (230, 160))):  # beside the lesion
        cv2.line(image, start, end, (195, 90, 85), 2, cv2.LINE_AA)


@pytest.mark.parametrize("draw", [globules, network, streaks, irregular_dots, fold, vessels])
def test_what_belongs_to_skin_and_lesion_stays(draw):
    image, lesion = with_lesion(skin())
    draw(image)
    cleaned, mask = remove_artefacts(image)
    assert mask.mean() < 0.001
    assert np.abs(cleaned.astype(int) - image)[lesion].mean() < 0.1


def test_the_share_that_was_painted_is_recorded():
    hairy, hair = with_hair(skin(), (45, 30, 25))
    prepared = prepare_image(encoded(hairy), 96, clean=True)
    assert hair.mean() < prepared.cleaned_share < 3 * hair.mean()
    assert prepare_image(encoded(hairy), 96, clean=False).cleaned_share == 0


def test_an_image_that_is_nothing_but_hair_is_left_alone():
    stripes = np.repeat(np.tile([[30, 30, 220, 220, 220]], (180, 48))[..., None], 3, axis=2).astype(np.uint8)
    cleaned, mask = remove_artefacts(stripes)
    assert not mask.any() and np.array_equal(cleaned, stripes)


@pytest.mark.parametrize("shape", [(8, 8), (9, 200), (200, 9), (64, 64)])
@pytest.mark.parametrize("value", [0, 128, 255])
def test_flat_and_tiny_images_pass_unharmed(shape, value):
    prepared = prepare_image(encoded(np.full((*shape, 3), value, np.uint8)), 32, clean=True)
    assert prepared.image.shape == (32, 32, 3) and (prepared.image == value).all()
    assert not prepared.cropped and prepared.cleaned_share == 0

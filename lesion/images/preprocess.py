"""The way from an encoded photograph to a square RGB image: decode, crop the black border, remove hair, resize.

All functions take and return NumPy arrays and keep no state, so that they can run in parallel threads.
"""

import io
import logging
import warnings
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

from lesion.errors import LesionError
from lesion.images import memory
from lesion.images.crop import Box, black_border, has_rim
from lesion.images.hair import remove_hair
from lesion.images.resize import resize, shrink

# What Pillow thinks of a file is for programmers, with a line of its own source; what matters is an exception.
warnings.filterwarnings("ignore", module=r"PIL\b")
logging.getLogger("PIL").setLevel(logging.CRITICAL)

FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP")  # what Pillow may open; none of them runs a program
WHITES = (1.0, 255.0, 65535.0)  # levels of white in use, of floats, 8 bits and 16 bits
PNG_END = b"IEND\xaeB`\x82"  # a PNG file without it was cut short, even if every pixel arrived


@dataclass(frozen=True)
class Preprocessing:
    """Which images are taken, and at what size they are cleaned."""

    smallest_side: int = 8  # pixels; nothing can be seen in less
    largest_area: int = 80_000_000  # pixels; work on a larger one would take almost two gigabytes of memory
    working_factor: int = 2  # larger images are shrunk to at most this multiple of the target size before cleaning
    smallest_working_side: int = 256  # pixels; below it hair would be thinner than a pixel
    overshoot: float = 0.1  # share of white by which floats may pass black and white
    squeezed: float = 1.1  # an image counts as squeezed if one side is more than this many times the other


PREPROCESSING = Preprocessing()


@dataclass(frozen=True)
class Cropped:
    """A decoded photograph without its black border."""

    image: np.ndarray  # height × width × 3, uint8, RGB: the inside of `box`
    width: int  # of the decoded original, pixels
    height: int
    box: Box  # in pixels of the original; all of it if nothing was cropped


@dataclass(frozen=True)
class Prepared:
    """A photograph ready for the network, and how it was changed."""

    image: np.ndarray  # size × size × 3, uint8, RGB
    width: int  # of the decoded original, pixels
    height: int
    box: Box  # in pixels of the original; all of it if nothing was cropped
    cleaned_share: float  # of the pixels inside `box`, those painted over: 0 to HAIR.largest_share

    @property
    def cropped(self) -> bool:
        """Tell whether a dark frame was cut off."""
        return self.box != (0, 0, self.width, self.height)

    @property
    def rim(self) -> bool:
        """Tell whether a dark frame was cut off and has left a rim."""
        return self.cropped and has_rim(self.image)

    @property
    def squeezed(self) -> bool:
        """Tell whether the square shows the content of `box` in clearly changed proportions."""
        left, top, right, bottom = self.box
        sides = (right - left, bottom - top)
        return max(sides) > PREPROCESSING.squeezed * min(sides)


def prepare_image(encoded: bytes, size: int, clean: bool) -> Prepared:
    """Decode, crop, clean and resize one photograph.

    The result is squeezed to a square, whatever the shape of the original, as is usual in the field and in the
    published models that this project compares itself with. An image that is `size` × `size` already, has no dark
    frame and is not cleaned is returned bit by bit.

    Raises LesionError if the bytes are not one whole still image.
    """
    return clean_and_resize(open_photograph(encoded), size, clean)


def open_photograph(encoded: bytes) -> Cropped:
    """Decode a photograph and crop its black border; raises LesionError as `decode` does."""
    image = decode(encoded)
    height, width = image.shape[:2]
    box = black_border(image)
    left, top, right, bottom = box
    return Cropped(image[top:bottom, left:right], width, height, box)


def clean_and_resize(photograph: Cropped, size: int, clean: bool) -> Prepared:
    """Remove hair and marks if `clean`, and squeeze the photograph to `size` × `size`."""
    image = photograph.image
    share = 0.0
    if clean:
        image = shrink(image, max(PREPROCESSING.working_factor * size, PREPROCESSING.smallest_working_side))
        image, mask = remove_hair(image)
        share = float(mask.mean())
    return Prepared(resize(image, size, size), photograph.width, photograph.height, photograph.box, share)


def decode(encoded: bytes) -> np.ndarray:
    """Return an encoded image as height × width × 3 uint8 RGB, upright by its EXIF orientation, without transparency.

    By Pillow rather than OpenCV, which silently fills the missing end of a truncated file with grey.

    Raises LesionError for bytes that are empty, not an image, cut short, animated, too small or too large.
    """
    if not encoded:
        raise LesionError("image file is empty (0 bytes): replace or remove it")
    try:
        image = Image.open(io.BytesIO(encoded), formats=FORMATS)
        _check_header(image)
        image.load()
        if image.format == "PNG" and PNG_END not in encoded:
            raise OSError("truncated: no end marker")
        return _rgb(ImageOps.exif_transpose(image))
    except LesionError:
        raise
    except Image.DecompressionBombError as error:  # Pillow's own, higher limit
        raise LesionError(f"image is too large: shrink it below {PREPROCESSING.largest_area:,} pixels") from error
    except Exception as error:  # damaged bytes make Pillow's decoders raise a dozen kinds of exception
        raise LesionError(_unreadable(encoded, error)) from error


def _check_header(image: Image.Image) -> None:
    width, height = image.size
    if min(width, height) < PREPROCESSING.smallest_side:
        raise LesionError(
            f"image of {width}×{height} pixels is too small: each side needs at least {PREPROCESSING.smallest_side}"
        )
    if width * height > PREPROCESSING.largest_area:
        raise LesionError(
            f"image of {width}×{height} pixels is too large: shrink it below {PREPROCESSING.largest_area:,} pixels"
        )
    if not memory.room().fits(width * height):
        gigabytes = memory.room().size / 1e9
        raise LesionError(
            f"image of {width}×{height} pixels is too large for the {gigabytes:.1f} GB of memory that may be used: "
            "shrink it, or close other programs"
        )
    # A multi-picture JPEG (MPO) is a still photograph with its preview.
    frames = getattr(image, "n_frames", 1)
    if image.format != "MPO" and frames > 1:
        raise LesionError(f"image has {frames} frames: save the one to be used as a still image")


def _unreadable(encoded: bytes, error: Exception) -> str:
    cut = "truncated" in str(error) or "broken" in str(error)
    problem = "image file is truncated" if cut else "file is not a readable JPEG or PNG image"
    starts = "" if cut else f", starting {encoded[:8]!r}"
    return f"{problem} ({len(encoded):,} bytes{starts}): replace or remove it"


def area(encoded: bytes) -> int:
    """Return the pixels of an encoded image, as its header tells; 0 if it is not readable."""
    try:
        width, height = Image.open(io.BytesIO(encoded), formats=FORMATS).size
    except Exception:  # as in `decode`, which says why
        return 0
    return width * height


def _rgb(image: Image.Image) -> np.ndarray:
    if image.mode[0] not in "IF":
        return np.array(image.convert("RGB"))
    # Grey, as integers of 16 bits or more, or as floats: Pillow itself would clip them instead of scaling.
    levels = np.asarray(image).astype(np.float32)
    lowest = float(levels.min())
    highest = float(levels.max())
    white = _white_of_floats(lowest, highest) if image.mode == "F" else _white_of_integers(lowest, highest)
    if white is None:
        raise LesionError(
            f"image has grey levels from {lowest:g} to {highest:g}: save it with 8 bits, or with levels of 0 to 1, "
            "0 to 255 or 0 to 65535"
        )
    grey = np.rint((levels * (255 / white)).clip(0, 255)).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def _white_of_integers(lowest: float, highest: float) -> float | None:
    """Return the level of white, None if it is not known; some programs store values of 8 bits in files of 16."""
    return next((white for white in WHITES[1:] if lowest >= 0 and highest <= white), None)


def _white_of_floats(lowest: float, highest: float) -> float | None:
    """Return the level of white, None if it is not known; interpolation makes levels pass black and white a little."""
    beyond = PREPROCESSING.overshoot
    for white in WHITES:
        bright = white == WHITES[0] or highest >= beyond * white  # else it would be almost black, and nobody knew why
        if bright and lowest >= -beyond * highest and highest <= (1 + beyond) * white:
            return white
    return None

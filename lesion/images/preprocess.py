"""From an encoded photograph to a square RGB image: decode, crop the black border, remove hair and marks, resize.

Everything here takes and returns NumPy arrays and holds no state, so that it can run in parallel threads.
"""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

from lesion.errors import LesionError
from lesion.images.crop import Box, black_border
from lesion.images.hair import remove_artefacts
from lesion.images.resize import resize, shrink

FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP")  # what Pillow may open; none of them runs a program
PNG_END = b"IEND\xaeB`\x82"  # a PNG file without it was cut short, even where every pixel arrived


@dataclass(frozen=True)
class Preprocessing:
    """Which images are taken, and at what size they are cleaned."""

    smallest_side: int = 8  # pixels; nothing can be seen in less
    largest_area: int = 80_000_000  # pixels; more would take over a gigabyte of memory while it is worked on
    working_factor: int = 2  # larger images are shrunk to at most this multiple of the target size before cleaning
    smallest_working_side: int = 256  # pixels; below it hair would be thinner than a pixel


PREPROCESSING = Preprocessing()


@dataclass(frozen=True)
class Cropped:
    """A decoded photograph without its black border."""

    image: np.ndarray  # height × width × 3, uint8, RGB: the part kept
    width: int  # of the whole, pixels
    height: int
    box: Box  # the part kept, in pixels of the whole; all of it where nothing was cropped


@dataclass(frozen=True)
class Prepared:
    """A photograph ready for the network, and what was done to it."""

    image: np.ndarray  # size × size × 3, uint8, RGB
    width: int  # of the decoded original, pixels
    height: int
    box: Box  # the part kept, in pixels of the original; the whole image where nothing was cropped
    cleaned_share: float  # of the kept part's pixels, those painted over: 0 to LARGEST_SHARE

    @property
    def cropped(self) -> bool:
        return self.box != (0, 0, self.width, self.height)


def prepare_image(encoded: bytes, size: int, clean: bool) -> Prepared:
    """Decode, crop, clean and resize one photograph.

    The result is squashed to a square, whatever the shape of the original: the habit of the field, and of the
    published models this project compares itself with. An image that is `size` × `size` already, has no dark
    frame and is not cleaned comes back bit by bit.

    Raises LesionError where the bytes are not one whole still image.
    """
    return clean_and_resize(open_photograph(encoded), size, clean)


def open_photograph(encoded: bytes) -> Cropped:
    """Decode a photograph and crop its black border; raises LesionError as `decode` does."""
    image = decode(encoded)
    height, width = image.shape[:2]
    box = left, top, right, bottom = black_border(image)
    return Cropped(image[top:bottom, left:right], width, height, box)


def clean_and_resize(photograph: Cropped, size: int, clean: bool) -> Prepared:
    """Remove hair and marks where `clean`, and squash the photograph to `size` × `size`."""
    image, share = photograph.image, 0.0
    if clean:
        image = shrink(image, max(PREPROCESSING.working_factor * size, PREPROCESSING.smallest_working_side))
        image, mask = remove_artefacts(image)
        share = float(mask.mean())
    return Prepared(resize(image, size, size), photograph.width, photograph.height, photograph.box, share)


def decode(encoded: bytes) -> np.ndarray:
    """Encoded image to height × width × 3 uint8 RGB, upright by its EXIF orientation, transparency dropped.

    Pillow rather than OpenCV, which silently fills what a truncated file lacks with grey.

    Raises LesionError for bytes that are empty, no image, cut short, animated, too small or too large.
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
            f"image of {width}×{height} pixels is too small: {PREPROCESSING.smallest_side} a side are needed"
        )
    if width * height > PREPROCESSING.largest_area:
        raise LesionError(
            f"image of {width}×{height} pixels is too large: shrink it below {PREPROCESSING.largest_area:,} pixels"
        )
    # A multi-picture JPEG (MPO) is a still photograph with its preview.
    if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
        raise LesionError(f"image has {image.n_frames} frames: save the one to be used as a still image")


def _unreadable(encoded: bytes, error: Exception) -> str:
    cut = "truncated" in str(error) or "broken" in str(error)
    what = "image file is truncated" if cut else "file is not a readable JPEG or PNG image"
    starts = "" if cut else f", starting {encoded[:8]!r}"
    return f"{what} ({len(encoded):,} bytes{starts}): replace or remove it"


def _rgb(image: Image.Image) -> np.ndarray:
    if image.mode.startswith("I"):  # grey, 16 bits or more, which Pillow itself would clip instead of scaling
        values = np.asarray(image).astype(np.float32)
        # Some tools store values of 8 bits in files of 16.
        scaled = values if values.max() <= 255 else values / 257
        return np.repeat(np.rint(scaled.clip(0, 255)).astype(np.uint8)[..., None], 3, axis=2)
    return np.array(image.convert("RGB"))

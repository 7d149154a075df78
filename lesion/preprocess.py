"""From an encoded photograph to a square RGB image: decode, crop the black border, remove hair and marks, resize.

Everything here takes and returns NumPy arrays and holds no state, so that it can run in parallel threads.
"""

import io
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageOps

from lesion.errors import LesionError

Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels; right and bottom exclusive

FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP")  # what Pillow may open; none of them runs a program
PNG_END = b"IEND\xaeB`\x82"  # a PNG file without it was cut short, even where every pixel arrived
SMALLEST_SIDE = 8  # pixels; nothing can be seen in less
LARGEST_AREA = 80_000_000  # pixels; more would take over a gigabyte of memory while it is worked on

# --- black border; shares are of the image's side unless said otherwise ------------------------------
JUDGED_SIDE = 640  # pixels; larger images are judged at this longer side, to 1/640 of it
BLACK = 45  # a frame's darkest part is below this (0 to 255, brightest channel); lesions rarely are
BLACK_SPREAD = 25  # noise, compression and glow add this much to the frame
CONTRAST = 40  # the picture is at least this much brighter than its frame, in the median
THINNEST_BORDER = 0.01  # and no less than 2 pixels: thinner ones are not worth a changed scale
UNEVENNESS = 0.01  # a straight border deviates by no more than this, or 2 pixels
SPECK = 0.002  # of the area: smaller bright parts are writing or noise in the frame
SMALLEST_PICTURE = 0.2  # of the area: what is kept of an image is never less
SHARPNESS = 0.4  # of the contrast is reached within 5 % of the side; shadows take longer

# --- hair and ruler marks; lengths are for a working image whose sides have a geometric mean of 224 ---
WORKING_FACTOR = 2  # larger images are shrunk to at most this multiple of the target size before cleaning
SMALLEST_WORKING_SIDE = 256  # pixels; below it hair would be thinner than a pixel
REFERENCE_SIDE = 224
WIDTH = 7  # hair is thinner than this; the dark texture of a lesion is mostly wider
LENGTH = 13  # hair and ruler ticks are straight for at least this long; meshes of pigment network are shorter
ORIENTATIONS = 12  # 15 degrees apart: a line of LENGTH stays within a hair 2 pixels wide
DARK = (10, 20)  # levels by which dark hair is darker than its flanks, in the red channel: anywhere, at its core
LIGHT = (12, 22)  # levels by which light hair is brighter, in the green channel; glare is common, so more
CORE_SHARE = 0.25  # of a hair's pixels that belong to its core, at least
SHORTEST = 20  # diagonal of a hair's bounding rectangle
ELONGATION = 7.0  # that diagonal squared, by the hair's area; tangles of many hairs reach it too, texture does not
LARGEST_SHARE = 0.50  # of the pixels: where more would be painted, too little is left to paint from
PAINT_RADIUS = 3
TICK = 7  # a ruler's tick is at least this long
LONGEST_TICK = 24
TICKS = 8  # a ruler shows at least so many, in one row
ROW = 4  # their middles deviate from the row by less than this; every fifth or tenth is longer
REGULAR = 0.7  # of the gaps between them are within a quarter of the median gap


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
    image = decode(encoded)
    height, width = image.shape[:2]
    box = left, top, right, bottom = black_border(image)
    image = image[top:bottom, left:right]
    share = 0.0
    if clean:
        image = _shrink(image, max(WORKING_FACTOR * size, SMALLEST_WORKING_SIDE))
        image, mask = remove_artefacts(image)
        share = float(mask.mean())
    return Prepared(_resize(image, size, size), width, height, box, share)


# --- decoding ---------------------------------------------------------------------------------------


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
        raise LesionError(f"image is too large: shrink it below {LARGEST_AREA:,} pixels") from error
    except Exception as error:  # damaged bytes make Pillow's decoders raise a dozen kinds of exception
        raise LesionError(_unreadable(encoded, error)) from error


def _check_header(image: Image.Image) -> None:
    width, height = image.size
    if min(width, height) < SMALLEST_SIDE:
        raise LesionError(f"image of {width}×{height} pixels is too small: {SMALLEST_SIDE} a side are needed")
    if width * height > LARGEST_AREA:
        raise LesionError(f"image of {width}×{height} pixels is too large: shrink it below {LARGEST_AREA:,} pixels")
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


# --- black border -----------------------------------------------------------------------------------


def black_border(image: np.ndarray) -> Box:
    """The part of an RGB image inside its dark frame; the whole image where no frame is certain.

    Bars on any side and the dark surround of a round field of view count as frames. Only rows and columns that
    are dark from end to end are given up, and only if the border they end at is straight or the arc of a
    circle that opens towards the corners. A dark lesion at the edge bulges the other way. Dark corners stay.
    """
    height, width = image.shape[:2]
    small = _shrink(image, JUDGED_SIDE)
    value = cv2.medianBlur(cv2.max(cv2.max(small[..., 0], small[..., 1]), small[..., 2]), 3)
    whole = (0, 0, width, height)
    picture = _picture(value)
    if picture is None:
        return whole
    left, top, right, bottom = _judged_box(value, picture)
    down, across = height / small.shape[0], width / small.shape[1]
    box = int(left * across), int(top * down), int(np.ceil(right * across)), int(np.ceil(bottom * down))
    box = box[0], box[1], min(box[2], width), min(box[3], height)
    return box if (box[2] - box[0]) * (box[3] - box[1]) >= SMALLEST_PICTURE * width * height else whole


def _picture(value: np.ndarray) -> np.ndarray | None:
    """Mask of what is brighter than the frame; None where nothing at the edge is black."""
    ring = np.concatenate([value[0], value[-1], value[:, 0], value[:, -1]])
    level = np.percentile(ring, 2)
    if level > BLACK:
        return None
    bright = (value >= level + BLACK_SPREAD).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(bright)
    large = stats[:, cv2.CC_STAT_AREA] >= SPECK * value.size
    large[0] = False
    picture = large[labels]
    if not picture.any() or np.median(value[picture]) < level + CONTRAST:
        return None
    return picture


def _judged_box(value: np.ndarray, picture: np.ndarray) -> Box:
    """The picture's bounding box, opened again on every side that does not look like a frame's."""
    height, width = picture.shape
    left, top, box_width, box_height = cv2.boundingRect(picture.astype(np.uint8))
    rows, columns = slice(top, top + box_height), slice(left, left + box_width)
    (x, y), radius = cv2.minEnclosingCircle(cv2.findNonZero(picture.astype(np.uint8)))
    sides = {  # each turned so that the side is on the left, and how far the circle stays away from it
        "left": (value[rows], picture[rows], x - radius),
        "top": (value[:, columns].T, picture[:, columns].T, y - radius),
        "right": (value[rows, ::-1], picture[rows, ::-1], width - 1 - x - radius),
        "bottom": (value[::-1, columns].T, picture[::-1, columns].T, height - 1 - y - radius),
    }
    depth = {name: _border_depth(*side) for name, side in sides.items()}
    return depth["left"], depth["top"], width - depth["right"], height - depth["bottom"]


def _border_depth(value: np.ndarray, picture: np.ndarray, circle: float) -> int:
    """Columns of frame at the left of `value`; 0 if their inner border is no frame's."""
    width = picture.shape[1]
    rows = np.flatnonzero(picture.any(axis=1))
    start = picture[rows].argmax(axis=1)
    depth = int(start.min())
    tolerance = max(2.0, UNEVENNESS * width)
    if depth < max(2.0, THINNEST_BORDER * width):
        return 0
    near = start <= depth + tolerance
    if not _sharp(value, picture, rows[near], start[near]):
        return 0
    if near.mean() >= 0.6:
        return depth
    return max(0, min(depth, int(circle))) if _arc(start, near, tolerance) else 0


def _sharp(value: np.ndarray, picture: np.ndarray, rows: np.ndarray, start: np.ndarray) -> bool:
    """Whether brightness rises to its usual level soon after the border."""
    inside = np.minimum(start + max(3, int(0.05 * value.shape[1])), value.shape[1] - 1)
    outside = np.maximum(start - 2, 0)
    rise = value[rows, inside].astype(float) - value[rows, outside]
    contrast = np.median(value[picture]) - np.median(value[rows, 0])
    return bool(np.median(rise) >= SHARPNESS * contrast)


def _arc(start: np.ndarray, near: np.ndarray, tolerance: float) -> bool:
    """Whether the border recedes from one middle part towards both ends, as a field of view does."""
    first, last = np.flatnonzero(near)[[0, -1]]
    if first < 0.05 * len(start) or last > 0.95 * len(start):
        return False
    before, after = start[:first][::-1], start[last + 1 :]
    receding = [np.maximum.accumulate(part) - part <= tolerance for part in (before, after)]
    return bool(np.concatenate(receding).mean() >= 0.9)


# --- hair and ruler marks ---------------------------------------------------------------------------


def remove_artefacts(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Paint over dark and light hair and ruler marks; the image and the mask (height × width, bool) of them.

    Black-hat morphology finds what is thin (after Lee et al., DullRazor, Computers in Biology and Medicine 27,
    1997), openings along twelve directions keep what is long as well, and the size, shape and contrast of each
    connected part decide. Dark hair is sought in the red channel, where blood vessels hardly show, light hair
    in the green one, where it stands out most. Where hair covers more than LARGEST_SHARE, the image comes
    back as it was, with an empty mask.
    """
    scale = _scale(image)
    dark = _hat(cv2.bitwise_not(image[..., 0]), scale)
    light = _hat(np.ascontiguousarray(image[..., 1]), scale)
    mask = _hairs(_lines(dark, LENGTH * scale), *DARK, scale) | _hairs(_lines(light, LENGTH * scale), *LIGHT, scale)
    mask |= _ruler(_lines(dark, TICK * scale) >= DARK[1], scale)
    mask = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8))
    if not mask.any() or mask.mean() > LARGEST_SHARE:
        return image, np.zeros(mask.shape, bool)
    return cv2.inpaint(np.ascontiguousarray(image), mask, PAINT_RADIUS, cv2.INPAINT_TELEA), mask.astype(bool)


def _scale(image: np.ndarray) -> float:
    return float(np.sqrt(image.shape[0] * image.shape[1])) / REFERENCE_SIDE


def _hat(channel: np.ndarray, scale: float) -> np.ndarray:
    """How much brighter each pixel is than what surrounds it, where it belongs to something narrow."""
    width = max(3, round(WIDTH * scale) | 1)
    # Repeating the edge keeps a strip of dark frame or lesion there from looking like half a hair.
    padded = cv2.copyMakeBorder(channel, *[width] * 4, cv2.BORDER_REPLICATE)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    return cv2.morphologyEx(padded, cv2.MORPH_TOPHAT, kernel)[width:-width, width:-width]


def _lines(hat: np.ndarray, length: float) -> np.ndarray:
    """What remains of `hat` along straight lines of `length` pixels in any direction."""
    best = np.zeros_like(hat)
    for kernel in _line_kernels(max(3, round(length) | 1)):
        cv2.max(best, cv2.morphologyEx(hat, cv2.MORPH_OPEN, kernel), best)
    return best


def _line_kernels(length: int) -> list[np.ndarray]:
    kernels = []
    for angle in np.arange(ORIENTATIONS) * np.pi / ORIENTATIONS:
        kernel = np.zeros((length, length), np.uint8)
        reach = np.array([np.cos(angle), np.sin(angle)]) * (length // 2)
        middle = np.array([length // 2, length // 2])
        cv2.line(kernel, np.rint(middle - reach).astype(int), np.rint(middle + reach).astype(int), 1)
        kernels.append(kernel)
    return kernels


def _hairs(response: np.ndarray, faint: int, core: int, scale: float) -> np.ndarray:
    """The connected parts of a response above `faint` that are long for their area and have a core."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((response >= faint).astype(np.uint8))
    area = stats[:, cv2.CC_STAT_AREA]
    diagonal = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    strong = np.bincount(labels[response >= core], minlength=len(area))
    keep = (diagonal >= SHORTEST * scale) & (diagonal**2 >= ELONGATION * area)
    keep &= strong >= CORE_SHARE * area
    keep[0] = False
    return keep[labels]


def _ruler(mask: np.ndarray, scale: float) -> np.ndarray:
    """The short connected parts that stand side by side at regular distances, as a ruler's ticks do."""
    _, labels, stats, middles = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    short = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]) <= LONGEST_TICK * scale
    short[0] = False
    ticks = np.zeros(len(stats), bool)
    if short.sum() >= TICKS:
        spread = _spread(labels, middles)
        for angle in np.arange(0, np.pi, np.pi / 36):
            row, along = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
            upright = np.einsum("i,nij,j->n", along, spread, along) > 3 * np.einsum("i,nij,j->n", row, spread, row)
            candidates = np.flatnonzero(short & upright)
            ticks[candidates[_row_of_ticks(middles[candidates] @ row, middles[candidates] @ along, scale)]] = True
    return ticks[labels]


def _spread(labels: np.ndarray, middles: np.ndarray) -> np.ndarray:
    """Covariance of each connected part's pixel coordinates, parts × 2 × 2."""
    y, x = np.nonzero(labels)
    part = labels[y, x]
    offset = np.stack([x, y], axis=1) - middles[part]
    sums = [np.bincount(part, offset[:, i] * offset[:, j], len(middles)) for i in (0, 1) for j in (0, 1)]
    return (np.stack(sums, axis=1) / np.maximum(1, np.bincount(part, minlength=len(middles)))[:, None]).reshape(
        -1, 2, 2
    )


def _row_of_ticks(position: np.ndarray, offset: np.ndarray, scale: float) -> np.ndarray:
    """Indices of the ticks in the fullest row, if there are enough of them and they are evenly spaced."""
    none = np.zeros(0, int)
    if len(position) < TICKS:
        return none
    together = np.abs(offset[:, None] - offset) <= ROW * scale
    row = np.flatnonzero(together[together.sum(axis=1).argmax()])
    if len(row) < TICKS:
        return none
    gaps = np.diff(np.sort(position[row]))
    return row if (np.abs(gaps / np.median(gaps) - 1) <= 0.25).mean() >= REGULAR else none


# --- size -------------------------------------------------------------------------------------------


def _shrink(image: np.ndarray, longest: int) -> np.ndarray:
    """The image with its longer side at most `longest` pixels, its shape kept."""
    factor = longest / max(image.shape[:2])
    if factor >= 1:
        return image
    return _resize(image, max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor)))


def _resize(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """INTER_AREA where pixels are lost, since it averages all of them; cubic where they are made up."""
    if image.shape[:2] == (height, width):
        return np.ascontiguousarray(image)
    shrinking = image.shape[0] * image.shape[1] > width * height
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC)

"""The dark frame around a dermoscopic photograph: found, and checked before anything is cropped."""

from dataclasses import dataclass

import cv2
import numpy as np

from lesion.images.resize import shrink

Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels; right and bottom exclusive


@dataclass(frozen=True)
class Cropping:
    """When a dark frame is believed; shares are of the image's side unless said otherwise."""

    judged_side: int = 640  # pixels; larger images are judged at this longer side, to 1/640 of it
    black: int = 45  # a frame's darkest part is below this (0 to 255, brightest channel); lesions rarely are
    black_spread: int = 25  # noise, compression and glow add this much to the frame
    contrast: int = 40  # the picture is at least this much brighter than its frame, in the median
    thinnest_border: float = 0.01  # and at least 2 pixels: thinner ones are not worth a change of scale
    unevenness: float = 0.01  # a straight border deviates by no more than this, or 2 pixels
    speck: float = 0.002  # of the area: smaller bright parts are writing or noise in the frame
    smallest_picture: float = 0.2  # of the area: at least this much of an image is kept
    sharpness: float = 0.4  # share of the contrast that is reached within 5 % of the side; shadows take longer
    further_in: float = 0.0625  # an edge is compared with the brightness this far inside it
    settled: float = 0.85  # the soft edge of a frame ends where this share of the brightness further in is reached
    widest_edge: float = 0.05  # of the soft edge that is cropped with a frame: a lesion beside it loses no more
    rim: float = 0.7  # a pixel at the edge with less than this share of the brightness further in is part of a rim
    rim_length: float = 0.75  # of a side; the dark corners of a round field of view leave more of it bright


CROPPING = Cropping()


def black_border(image: np.ndarray) -> Box:
    """Return the box of an RGB image (height × width × 3 uint8) inside its dark frame.

    It is the whole image if no frame is certain. Bars on any side and the dark surround of a round field of view count
    as frames. Only rows and columns that are dark from end to end are cropped, and only if they end at a straight
    border or at the arc of a circle that opens towards the corners: a dark lesion at the edge bulges the other way.
    With them goes the soft edge of the frame, at most CROPPING.widest_edge of a side. Dark corners stay.
    """
    height, width = image.shape[:2]
    small = shrink(image, CROPPING.judged_side)
    value = cv2.medianBlur(_brightness(small), 3)
    whole = (0, 0, width, height)
    picture = _picture(value)
    if picture is None:
        return whole
    left, top, right, bottom = _judged_box(value, picture)
    judged_height, judged_width = value.shape
    # Rounded inwards: a pixel of the frame is worse than a pixel less of the picture.
    left = -(-left * width // judged_width)
    top = -(-top * height // judged_height)
    right = right * width // judged_width
    bottom = bottom * height // judged_height
    enough = (right - left) * (bottom - top) >= CROPPING.smallest_picture * width * height
    return (left, top, right, bottom) if enough else whole


def has_rim(image: np.ndarray) -> bool:
    """Tell whether a dark rim runs along one of the sides of an RGB image (height × width × 3 uint8).

    A rim is one pixel wide or more, less than CROPPING.rim as bright as the picture CROPPING.further_in of the side
    inside it, and CROPPING.rim_length of the side long. Dark corners are shorter, and black further in, too.
    """
    value = _brightness(image)
    return any(_rim_length(turned) >= CROPPING.rim_length for turned in (value, value[:, ::-1], value.T, value[::-1].T))


def _rim_length(value: np.ndarray) -> float:
    """Return the share of the rows of `value` that begin with a rim at the left."""
    inside = value[:, max(1, round(CROPPING.further_in * value.shape[1]))]
    return float(np.mean((value[:, 0] < CROPPING.rim * inside) & (inside > CROPPING.black)))


def _brightness(image: np.ndarray) -> np.ndarray:
    return cv2.max(cv2.max(image[..., 0], image[..., 1]), image[..., 2])


def _picture(value: np.ndarray) -> np.ndarray | None:
    """Return a mask of all that is brighter than the frame; None if nothing at the edge is black."""
    ring = np.concatenate([value[0], value[-1], value[:, 0], value[:, -1]])
    level = np.percentile(ring, 2)
    if level > CROPPING.black:
        return None
    bright = (value >= level + CROPPING.black_spread).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(bright)
    large = stats[:, cv2.CC_STAT_AREA] >= CROPPING.speck * value.size
    large[0] = False
    picture = large[labels]
    if not picture.any() or np.median(value[picture]) < level + CROPPING.contrast:
        return None
    return picture


def _judged_box(value: np.ndarray, picture: np.ndarray) -> Box:
    """Return the picture's bounding box, widened to the image's edge on every side that does not look like a frame."""
    height, width = picture.shape
    left, top, box_width, box_height = cv2.boundingRect(picture.astype(np.uint8))
    rows, columns = slice(top, top + box_height), slice(left, left + box_width)
    (x, y), radius = cv2.minEnclosingCircle(cv2.findNonZero(picture.astype(np.uint8)))
    sides = {  # each turned so that the side is on the left, and the distance of the circle from it
        "left": (value[rows], picture[rows], x - radius),
        "top": (value[:, columns].T, picture[:, columns].T, y - radius),
        "right": (value[rows, ::-1], picture[rows, ::-1], width - 1 - x - radius),
        "bottom": (value[::-1, columns].T, picture[::-1, columns].T, height - 1 - y - radius),
    }
    depth = {name: _border_depth(*side) for name, side in sides.items()}
    if any(depth.values()):
        depth = {name: depth[name] + _soft_edge(side[0], depth[name]) for name, side in sides.items()}
    return depth["left"], depth["top"], width - depth["right"], height - depth["bottom"]


def _soft_edge(value: np.ndarray, depth: int) -> int:
    """Return how many columns of `value` right of column `depth` the frame still darkens, at most `widest_edge`.

    Each row says where its brightness settles, and the median counts: hair and most lesions cover fewer rows. It is 0
    where the corners of a round field of view are most of the side.
    """
    width = value.shape[1]
    reach = max(1, round(CROPPING.further_in * width))
    end = min(depth + int(CROPPING.widest_edge * width) + 1, width - reach)
    if depth >= end or (depth == 0 and np.median(value[:, 0]) > CROPPING.black):
        return 0
    near = value[:, depth:end]
    inside = value[:, depth + reach : end + reach]
    # What is black further in, too, is a lesion or a dark corner: nothing would be won there.
    settled = (near >= CROPPING.settled * inside) | (inside <= CROPPING.black)
    columns = np.where(settled.any(axis=1), settled.argmax(axis=1), end - depth - 1)
    return int(np.ceil(np.median(columns)))


def _border_depth(value: np.ndarray, picture: np.ndarray, circle: float) -> int:
    """Return the number of frame columns at the left of `value`; 0 if their inner border does not look like a frame."""
    width = picture.shape[1]
    rows = np.flatnonzero(picture.any(axis=1))
    start = picture[rows].argmax(axis=1)
    depth = int(start.min())
    tolerance = max(2.0, CROPPING.unevenness * width)
    if depth < max(2.0, CROPPING.thinnest_border * width):
        return 0
    near = start <= depth + tolerance
    if not _sharp(value, picture, rows[near], start[near]):
        return 0
    if near.mean() >= 0.6:
        return depth
    return max(0, min(depth, int(circle))) if _arc(start, near, tolerance) else 0


def _sharp(value: np.ndarray, picture: np.ndarray, rows: np.ndarray, start: np.ndarray) -> bool:
    """Tell whether brightness rises to its usual level soon after the border."""
    inside = np.minimum(start + max(3, int(0.05 * value.shape[1])), value.shape[1] - 1)
    outside = np.maximum(start - 2, 0)
    rise = value[rows, inside].astype(float) - value[rows, outside]
    contrast = np.median(value[picture]) - np.median(value[rows, 0])
    return bool(np.median(rise) >= CROPPING.sharpness * contrast)


def _arc(start: np.ndarray, near: np.ndarray, tolerance: float) -> bool:
    """Tell whether the border recedes from one middle section towards both ends, as a field of view does."""
    first, last = np.flatnonzero(near)[[0, -1]]
    if first < 0.05 * len(start) or last > 0.95 * len(start):
        return False
    before, after = start[:first][::-1], start[last + 1 :]
    receding = [np.maximum.accumulate(section) - section <= tolerance for section in (before, after)]
    return bool(np.concatenate(receding).mean() >= 0.9)

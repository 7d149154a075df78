"""Disturbances of the stress test: what a photograph may show or suffer without another lesion on it.

    for kind in KINDS:
        changed = disturb(kind, strength=1, image=image, key=row)

Hair, ruler, ink, bubbles and dark corners are drawn by the functions that draw the sample's. They lay something over
the picture, so the result is picture × factor + offset; both are drawn once, and serve for all images.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from lesion.images.colour import correct_colours, multiply_channels
from lesion.images.hair import HAIR, remove_hair
from lesion.sources import overlays
from lesion.sources.overlays import CANVAS


@dataclass(frozen=True)
class Distortions:
    """How strong each disturbance is, from barely noticeable to as bad as it really occurs."""

    # How opaque hair, ruler, ink, bubbles and dark corners are, of how the sample has them.
    cover: tuple[float, float, float] = (1 / 3, 2 / 3, 1.0)
    drawings: int = 16  # of each of these, turned and mirrored in 8 ways: 128 images before one repeats
    tried: int = 32  # of so many drawings, those that cover the most are taken: some show next to nothing
    bunches: int = 3  # of bubbles in one drawing; a single one can hardly be seen
    out_of_focus: float = 0.02  # standard deviation of the Gaussian that softens dark corners, of the side
    # By how much one channel is brighter or darker, against half as much in the others. At 20% red to green moves from
    # the median of HAM10000's photographs to their 95th percentile.
    cast: tuple[float, float, float] = (0.05, 0.10, 0.20)
    # Standard deviation of the Gaussian, of the image's side; at the last the pigment network is gone.
    blur: tuple[float, float, float] = (0.006, 0.010, 0.016)
    jpeg: tuple[int, int, int] = (70, 40, 20)  # quality of 100; at 70 one has to look for the blocks, at 20 they show
    brightness: tuple[float, float, float] = (0.10, 0.20, 0.30)  # 98% of HAM10000's are within 28% of their median
    rotation: tuple[int, int, int] = (5, 15, 45)  # degrees; no lesion has an upper end
    seed: int = 0  # of the drawings


DISTORTIONS = Distortions()
# Red, green and blue of casts towards blue, yellow, red and green. They sum to 0, so the brightness hardly changes.
# Towards green it is half as much: there HAM10000's photographs differ half as much as in red.
CASTS = np.array([(-0.5, -0.5, 1), (0.5, 0.5, -1), (1, -0.5, -0.5), (-0.25, 0.5, -0.25)])
Overlay = tuple[np.ndarray, np.ndarray]  # factor (255 stands for 1) and offset, both S×S×3 uint8


@dataclass(frozen=True)
class Kind:
    """One kind of disturbance.

    `change` takes the image, the strength from `amounts` and the image's key.
    """

    strengths: tuple[str, str, str]  # for readers, weakest first
    amounts: tuple[float, float, float]
    change: Callable[[np.ndarray, float, int], np.ndarray]


def disturb(kind: str, strength: int, image: np.ndarray, key: int) -> np.ndarray:
    """Return an RGB image (S×S×3 uint8, S from 32 to 512) disturbed in the way KINDS[kind].

    `strength` is 0, 1 or 2. `key`, at least 0 and usually the image's row, picks the drawing, the side or the sign: the
    same key at another strength is the same disturbance, stronger or weaker.
    """
    way = KINDS[kind]
    return way.change(image, way.amounts[strength], key)


def _laid_over(kind: str) -> Callable[[np.ndarray, float, int], np.ndarray]:
    """Return the change that lays a drawing over the image, as opaque as the amount (0 to 1) says."""

    def change(image: np.ndarray, amount: float, key: int) -> np.ndarray:
        turn, number = divmod(key, DISTORTIONS.drawings)
        factor, offset = (_turned(layer, turn) for layer in _drawings(kind, len(image))[number])
        covered = cv2.add(cv2.multiply(image, factor, scale=1 / 255), offset)
        return cv2.addWeighted(image, 1 - amount, covered, amount, 0)

    return change


@lru_cache
def _drawings(kind: str, size: int) -> list[Overlay]:
    """Return DISTORTIONS.drawings drawings of a kind at `size`, the one that covers the most first."""
    drawings = [_drawing(kind, size, number) for number in range(DISTORTIONS.tried)]
    return sorted(drawings, key=lambda drawing: int(drawing[0].sum()))[: DISTORTIONS.drawings]


def _drawing(kind: str, size: int, number: int) -> Overlay:
    """Draw one overlay on black and, just the same, on white: picture × factor + offset goes through both."""
    black, white = (np.full((CANVAS, CANVAS, 3), level, np.float32) for level in (0, 255))
    for picture in (black, white):
        _draw(kind, picture, np.random.default_rng((DISTORTIONS.seed, number)))
    filtering = cv2.INTER_AREA if size < CANVAS else cv2.INTER_LINEAR
    factor, offset = (cv2.resize(layer, (size, size), interpolation=filtering) for layer in (white - black, black))
    return np.rint(factor).astype(np.uint8), np.rint(offset).astype(np.uint8)


def _draw(kind: str, picture: np.ndarray, rng: np.random.Generator) -> None:
    """Draw an overlay into a picture, CANVAS × CANVAS × 3 float32, in place."""
    if kind == "hair":
        overlays.add_hair(picture, rng, light=False)  # light hair disturbs little
    elif kind == "ruler":
        overlays.add_ruler(picture, rng)
    elif kind == "ink":
        overlays.add_ink(picture, rng)
    elif kind == "bubbles":
        for _ in range(DISTORTIONS.bunches):
            overlays.add_bubbles(picture, rng)
    else:
        light = cv2.GaussianBlur(overlays.corners(rng, 0.5, 0.5), (0, 0), DISTORTIONS.out_of_focus * CANVAS)
        picture *= light[..., None]


def _turned(layer: np.ndarray, way: int) -> np.ndarray:
    """Return a square layer turned and mirrored in one of 8 ways."""
    quarters, mirrored = way % 4, way // 4 % 2
    turned = cv2.rotate(layer, quarters - 1) if quarters else layer
    return cv2.flip(turned, 1) if mirrored else turned


def _remove_hair(image: np.ndarray, amount: float, key: int) -> np.ndarray:
    """Draw hair over the image and remove it as `prepare` does: on an image large enough for hair to be seen."""
    size = len(image)
    side = size * -(-HAIR.reference_side // size)
    large = cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC)
    cleaned, _ = remove_hair(_add_hair(large, amount, key))
    # What the hair and its removal change is added to the image: enlarging it and shrinking it back changes nothing.
    change = cv2.subtract(cleaned, large, dtype=cv2.CV_32F)
    if side != size:
        change = cv2.resize(change, (size, size), interpolation=cv2.INTER_AREA)
    return cv2.add(image, change, dtype=cv2.CV_8U)


def _cast(image: np.ndarray, amount: float, key: int) -> np.ndarray:
    return multiply_channels(image, 1 + amount * CASTS[key % len(CASTS)])


def _correct_cast(image: np.ndarray, amount: float, key: int) -> np.ndarray:
    return correct_colours(_cast(image, amount, key))


def _blur(image: np.ndarray, amount: float, key: int) -> np.ndarray:
    return cv2.GaussianBlur(image, (0, 0), amount * len(image), borderType=cv2.BORDER_REFLECT)


def _compress(image: np.ndarray, amount: float, key: int) -> np.ndarray:
    options = [cv2.IMWRITE_JPEG_QUALITY, int(amount)]
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR_RGB))


def _brighten(image: np.ndarray, amount: float, key: int) -> np.ndarray:
    """Make images with an even key darker, others brighter."""
    return cv2.convertScaleAbs(image, alpha=1 + amount * _sign(key))


def _rotate(image: np.ndarray, amount: float, key: int) -> np.ndarray:
    middle = (len(image) - 1) / 2
    turn = cv2.getRotationMatrix2D((middle, middle), amount * _sign(key), 1)
    return cv2.warpAffine(image, turn, image.shape[:2], borderMode=cv2.BORDER_REFLECT)


def _sign(key: int) -> int:
    return 1 if key % 2 else -1


_add_hair = _laid_over("hair")
_OPAQUE = ("a third as opaque", "two thirds as opaque", "fully drawn")
_DARK = ("a third as dark", "two thirds as dark", "black")


def _percents(shares: tuple[float, float, float], text: str) -> tuple[str, str, str]:
    """Return the three shares in words; `text` has a place for the percentage."""
    weak, middle, strong = (text.format(f"{100 * share:.3g}%") for share in shares)
    return weak, middle, strong


def _numbers(values: tuple[int, int, int], text: str) -> tuple[str, str, str]:
    weak, middle, strong = (text.format(value) for value in values)
    return weak, middle, strong


KINDS = {
    "ruler": Kind(_OPAQUE, DISTORTIONS.cover, _laid_over("ruler")),
    "ink": Kind(_OPAQUE, DISTORTIONS.cover, _laid_over("ink")),
    "hair": Kind(_OPAQUE, DISTORTIONS.cover, _add_hair),
    "hair_removed": Kind(_OPAQUE, DISTORTIONS.cover, _remove_hair),
    "bubbles": Kind(_OPAQUE, DISTORTIONS.cover, _laid_over("bubbles")),
    "corners": Kind(_DARK, DISTORTIONS.cover, _laid_over("corners")),
    "cast": Kind(_percents(DISTORTIONS.cast, "{}"), DISTORTIONS.cast, _cast),
    "cast_corrected": Kind(_percents(DISTORTIONS.cast, "{}"), DISTORTIONS.cast, _correct_cast),
    "blur": Kind(_percents(DISTORTIONS.blur, "{} of the side"), DISTORTIONS.blur, _blur),
    "jpeg": Kind(_numbers(DISTORTIONS.jpeg, "quality {}"), DISTORTIONS.jpeg, _compress),
    "brightness": Kind(_percents(DISTORTIONS.brightness, "±{}"), DISTORTIONS.brightness, _brighten),
    "rotation": Kind(_numbers(DISTORTIONS.rotation, "{}°"), DISTORTIONS.rotation, _rotate),
}

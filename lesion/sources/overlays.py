"""Hair, rulers, ink, bubbles and dark frames over a photograph; they tell nothing about the lesion.

The functions that draw take the picture as float32 RGB, CANVAS × CANVAS × 3 in 0 to 255, change it in place and draw
their randomness from the generator they get. Positions and lengths are shares of the picture's side.
"""

import cv2
import numpy as np

CANVAS = 224  # pixels; every lesion is drawn at this size
DARK_HAIR = np.array([(18, 12, 10), (95, 60, 45)])  # black to brown
LIGHT_HAIR = np.array([(205, 180, 160), (245, 235, 225)])  # blond to white
FIXED_POINT = 4  # bits after the point in the coordinates that OpenCV's line drawing takes


def noise(rng: np.random.Generator, cells: float, stretch: float = 1.0) -> np.ndarray:
    """Return a smooth random field, CANVAS × CANVAS float32, mean 0 and standard deviation about 1.

    It has about `cells` bumps along a side, `stretch` times as many downwards. Blurred white noise has no
    preferred direction, which interpolated random values would have.
    """
    width, height = (min(CANVAS, max(6, round(2 * cells * factor))) for factor in (1.0, stretch))
    coarse = rng.standard_normal((height, width), dtype=np.float32)
    coarse = cv2.GaussianBlur(coarse, (0, 0), 1.0, borderType=cv2.BORDER_REFLECT)
    coarse *= 2 * np.sqrt(np.pi)  # a Gaussian blur of sigma 1 divides the deviation by this
    return cv2.resize(coarse, (CANVAS, CANVAS), interpolation=cv2.INTER_CUBIC)


def blend(image: np.ndarray, cover: np.ndarray, colour: np.ndarray | tuple[int, int, int]) -> None:
    """Lay `colour` (three values) over the picture, as opaque as `cover` (CANVAS × CANVAS, 0 to 1) says."""
    if not cover.any():
        return
    cover = cover[..., None]
    image += cover * (np.asarray(colour, np.float32) - image)


def _polyline(layer: np.ndarray, points: np.ndarray, thickness: int) -> None:
    fixed = np.round(points * (len(layer) << FIXED_POINT)).astype(np.int32)
    cv2.polylines(layer, [fixed.reshape(-1, 1, 2)], False, 255, thickness, cv2.LINE_AA, FIXED_POINT)


def _strand(rng: np.random.Generator, heading: float, length: float, curl: float) -> np.ndarray:
    """Return a curved line of 16 points, (16, 2), through a random place in the picture."""
    turns = heading + np.cumsum(rng.normal(rng.normal(0, curl), curl / 2, 16))
    points = np.cumsum(np.stack([np.cos(turns), np.sin(turns)], axis=1) * length / 16, axis=0)
    return points - points[rng.integers(16)] + rng.random(2)


def add_hair(image: np.ndarray, rng: np.random.Generator, light: bool) -> None:
    """Draw 3 to 30 hairs that mostly run one way; a fifth of the pictures show shaved stubble instead."""
    stubble = rng.random() < 0.2
    count = min(30, int(3 + rng.gamma(1.4, 5.0)))
    length = 0.06 if stubble else rng.uniform(0.7, 1.8)
    heading = rng.uniform(0, 2 * np.pi)
    spread = rng.uniform(0.15, 0.9)
    layer = np.zeros((2 * CANVAS, 2 * CANVAS), np.uint8)  # drawn at twice the size: a hair is 1 to 2 pixels wide
    for _ in range(count):
        strand = _strand(rng, rng.normal(heading, spread), length * rng.uniform(0.6, 1.3), rng.uniform(0.01, 0.1))
        _polyline(layer, strand, int(rng.integers(1, 4)))
    cover = cv2.resize(layer, (CANVAS, CANVAS), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    cover = cv2.GaussianBlur(cover, (0, 0), rng.uniform(0.3, 0.6))
    darkest, lightest = LIGHT_HAIR if light else DARK_HAIR
    opacity = rng.uniform(0.3, 0.6) if light else rng.uniform(0.6, 0.95)
    blend(image, cover * opacity, darkest + rng.random() * (lightest - darkest))


def add_ruler(image: np.ndarray, rng: np.random.Generator) -> None:
    """Draw the tick marks of a scale printed on the glass, along one edge."""
    step = rng.uniform(0.028, 0.06)
    offset = rng.uniform(0.0, 0.06)
    along = np.arange(-0.1, 1.1, step)
    tall = np.where(np.arange(len(along)) % 10 == rng.integers(10), 2.2, 1.0) * rng.uniform(0.03, 0.05)
    tilt = rng.normal(0, 0.05)
    layer = np.zeros((CANVAS, CANVAS), np.uint8)
    for place, reach in zip(along, tall, strict=True):
        start = np.array([place, offset + tilt * place])
        _polyline(layer, np.stack([start, start + reach * np.array([-tilt, 1])]), 1)
    cover = cv2.GaussianBlur(np.rot90(layer, int(rng.integers(4))).copy(), (0, 0), 0.6).astype(np.float32) / 255
    blend(image, cover * rng.uniform(0.7, 0.95), rng.uniform((15, 15, 20), (60, 55, 65)))


def add_bubbles(image: np.ndarray, rng: np.random.Generator) -> None:
    """Draw air bubbles in the contact gel, each with a dim rim, a bright inner edge and a glint."""
    dark, bright = np.zeros((2, CANVAS, CANVAS), np.uint8)
    centre = rng.random(2)
    for _ in range(rng.integers(3, 14)):
        x, y = (centre + rng.normal(0, 0.2, 2)) * CANVAS
        radius = min(2.0 + rng.gamma(1.5, 2.5), 20)
        ellipse = ((float(x), float(y)), (2 * radius, 2 * radius * rng.uniform(0.85, 1.1)), rng.uniform(0, 180))
        cv2.ellipse(dark, ellipse, 255, 1, cv2.LINE_AA)
        inner = (ellipse[0], tuple(0.8 * axis for axis in ellipse[1]), ellipse[2])
        cv2.ellipse(bright, inner, 110, 1, cv2.LINE_AA)
        cv2.circle(bright, (int(x - radius / 3), int(y - radius / 3)), max(1, int(radius / 6)), 255, -1, cv2.LINE_AA)
    rim, edge = (cv2.GaussianBlur(layer, (0, 0), 0.8).astype(np.float32) / 255 for layer in (dark, bright))
    blend(image, rim * rng.uniform(0.25, 0.5), (70, 50, 50))
    blend(image, edge * rng.uniform(0.5, 0.9), (250, 245, 245))


def add_ink(image: np.ndarray, rng: np.random.Generator) -> None:
    """Draw what a dermatologist's marker (gentian violet) leaves around a lesion: arcs, and dots or dashes at it.

    The marks stay about a quarter of the side away from the middle, where the lesion is: they lie beside it, as on the
    photographs of Winkler et al. (JAMA Dermatology 155, 2019), or over the border of a large one.
    """
    layer = np.zeros((2 * CANVAS, 2 * CANVAS), np.uint8)  # drawn at twice the size: a stroke's ends are rough
    thickness = int(rng.integers(10, 24))
    first = rng.uniform(0, 2 * np.pi)
    count = int(rng.integers(2, 5))
    for bearing in first + 2 * np.pi * (np.arange(count) + rng.uniform(-0.15, 0.15, count)) / count:
        radius = rng.uniform(0.34, 0.46)
        _polyline(layer, _stroke(rng, bearing, radius), thickness)
    for bearing in rng.uniform(0, 2 * np.pi, rng.integers(0, 5)):
        x, y = (0.5 + rng.uniform(0.3, 0.45) * np.array([np.cos(bearing), np.sin(bearing)])) * len(layer)
        cv2.circle(layer, (int(x), int(y)), int(thickness * rng.uniform(0.6, 1.1)), 255, -1, cv2.LINE_AA)
    cover = cv2.resize(layer, (CANVAS, CANVAS), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    cover = cv2.GaussianBlur(cover, (0, 0), rng.uniform(0.8, 1.6))
    streaks = 0.9 + 0.12 * noise(rng, 25) + 0.06 * noise(rng, 70)  # ink runs into the furrows of the skin
    transmission = rng.uniform((0.25, 0.2, 0.6), (0.4, 0.35, 0.8))  # of red, green and blue light
    absorbed = np.clip(cover * streaks, 0, 1)[..., None] * (1 - transmission.astype(np.float32))
    image *= 1 - absorbed  # a lesion below stays darker than the skin


def _stroke(rng: np.random.Generator, bearing: float, radius: float) -> np.ndarray:
    """Return a marker's stroke, (16, 2): mostly an arc around the middle, else a dash that points towards it."""
    along = np.linspace(-0.5, 0.5, 16)
    if rng.random() < 0.3:
        distances = radius + along * rng.uniform(0.08, 0.16)
        bearings = bearing + rng.normal(0, 0.1) * along
    else:
        distances = radius + rng.normal(0, 0.06) * along + rng.normal(0, 0.1) * along**2
        bearings = bearing + along * rng.uniform(0.4, 1.3)
    return 0.5 + distances[:, None] * np.stack([np.cos(bearings), np.sin(bearings)], axis=1)


def corners(rng: np.random.Generator, x: float, y: float) -> np.ndarray:
    """Return the light, CANVAS × CANVAS in 0 to 1, that a round tube lets through; (x, y) is inside it."""
    radius = rng.uniform(0.52, 0.64)
    middle = 0.5 + np.clip(np.array([x, y]) - 0.5 + rng.normal(0, 0.03, 2), -0.06, 0.06)
    grid = (np.arange(CANVAS, dtype=np.float32) + 0.5) / CANVAS
    distance = np.hypot(grid[None, :] - np.float32(middle[0]), grid[:, None] - np.float32(middle[1]))
    return np.clip((radius - distance) / rng.uniform(0.008, 0.05) + 0.5, 0, 1)


def frame(rng: np.random.Generator) -> np.ndarray:
    """Return the light, CANVAS × CANVAS in 0 to 1, inside black bars at the sides, above and below, or all round."""
    widths = rng.uniform(0.03, 0.13, 4)  # left, right, top, bottom; the lesion's centre is always further inside
    kind = rng.integers(3)
    if kind < 2:
        widths[2 - 2 * kind : 4 - 2 * kind] = 0
    left, right, top, bottom = np.round(widths * CANVAS).astype(int)
    light = np.zeros((CANVAS, CANVAS), np.float32)
    light[top : CANVAS - bottom, left : CANVAS - right] = 1
    return cv2.blur(light, (3, 3))  # the picture was made smaller after it was framed

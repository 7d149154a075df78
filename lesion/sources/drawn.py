"""Dermoscopic photographs that the project draws itself, with the true outline of each lesion.

    sample = DrawnSample(count=1600, seed=0)
    images, outlines = sample.draw(np.arange(32))

Skin and lesion are layers of pigment: melanin and blood absorb light (Beer-Lambert law), so tan, brown and black are
the same pigment, thinner or thicker. A hidden score, normally distributed in each class, drives the signs of
malignancy of the ABCD rule (Nachbar et al., 1994) and of the seven-point checklist (Argenziano et al., 1998), each
with noise of its own: the classes overlap, and no classifier can be perfect. Everything else (skin, size, place,
pigmentation, hair, marks, frames) does not depend on the class.
"""

import math

import cv2
import numpy as np

from lesion.sources import overlays
from lesion.sources.overlays import CANVAS, noise

# Distance between the classes' means of the hidden score, in standard deviations: the classes overlap, and yet a
# network with random weights learns to tell them apart within minutes.
SEPARATION = 3.7
# Weight of the hidden score in each sign, to which noise of standard deviation 1 is added. What a few numbers of the
# colour tell is weak, shape and structure are strong: a network must see more than colours to come close to the score.
SIGNS = {
    "asymmetry": 1.6,
    "border": 2.4,
    "colours": 0.8,
    "veil": 1.5,
    "regression": 0.5,
    "streaks": 2.0,
    "disorder": 1.6,  # of network and globules
}
NUISANCES = {"hair": 0.35, "ruler": 0.10, "bubbles": 0.10, "frame": 0.08, "corners": 0.10}  # share of lesions
COPIED = 0.25  # share of lesions that come as 2 to 4 copies
LAMP = np.array([243, 212, 220], np.float32)  # a photograph of white paper would show this
ABSORBANCE = np.array([[0.42, 0.10], [0.74, 0.78], [0.98, 0.62]], np.float32)  # red, green, blue: melanin, blood
STRAY = 0.045  # share of the light that is scattered back from above the pigment: black is never 0
VEIL = np.array([120, 109, 128], np.float32)  # blue-white veil: pigment deep in the skin under a haze
SCAR = np.array([225, 200, 205], np.float32)  # white of regression
Traits = dict[str, float]  # of one lesion, as plain floats, so that float32 arrays stay float32
Y, X = np.mgrid[-1 : 1 : CANVAS * 1j, -1 : 1 : CANVAS * 1j].astype(np.float32)


def _sigmoid(values: np.ndarray) -> np.ndarray:
    return (1 + np.tanh(values / 2)) / 2


class DrawnSample:
    """`count` photographs of drawn lesions; the content of a row depends on `seed` and the row alone.

    labels: (count,) int8, 0 benign, 1 malignant, about half each.
    groups: (count,) int64; rows of one group are augmented copies of one photograph.
    traits: how the photographs were drawn, name -> (count,) array: the signs in SIGNS, 0 to 1 with the average lesion
        at 0.5; the nuisances in NUISANCES, bool; size, place and pigmentation.
    """

    def __init__(self, count: int, seed: int, size: int = CANVAS) -> None:
        self.seed = seed
        self.size = size
        rng = np.random.default_rng((seed, 0))
        copies = np.where(rng.random(count) < COPIED, rng.integers(2, 5, count), 1)
        lesions = np.repeat(np.arange(count), copies)[:count]
        copy = np.concatenate([np.arange(number) for number in copies])[:count]
        order = rng.permutation(count)
        self.groups = lesions[order]
        self._copy = copy[order]
        labels = rng.permutation(count) % 2
        self.labels = labels[self.groups].astype(np.int8)
        self.traits = {name: values[self.groups] for name, values in _traits(labels, rng).items()}

    def draw(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Draw `rows` (numbers of rows, in any order).

        Returns images, (n, size, size, 3) uint8 RGB, and outlines, (n, size, size) bool, True on the lesion's
        visible pixels.
        """
        images = np.empty((len(rows), self.size, self.size, 3), np.uint8)
        outlines = np.empty((len(rows), self.size, self.size), bool)
        for place, row in enumerate(rows):
            images[place], outlines[place] = self._draw_row(int(row))
        return images, outlines

    def _draw_row(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        lesion = int(self.groups[row])
        copy = int(self._copy[row])
        traits = {name: values[row].item() for name, values in self.traits.items()}
        image, outline = _photograph(traits, np.random.default_rng((self.seed, 1, lesion)))
        if copy:
            image, outline = _augment(image, outline, np.random.default_rng((self.seed, 2, lesion, copy)))
        if self.size != CANVAS:
            image = cv2.resize(image, (self.size, self.size), interpolation=cv2.INTER_AREA)
            outline = cv2.resize(outline, (self.size, self.size), interpolation=cv2.INTER_AREA)
        return image, outline > 0.5


def _traits(labels: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw the traits of lesions with these labels: name -> (lesions,) array."""
    count = len(labels)
    score = rng.normal((labels - 0.5) * SEPARATION, 1)
    traits = {}
    for name, weight in SIGNS.items():
        spread = np.sqrt(1 + weight**2 * (1 + SEPARATION**2 / 4))
        traits[name] = _sigmoid(2.6 * (weight * score + rng.normal(0, 1, count)) / spread)
    for name, share in NUISANCES.items():
        traits[name] = rng.random(count) < share
    return traits | {
        "light_hair": rng.random(count) < 0.25,
        "radius": np.exp(rng.uniform(np.log(0.32), np.log(0.78), count)),  # half the picture's side is 1
        "x": rng.normal(0, 0.08, count).clip(-0.2, 0.2),
        "y": rng.normal(0, 0.08, count).clip(-0.2, 0.2),
        "pigment": np.exp(rng.normal(0.1, 0.4, count)),  # melanin of the lesion, mean over its area
        "redness": rng.gamma(1.2, 0.12, count),  # blood of the lesion above that of the skin
        "network": rng.beta(0.8, 0.8, count),
        "globules": rng.beta(0.8, 0.8, count),
        "skin_melanin": np.where(rng.random(count) < 0.15, 0.5, 0.12) * np.exp(rng.normal(0, 0.35, count)),
        "skin_blood": rng.uniform(0.05, 0.36, count),
    }


def _photograph(traits: Traits, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw one photograph: uint8 RGB and float32 outline, CANVAS × CANVAS."""
    u, v, level = _shape(traits, rng)
    melanin, blood = _skin(traits, rng)
    softness = rng.uniform(0.05, 0.28)
    body = _sigmoid(level / softness * 2)
    melanin += body * _pigment(traits, rng, u, v, level)
    blood += body * (traits["redness"] + 0.5 * traits["colours"] * np.maximum(noise(rng, 3 / traits["radius"]), 0))
    pale, veil = _patches(traits, rng, body)
    melanin += 0.5 * veil - 0.7 * pale * melanin
    image = np.exp(-cv2.transform(np.dstack([melanin, blood]), ABSORBANCE))
    image *= LAMP * (1 - STRAY)
    image += LAMP * STRAY
    overlays.blend(image, 0.3 * pale, SCAR)
    overlays.blend(image, 0.64 * veil, VEIL * np.float32(rng.uniform(0.85, 1.15)))
    return _expose(image, level > 0, traits, rng)


def _patches(traits: Traits, rng: np.random.Generator, body: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how far regression has bleached the lesion and how far a veil covers it, each 0 to 1 and mottled."""
    mottle = np.clip(0.65 + 0.35 * noise(rng, 12) + 0.2 * noise(rng, 50), 0, 1)
    pale = _patch(noise(rng, 3.2 / traits["radius"]), 2 * traits["regression"] - 1)
    # Many small patches: a network sees each of them, while they hardly move the percentiles of the colour.
    veil = _patch(noise(rng, 4.5 / traits["radius"]) - 0.5, 2 * traits["veil"] - 1)
    return body * mottle * pale, body * np.clip(1.3 - mottle, 0.15, 0.9) * veil


def _patch(field: np.ndarray, amount: float) -> np.ndarray:
    """Return soft-edged patches, 0 to 1, at the high values of `field`; `amount` <= 0 gives none, 1 most."""
    if amount <= 0:
        return np.zeros_like(field)
    return _sigmoid(2.8 * (field - 1.0 + 1.3 * amount)) * min(1, 3 * amount)


def _shape(traits: Traits, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the lesion's own coordinates (its mean radius is 1) and its level: above 0 inside, 1 at the centre."""
    radius = traits["radius"]
    angle = rng.uniform(0, np.pi)
    aspect = math.exp(rng.normal(0, 0.15))
    cos, sin = math.cos(angle) / radius, math.sin(angle) / radius
    x, y = X - traits["x"], Y - traits["y"]
    u, v = (cos * x + sin * y) * aspect, (cos * y - sin * x) / aspect
    distance, bearing = cv2.cartToPolar(u, v)
    level = 1 - distance
    off_centre = np.minimum(distance, 1)  # the centre itself always belongs to the lesion
    level += (0.06 + 0.28 * traits["asymmetry"]) * noise(rng, 1.6 / radius) * off_centre
    level += (0.02 + 0.20 * traits["border"]) * noise(rng, 5 / radius)
    level += (0.03 + 0.05 * traits["border"]) * noise(rng, 13 / radius)
    streaks = max(0.0, 2 * traits["streaks"] - 1)
    if streaks:
        spokes = cv2.GaussianBlur(rng.standard_normal((1, 360), dtype=np.float32), (0, 0), 2.5)
        spokes = np.maximum(cv2.remap(spokes * 5, bearing * (359 / 2 / np.pi), 0 * bearing, 1), 0)
        level += 0.24 * streaks * spokes * np.clip(distance - 0.6, 0, 0.4) * np.clip(1 + noise(rng, 2), 0, 2)
    return u, v, level


def _skin(traits: Traits, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return melanin and blood of the surrounding skin: blotches, fine mottling, pores and faint vessels."""
    rough = rng.uniform(0.3, 1.6)
    mottle = 0.4 * noise(rng, 5) + 0.3 * noise(rng, 16) + 0.3 * noise(rng, 38)
    lines = np.maximum(1 - 2.5 * np.abs(noise(rng, 26, rng.uniform(0.7, 1.4))), 0)  # furrows of the skin
    melanin = traits["skin_melanin"] * (1 + 0.3 * rough * mottle) + 0.05 * rough * lines
    vessels = np.maximum(1 - 6 * np.abs(noise(rng, 11)), 0) * np.maximum(noise(rng, 4) + noise(rng, 30), 0)
    blood = traits["skin_blood"] * (1 + 0.18 * rough * noise(rng, 7))
    blood += 0.1 * rng.beta(1, 2) * vessels + 0.04 * rough * (noise(rng, 60) + noise(rng, 30))
    return melanin, blood


def _pigment(traits: Traits, rng: np.random.Generator, u: np.ndarray, v: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Return the lesion's melanin; its mean over the lesion is the trait `pigment`, whatever the class."""
    radius = traits["radius"]
    heading = rng.uniform(0, 2 * np.pi)
    ramp = math.cos(heading) * u + math.sin(heading) * v
    density = 0.9 * traits["asymmetry"] ** 2 * np.clip(ramp, -1.3, 1.3)
    density += rng.normal(0.2, 0.7) * np.clip(level, 0, 1)
    density += (0.20 + 0.40 * traits["colours"]) * noise(rng, 2.6 / radius)
    density += (0.12 + 0.15 * traits["colours"]) * noise(rng, 9 / radius)
    density += rng.uniform(0.06, 0.2) * noise(rng, 32) + 0.1 * noise(rng, 70)
    density = np.exp(density)
    density += 2.2 * _patch(noise(rng, 3 / radius), 2 * traits["colours"] - 1.1)
    density *= 1 + _structures(traits, rng)
    return density * (traits["pigment"] / float(density[level > 0].mean()))


def _structures(traits: Traits, rng: np.random.Generator) -> np.ndarray:
    """Return network (lines) and globules (dots) as a relative change of the melanin."""
    disorder = traits["disorder"]
    turn = rng.uniform(0, np.pi)
    spacing = rng.uniform(4.5, 9)  # pixels from line to line
    cos, sin = (CANVAS * math.pi / spacing * share for share in (math.cos(turn), math.sin(turn)))
    bend = 1.25 + 1.2 * disorder  # a bend of 2 pi moves a line by one spacing
    a = cos * X + sin * Y + bend * (noise(rng, 6) + noise(rng, 22))
    b = cos * Y - sin * X + bend * (noise(rng, 6) + noise(rng, 22))
    root = math.sqrt(0.75)
    lattice = (np.cos(a) + np.cos(0.5 * a + root * b) + np.cos(0.5 * a - root * b)) / 3  # -0.5 to 1, hexagonal
    extent = _sigmoid(3 * noise(rng, 4 / traits["radius"]) * (0.4 + disorder) + 2 - 2 * disorder)
    lines = 0.38 * traits["network"] * np.clip(0.4 - 2 * lattice, -0.6, 1) * extent
    dots = noise(rng, 30) * disorder + 2.5 * (1 - disorder) * lattice
    return lines + 0.9 * traits["globules"] * np.clip(dots - 1.1, 0, 1)


def _expose(
    image: np.ndarray, inside: np.ndarray, traits: Traits, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Add hair, ruler and bubbles, then light and photograph it all; return the image and the visible outline."""
    if traits["hair"]:
        overlays.add_hair(image, rng, bool(traits["light_hair"]))
    if traits["ruler"]:
        overlays.add_ruler(image, rng)
    if traits["bubbles"]:
        overlays.add_bubbles(image, rng)
    vignette = 1 - rng.uniform(0.02, 0.2) * (X**2 + Y**2)
    slope = rng.normal(0, 0.04, 2).tolist()
    light = math.exp(rng.normal(0.07, 0.1)) * vignette * (1 + slope[0] * X + slope[1] * Y)
    field = np.ones((CANVAS, CANVAS), np.float32)
    if traits["corners"]:
        field = overlays.corners(rng, (traits["x"] + 1) / 2, (traits["y"] + 1) / 2)
    if traits["frame"]:
        field = field * overlays.frame(rng)
    cast = np.exp(rng.normal(0, 0.04, 3) + rng.normal(0, 0.06) * np.array([1, 0, -1])).astype(np.float32)
    image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.35, 0.8))
    image *= (light * field)[..., None]
    image *= cast
    grain = rng.standard_normal((CANVAS, CANVAS), dtype=np.float32)
    image += (rng.uniform(1, 3) * grain + 4)[..., None]
    return np.clip(image, 0, 255, out=image).astype(np.uint8), (inside & (field > 0.5)).astype(np.float32)


def _augment(image: np.ndarray, outline: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Rotate up to 40 degrees, shift, shear, zoom, flip and brighten; the border repeats its nearest pixel."""
    angle = np.radians(rng.uniform(-40, 40))
    zoom = rng.uniform(0.85, 1.15)
    turn = zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shear = np.array([[1, rng.uniform(-0.15, 0.15)], [0, 1]])
    linear = turn @ shear @ np.diag(rng.choice([-1.0, 1.0], 2))
    centre = np.full(2, (CANVAS - 1) / 2)
    shift = centre - linear @ centre + rng.uniform(-0.08, 0.08, 2) * CANVAS
    matrix = np.column_stack([linear, shift])
    image = cv2.warpAffine(image, matrix, (CANVAS, CANVAS), borderMode=cv2.BORDER_REPLICATE)
    outline = cv2.warpAffine(outline, matrix, (CANVAS, CANVAS))
    return cv2.convertScaleAbs(image, alpha=rng.uniform(0.85, 1.15)), outline

"""Hair and ruler marks: found because they are thin and long, and painted over."""

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class HairRemoval:
    """When something counts as hair or as a ruler's marks.

    Lengths are in pixels of an image whose sides have `reference_side` as geometric mean; for others they are scaled.
    """

    reference_side: int = 224
    width: int = 7  # hair is thinner than this; the dark texture of a lesion is mostly wider
    length: int = 13  # hair and ruler ticks are straight for at least this long; meshes of pigment network are shorter
    orientations: int = 12  # 15 degrees apart: a line of `length` stays within a hair 2 pixels wide
    # Dark hair is darker than its flanks by these levels in the red channel: anywhere, at its core.
    dark: tuple[int, int] = (10, 20)
    # Light hair is brighter by these levels in the green channel; more, since glare is common.
    light: tuple[int, int] = (12, 22)
    core_share: float = 0.25  # smallest share of a hair's pixels that belong to its core
    shortest: int = 20  # diagonal of a hair's bounding rectangle
    # Smallest square of that diagonal, divided by the hair's area; tangles of hairs reach it too, texture does not.
    elongation: float = 7.0
    largest_share: float = 0.50  # of the pixels: if more would be painted over, too little is left to paint from
    paint_radius: int = 3
    tick: int = 7  # a ruler's tick is at least this long
    longest_tick: int = 24
    ticks: int = 8  # a ruler shows at least so many, in one row
    row: int = 4  # their middles deviate from the row by at most this; every fifth or tenth is longer
    regular: float = 0.7  # at least this share of the gaps between them is within a quarter of the median gap


HAIR = HairRemoval()


def remove_hair(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Paint over dark and light hair and ruler marks; return the image and their mask (height × width, bool).

    `image` is height × width × 3 uint8 RGB. Black-hat morphology finds what is thin (after Lee et al., DullRazor,
    Computers in Biology and Medicine 27, 1997), openings along twelve directions keep what is also long, and the size,
    shape and contrast of each connected component decide. Dark hair is sought in the red channel, where blood vessels
    hardly show, light hair in the green one, where it is clearest. If hair covers more than HAIR.largest_share, the
    image is returned unchanged, with an empty mask.
    """
    scale = _scale(image)
    dark = _hat(cv2.bitwise_not(image[..., 0]), scale)
    light = _hat(np.ascontiguousarray(image[..., 1]), scale)
    mask = _hairs(_lines(dark, HAIR.length * scale), *HAIR.dark, scale)
    mask |= _hairs(_lines(light, HAIR.length * scale), *HAIR.light, scale)
    mask |= _ruler(_lines(dark, HAIR.tick * scale) >= HAIR.dark[1], scale)
    mask = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8))
    if not mask.any() or mask.mean() > HAIR.largest_share:
        return image, np.zeros(mask.shape, bool)
    return cv2.inpaint(np.ascontiguousarray(image), mask, HAIR.paint_radius, cv2.INPAINT_TELEA), mask.astype(bool)


def _scale(image: np.ndarray) -> float:
    return float(np.sqrt(image.shape[0] * image.shape[1])) / HAIR.reference_side


def _hat(channel: np.ndarray, scale: float) -> np.ndarray:
    """Return how much brighter than its surroundings each pixel is, if it belongs to something narrow, else 0."""
    width = max(3, round(HAIR.width * scale) | 1)
    # With the edge repeated, a strip of dark frame or lesion there does not look like half a hair.
    padded = cv2.copyMakeBorder(channel, width, width, width, width, cv2.BORDER_REPLICATE)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    return cv2.morphologyEx(padded, cv2.MORPH_TOPHAT, kernel)[width:-width, width:-width]


def _lines(hat: np.ndarray, length: float) -> np.ndarray:
    """Return the part of `hat` that lies on straight lines of `length` pixels in any direction."""
    best = np.zeros_like(hat)
    for kernel in _line_kernels(max(3, round(length) | 1)):
        cv2.max(best, cv2.morphologyEx(hat, cv2.MORPH_OPEN, kernel), best)
    return best


def _line_kernels(length: int) -> list[np.ndarray]:
    kernels = []
    for angle in np.arange(HAIR.orientations) * np.pi / HAIR.orientations:
        kernel = np.zeros((length, length), np.uint8)
        reach = np.array([np.cos(angle), np.sin(angle)]) * (length // 2)
        middle = np.array([length // 2, length // 2])
        cv2.line(kernel, np.rint(middle - reach).astype(int), np.rint(middle + reach).astype(int), 1)
        kernels.append(kernel)
    return kernels


def _hairs(response: np.ndarray, faint: int, core: int, scale: float) -> np.ndarray:
    """Return a mask of the components of `response` above `faint` that are long for their area and have a core."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((response >= faint).astype(np.uint8))
    area = stats[:, cv2.CC_STAT_AREA]
    diagonal = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    strong = np.bincount(labels[response >= core], minlength=len(area))
    keep = (diagonal >= HAIR.shortest * scale) & (diagonal**2 >= HAIR.elongation * area)
    keep &= strong >= HAIR.core_share * area
    keep[0] = False
    return keep[labels]


def _ruler(mask: np.ndarray, scale: float) -> np.ndarray:
    """Return a mask of the short components that are side by side at regular distances, like a ruler's ticks."""
    _, labels, stats, middles = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    short = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]) <= HAIR.longest_tick * scale
    short[0] = False
    ticks = np.zeros(len(stats), bool)
    if short.sum() >= HAIR.ticks:
        spread = _spread(labels, middles)
        for angle in np.arange(0, np.pi, np.pi / 36):
            row = np.array([np.cos(angle), np.sin(angle)])
            along = np.array([-np.sin(angle), np.cos(angle)])
            upright = np.einsum("i,nij,j->n", along, spread, along) > 3 * np.einsum("i,nij,j->n", row, spread, row)
            candidates = np.flatnonzero(short & upright)
            ticks[candidates[_row_of_ticks(middles[candidates] @ row, middles[candidates] @ along, scale)]] = True
    return ticks[labels]


def _spread(labels: np.ndarray, middles: np.ndarray) -> np.ndarray:
    """Return the covariance of each component's pixel coordinates, components × 2 × 2."""
    y, x = np.nonzero(labels)
    component = labels[y, x]
    offset = np.stack([x, y], axis=1) - middles[component]
    sums = [np.bincount(component, offset[:, i] * offset[:, j], len(middles)) for i in (0, 1) for j in (0, 1)]
    sizes = np.maximum(1, np.bincount(component, minlength=len(middles)))
    return (np.stack(sums, axis=1) / sizes[:, None]).reshape(-1, 2, 2)


def _row_of_ticks(position: np.ndarray, offset: np.ndarray, scale: float) -> np.ndarray:
    """Return the indices of the ticks in the fullest row; none if they are too few or not evenly spaced."""
    none = np.zeros(0, int)
    if len(position) < HAIR.ticks:
        return none
    together = np.abs(offset[:, None] - offset) <= HAIR.row * scale
    row = np.flatnonzero(together[together.sum(axis=1).argmax()])
    if len(row) < HAIR.ticks:
        return none
    gaps = np.diff(np.sort(position[row]))
    return row if (np.abs(gaps / np.median(gaps) - 1) <= 0.25).mean() >= HAIR.regular else none

"""Photographs drawn for the tests, and what cameras, programs and copyists do to them."""

import io

import cv2
import numpy as np

SKIN = (205, 165, 150)
PIGMENT = (110, 65, 50)


def skin(width=240, height=180, level=SKIN):
    """Return skin with a soft mottle and grain, and no edge anywhere."""
    rng = np.random.default_rng(0)
    mottle = cv2.GaussianBlur(rng.normal(0, 1, (height, width)), (0, 0), 12) * 60
    grain = rng.normal(0, 2, (height, width, 3))
    return np.clip(np.array(level) + mottle[..., None] + grain, 0, 255).astype(np.uint8)


def with_lesion(image, centre=(120, 90), axes=(50, 38), colour=PIGMENT):
    """Return the image with a soft-edged ellipse, and the ellipse's outline as a mask."""
    mask = np.zeros(image.shape[:2], np.float32)
    cv2.ellipse(mask, centre, axes, 15, 0, 360, 1, -1)
    soft = cv2.GaussianBlur(mask, (0, 0), 2)[..., None]
    return (image * (1 - soft) + np.array(colour) * soft).astype(np.uint8), mask > 0


def with_hair(image, colour):
    """Return the image with four curved hairs, two pixels wide, and the mask of their pixels."""
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


def framed(image, left=0, top=0, right=0, bottom=0, level=0, noise=0):
    """Return the image inside a dark frame of these widths."""
    height, width = image.shape[:2]
    canvas = np.random.default_rng(1).normal(level, noise, (height + top + bottom, width + left + right, 3))
    canvas = canvas.clip(0, 255).astype(np.uint8)
    canvas[top : top + height, left : left + width] = image
    return canvas


def encoded(image, suffix=".png", *parameters):
    """Return an RGB or grey image as OpenCV encodes it."""
    return cv2.imencode(suffix, image[..., ::-1] if image.ndim == 3 else image, parameters)[1].tobytes()


def saved(image, kind, **options):
    """Return a Pillow image as Pillow encodes it."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def changed(image, angle, zoom, flip, brightness):
    """Return a square image rotated (degrees), zoomed, perhaps mirrored, brightened and compressed."""
    size = image.shape[0]
    matrix = cv2.getRotationMatrix2D((size / 2, size / 2), angle, zoom)
    image = image[:, ::-1] if flip else image
    image = cv2.warpAffine(image, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE)
    image = cv2.convertScaleAbs(image, alpha=brightness)
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], cv2.IMREAD_COLOR)

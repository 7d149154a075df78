"""Pictures for people: JPEG files of prepared images, maps and overlays."""

from pathlib import Path

import cv2
import numpy as np

from lesion import store

QUALITY = 88  # of 100: no visible blocks at a third of the size of the best quality
LONGEST_SIDE = 320  # pixels; more is not seen in the report


def write_jpeg(path: Path, image: np.ndarray) -> None:
    """Write an RGB uint8 image, shrunk to LONGEST_SIDE where it is larger."""
    longest = max(image.shape[:2])
    if longest > LONGEST_SIDE:
        scale = LONGEST_SIDE / longest
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    options = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
    store.write_bytes(path, encoded.tobytes())

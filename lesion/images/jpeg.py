"""Pictures for people: JPEG files of prepared images, maps and overlays."""

from pathlib import Path

import cv2
import numpy as np

from lesion import store
from lesion.images.resize import shrink

QUALITY = 88  # of 100: no visible blocks at a third of the size of the best quality
LONGEST_SIDE = 320  # pixels; the report shows no more


def write_jpeg(path: Path, image: np.ndarray) -> None:
    """Write an RGB uint8 image, height × width × 3, shrunk to LONGEST_SIDE if it is larger."""
    options = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(shrink(image, LONGEST_SIDE), cv2.COLOR_RGB2BGR), options)
    store.write_bytes(path, encoded.tobytes())

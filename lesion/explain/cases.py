"""The test images as the report shows them: what is known of each, a thumbnail, and the lesion's outline as a path."""

from collections.abc import Mapping

import cv2
import numpy as np

from lesion import config, store
from lesion.evaluation import subgroups
from lesion.images.outline import estimate_outline
from lesion.images.resize import shrink
from lesion.prepared import PreparedData
from lesion.records.explanations import ESTIMATED, ExplainedImage

FOLDER = "cases"  # below reports/
FORMER = "gradcam"  # folder of the pictures that were written before there were thumbnails
WRITTEN = (  # by `explain` below reports/, as glob patterns
    f"{FOLDER}/[0-9]*.webp",
    *(f"{FOLDER}/{name}.npz" for name in config.NETWORKS),
    f"{FORMER}/*.jpg",
)
PATH_SIDE = 100  # of the square in which paths are drawn
STEPS = 4  # places between two coordinates of a path at which the outline is looked at
DETAIL = 1.5  # how far a path may lie from the outline, in coordinates: less would show the pixels of small images
SPECK = 10  # area in coordinates, of 10,000: a smaller part of a path is left out


def describe(data: PreparedData, estimated: Mapping[int, str] | None = None) -> list[ExplainedImage]:
    """Return what is known of every test image, in the order of the index.

    An outline that is not known is estimated, unless `estimated` has it by the image's row, as a path.
    """
    positions, labels = data.of_split("test")
    factors = {factor: names[positions] for factor, names in subgroups.factors(data).items()}
    images = []
    for place, position in enumerate(positions):
        row = int(data.rows[position])
        path, origin = _outline(data, position, estimated or {})
        images.append(
            ExplainedImage(
                row=row,
                label=int(labels[place]),
                group=int(data.groups[position]),
                levels={factor: str(names[place]) for factor, names in factors.items() if names[place]},
                thumbnail=f"{FOLDER}/{row}.webp",
                outline=path,
                outline_from=origin,
            )
        )
    return images


def _outline(data: PreparedData, position: int, estimated: Mapping[int, str]) -> tuple[str, str]:
    """Return a lesion's outline as a path, and who says so; both are empty if it is not known."""
    known = data.outline(position)
    if known is not None:
        path = path_of(known)
        return path, data.record.source.outlines if path else ""
    path = estimated.get(int(data.rows[position]), "")
    if not path:
        outline = estimate_outline(data.images[position])
        path = "" if outline is None else path_of(outline)
    return path, ESTIMATED if path else ""


def write_thumbnails(data: PreparedData) -> None:
    """Write a thumbnail of every test image."""
    positions, _ = data.of_split("test")
    for position in positions:
        path = config.REPORTS / FOLDER / f"{data.rows[position]}.webp"
        store.write_bytes(path, thumbnail(data.images[position]))


def thumbnail(image: np.ndarray) -> bytes:
    """Return an RGB uint8 image (height × width × 3) as WebP, shrunk to config.THUMBNAILS.side if it is larger."""
    small = cv2.cvtColor(shrink(image, config.THUMBNAILS.side), cv2.COLOR_RGB2BGR)
    return cv2.imencode(".webp", small, [cv2.IMWRITE_WEBP_QUALITY, config.THUMBNAILS.quality])[1].tobytes()


def path_of(outline: np.ndarray) -> str:
    """Return an outline (S×S bool) as an SVG path with whole coordinates from 0 to PATH_SIDE, its largest part first.

    Holes are left out, and so are specks. Empty if nothing is left.
    """
    side = PATH_SIDE * STEPS
    fine = cv2.resize(outline.astype(np.uint8), (side, side), interpolation=cv2.INTER_NEAREST_EXACT)
    contours, _ = cv2.findContours(fine, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    largest_first = sorted(contours, key=cv2.contourArea, reverse=True)
    return "".join(_closed(cv2.approxPolyDP(contour, DETAIL * STEPS, closed=True)[:, 0]) for contour in largest_first)


def _closed(corners: np.ndarray) -> str:
    """Return a polygon (k, 2), in steps, as a closed path; empty if it is a speck."""
    places = np.rint((corners + 0.5) / STEPS).astype(np.int32)
    if cv2.contourArea(places) < SPECK:
        return ""
    places = places[(places != np.roll(places, 1, axis=0)).any(axis=1)]
    steps = np.diff(places, axis=0).tolist()  # shorter to write than places
    return f"M{places[0, 0]} {places[0, 1]}l{' '.join(f'{x} {y}' for x, y in steps)}z".replace(" -", "-")

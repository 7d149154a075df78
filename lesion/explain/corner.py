"""The corner test: do verdict and map follow the lesion if the same image is shrunk into a corner?

Lesions are photographed in the middle, so a map that always lights the middle seems to know where they are. In the
corner it does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lesion.evaluation.localisation import fields
from lesion.evaluation.localisation.comparison import located
from lesion.evaluation.localisation.skill import Skills
from lesion.evaluation.stress.changes import stressed
from lesion.explain.located import outline_of
from lesion.explain.mapper import Mapper
from lesion.explain.passes import Changed
from lesion.images.painting import in_corner, outline_in_corner
from lesion.prepared import PreparedData
from lesion.records.explanations import ExplainedImage
from lesion.records.metrics import Estimate
from lesion.records.probes import CornerTest

CORNERS = 4


@dataclass(frozen=True)
class Cornered:
    """The test images that have an outline, each with its corner, (n,): the number of its row decides."""

    data: PreparedData
    images: Sequence[ExplainedImage]
    places: np.ndarray  # among the test images
    positions: np.ndarray  # among all rows

    @classmethod
    def of(cls, data: PreparedData, images: Sequence[ExplainedImage]) -> "Cornered":
        """Return those of all test `images`, which are in their order."""
        positions, _ = data.of_split("test")
        places = np.array([place for place, image in enumerate(images) if image.outline], int)
        return cls(data, images, places, positions[places])

    def changed(self) -> Changed:
        """Return the images, shrunk into their corners."""
        place_at = dict(zip(self.positions.tolist(), self.places.tolist(), strict=True))
        return Changed(self.data.images, lambda position, image: self._moved(place_at[position], image))

    def shares(self, height: int, width: int) -> np.ndarray:
        """Return the lesions in their corners, in fields (n, height, width)."""
        moved = (outline_in_corner(self._outline(place), self._corner(place)) for place in self.places)
        return np.array([fields.shares(outline, height, width) for outline in moved])

    def _moved(self, place: int, image: np.ndarray) -> np.ndarray:
        return in_corner(image, self._outline(place), self._corner(place))

    def _outline(self, place: int) -> np.ndarray:
        return outline_of(self.data, self.images, place)

    def _corner(self, place: int) -> int:
        return self.images[place].row % CORNERS


def corner_test(mapper: Mapper, method: str, cornered: Cornered, probabilities: np.ndarray) -> CornerTest | None:
    """Try a network in the corner; `probabilities` (N,) are those of all test images, unchanged.

    None without outlines.
    """
    if not len(cornered.places):
        return None
    explanations = list(mapper.explain(cornered.changed(), cornered.positions))
    maps = np.stack([explanation.maps[method] for explanation in explanations])
    labels = np.array([cornered.images[place].label for place in cornered.places])
    groups = np.array([cornered.images[place].group for place in cornered.places])
    verdicts = np.array([explanation.malignant for explanation in explanations])
    scores = located(maps, cornered.shares(*maps.shape[1:]), groups, verdicts)
    after = np.array([explanation.probability for explanation in explanations])
    change = stressed(labels, groups, probabilities[cornered.places], after)
    return CornerTest(
        located=Skills({method: scores}, labels, groups).describe(method)["all"],
        same_verdict=_complement(change.flips),
        roc_auc_change=change.roc_auc_change,
    )


def _complement(share: Estimate) -> Estimate:
    """Return 1 minus a share, with its interval."""
    interval = None if share.interval is None else [1 - share.interval[1], 1 - share.interval[0]]
    return Estimate(None if share.value is None else 1 - share.value, interval)

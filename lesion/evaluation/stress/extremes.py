"""The images whose verdict a disturbance changed most."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from lesion import config
from lesion.evaluation.stress.settings import STRESS


@dataclass(frozen=True)
class Extreme:
    """One image, `place` among those that were tested, and its probability of malignancy before and after."""

    network: str
    kind: str
    place: int
    before: float
    after: float


def most_changed(before: Mapping[str, np.ndarray], strongest: Mapping[str, Mapping[str, np.ndarray]]) -> list[Extreme]:
    """Return the images that changed most, at most STRESS.cases of them and one for each network and kind.

    `before` (N,) has each network's probabilities, `strongest` (N,) those at the strongest disturbance of each kind.
    Only images count whose verdict changes.
    """
    candidates = (
        each
        for network, kinds in strongest.items()
        for kind, after in kinds.items()
        for each in _flipped(network, kind, before[network], after)
    )
    return sorted(candidates, key=lambda each: -abs(each.after - each.before))[: STRESS.cases]


def _flipped(network: str, kind: str, before: np.ndarray, after: np.ndarray) -> Iterator[Extreme]:
    """Yield the image that changed most among those whose verdict changes, if there is one."""
    threshold = config.DECISION.threshold
    sizes = np.where((before >= threshold) != (after >= threshold), np.abs(after - before), -1.0)
    place = int(np.argmax(sizes))
    if sizes[place] >= 0:
        yield Extreme(network, kind, place, float(before[place]), float(after[place]))

"""The settings of the scores that say where evidence lies."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Localisation:
    """What maps are compared with, and which maps can be scored at all."""

    # Of the image's side. On photographs of HAM10000 no other width agrees better with the outlines: the disc in which
    # the spot has at least a fifth of its peak then overlaps with them by .50 (intersection over union).
    spot: float = 0.17
    least_fields: int = 4  # each way; with fewer, even the true outline scores no better than the spot
    seed: int = 0  # of which image's outline a map is compared with instead of its own


LOCALISATION = Localisation()

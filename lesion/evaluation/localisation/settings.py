"""The settings of the scores that say where evidence lies, and of the test whether maps depend on the network."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Localisation:
    """What maps are compared with, and which maps can be scored at all."""

    # Of the image's side. On photographs of HAM10000 no other width agrees better with the outlines: the disc in which
    # the spot has at least a fifth of its peak then overlaps with them by .50 (intersection over union).
    spot: float = 0.17
    least_fields: int = 4  # each way; with fewer, even the true outline scores no better than the spot
    seed: int = 0  # of which image's outline a map is compared with instead of its own


@dataclass(frozen=True)
class Sanity:
    """How weights are drawn anew."""

    # From draw to draw, the mean rank correlation has a standard deviation of .04 to .11 (photographs, drawn images),
    # and the rise in complexity one of .08 to .11. Each draw costs two passes over the images.
    draws: int = 3
    statistics: int = 16  # images from which batch normalisations take their statistics; fields make them many values
    seed: int = 0


LOCALISATION = Localisation()
SANITY = Sanity()

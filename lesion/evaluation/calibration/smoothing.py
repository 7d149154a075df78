"""Local regression: the share of malignant rows as a smooth curve over their probabilities.

Cleveland, Journal of the American Statistical Association 74 (1979) 829, without his robustness steps: a straight line
through the nearest rows around each point, weighted by the tricube of their distance.
"""

from dataclasses import dataclass

import numpy as np

SPAN = 0.75  # share of the rows that are near, as in R's loess
POINTS = 30  # of the grid on which lines are fitted; between them the curve is straight


@dataclass(frozen=True)
class Smoother:
    """What does not depend on labels and weights: the same for every replicate of a bootstrap."""

    kernels: np.ndarray  # (N, 3 G): each row's weight around G points, times its distance to the power of 0, 1 and 2
    between: np.ndarray  # (G, N): the shares with which the curve's points make up its value at each row
    widths: np.ndarray  # (G,) distance of the farthest row that is near


def prepare(probabilities: np.ndarray) -> Smoother:
    """Return the smoother over `probabilities` (N,)."""
    # Rows' own probabilities, so that each point has a row at no distance.
    points = np.unique(np.quantile(probabilities, np.linspace(0, 1, POINTS), method="nearest"))
    apart = probabilities[:, np.newaxis] - points
    near = int(np.ceil(SPAN * len(probabilities))) - 1
    widths = np.partition(np.abs(apart), near, axis=0)[near]
    relative = np.divide(np.abs(apart), widths, out=np.where(apart == 0, 0.0, 1.0), where=widths > 0)
    tricube = (1 - np.minimum(relative, 1) ** 3) ** 3
    between = np.stack([np.interp(probabilities, points, one) for one in np.eye(len(points))])
    return Smoother(np.hstack([tricube, tricube * apart, tricube * apart**2]), between, widths)


def smooth(smoother: Smoother, labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the smoothed share of malignant rows (R, N), in 0 to 1, at each row's probability.

    `labels` (N,) or (R, N) of 0 and 1, `weights` (1, N) or (R, N). NaN if a point has no weight around it.
    """
    count = len(smoother.widths)
    zeroth, first, second = np.split(weights @ smoother.kernels, 3, axis=1)
    share, moment = np.split((weights * labels) @ smoother.kernels[:, : 2 * count], 2, axis=1)
    determinant = zeroth * second - first**2
    flat = determinant <= 1e-9 * (zeroth * smoother.widths) ** 2  # all near rows are equal: their mean, no line
    with np.errstate(invalid="ignore", divide="ignore"):
        curve = np.where(flat, share / zeroth, (second * share - first * moment) / determinant)
    return np.clip(curve, 0, 1) @ smoother.between

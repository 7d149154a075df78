"""Figure of intervals: what ROC-AUC the networks reach when trained anew."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lesion import config
from lesion.report.figures.plots import MUTED, STYLE, empty_axes


@dataclass(frozen=True)
class FoldAreas:
    """The ROC-AUC of each partition's folds (None: undefined), their mean, and its interval."""

    cells: Sequence[Sequence[float | None]]
    mean: float
    interval: Sequence[float] | None


def fold_areas(models: Mapping[str, FoldAreas], confidence: str) -> Figure:
    """Draw for each model a dot for every fold, a line of dots for each partition, and above them mean and interval.

    `models` by their key in config.NETWORKS or config.REFERENCES. `confidence` is that of the intervals, in words.
    """
    with matplotlib.rc_context(STYLE):
        figure, axes = empty_axes(
            (6.0, 1.0 + 0.7 * len(models)), f"ROC-AUC, with {confidence} interval of the mean", ""
        )
        for place, (name, areas) in enumerate(models.items()):
            style = config.NETWORKS.get(name)
            colour, marker = (style.colour, style.marker) if style else (MUTED, "D")
            _dots(axes, place, areas, colour)
            low, high = areas.interval or (areas.mean, areas.mean)
            axes.errorbar(
                [areas.mean], [place - 0.22], xerr=[[areas.mean - low], [high - areas.mean]], fmt=marker,
                color=colour, capsize=4, ms=6, lw=1.8,
            )  # fmt: skip
        axes.set_yticks(range(len(models)), [config.title(name) for name in models])
        axes.set_ylim(len(models) - 0.5, -0.5)
        axes.margins(x=0.06)
        axes.tick_params(axis="y", length=0)
    return figure


def _dots(axes: Axes, place: int, areas: FoldAreas, colour: str) -> None:
    """Draw the folds of each partition on a line of their own, below the mean."""
    for partition, cells in enumerate(areas.cells):
        height = place + 0.34 * (partition + 1) / len(areas.cells)
        values = [math.nan if area is None else area for area in cells]
        axes.plot(values, [height] * len(values), "o", color=colour, ms=4, mew=0, alpha=0.75)

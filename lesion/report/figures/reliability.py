"""Figures of calibration: how far a network's scores can be read as probabilities."""

from collections.abc import Sequence
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lesion import config
from lesion.records.metrics import ReliabilityBin
from lesion.report.figures.plots import INK, MUTED, STYLE, share_ticks


def reliability(before: Sequence[ReliabilityBin], after: Sequence[ReliabilityBin] | None, model: str) -> Figure:
    """Draw the share of malignant images over the mean score, and below it how many images each point stands for.

    `before` and `after` a temperature; `after` is None if none was fitted. The area of a point grows with its images.
    """
    style = config.NETWORKS[model]
    with matplotlib.rc_context(STYLE):
        figure, axes, counts = _with_strip((3.5, 4.3))
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8)
        most = max(one.rows for one in (*before, *(after or before)))
        _draw_bins(axes, counts, before, most, {"color": INK, "ls": ":", "marker": "x", "stem": 1.2}, "as scored")
        if after is not None:
            look = {"color": style.colour, "ls": "-", "marker": style.marker, "stem": 3}
            _draw_bins(axes, counts, after, most, look, "with temperature")
        axes.legend(loc="lower center", bbox_to_anchor=(0.45, 1.0), ncols=2, frameon=False, fontsize=9)
    return figure


def _with_strip(size: tuple[float, float]) -> tuple[Figure, Axes, Axes]:
    """Return an empty reliability diagram: the figure, its square axes and those of a strip of counts below."""
    figure = Figure(figsize=size, layout="constrained")
    axes, counts = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    for one in (axes, counts):
        one.grid(True, linewidth=0.6)
        one.set_axisbelow(True)
        one.spines[["top", "right"]].set_visible(False)
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), ylabel="Share that is malignant")
    counts.set(ylabel="Images", xlabel="Mean score")
    share_ticks(axes.xaxis, axes.yaxis)
    counts.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=2))
    return figure, axes, counts


# Any: matplotlib's keywords, each of a type of its own.
def _draw_bins(
    axes: Axes, counts: Axes, bins: Sequence[ReliabilityBin], most: int, look: dict[str, Any], label: str
) -> None:
    """Draw the points of a curve with sizes, and their counts as stems; `most` is the largest count of the figure."""
    x, y, rows = ([getattr(one, name) for one in bins] for name in ("predicted", "observed", "rows"))
    axes.plot(x, y, color=look["color"], ls=look["ls"], lw=1.2)
    sizes = [12 + 70 * amount / most for amount in rows]  # in points squared: even a single image must be seen
    axes.scatter(x, y, s=sizes, color=look["color"], marker=look["marker"], label=label, zorder=3)
    counts.vlines(x, 0, rows, color=look["color"], lw=look["stem"])
    counts.set_ylim(0, 1.1 * most)

"""Figure of learning curves: what ROC-AUC the networks reach with how many training images."""

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator
from scipy.optimize import isotonic_regression

from lesion import config
from lesion.records.study import CurvePoint, LearningCurve
from lesion.report.figures.plots import STYLE, empty_axes, look

APART = 0.02  # of the width of the curves: between intervals of two models at the same number of images
LINE = 0.08  # of the height of the axes: between two labels
NUMBER = 0.14  # of the width of the curves: between two numbers below the axis
NARROWEST = 1.01  # by what factor the images differ at least: large fractions of few lesions may all be rounded up


def learning_curves(curves: Mapping[str, LearningCurve], confidence: str) -> Figure:
    """Draw ROC-AUC over training images, on a logarithmic axis, as a line for each model with its name at the end.

    `curves` by their key in config.NETWORKS or plots.REFERENCE_LOOKS, all with the same numbers of images. `confidence`
    is that of the intervals, in words.
    """
    images = [point.images for point in next(iter(curves.values())).points]
    width = max(images[-1] / images[0], NARROWEST)
    with matplotlib.rc_context(STYLE):
        figure, axes = empty_axes((4.6, 3.2), "Training images, logarithmic", f"ROC-AUC, with {confidence} interval")
        axes.set_xscale("log")
        axes.set_xlim(images[0] * width**-0.06, images[-1] * width**0.06)
        for place, (name, curve) in enumerate(curves.items()):
            _curve(axes, name, curve.points, width ** (APART * (place - (len(curves) - 1) / 2)))
        _number(axes, images, width)
        _name(axes, {name: curve.points[-1].roc_auc.value for name, curve in curves.items()})
    return figure


def _curve(axes: Axes, name: str, points: Sequence[CurvePoint], shift: float) -> None:
    """Draw one model, `shift` times as far along the axis, so that no interval hides another."""
    areas = [point.roc_auc.value for point in points]
    ends = [point.roc_auc.interval or [area, area] for point, area in zip(points, areas, strict=True)]
    reaches = np.abs(np.transpose(ends) - areas)
    places = [point.images * shift for point in points]
    drawn = {"marker": "D", **look(name)}
    axes.errorbar(places, areas, yerr=reaches, **drawn, ms=5, elinewidth=1)


def _number(axes: Axes, images: Sequence[float], width: float) -> None:
    """Put the numbers of images below the axis, without those that would touch the next larger one."""
    shown = [images[-1]]
    for number in reversed(images[:-1]):
        if np.log(shown[-1] / number) >= NUMBER * np.log(width):
            shown.append(number)
    axes.xaxis.set_major_locator(FixedLocator(shown))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(shown, [f"{number:,.0f}" for number in shown])


def _name(axes: Axes, areas: Mapping[str, float]) -> None:
    """Write the name of each model beside the last of its `areas`, as near as the other names allow."""
    low, high = axes.get_ylim()
    names = sorted(areas, key=lambda name: areas[name])
    gaps = LINE * (high - low) * np.arange(len(names))
    # The nearest places in the same order that are a line apart: what is left without the gaps must not fall.
    heights = isotonic_regression([areas[name] for name in names] - gaps).x + gaps
    for name, height in zip(names, heights.tolist(), strict=True):
        colour = look(name)["color"]
        axes.annotate(
            config.title(name),
            (1, areas[name]),
            xycoords=axes.get_yaxis_transform(),
            xytext=(1.05, height),
            textcoords=axes.get_yaxis_transform(),
            color=colour,
            va="center",
            fontsize=9.5,
            arrowprops={"arrowstyle": "-", "color": colour, "lw": 0.8, "shrinkA": 1, "shrinkB": 0},
        )

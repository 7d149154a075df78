"""Figures: arrays in, figure out; and a figure as SVG that takes its colours from the page.

A network has one colour, line and marker in every figure, so that it can be told by any of the three.
"""

import io
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, MultipleLocator, PercentFormatter

from lesion import config
from lesion.records.metrics import DecisionCurve

INK = "#1b1f27"
MUTED = "#5b6472"
RULE = "#d5d9e0"
MARKS = 12  # markers on a curve, however many points it has
REFERENCE_LOOKS: Mapping[str, dict[str, Any]] = {
    "together": {"linestyle": "--", "color": INK, "lw": 1.2},
    "colour": {"linestyle": "-", "color": MUTED, "lw": 1.2},
}
LONG_NUMBER = re.compile(r"\d+\.\d{3,}")  # coordinates in points: a hundredth is finer than any screen
MEASURES = {"loss": "Loss (binary cross-entropy)", "auc": "ROC-AUC"}

STYLE = {
    "svg.fonttype": "none",  # text stays text: it can be selected, and takes the page's font
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": RULE,
}


def training_curves(
    epochs: Sequence[int],
    train: Sequence[float],
    validation: Sequence[float],
    model: str,
    measure: str,
    phases: Mapping[str, int],
    best_epoch: int,
) -> Figure:
    """Draw one measure (a key of MEASURES) on both splits over the epochs, counted from 1.

    `phases` gives the first epoch of each phase, in order; every one but the first gets a labelled line.
    `best_epoch` is the one whose weights were kept. A gap (NaN) in a curve stays a gap.
    """
    style = config.NETWORKS[model]
    with matplotlib.rc_context(STYLE):
        figure, axes = empty_axes((4.4, 3.1), "Epoch", MEASURES[measure])
        every = max(1, len(epochs) // MARKS)
        axes.plot(epochs, train, ":", color=MUTED, marker="x", ms=4, markevery=every, label="train")
        axes.plot(
            epochs, validation, "-", color=style.colour, marker=style.marker, ms=4, markevery=every,
            label="validation",
        )  # fmt: skip
        axes.set_xlim(min(epochs) - 0.5, max(epochs) + 0.5)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, min_n_ticks=1))
        axes.margins(y=0.12)
        _mark_phases(axes, phases)
        _mark_best(axes, epochs, validation, best_epoch)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.16), ncols=3, frameon=False, fontsize=9)
    return figure


def _mark_phases(axes: Axes, phases: Mapping[str, int]) -> None:
    for name, first in list(phases.items())[1:]:
        axes.axvline(first - 0.5, color=INK, linewidth=0.8)
        in_right_half = first > sum(axes.get_xlim()) / 2
        axes.annotate(
            f"{name} →",
            (first - 0.5, 0.985),
            xycoords=("data", "axes fraction"),
            xytext=(-3 if in_right_half else 3, 0),
            textcoords="offset points",
            ha="right" if in_right_half else "left",
            va="top",
            fontsize=8.5,
        )


def _mark_best(axes: Axes, epochs: Sequence[int], validation: Sequence[float], best_epoch: int) -> None:
    value = dict(zip(epochs, validation, strict=True)).get(best_epoch)
    if value is not None:
        axes.plot([best_epoch], [value], "o", ms=11, mfc="none", mec=INK, mew=1.4, label="best epoch", ls="")


# Any: matplotlib's keywords, each of a type of its own.
POINT_LOOKS: Sequence[dict[str, Any]] = (  # of the operating points, in their order
    {"fillstyle": "full"},
    {"fillstyle": "bottom", "markerfacecoloralt": "none"},
    {"fillstyle": "none"},
)


def roc_curves(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float], float] | None],
    points: Mapping[str, Mapping[str, tuple[float, float]]],
) -> Figure:
    """Draw ROC curves, {model: (false positive rates, true positive rates, area)}, on one axis.

    A model is a network or one of REFERENCE_LOOKS. A model whose curve is None (undefined: one class only) is named in
    the legend only. `points` are at most as many operating points as POINT_LOOKS has, {title: {network: (false
    positive rate, true positive rate)}}: markers, filled differently for each title.
    """
    with matplotlib.rc_context(STYLE):
        figure, axes = empty_axes((4.3, 4.5), "False alarms (1 − specificity)", "Found (sensitivity)")
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, label="guessing, 0.500")
        for model, curve in curves.items():
            x, y, area = curve or ((), (), None)
            label = f"{config.title(model)}, {'undefined' if area is None else f'{area:.3f}'}"
            axes.plot(x, y, **(look(model) | {"marker": "None"}), label=label)
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
        share_ticks(axes.xaxis, axes.yaxis)
        areas = axes.legend(loc="lower right", frameon=False, title="ROC-AUC", alignment="left", fontsize=9)
        for (title, places), fill in zip(points.items(), POINT_LOOKS, strict=False):
            _mark_points(axes, title, places, fill)
        marks = [line for line in axes.lines if line.get_label() in points]
        axes.legend(handles=marks, loc="lower center", bbox_to_anchor=(0.45, 1.0), ncols=3, frameon=False,
                    fontsize=9, handletextpad=0.1, columnspacing=1.0)  # fmt: skip
        axes.add_artist(areas)
    return figure


# Any: see POINT_LOOKS.
def _mark_points(axes: Axes, title: str, places: Mapping[str, tuple[float, float]], fill: dict[str, Any]) -> None:
    """Mark one operating point of each network, and give it an entry for the legend that has no network's look."""
    for model, (x, y) in places.items():
        style = config.NETWORKS[model]
        axes.plot([x], [y], ls="", marker=style.marker, color=style.colour, ms=7, **fill)
    axes.plot([], [], ls="", marker="D", color=INK, ms=6, label=title, **fill)


def decision_curves(curves: Mapping[str, DecisionCurve]) -> Figure:
    """Draw net benefit over the threshold, with the interval of each network as a light band.

    `curves` of networks and of any of REFERENCE_LOOKS, all at the same prevalence and thresholds. What lies far below
    calling no image malignant, whose net benefit is 0, is cut off.
    """
    with matplotlib.rc_context(STYLE):
        figure, axes = empty_axes((4.0, 4.1), "Threshold: risk from which one acts", "Net benefit")
        for model, curve in curves.items():
            own = look(model)
            axes.plot(curve.thresholds, curve.net_benefit, **own, ms=4, markevery=0.13, label=config.title(model))
            if model in config.NETWORKS:
                low, high = ([math.nan if end is None else end for end in ends] for ends in (curve.low, curve.high))
                axes.fill_between(curve.thresholds, low, high, color=own["color"], alpha=0.1, lw=0)
        one = next(iter(curves.values()))
        axes.plot(one.thresholds, one.act_on_all, ":", color=INK, lw=1, label="Call all malignant")
        axes.axhline(0, color=INK, lw=1, label="Call none malignant")
        axes.set_xlim(min(one.thresholds), max(one.thresholds))
        axes.set_ylim(-0.3 * one.prevalence, 1.05 * one.prevalence)  # no net benefit is above the prevalence
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False, fontsize=9)
    return figure


# Any: matplotlib's keywords, each of a type of its own.
def look(model: str) -> dict[str, Any]:
    """Return how a network, or one of REFERENCE_LOOKS, is drawn."""
    if model in REFERENCE_LOOKS:
        return REFERENCE_LOOKS[model]
    style = config.NETWORKS[model]
    return {"linestyle": style.line, "color": style.colour, "marker": style.marker}


def share_ticks(*scales: Axis) -> None:
    """Label 0, 0.5 and 1 on axes that run from 0 to 1, and draw a line every 0.1."""
    for scale in scales:
        scale.set_major_locator(MultipleLocator(0.5))
        scale.set_minor_locator(MultipleLocator(0.1))
        scale.grid(True, which="minor", linewidth=0.4)


def empty_axes(size: tuple[float, float], x_label: str, y_label: str) -> tuple[Figure, Axes]:
    """Return an empty figure of `size` inches and its axes, with the look all figures share."""
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    axes.set(xlabel=x_label, ylabel=y_label)
    axes.grid(True, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def svg(figure: Figure, name: str) -> str:
    """Return `figure` as an SVG element for use inside an HTML page.

    The same figure and `name` give the same bytes; figures of different `name` share no id. Colours
    become the page's CSS variables, so that they follow its light or dark mode. It has no id, style
    sheet or name space that could reach beyond it, and is hidden from screen readers: the page puts it
    in words.
    """
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<svg [^>]*(viewBox=\"[^\"]*\")[^>]*>", r'<svg \1 aria-hidden="true">', text, count=1)
    text = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", text, count=1, flags=re.DOTALL)
    text = re.sub(r'<g id="[^"]*"', "<g", text)  # the other ids are salted hashes, and referred to
    text = re.sub(r"font-family: [^;\"]*;? ?", "", text).replace("xlink:href", "href")
    text = _without_groups(re.sub(r"\s*\n\s*", " ", text))
    text = re.sub(r"<[^>]+>", lambda tag: LONG_NUMBER.sub(_rounded, tag[0]), text)
    text = re.sub(r'(?<= d=")[^"]*', lambda path: re.sub(r" ?([MLCQz]) ?", r"\1", path[0]), text)
    text = re.sub(r'(?<=style=")[^"]*', lambda style: re.sub(r"(?<=[:;]) ", "", style[0]), text)
    for colour, variable in _variables().items():
        text = text.replace(colour, f"var(--{variable}, {colour})")
    return text.strip()


def _without_groups(text: str) -> str:
    """Return an SVG without the groups that have no attribute, which change nothing."""
    kept = []
    plain: list[bool] = []  # of each open group
    for piece in re.split(r"(</?g\b[^>]*>)", text):
        empty = piece.startswith("<g") and piece.endswith("/>")
        if piece.startswith("<g") and not empty:
            plain.append(piece == "<g>")
        bare = empty or piece == "<g>" or (piece == "</g>" and plain.pop())
        kept.append("" if bare else piece)
    return re.sub(r">\s+<", "><", "".join(kept))


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def _variables() -> dict[str, str]:
    """Return the CSS variable of the page for each colour; outside the page the colour itself is the fallback."""
    return {INK: "ink", MUTED: "muted", RULE: "rule"} | {style.colour: name for name, style in config.NETWORKS.items()}

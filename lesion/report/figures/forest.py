"""Plots of intervals made of text and lines: readable at any width, since no text is scaled with the picture.

A place along a plot is in percent of its width, as text that a template puts into an SVG.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lesion import config
from lesion.evaluation.words.wording import signed
from lesion.records.common import Interval
from lesion.report.writing.tables import Cell, Show, with_interval

STEPS = 4  # on an axis, or a few more: their labels fit side by side on a telephone
GUESSING = 0.5  # the ROC-AUC of a score that knows nothing


@dataclass(frozen=True)
class Line:
    """A value of a plot with its interval; nothing is drawn of a value that is None, which means undefined."""

    name: str
    value: float | None
    interval: Interval = None
    adjusted: Interval = None  # drawn thin: the interval for all comparisons at once
    words: str = ""  # below the line
    strong: bool = False  # whether these words are set in bold
    network: str = ""  # whose colour and marker it has, a key of config.NETWORKS; empty: neither


@dataclass(frozen=True)
class Bar:
    """Where an interval begins and ends."""

    start: str
    end: str


@dataclass(frozen=True)
class DrawnLine:
    """A line as the template needs it."""

    name: str
    value: Cell
    at: str  # empty if there is nothing to draw
    thick: Bar | None
    thin: Bar | None
    words: str
    strong: bool
    network: str
    marker: str  # as in config.NETWORKS, empty if it is of no network


@dataclass(frozen=True)
class Tick:
    """A label of the axis."""

    text: str
    at: str


@dataclass(frozen=True)
class Plot:
    """A plot with its lines, those of `references` below a rule, and its axis."""

    title: str
    note: str
    lines: Sequence[DrawnLine]
    references: Sequence[DrawnLine]
    ticks: Sequence[Tick]
    neutral: str  # where the value is that favours nobody; empty if it is outside the axis


@dataclass(frozen=True)
class Axis:
    """An axis of `steps` equal steps, from `first` steps above 0 on."""

    step: float
    first: int
    steps: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Axis":
        """Return the axis with round labels that holds all `values`, of which there is at least one."""
        step = _round_step((max(values) - min(values)) / STEPS)
        first = math.floor(min(values) / step + 1e-9)
        last = math.ceil(max(values) / step - 1e-9)
        return cls(step, first, max(1, last - first))

    @property
    def low(self) -> float:
        """Return where the axis begins."""
        return self.first * self.step

    def at(self, value: float) -> str:
        """Return the place of `value` in percent of the axis."""
        return f"{100 * (value / self.step - self.first) / self.steps:.4f}%"

    def holds(self, value: float) -> bool:
        """Tell whether `value` is on the axis."""
        return self.first <= value / self.step <= self.first + self.steps

    def text(self, value: float) -> str:
        """Return `value` with as many decimals as the labels need."""
        return signed(value, max(1, -math.floor(math.log10(self.step) + 1e-9)))

    def ticks(self, text: Callable[[float], str]) -> list[Tick]:
        """Return the labels, each written by `text`."""
        values = [(self.first + place) * self.step for place in range(self.steps + 1)]
        return [Tick(text(value), self.at(value)) for value in values]


def areas(title: str, note: str, lines: Sequence[Line], references: Sequence[Line], show: Show) -> Plot:
    """Return a plot of ROC-AUCs; the note says where the axis begins if guessing is not on it."""
    values = _values([*lines, *references])
    axis = Axis.of(values or [GUESSING, 1.0])
    neutral = axis.at(GUESSING) if axis.holds(GUESSING) else ""
    begins = f"guessing, {GUESSING:g}, is marked." if neutral else f"the axis starts at {axis.text(axis.low)}."
    return Plot(
        title=title,
        note=f"{note}; {begins}",
        lines=_drawn(lines, axis, show),
        references=_drawn(references, axis, show),
        ticks=axis.ticks(axis.text),
        neutral=neutral,
    )


def leads(title: str, note: str, lines: Sequence[Line], show: Show) -> Plot | None:
    """Return a plot of differences, with 0 on its axis; None if there is nothing to draw."""
    values = _values(lines)
    if not values:
        return None
    axis = Axis.of([0.0, *values])
    ticks = axis.ticks(
        lambda value: "0" if abs(value) < axis.step / 2 else f"{'+' if value > 0 else ''}{axis.text(value)}"
    )
    return Plot(title, note, _drawn(lines, axis, show), [], ticks, axis.at(0.0))


def _values(lines: Sequence[Line]) -> list[float]:
    """Return all that must be on the axis."""
    return [
        value
        for line in lines
        if line.value is not None
        for value in (line.value, *(line.interval or ()), *(line.adjusted or ()))
    ]


def _drawn(lines: Sequence[Line], axis: Axis, show: Show) -> list[DrawnLine]:
    return [
        DrawnLine(
            name=line.name,
            value=with_interval(line.value, line.interval, show),
            at="" if line.value is None else axis.at(line.value),
            thick=_bar(line.interval, axis),
            thin=_bar(line.adjusted, axis),
            words=line.words,
            strong=line.strong,
            network=line.network,
            marker=config.NETWORKS[line.network].marker if line.network else "",
        )
        for line in lines
    ]


def _bar(interval: Interval, axis: Axis) -> Bar | None:
    return Bar(axis.at(interval[0]), axis.at(interval[1])) if interval else None


def _round_step(least: float) -> float:
    """Return the smallest of 1, 2 and 5 times a power of ten that is not below `least`; 0.05 if that is 0."""
    if least <= 0:
        return 0.05
    power = 10.0 ** math.floor(math.log10(least))
    return next(times * power for times in (1, 2, 5, 10) if times * power >= least * (1 - 1e-9))

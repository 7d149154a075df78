"""Plot of how many verdicts each disturbance changes: a row for each kind, a track for each network.

As in `forest`, text is HTML and lines are SVG whose places are in percent, so that it is readable at any width.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lesion import config
from lesion.evaluation.words.stress import KINDS, REMEDIES, TO_BENIGN, TO_MALIGNANT, direction, strongest
from lesion.evaluation.words.wording import title
from lesion.records.stress import ModelStress, Stressed
from lesion.report.figures.forest import Axis, Bar, Tick

RADII = (1.7, 2.5, 3.3)  # of the weaker strengths, in pixels; the strongest has the network's marker
ARROWS = {TO_MALIGNANT: "up", TO_BENIGN: "down", "": ""}


@dataclass(frozen=True)
class Dot:
    """A weaker strength: where it is, and its radius in pixels."""

    at: str
    radius: float


@dataclass(frozen=True)
class Track:
    """One network in a row; without `at` nothing was measured."""

    network: str
    marker: str
    words: str  # for who cannot see it
    dots: Sequence[Dot]
    bar: Bar | None  # the interval of the strongest
    at: str  # of the strongest
    arrow: str  # which way most of its changed verdicts go: up is to malignant, down to benign


@dataclass(frozen=True)
class KindRow:
    """A kind of disturbance; a remedy stands below what it mends."""

    title: str
    remedy: bool
    tracks: Sequence[Track]


@dataclass(frozen=True)
class StressPlot:
    """The plot: networks as (name, title, marker), its rows, and its axis, which all tracks share."""

    networks: Sequence[tuple[str, str, str]]
    rows: Sequence[KindRow]
    ticks: Sequence[Tick]


def stress_plot(models: Mapping[str, ModelStress]) -> StressPlot | None:
    """Return the plot of the kinds that were tried, those that change most verdicts first; None without any.

    What a kind changes is the mean over the networks, at the strongest strength.
    """
    kinds = ranked(models)
    values = [
        value
        for model in models.values()
        for kind in kinds
        for one in model.disturbed.get(kind, [])
        for value in (one.flips.value, *(one.flips.interval or ()))
        if value is not None
    ]
    if not values:
        return None
    axis = Axis.of([0.0, *values])
    return StressPlot(
        networks=[(name, title(name), config.NETWORKS[name].marker) for name in models],
        rows=[
            KindRow(KINDS[kind], kind in REMEDIES, [_track(name, kind, model, axis) for name, model in models.items()])
            for kind in kinds
        ],
        ticks=axis.ticks(lambda value: f"{100 * value:.0f}%"),
    )


def ranked(models: Mapping[str, ModelStress]) -> list[str]:
    """Return the kinds that were tried, those that change most verdicts first, and remedies after what they mend."""
    tried = [kind for kind in KINDS if any(kind in model.disturbed for model in models.values())]

    def key(kind: str) -> tuple[float, int, bool]:
        mended = REMEDIES.get(kind, kind)
        return -_mean(mended, models), list(KINDS).index(mended), kind in REMEDIES

    return sorted(tried, key=key)


def _mean(kind: str, models: Mapping[str, ModelStress]) -> float:
    values = [one.flips.value or 0.0 for model in models.values() if (one := strongest(model, kind))]
    return sum(values) / len(values) if values else 0.0


def _track(name: str, kind: str, model: ModelStress, axis: Axis) -> Track:
    strengths = model.disturbed.get(kind, [])
    last = strengths[-1] if strengths and strengths[-1].flips.value is not None else None
    weaker = list(zip(strengths[:-1], RADII[-len(strengths) + 1 :] if len(strengths) > 1 else (), strict=True))
    interval = last.flips.interval if last else None
    return Track(
        network=name,
        marker=config.NETWORKS[name].marker,
        words=_words(name, kind, last),
        dots=[Dot(axis.at(one.flips.value), radius) for one, radius in weaker if one.flips.value is not None],
        bar=Bar(axis.at(interval[0]), axis.at(interval[1])) if interval else None,
        at=axis.at(last.flips.value or 0.0) if last else "",
        arrow=ARROWS[direction(last)] if last else "",
    )


def _words(name: str, kind: str, last: Stressed | None) -> str:
    if last is None:
        return f"{title(name)}, {KINDS[kind]}: not measured"
    way = direction(last)
    return f"{title(name)}, {KINDS[kind]}: {last.flips.value:.0%}{', mostly ' if way else ''}{way}"

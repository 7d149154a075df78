"""What a person sees while the work goes on: lines, and how far it is and how long it will still take.

A terminal has one status line, which changes in place. A pipe or a log gets plain lines: one after ten seconds, and
then ever more rarely, so that a long run is a short log.
"""

import json
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from lesion.streams import printable_line

Item = TypeVar("Item")
VARIABLE = "LESION_ALL"  # in the environment of the stages that `invoke all` runs: where they stand in it
SHORTEST_GAP, LONGEST_GAP = 10.0, 300.0  # seconds between two plain lines
GAP_SHARE = 1 / 3  # of the time that the run has taken so far: the gap between its plain lines
# The first pieces take longer than the others; no time is told from less than this share or number of them.
FIRST_SHARE, FIRST_PIECES = 0.1, 50
COUNTED_AT_ONCE = 1000  # of items that are only counted: the clock is read this rarely
REDRAW = 0.1  # seconds between two states of the status line
BAR_WIDTH = 20  # characters
# Seconds of the stages after the training by those of the training, on the drawn sample.
SHARES = {"baseline": 0.03, "evaluate": 0.08, "explain": 0.15, "stress": 0.10, "report": 0.02}
BOLD, YELLOW, PLAIN = "\x1b[1m", "\x1b[33m", "\x1b[0m"


@dataclass(frozen=True)
class Whole:
    """Where a stage stands in `invoke all`."""

    stage: int  # from 1
    stages: int
    begin: float  # of the whole run, in seconds since the epoch
    rest: float | None  # seconds that the stages after this one will take, about; None: not known

    @classmethod
    def of_environment(cls) -> "Whole | None":
        """Return what `invoke all` has noted for this stage; None if the stage runs by itself."""
        text = os.environ.get(VARIABLE)
        return cls(**json.loads(text)) if text else None

    def environment(self) -> dict[str, str]:
        """Return the environment of this process, with the note for the stage."""
        return {**os.environ, VARIABLE: json.dumps(vars(self))}


@dataclass
class Screen:
    """What stands on the status line, and when something was shown last."""

    whole: Whole | None = field(default_factory=Whole.of_environment)
    begin: float = field(default_factory=time.time)
    last: float = field(default_factory=time.time)
    status: str = ""

    def __post_init__(self) -> None:
        """Count the time from the begin of the whole run."""
        if self.whole:
            self.begin = self.whole.begin

    def due(self) -> bool:
        """Tell whether it is time to show anew how far the work is."""
        now = time.time()
        gap = min(max((now - self.begin) * GAP_SHARE, SHORTEST_GAP), LONGEST_GAP)
        return now - self.last >= (REDRAW if in_terminal() else gap)

    def clear(self) -> None:
        """Remove the status line."""
        if self.status:
            sys.stdout.write(f"\r{' ' * len(self.status)}\r")
            self.status = ""

    def draw(self, text: str) -> None:
        """Write `text` over the status line."""
        text = printable_line(text)[: shutil.get_terminal_size().columns - 1]
        sys.stdout.write(f"\r{text.ljust(len(self.status))}")
        sys.stdout.flush()
        self.status = text
        self.last = time.time()


@dataclass
class Series:
    """Pieces of work, one after the other; those to come are expected to take as long as the others, or as planned."""

    count: int
    number: int = 0  # of the present one, if all are done at once and this process knows of no other
    planned: Sequence[float] = ()  # seconds for each piece; only their ratios count
    seconds: list[float] = field(default_factory=list)  # of each that is done
    begin: float = field(default_factory=time.time)  # of the present one

    def next(self) -> None:
        """Note that the present one is done."""
        now = time.time()
        self.seconds.append(now - self.begin)
        self.begin = now

    @property
    def at_once(self) -> int:
        """Return how many pieces are done at the same time."""
        return self.count if self.number else 1

    def place(self) -> str:
        """Return which one is the present one: 2 of 3."""
        return f"{self.number or len(self.seconds) + 1} of {self.count}"

    def total(self, left: float) -> float:
        """Return how many seconds all of them take, if the present one takes `left` more."""
        known = [*self.seconds, time.time() - self.begin + left]
        shares = self.planned or [1.0] * self.count
        return sum(known) / sum(shares[: len(known)]) * sum(shares)

    def left(self, left: float) -> float:
        """Return how many seconds are left of all of them, if the present one takes `left` more."""
        return self.total(left) - sum(self.seconds) - (time.time() - self.begin)


screen = Screen()


def in_terminal() -> bool:
    """Tell whether the output goes to a terminal that can change a line in place."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def in_colour() -> bool:
    """Tell whether the output may be bold and coloured; see no-color.org."""
    return in_terminal() and not os.environ.get("NO_COLOR")


def say(text: str) -> None:
    """Print one line at once, also into a pipe; in `invoke all` it begins with the number of the stage."""
    screen.clear()
    place = f"{screen.whole.stage}/{screen.whole.stages} " if screen.whole else ""
    print(printable_line(styled(place + text)), flush=True)
    screen.last = time.time()


def styled(text: str) -> str:
    """Return a line with the name of its stage in bold, or a warning in yellow, where the terminal shows colours."""
    if "warning: " in text and in_colour():
        return f"{YELLOW}{text}{PLAIN}"
    stage, colon, rest = text.partition(":")
    return f"{bold(stage)}{colon}{rest}" if colon and len(stage.split()) <= 2 else text  # 2/6 train: ...


def bold(text: str) -> str:
    """Return `text` in bold, where the terminal shows it."""
    return f"{BOLD}{text}{PLAIN}" if in_colour() else text


def duration(seconds: float) -> str:
    """Return seconds as a person says them: 8.2 s, 5 min 10 s, 2 h 05 min."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def estimate(seconds: float) -> str:
    """Return seconds that are only known roughly: 5 s, 40 s, 3 min, 2 h 05 min."""
    if seconds < 60:
        return f"{max(5, 5 * round(seconds / 5))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def time_left(seconds: float, rest: float | None = None, at_most: bool = False) -> str:
    """Return in words how long this stage will still take, and in `invoke all` the whole run.

    `rest`: seconds of the stages after this one, by default what `invoke all` has noted. `at_most`: the work may end
    sooner.
    """
    about = "at most about" if at_most else "about"
    words = f"{about} {estimate(seconds)} left"
    if screen.whole is None:
        return words
    later = screen.whole.rest if rest is None else rest
    if later is None:
        return words
    return f"{words} of this stage, {estimate(seconds + later)} of the whole run"


def show(label: str, done: float, total: float, rest: str) -> None:
    """Show how far the work is and the `rest` in words: as a bar on a terminal's status line, elsewhere as a line."""
    text = f"{label}, {rest}" if rest else label
    if in_terminal():
        filled = round(BAR_WIDTH * min(1.0, done / total))
        screen.draw(f"{_bar(filled)} {text}")
    else:
        say(text)


def _bar(filled: int) -> str:
    """Return a bar of which so many characters are filled."""
    bar = "█" * filled + "░" * (BAR_WIDTH - filled)
    try:
        bar.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return "#" * filled + "-" * (BAR_WIDTH - filled)
    return bar


def progress(items: Iterable[Item], total: int, label: str) -> Iterator[Item]:
    """Yield `items` (`total` of them) and show how many are done and how long the rest will take."""
    begin = time.time()
    try:
        for done, item in enumerate(items, start=1):
            yield item
            if min(FIRST_SHARE * total, FIRST_PIECES) <= done < total and screen.due():
                left = (time.time() - begin) / done * (total - done)
                show(f"{label}: {done:,} of {total:,}", done, total, time_left(left))
    finally:
        screen.clear()


def counted(items: Iterable[Item], label: str) -> Iterator[Item]:
    """Yield `items`, nobody knows how many, and show how many there were so far if that takes long."""
    try:
        for done, item in enumerate(items, start=1):
            yield item
            if done % COUNTED_AT_ONCE == 0 and screen.due():
                text = f"{label}: {done:,} files so far"
                screen.draw(text) if in_terminal() else say(text)
    finally:
        screen.clear()

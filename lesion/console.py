"""How far the work is: a bar in a terminal, plain lines with a time estimate elsewhere."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")
SECONDS_BETWEEN_LINES = 10.0  # often enough to see life, seldom enough for a log


def say(text: str) -> None:
    """Print one line at once, also into a pipe."""
    print(text, flush=True)


def duration(seconds: float) -> str:
    """Return seconds as a person says them: 8.2 s, 5 min 10 s, 2 h 05 min."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def progress(items: Iterable[Item], total: int, label: str) -> Iterator[Item]:
    """Yield `items` (`total` of them) and show how many are done and how long the rest will take."""
    if sys.stdout.isatty():
        yield from tqdm(items, total=total, desc=label, file=sys.stdout)
        return
    start = last = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - last >= SECONDS_BETWEEN_LINES and done < total:
            last = now
            left = (now - start) / done * (total - done)
            say(f"{label}: {done:,} of {total:,}, about {duration(left)} left")

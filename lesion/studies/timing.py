"""Timing of alternatives in alternation, so that a slow phase of the machine hits all of them; medians count."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from lesion.records.bench import Machine


def machine() -> Machine:
    """Describe the processor, its cores and the memory, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        processor = platform.processor() or platform.machine()
    pages = ("SC_PAGE_SIZE", "SC_PHYS_PAGES")
    memory = None
    if all(page in getattr(os, "sysconf_names", {}) for page in pages):
        memory = os.sysconf(pages[0]) * os.sysconf(pages[1])
    return Machine(processor, os.cpu_count(), memory, platform.system())


def alternate(ways: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Run each of `ways` `repeats` times, in turn; return the seconds of each."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            begin = time.perf_counter()
            way()
            seconds[name].append(round(time.perf_counter() - begin, 4))
    return seconds


def alternate_warm(ways: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Do the same as `alternate`, after one run of each way that does not count: it pays for the start."""
    alternate(ways, 1)
    return alternate(ways, repeats)


def ratio(slow: Sequence[float], fast: Sequence[float]) -> float:
    """Return how many times the median of `slow` exceeds that of `fast`."""
    return statistics.median(slow) / statistics.median(fast)

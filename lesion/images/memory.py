"""Memory for images that are decoded: large ones wait for each other, and what can never fit is refused."""

import contextlib
import os
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path

BYTES_PER_PIXEL = 21  # at most, while an image is decoded, cropped, described and cleaned; measured at 36 megapixels
SHARE = 0.7  # of the memory that is free at first: the rest is for encoded images that wait, and for what comes later
UNKNOWN = 4 * 2**30  # bytes that are taken to be free where the system does not tell
LIMIT, USED = (Path("/sys/fs/cgroup", name) for name in ("memory.max", "memory.current"))  # of a container


class Room:
    """`size` bytes that threads share: each takes some for a while, and waits until they are free."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._free = size
        self._changed = threading.Condition()

    def fits(self, pixels: int) -> bool:
        """Tell whether an image of so many pixels can be decoded in all of the room."""
        return pixels * BYTES_PER_PIXEL <= self.size

    @contextlib.contextmanager
    def taken(self, pixels: int) -> Iterator[None]:
        """Keep the memory for so many pixels while the `with` block lasts; more than the room counts as all of it."""
        needed = min(pixels * BYTES_PER_PIXEL, self.size)
        with self._changed:
            self._changed.wait_for(lambda: self._free >= needed)
            self._free -= needed
        try:
            yield
        finally:
            with self._changed:
                self._free += needed
                self._changed.notify_all()


@cache
def room() -> Room:
    """Return the room that all threads of this process share, by the memory that was free at first."""
    return Room(int(SHARE * free_memory()))


def free_memory() -> int:
    """Return how many bytes of memory are free, in the container if there is one; UNKNOWN if nobody knows."""
    free = UNKNOWN
    with contextlib.suppress(OSError, ValueError):
        free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    with contextlib.suppress(OSError, ValueError):  # no container, or "max": no limit
        free = min(free, int(LIMIT.read_text()) - int(USED.read_text()))
    return free

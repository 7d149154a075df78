"""Works for processes that do theirs at once; they stand in a module, where every process finds them."""

import os
import signal
import time
from pathlib import Path

from lesion.console import say
from lesion.errors import LesionError

LONG = 60.0  # seconds


def meet(folder, own, other):
    """Wait for a work that is done at the same time."""
    Path(folder, own).touch()
    end = time.monotonic() + LONG
    while not Path(folder, other).exists():
        assert time.monotonic() < end
        time.sleep(0.01)
    say(f"train: {own} has met {other}")
    return True


def fail():
    say("train: it failed")
    return False


def stop():
    raise LesionError("a folder is missing: make it")


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def wait(folder, name):
    """Leave the number of this process in a file, and wait."""
    Path(folder, f".{name}").write_text(str(os.getpid()))
    Path(folder, f".{name}").rename(Path(folder, name))
    time.sleep(LONG)
    return True

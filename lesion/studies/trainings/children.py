"""Trainings as processes of their own: what one of them is, and the plain way to run many, one after the other.

A child reads its standard input and leaves at its end: so it never outlives the process that started it, however that
one ends. Its words go into a log beside its other files.
"""

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Job:
    """A child process: the interpreter that runs it is that of whoever starts it."""

    name: str
    arguments: list[str]  # the script and its options
    log: str  # path of the file for its words
    environment: dict[str, str] = field(default_factory=dict)  # beside that of the parent


@dataclass(frozen=True)
class Outcome:
    """How a child ended."""

    name: str
    status: int  # 0: done; 1 and 2 as in `scripts/stage.py`; below 0: ended by that signal
    seconds: float


# Yields an outcome for each job, in the order they end; closed before the end, it leaves no child.
Engine = Callable[[Sequence[Job]], Generator[Outcome, None, None]]
SECONDS_BETWEEN_QUESTIONS = 0.5  # whether a child should stop
ABANDONED = 3  # exit status of a child whose parent has gone


def leave_with_parent() -> None:
    """End this process as soon as its standard input ends, as it does when the process that started it has gone."""

    def watch() -> None:
        while os.read(0, 1):  # not sys.stdin: its lock would disturb the end of the interpreter
            pass
        os._exit(ABANDONED)

    threading.Thread(target=watch, daemon=True).start()


def run_child(
    arguments: Sequence[str], log: str, environment: dict[str, str], stop: Callable[[], bool] = lambda: False
) -> tuple[int, float]:
    """Run a child to its end, or until `stop` says so; return its exit status and the seconds it took.

    Uses nothing but the standard library, so that it can be sent to a worker that has no copy of this module.
    """
    begin = time.monotonic()
    with open(log, "ab") as words:
        child = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.PIPE,
            stdout=words,
            stderr=words,
            env={**os.environ, **environment},
            start_new_session=True,  # Ctrl-C reaches this process alone, which then closes the child's input
        )
        try:
            while not stop():
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(SECONDS_BETWEEN_QUESTIONS)
                    break
        finally:
            child.stdin.close()  # type: ignore[union-attr]  # it is a pipe
            status = child.wait()
    return status, time.monotonic() - begin


def one_after_the_other(jobs: Sequence[Job]) -> Generator[Outcome, None, None]:
    """Run each job when the one before has ended."""
    for job in jobs:
        yield Outcome(job.name, *run_child(job.arguments, job.log, job.environment))

"""How a run ends early: by the one exception that a user can cause, or by a signal that asks it to end."""

import signal

# What ends a stage as Ctrl-C does: `kill` and the end of a batch job's time, and the end of its terminal.
ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
RESUMES = "what was finished is kept, the same command resumes"
LONGEST = 200  # characters of a value that a message repeats


class LesionError(Exception):
    """One line a user can act on: what is wrong, with which value, and what to do.

    `scripts/stage.py` prints it as `error: …` and exits with status 2; nothing else catches it to exit.
    """


class Stopped(KeyboardInterrupt):
    """A signal of ENDING; its words are the name of the signal."""


def quoted(text: str) -> str:
    """Return a value in quotes as a message shows it: cut if it is long, control characters escaped."""
    return repr(text if len(text) <= LONGEST else f"{text[:LONGEST]}…")

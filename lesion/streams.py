"""The standard streams: whatever they lead to, and whatever is written, no words end a run."""

import io
import os
import re
import sys

# What would move the cursor, name the window or turn the writing round, for example in the name of a file. The codes
# for bold and coloured words may pass.
CONTROLS = re.compile("\x1b\\[\\d*m|[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def use_safe_streams() -> None:
    """Make the standard streams such that words can always be written to them.

    A closed one becomes the null device, and so does its number: else the next file that is opened would get it. A
    character that the output does not have is shown by its number.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # it gets the lowest free number: this one
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  as long as the process
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def forget_output() -> None:
    """Write nothing more to the standard output, which nobody reads any longer."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)


def printable(text: str) -> str:
    """Return `text` with control characters shown by their numbers."""
    return CONTROLS.sub(lambda match: match[0] if len(match[0]) > 1 else ascii(match[0])[1:-1], text)

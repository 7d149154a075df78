"""Words on their way out: no stream ends a run, and no text of a user's is more than text where it is shown."""

import io
import os
import re
import sys

# What would move the cursor, name the window, break a line or turn the writing round, for example in the name of a
# file; and half a character, which UTF-8 cannot write.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
LOOKS = re.compile("(\x1b\\[(?:0|1|33)m)")  # the codes of the console for plain, bold and yellow words
# What a spreadsheet may take for a formula, also in full width, and an apostrophe before it.
FORMULA = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")


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
    return CONTROL.sub(lambda match: ascii(match[0])[1:-1], text)


def printable_line(text: str) -> str:
    """Return a line of the console as `printable` does, the codes for its own looks as they are."""
    pieces = LOOKS.split(text)  # words, code, words, ...
    return "".join(piece if place % 2 else printable(piece) for place, piece in enumerate(pieces))


def as_cell(text: str) -> str:
    """Return `text` as a cell of a CSV file that no spreadsheet takes for a formula; `of_cell` gives it back.

    An apostrophe before it makes it text, as OWASP advises (CSV Injection, owasp.org).
    """
    return f"'{text}" if FORMULA.match(text) else text


def of_cell(cell: str) -> str:
    """Return the text of which `as_cell` made a cell."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell

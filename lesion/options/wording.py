"""How options and their values are written in messages, and what every kind of value has."""

import re
from typing import Any, Protocol

from lesion.errors import LesionError, quoted

Value = Any  # str, int, float, bool or a tuple of floats: what a stage gets
PLAIN = re.compile(r"[-+.0-9A-Za-z]{1,30}", re.ASCII)  # what may stand in a message without quotes, if it is a number


class Kind(Protocol):
    """What an option may be."""

    def read(self, name: str, text: str) -> Value:
        """Return the value that `text` means, which is not empty; raises LesionError if the option `name` cannot."""
        ...

    @property
    def accepted(self) -> str:
        """Return what the option may be, as it follows `give`."""
        ...


def flag(name: str) -> str:
    """Return the option as it is typed: image_size is --image-size."""
    return f"--{name.replace('_', '-')}"


def shown_number(text: str) -> str:
    """Return what was typed for a number: as it is, or in quotes if it looks like none."""
    return text if PLAIN.fullmatch(text) else quoted(text)


def refusal(name: str, value: str, problem: str, accepted: str) -> LesionError:
    """Return the error of the option `name`; `value` as a message shows it, `accepted` as it follows `give`."""
    return LesionError(f"{flag(name)} {value} {problem}: give {accepted}")

"""Values that are numbers or words: in which range, and which ones."""

import re
from dataclasses import dataclass
from itertools import pairwise

from lesion import config
from lesion.errors import LesionError, quoted
from lesion.options.wording import Value, flag, refusal, shown_number

WHOLE = re.compile(r"[-+]?[0-9]+")  # no `1_000` and no digits of other scripts, which int() takes
DECIMAL = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")  # no `inf` and `nan`, which float() takes
MOST_DIGITS = 30  # of a whole number: int() refuses thousands of them with an error of its own
ADDRESS = re.compile(r"(tcp|tls)://[^\s:/]+:([0-9]{1,5})")
HIGHEST_PORT = 65535


@dataclass(frozen=True)
class Whole:
    """A whole number from `lowest` to `highest`."""

    lowest: int
    highest: int
    unit: str = "a whole number"
    usual: str = ""  # a usual one, as the end of a sentence

    @property
    def accepted(self) -> str:
        """Return the range in words."""
        return f"{self.unit} from {_separated(self.lowest)} to {_separated(self.highest)}{self.usual}"

    def read(self, name: str, text: str) -> Value:
        """Return an int."""
        if len(text) <= MOST_DIGITS and WHOLE.fullmatch(text) and self.lowest <= int(text) <= self.highest:
            return int(text)
        raise refusal(name, shown_number(text), "does not work", self.accepted)


@dataclass(frozen=True)
class Decimal:
    """A number from `lowest` to `highest`."""

    lowest: float
    highest: float
    usual: str = ""

    @property
    def accepted(self) -> str:
        """Return the range in words."""
        return f"a number from {self.lowest:g} to {self.highest:g}{self.usual}"

    def read(self, name: str, text: str) -> Value:
        """Return a float."""
        if len(text) <= MOST_DIGITS and DECIMAL.fullmatch(text) and self.lowest <= float(text) <= self.highest:
            return float(text)
        raise refusal(name, shown_number(text), "does not work", self.accepted)


@dataclass(frozen=True)
class Shares:
    """Shares of a whole with commas between them, each larger than the one before; the last one is the whole."""

    lowest: float

    @property
    def accepted(self) -> str:
        """Return the range and the order in words."""
        return f"numbers from {self.lowest:g} to 1 that rise, 1 as the last, with commas between them: .25,.5,1"

    def read(self, name: str, text: str) -> Value:
        """Return a tuple of floats."""
        words = text.split(",")
        readable = all(len(word) <= MOST_DIGITS and DECIMAL.fullmatch(word) for word in words)
        shares = tuple(map(float, words)) if readable else (0.0,)
        if self.lowest <= shares[0] and shares[-1] == 1 and all(less < more for less, more in pairwise(shares)):
            return shares
        raise refusal(name, quoted(text), "does not work", self.accepted)


@dataclass(frozen=True)
class Word:
    """One of a few words."""

    words: tuple[str, ...]

    @property
    def accepted(self) -> str:
        """Return the words."""
        return f"one of {', '.join(self.words)}"

    def read(self, name: str, text: str) -> Value:
        """Return the word."""
        if text in self.words:
            return text
        raise refusal(name, quoted(text), "is not known", self.accepted)


@dataclass(frozen=True)
class Networks:
    """Names of networks with commas between them, or just one name, or one word for all of them."""

    single: bool = False
    together: str = ""  # the word, if there is one

    @property
    def accepted(self) -> str:
        """Return the names."""
        names = f"one of {', '.join(config.NETWORKS)}"
        if self.together:
            names += f", or {self.together} for all of them"
        return names if self.single else f"{names}, or more with commas between them"

    def read(self, name: str, text: str) -> Value:
        """Return the names as they are."""
        if text != self.together and len(chosen_networks(text, self.accepted)) > 1 and self.single:
            raise refusal(name, quoted(text), "is more than one", self.accepted)
        return text


class Address:
    """Where a Dask scheduler listens."""

    accepted = "tcp://HOST:PORT, as the Dask scheduler prints it"

    def read(self, name: str, text: str) -> Value:
        """Return the address as it is."""
        match = ADDRESS.fullmatch(text)
        if match and int(match[2]) <= HIGHEST_PORT:
            return text
        raise refusal(name, quoted(text), "is no address", self.accepted)


class Text:
    """Any text that is not empty: the stage looks at it."""

    accepted = "a name"

    def read(self, name: str, text: str) -> Value:
        """Return the text as it is."""
        return text


def chosen_networks(model: str, accepted: str = Networks().accepted) -> tuple[str, ...]:
    """Return the networks that `--model` means, names with commas between them: all if it was left out ("").

    They come in the order of the registry. Raises LesionError for unknown ones, which says what is accepted.
    """
    names = [name.strip() for name in model.split(",")] if model else list(config.NETWORKS)
    for name in names:
        if name not in config.NETWORKS:
            raise LesionError(f"{flag('model')} {quoted(name)} is not known: give {accepted}")
    return tuple(name for name in config.NETWORKS if name in names)


def _separated(number: int) -> str:
    """Return a number with commas; 1024 pixels are written without."""
    return f"{number:,}" if number >= 10_000 else str(number)

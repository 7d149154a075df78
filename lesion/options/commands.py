"""Options on a command line: from text to what a stage works with, and back."""

import argparse
import sys
from collections.abc import Mapping
from typing import NoReturn

from lesion import config
from lesion.errors import LesionError
from lesion.options.declared import STAGES, Option
from lesion.options.places import weight_file
from lesion.options.wording import Value, flag, refusal
from lesion.options.words import chosen_networks


class Parser(argparse.ArgumentParser):
    """A parser whose errors are those of every other bad option: one line, without the list of options."""

    def error(self, message: str) -> NoReturn:
        """Raise LesionError."""
        raise LesionError(f"{message}: `--help` shows the options")


def read(stage: str, typed: Mapping[str, str | bool | None]) -> dict[str, Value]:
    """Return the value of every option of `stage` from what was typed; what is missing or None was left out.

    Raises LesionError, which says what is accepted, unless `stage` can work with all of them.
    """
    values = {name: _value(name, option, typed.get(name)) for name, option in STAGES[stage].items()}
    if "weights" in values:
        for model in chosen_networks(values.get("model", "")):
            weight_file(values["weights"], model)
    if typed.get("views") is not None and values.get("no_cache_activations"):
        raise LesionError(f"--views {values['views']} and --no-cache-activations exclude each other: give one of them")
    if values.get("workers") and values.get("cluster"):
        raise LesionError("--workers and --cluster exclude each other: give one of them")
    return values


def _value(name: str, option: Option, typed: str | bool | None) -> Value:
    if option.kind is None:
        return bool(typed)
    if typed is None and option.default is None:
        raise LesionError(f"{flag(name)} is missing: give {option.kind.accepted}")
    if typed is None:
        return option.default
    text = str(typed)
    if not text.strip():  # an unset variable in a script: not what the default is for
        left_out = "" if option.default is None else ", or leave the option out"
        raise refusal(name, repr(text), "is empty", f"{option.kind.accepted}{left_out}")
    return option.kind.read(name, text)


def parse(stage: str, documentation: str) -> argparse.Namespace:
    """Return the checked options of `stage` from the command line; raises LesionError."""
    parser = Parser(description=documentation.splitlines()[0], allow_abbrev=False)
    for name, option in STAGES[stage].items():
        if option.kind is None:
            parser.add_argument(flag(name), action="store_true", help=option.help)
        else:
            parser.add_argument(flag(name), help=option.help)
    return argparse.Namespace(**read(stage, vars(parser.parse_args())))


def command(stage: str, typed: Mapping[str, Value | None]) -> list[str]:
    """Return the command that runs scripts/STAGE.py with those of the options `typed` that the stage takes."""
    words = [sys.executable, str(config.PROJECT / "scripts" / f"{stage}.py")]
    for name in STAGES[stage]:
        value = typed.get(name)
        if value is True:
            words.append(flag(name))
        elif value is not None and value is not False:
            words.append(f"{flag(name)}={value}")  # in one word: a value may begin with a hyphen
    return words

"""Any text for any option: it is read or refused in one line, and what is read is what was typed."""

import math
import sys
from unittest import mock

from hypothesis import example, given, settings
from hypothesis import strategies as some

from lesion import options
from lesion.errors import LesionError

INTERNAL = ("cell", "speed")  # which other stages start
TYPED = [stage for stage in options.STAGES if stage not in INTERNAL]
VALUED = [(stage, name) for stage in TYPED for name, option in options.STAGES[stage].items() if option.kind]
NUMBERS = [(stage, name) for stage, name in VALUED if isinstance(options.STAGES[stage][name].default, int | float)]
ODD = [
    "",
    " ",
    "\0",
    "~",
    "~nosuchuser/x",
    "-1",
    "nan",
    "inf",
    "1e400",
    "1_000",
    "٣",
    "0x10",
    "\udcff",
    "/",
    ".",
    "a" * 5000,
]
texts = (
    some.text(max_size=40)
    | some.integers().map(str)
    | some.floats().map(str)
    | some.sampled_from(ODD)
    | some.from_regex(r"[-+~/.,0-9a-z]{1,12}", fullmatch=True)
)


def read(stage, name, text):
    """Return what `stage` gets if `text` is typed for the option `name` and other required ones name this folder.

    None if it is refused, which must be in one line that names the option.
    """
    required = {other: "." for other, option in options.STAGES[stage].items() if option.default is None}
    try:
        return options.read(stage, {**required, name: text})[name]
    except LesionError as error:
        said = str(error)
    assert options.flag(name) in said and said.isprintable() and len(said) < 500
    return None


@given(option=some.sampled_from(VALUED), text=texts)
@settings(max_examples=600)
def test_any_text_is_read_or_refused_in_one_line_with_what_is_accepted(option, text):
    value = read(*option, text)
    if not text.strip():
        assert value is None, "an empty value would be the default in disguise"


@given(option=some.sampled_from(NUMBERS), number=some.integers() | some.integers(-5, 5000))
@settings(max_examples=400)
@example(("train", "seed"), 2**32 - 1)
@example(("train", "seed"), 2**32)
def test_any_number_is_taken_as_it_is_or_not_at_all(option, number):
    value = read(*option, str(number))
    assert value is None or (value == number and math.isfinite(value) and value != options.AS_PROFILE)


@given(typed=some.dictionaries(some.sampled_from(sorted(options.TRAIN)), texts, max_size=4), flagged=some.booleans())
@settings(max_examples=300)
def test_a_script_gets_from_its_command_line_what_was_typed_for_invoke(typed, flagged):
    typed["no_cache_activations"] = flagged
    with mock.patch.object(sys, "argv", options.command("train", typed)[1:]):
        assert outcome(lambda: vars(options.parse("train", "."))) == outcome(lambda: options.read("train", typed))


def outcome(action):
    """Return what `action` returns, or its words if it refuses."""
    try:
        return action()
    except LesionError as error:
        return str(error)

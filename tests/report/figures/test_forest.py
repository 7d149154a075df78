"""Plots of text and lines: what is drawn stands where its number says."""

import pytest

from lesion.report.figures import forest
from lesion.report.figures.forest import Axis, Line
from lesion.report.writing.tables import number, signed


def place(text):
    assert text.endswith("%")
    return float(text[:-1])


@pytest.mark.parametrize(
    ("values", "ends"),
    [
        ((0.752, 0.964), (0.7, 1.0)),
        ((-0.015, 0.172), (-0.05, 0.2)),
        ((0.5, 0.5), (0.5, 0.55)),
        ((0.9612, 0.9633), (0.961, 0.964)),
        ((0.0, 1.0), (0.0, 1.0)),
    ],
)
def test_axis_has_round_ends_that_hold_all_values(values, ends):
    axis = Axis.of(values)
    assert axis.low == pytest.approx(ends[0]) and axis.low + axis.steps * axis.step == pytest.approx(ends[1])
    assert 1 <= axis.steps <= 6 and all(axis.holds(value) for value in values)


def test_a_line_is_where_its_numbers_say():
    plot = forest.leads("Lead", "", [Line("A", 0.05, [0.0, 0.1], [-0.05, 0.15])], signed)
    assert [(tick.text, place(tick.at)) for tick in plot.ticks] == [
        ("−0.05", 0.0), ("0", 25.0), ("+0.05", 50.0), ("+0.10", 75.0), ("+0.15", 100.0),
    ]  # fmt: skip
    (line,) = plot.lines
    assert place(line.at) == 50 and place(plot.neutral) == 25
    assert [place(line.thick.start), place(line.thick.end)] == [25, 75]
    assert [place(line.thin.start), place(line.thin.end)] == [0, 100]
    assert line.value.raw == 0.05 and line.value.text == "+0.050"


def test_the_note_says_where_the_axis_starts_or_that_guessing_is_on_it():
    high = forest.areas("", "90% intervals", [Line("A", 0.93, [0.91, 0.96])], [], number)
    assert high.note == "90% intervals; the axis starts at 0.90." and high.neutral == ""
    low = forest.areas("", "90% intervals", [Line("A", 0.55, [0.4, 0.7])], [], number)
    assert low.note == "90% intervals; guessing, 0.5, is marked." and place(low.neutral) == pytest.approx(
        100 / 3, abs=0.01
    )


def test_what_is_undefined_is_not_drawn():
    plot = forest.areas("", "", [Line("A", None), Line("B", 0.8)], [Line("C", 0.9, [0.8, 0.95])], number)
    assert [line.at == "" for line in plot.lines] == [True, False]
    assert plot.lines[0].value.text == "undefined" and plot.lines[1].thick is None
    assert plot.references[0].network == plot.references[0].marker == ""
    assert forest.leads("", "", [Line("A", None)], signed) is None
    assert forest.areas("", "", [Line("A", None)], [], number).lines[0].at == ""


def test_a_network_keeps_its_marker():
    plot = forest.areas("", "", [Line("A", 0.8, network="mobilenet")], [], number)
    assert (plot.lines[0].network, plot.lines[0].marker) == ("mobilenet", "s")

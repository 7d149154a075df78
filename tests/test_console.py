"""What is said while the work goes on, in a terminal and elsewhere."""

import contextlib
import io
import itertools
import json

import pytest

from lesion import console
from lesion.console import Screen, Series, Whole


class Clock:
    """A clock that only the test moves."""

    now = 1000.0

    def time(self):
        return self.now


class Terminal(io.StringIO):
    """An output that says it is a terminal."""

    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(console.time, "time", clock.time)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(console, "screen", Screen(begin=clock.now, last=clock.now))
    return clock


def in_terminal(*actions):
    """Return what a terminal of 80 columns gets from `actions`, functions without arguments."""
    with contextlib.redirect_stdout(Terminal()) as terminal:
        for action in actions:
            action()
    return terminal.getvalue()


def within_all(monkeypatch, rest):
    monkeypatch.setenv(console.VARIABLE, json.dumps({"stage": 2, "stages": 6, "begin": 1000.0, "rest": rest}))
    monkeypatch.setattr(console, "screen", Screen(last=1000.0))


def work(clock, count, seconds):
    for _ in console.progress(range(count), count, "read"):
        clock.now += seconds


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "5 s"), (7.4, "5 s"), (41.1, "40 s"), (59, "60 s"), (61, "1 min"), (152, "3 min"), (7500, "2 h 05 min")],
)
def test_an_estimate_is_a_round_number(seconds, said):
    assert console.estimate(seconds) == said


def test_work_of_less_than_ten_seconds_says_nothing(clock, capsys):
    work(clock, 9, 1.0)
    assert capsys.readouterr().out == ""


def test_lines_of_a_log_come_after_ten_seconds_and_then_more_rarely(clock, capsys):
    work(clock, 100, 1.0)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "read: 10 of 100, about 2 min left"
    done = [int(line.split()[1]) for line in lines]
    assert [after - before >= 10 for before, after in itertools.pairwise(done)] == [True] * (len(done) - 1)
    assert 4 <= len(lines) <= 7 and done[-1] < 100
    assert lines[-1].endswith(" s left") and "0 s left" not in [line[-9:] for line in lines]


def test_a_run_of_ten_minutes_says_how_far_it_is_at_most_fifteen_times(clock, capsys):
    work(clock, 600, 1.0)
    assert len(capsys.readouterr().out.splitlines()) <= 15


def test_a_run_of_hours_shows_life_every_few_minutes(clock, capsys):
    work(clock, 3600, 5.0)
    done = [int(line.split()[1].replace(",", "")) for line in capsys.readouterr().out.splitlines()]
    assert max(after - before for before, after in itertools.pairwise(done)) * 5 <= 305


def test_a_line_of_invoke_all_says_which_stage_runs_and_how_long_the_whole_takes(clock, capsys, monkeypatch):
    within_all(monkeypatch, rest=300.0)
    console.say("train: hello")
    work(clock, 100, 1.2)
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert first == "2/6 train: hello"
    assert second.startswith("2/6 read: ")
    assert second.endswith("about 2 min left of this stage, 7 min of the whole run")
    within_all(monkeypatch, rest=None)
    assert console.time_left(40.0) == "about 40 s left"
    assert console.time_left(40.0, rest=80.0, at_most=True) == (
        "at most about 40 s left of this stage, 2 min of the whole run"
    )


def test_the_note_for_a_stage_reaches_it_through_its_environment(monkeypatch):
    whole = Whole(3, 6, 12.5, None)
    monkeypatch.setenv(console.VARIABLE, whole.environment()[console.VARIABLE])
    assert Whole.of_environment() == whole
    monkeypatch.delenv(console.VARIABLE)
    assert Whole.of_environment() is None


def test_a_terminal_has_one_line_with_a_bar_that_is_removed_in_the_end(clock):
    shown = in_terminal(lambda: work(clock, 4, 5.0))
    states = [state.rstrip() for state in shown.split("\r")]
    assert "█████░░░░░░░░░░░░░░░ read: 1 of 4, about 15 s left" in states
    assert "███████████████░░░░░ read: 3 of 4, about 5 s left" in states
    assert "\n" not in shown and states[-1] == "" and console.screen.status == ""


def test_a_terminal_of_ascii_letters_alone_gets_a_bar_of_them(clock, monkeypatch):
    monkeypatch.setattr(Terminal, "encoding", "ascii")
    assert "#####--------------- read: 1 of 4, about 15 s left" in in_terminal(lambda: work(clock, 4, 5.0))


def test_a_line_that_is_said_replaces_the_status_line(clock):
    shown = in_terminal(lambda: console.show("train", 1, 2, ""), lambda: console.say("evaluate: done"))
    assert shown.split("\r")[-1] == "\x1b[1mevaluate\x1b[0m: done\n"


def test_a_status_line_never_wraps(clock, monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    shown = in_terminal(lambda: console.show("a label that is much longer than thirty characters", 1, 2, ""))
    assert len(shown.strip("\r")) == 29


def test_warnings_are_yellow(clock):
    shown = in_terminal(lambda: console.say("train: warning: EfficientNetB0 is no better than guessing"))
    assert shown == "\x1b[33mtrain: warning: EfficientNetB0 is no better than guessing\x1b[0m\n"


@pytest.mark.parametrize("text", ["train: done", "train: warning: oh", "Cautions: drawn images"])
def test_no_color_is_respected(clock, monkeypatch, text):
    monkeypatch.setenv("NO_COLOR", "1")
    shown = in_terminal(lambda: console.say(text), lambda: work(clock, 4, 5.0))
    assert "\x1b" not in shown and text in shown and "█" in shown


def test_a_dumb_terminal_gets_plain_lines(clock, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    shown = in_terminal(lambda: console.say("train: done"), lambda: work(clock, 4, 11.0))
    assert shown.splitlines()[:2] == ["train: done", "read: 1 of 4, about 35 s left"]
    assert "\r" not in shown and "\x1b" not in shown


def test_works_that_have_not_begun_are_taken_to_last_as_long_as_those_that_have(clock):
    series = Series(3, begin=clock.now)
    clock.now += 60.0
    series.next()
    assert series.place() == "2 of 3"
    clock.now += 10.0
    # 60 s, then 10 + 30 s, so the third 50 s: 30 + 50 s are left of 150 s.
    assert series.left(30.0) == pytest.approx(80.0)
    assert series.total(30.0) == pytest.approx(150.0)


def test_works_that_have_not_begun_are_taken_to_last_as_planned_beside_those_that_have(clock):
    series = Series(3, begin=clock.now, planned=[600.0, 100.0, 200.0])
    clock.now += 60.0
    # The first takes 60 + 600 s, 1.1 times as long as planned, so the others take 110 and 220 s.
    assert series.total(600.0) == pytest.approx(990.0)
    assert series.left(600.0) == pytest.approx(930.0)

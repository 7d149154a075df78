import math
from types import SimpleNamespace

import numpy as np
import pytest

from lesion import console
from lesion.networks.callbacks import alarm, history, progress, state
from lesion.networks.phases import Phase
from lesion.records.lines import EpochLine

# An epoch whose figures need all their digits, one of round figures, and one that broke down.
EPOCHS = [
    EpochLine(
        "frozen", 1, 1.489, 0.0010000000474974513, 0.8919942378997803, 0.5, 0.75, 0.58, 0.577, 0.7727273106575012
    ),
    EpochLine("frozen", 2, 12.0, 0.001, 1.0, 1.0, 1.0, 1.0, 0.0, 1.0),
    EpochLine("tune", 3, 0.2, 1e-05, math.nan, 0.5, 0.5, math.inf, 0.5, 0.5),
]


def test_the_history_has_a_line_for_each_epoch_with_all_digits(tmp_path):
    path = tmp_path / "history.csv"
    history.write_history(path, EPOCHS)
    assert path.read_text().splitlines() == [
        "phase,epoch,seconds,learning_rate,loss,accuracy,auc,val_loss,val_accuracy,val_auc",
        "frozen,1,1.489,0.0010000000474974513,0.8919942378997803,0.5,0.75,0.58,0.577,0.7727273106575012",
        "frozen,2,12.0,0.001,1.0,1.0,1.0,1.0,0.0,1.0",
        "tune,3,0.2,1e-05,nan,0.5,0.5,inf,0.5,0.5",
    ]


def test_a_state_read_again_is_the_same_to_the_last_digit(tmp_path):
    written = example()
    state.write(tmp_path, written)
    read = state.latest(tmp_path, ["frozen", "tune"], "this training")
    assert read.epochs[:2] == EPOCHS[:2] and repr(read.epochs) == repr(EPOCHS)  # nan is not equal to itself
    assert (read.identity, read.phase, read.ended) == ("this training", "tune", True)
    for name in ("weights", "optimizer", "best"):
        pairs = list(zip(getattr(read, name), getattr(written, name), strict=True))
        assert pairs and all((one == other).all() and one.dtype == other.dtype for one, other in pairs)


def example(phase="tune", identity="this training"):
    random = np.random.default_rng(len(phase))
    weights = [random.normal(size=(number, 2)).astype(np.float32) for number in range(12)]
    optimizer = [np.int64(7), np.float32(0.1), *weights]
    return state.State(identity, phase, True, EPOCHS, weights, optimizer, weights[::-1])


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda content: b"", "damaged"),
        (lambda content: content[:-1], "damaged"),
        (lambda content: content[: len(content) // 2] + b"\0\0\0" + content[len(content) // 2 + 3 :], "damaged"),
        (lambda content: b"\xff" + content[1:], "damaged"),
        ("another", "of another training"),
        ("frozen", "of another training"),
    ],
)
def test_a_state_that_is_damaged_is_set_aside_and_the_one_before_counts(tmp_path, capsys, damage, reason):
    for phase in ("frozen", "tune"):
        state.write(tmp_path, example(phase))
    path = tmp_path / "state-tune.bin"
    if damage == "another":
        state.write(tmp_path, example(identity="with another seed"))
    elif damage == "frozen":
        path.write_bytes((tmp_path / "state-frozen.bin").read_bytes())
    else:
        path.write_bytes(damage(path.read_bytes()))
    assert state.latest(tmp_path, ["frozen", "tune"], "this training").phase == "frozen"
    assert f"state-tune.bin is {reason}: it is set aside, and what it held" in capsys.readouterr().out
    assert not path.exists()
    assert state.latest(tmp_path, ["frozen", "tune"], "this training").phase == "frozen"
    assert capsys.readouterr().out == ""


# --- what is said while a network trains ---------------------------------------------------------------
PHASES = [Phase("frozen", 8, 0.001, 2), Phase("tune", 4, 0.0001, 2)]


class Clock:
    """A clock that only the test moves."""

    now = 1000.0

    def time(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(console.time, "time", clock.time)
    monkeypatch.setattr(console, "screen", console.Screen(begin=clock.now, last=clock.now))
    return clock


class Fit:
    """A training of MobileNetV2 that is only told of: each epoch with its scores."""

    def __init__(self, clock, phase=PHASES[0], networks=1, number=0):
        self.clock = clock
        self.history = history.History()
        self.history.start(phase, [])
        validation = alarm.Validation(np.arange(20) % 2, np.arange(20))
        series = console.Series(networks, number, begin=clock.now)
        self.watchers = [alarm.CollapseAlarm(self.history, validation)]
        self.watchers += [progress.EpochProgress(self.history, PHASES, series)]
        for callback in (self.history, *self.watchers):
            callback.set_model(SimpleNamespace(name="mobilenet"))
        for callback in self.watchers:
            callback.on_train_begin()

    def epoch(self, seconds=12.0, loss=0.5, val_loss=0.6, val_auc=0.8):
        self.clock.now += seconds
        number = len(self.history.epochs) + 1
        phase = self.history.phase.name
        self.history.epochs.append(EpochLine(phase, number, seconds, 0.001, loss, 0.5, 0.5, val_loss, 0.5, val_auc))
        for callback in self.watchers:
            callback.on_epoch_end(len(self.history.of_phase()) - 1)

    def end(self):
        for callback in self.watchers:
            callback.on_train_end()


def test_time_left_is_said_from_the_second_epoch_on_and_not_by_the_first_which_is_slow(clock, capsys):
    fit = Fit(clock)
    fit.epoch(seconds=60.0)
    fit.epoch(seconds=30.0)
    first, second = capsys.readouterr().out.splitlines()
    assert first == "train 1 of 1: MobileNetV2, head only, epoch 1 of 8, validation AUC 0.800"
    # 6 more epochs of this phase and 4 of the next: 300 s.
    assert second == "train 1 of 1: MobileNetV2, head only, epoch 2 of 8, validation AUC 0.800, about 5 min left"


def test_time_left_counts_networks_that_have_not_begun(clock, capsys):
    fit = Fit(clock, networks=3)
    for _ in range(2):
        fit.epoch(seconds=30.0)
    # This network takes 60 s + 10 x 30 s; two more take as long: 300 + 2 x 360 = 1,020 s.
    assert capsys.readouterr().out.splitlines()[-1].endswith("about 17 min left")


def test_time_left_is_that_of_one_network_if_all_are_trained_at_once(clock, capsys):
    fit = Fit(clock, networks=3, number=2)
    console.screen.whole = console.Whole(stage=2, stages=7, begin=clock.now, rest=None)
    for _ in range(2):
        fit.epoch(seconds=30.0)
    said = "2/7 train 2 of 3: MobileNetV2, head only, epoch 2 of 8, validation AUC 0.800, about 5 min left"
    assert capsys.readouterr().out.splitlines()[-1] == said


def test_time_left_is_an_upper_bound_if_training_may_stop_early(clock, capsys):
    phase = Phase("frozen", 100, 0.001, 2)
    fit = Fit(clock, phase)
    fit.watchers[-1].phases = [phase]
    for _ in range(2):
        fit.epoch(seconds=30.0)
    assert capsys.readouterr().out.splitlines()[-1].endswith("at most about 49 min left")


def test_a_hundred_quick_epochs_are_not_a_hundred_lines(clock, capsys):
    fit = Fit(clock, Phase("frozen", 100, 0.001, 2))
    fit.watchers[-1].phases = [fit.history.phase, PHASES[1]]
    for number in range(100):
        fit.epoch(seconds=0.5, val_auc=0.6 + number / 1000)
    fit.end()
    lines = capsys.readouterr().out.splitlines()
    assert 2 <= len(lines) <= 6
    assert lines[-1] == "train: MobileNetV2, head only: 100 epochs in 50.0 s, highest validation AUC 0.699"


def test_the_last_phase_leaves_its_last_word_to_the_whole_training(clock, capsys):
    fit = Fit(clock, PHASES[1])
    for _ in range(4):
        fit.epoch(seconds=1.0)
    fit.end()
    assert capsys.readouterr().out == ""


def warnings(capsys):
    return [line for line in capsys.readouterr().out.splitlines() if "warning" in line or "recovered" in line]


def test_a_network_that_does_not_learn_is_warned_of_once_and_so_far(clock, capsys):
    fit = Fit(clock)
    for _ in range(8):
        fit.epoch(val_loss=1.2, val_auc=0.51)
    assert warnings(capsys) == [
        "train: warning: MobileNetV2, head only is so far no better than guessing, after 5 of 8 epochs: "
        "validation loss 1.200 (guessing: 0.693), validation AUC 0.510"
    ]


def test_a_warning_is_taken_back_once_when_the_network_learns(clock, capsys):
    fit = Fit(clock)
    for area in (0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.8, 0.5):
        fit.epoch(val_loss=1.2 if area == 0.5 else 0.55, val_auc=area)
    warned, recovered = warnings(capsys)
    assert "so far" in warned
    assert recovered == (
        "train: MobileNetV2, head only recovered in epoch 7: validation loss 0.550, validation AUC 0.800"
    )


def test_a_network_that_starts_slowly_but_ranks_is_not_warned_of(clock, capsys):
    """As EfficientNetB0 on the drawn sample: its validation loss stays above guessing's for the first epochs."""
    fit = Fit(clock)
    for loss, area in ((1.9, 0.6), (1.4, 0.7), (1.2, 0.77), (1.1, 0.8), (0.8, 0.83), (0.46, 0.9)):
        fit.epoch(val_loss=loss, val_auc=area)
    assert warnings(capsys) == []


def test_a_loss_that_is_no_number_is_said_at_once(clock, capsys):
    fit = Fit(clock)
    fit.epoch(loss=math.nan, val_loss=math.nan)
    (said,) = warnings(capsys)
    assert said.endswith("has broken down: the training loss was no number in epoch 1")
    fit.epoch(loss=math.nan, val_loss=math.nan)
    assert warnings(capsys) == []

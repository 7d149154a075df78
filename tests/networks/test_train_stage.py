"""The stage `train`: what an attempt that fails, or is stopped, leaves of the work before it."""

from types import SimpleNamespace

import keras
import pytest
import train

from lesion import config, prepared, runs, store
from lesion.console import Series
from lesion.errors import LesionError
from lesion.networks import architecture, models, training
from lesion.records.training import TrainingSettings, WeightsRecord
from lesion.runs import Run

SETTINGS = TrainingSettings("mobilenet", "auto", 3, 3, 16, 1, 1e-3, 0, 0, 1e-4, False)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return the run of a network of which a stopped training has left its state, fingerprint `a`."""
    monkeypatch.setattr(config, "RUNS", tmp_path)
    data = SimpleNamespace(image_size=8, record=None, fingerprint="some")
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    monkeypatch.setattr(prepared, "open_data", lambda: data)
    monkeypatch.setattr(training, "make_reproducible", lambda seed: None)
    monkeypatch.setattr(training, "build", lambda *_: (model, WeightsRecord("auto", "ImageNet", None)))
    monkeypatch.setattr(models, "parameters", lambda model: None)
    monkeypatch.setattr(architecture, "describe", lambda model: None)
    run = Run("mobilenet")
    store.claim(run.partial, "a")
    (run.partial / "state-frozen.bin").write_bytes(b"four epochs")
    return run


def attempt(run, fingerprint="a", force=False):
    return train._train(run, SETTINGS, fingerprint, force, Series(1))


def fail_in(monkeypatch, place, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(training, place, fail)


def left(run):
    return sorted(path.name for path in run.partial.iterdir())


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ("build", LesionError("could not fetch the ImageNet weights")),
        ("require_space", LesionError("87 MB are needed")),
        ("train", LesionError("the activations would take about 5 h")),
        ("train", KeyboardInterrupt()),
    ],
)
def test_an_error_that_is_not_about_the_state_of_a_stopped_training_leaves_it(run, monkeypatch, place, error):
    for _ in range(2):
        fail_in(monkeypatch, place, error)
        if isinstance(error, LesionError):
            assert not attempt(run) and run.failed.read_text() == str(error)
        else:
            with pytest.raises(KeyboardInterrupt):
                attempt(run)
        assert (run.partial / "state-frozen.bin").read_bytes() == b"four epochs"
    assert store.owner(run.partial) == "a"


@pytest.mark.parametrize("place", ["build", "require_space"])
@pytest.mark.parametrize(("fingerprint", "force"), [("b", False), ("a", True)])
def test_a_training_that_cannot_begin_removes_nothing_of_another_one(run, monkeypatch, place, fingerprint, force):
    fail_in(monkeypatch, place, LesionError("no"))
    assert not attempt(run, fingerprint, force)
    assert left(run) == ["failed.txt", "fingerprint.txt", "state-frozen.bin"] and store.owner(run.partial) == "a"


@pytest.mark.parametrize(("fingerprint", "force"), [("b", False), ("a", True)])
def test_a_training_with_other_settings_or_by_force_begins_anew(run, monkeypatch, fingerprint, force):
    fail_in(monkeypatch, "train", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        attempt(run, fingerprint, force)
    assert left(run) == ["fingerprint.txt"] and store.owner(run.partial) == fingerprint


def test_a_training_that_came_to_nothing_leaves_only_the_reason(run, monkeypatch):
    fail_in(monkeypatch, "train", training.Diverged("the loss was never a number"))
    assert not attempt(run)
    assert left(run) == ["failed.txt"] and run.failed.read_text() == "the loss was never a number"


def test_a_failed_attempt_does_not_hide_a_finished_run(run, monkeypatch):
    store.write_text(run.failed, "the loss was never a number")
    assert runs.missing("some")["mobilenet"] == "not trained, since training failed: the loss was never a number"
    monkeypatch.setattr(Run, "trained", True)
    monkeypatch.setattr(Run, "record", lambda run: SimpleNamespace(data="some"))
    monkeypatch.setattr(store, "require_intact", lambda *_: None)
    assert "mobilenet" not in runs.missing("some")
    assert "the loss was never a number" in runs.missing("other")["mobilenet"]


@pytest.mark.parametrize("claimed", [True, False])
def test_what_a_run_left_that_was_killed_at_its_very_end_is_removed_and_nothing_of_another(run, claimed):
    train._remove_remains(run, "b")
    assert run.partial.exists()
    if not claimed:  # it was killed while it removed the folder
        store.disown(run.partial)
    train._remove_remains(run, "a")
    assert not run.partial.exists()

"""A training that is stopped, resumed and damaged in between ends in the same bytes as one that is not."""

import dataclasses
from unittest import mock

import keras
import numpy as np
import pytest
from keras import layers

from lesion import config
from lesion.networks import models, training
from lesion.networks.callbacks import state
from lesion.networks.training import Phase
from lesion.prepared import PreparedData
from lesion.records.training import TrainingSettings

SIZE, TRAIN = 8, 40
PHASES = [Phase("frozen", 3, 0.05, 1, weight_decay=0.1), Phase("tune", 3, 0.05, 1)]
SETTINGS = TrainingSettings("small", "none", 3, 3, 16, 1, 1e-3, 0, 0, None, False)


@pytest.fixture(scope="module", autouse=True)
def deterministic():
    training.make_reproducible(0)


@pytest.fixture(scope="module", autouse=True)
def registry():
    network = config.Network(title="Small", colour="#000", dark_colour="#fff", line="-", marker="o")
    with mock.patch.dict(config.NETWORKS, {"small": network}):
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return what comes of a training in two phases, on stored activations, that is not stopped."""
    return train(tmp_path_factory.mktemp("whole"), views=2)


def prepared():
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (TRAIN + 16, SIZE, SIZE, 3), np.uint8)
    splits = np.array(["train"] * TRAIN + ["validation"] * 16)
    unread = [np.zeros(len(splits))] * 5  # ages, sexes, sites, cropped, cleaned shares
    rows = np.arange(len(splits))
    return PreparedData(images, rows, (rows % 2).astype(np.int8), splits, rows, *unread, None, fingerprint="some")


def network():
    """Return a network with dropout, whose convolution and normalisation the second phase tunes."""
    keras.utils.set_random_seed(0)
    image = keras.Input((SIZE, SIZE, 3), name="image")
    x = layers.Conv2D(4, 3, name="convolution")(image)
    x = layers.Conv2D(4, 3, name="last_convolution")(layers.BatchNormalization(name="normalization")(x))
    x = layers.Dropout(0.3)(layers.GlobalAveragePooling2D(name=models.POOLING)(x))
    x = layers.Dense(1, name=models.LOGIT)(x)
    return keras.Model(image, layers.Activation("sigmoid", name=models.PROBABILITY)(x), name="small")


def train(folder, views=0, phases=PHASES):
    """Train the network; return what must be the same in the end: its weights and all of its epochs but their times."""
    settings = dataclasses.replace(SETTINGS, views=views)
    trained = training.train(network(), phases, prepared(), folder / "partial", settings)
    epochs = [dataclasses.replace(epoch, seconds=0.0) for epoch in trained.epochs]
    return models.digest(trained.model), epochs, [phase.epochs for phase in trained.phases]


class Killed(Exception):
    pass


def killed(monkeypatch, folder, number, method="on_epoch_begin", **options):
    """Train until the process dies in epoch `number`, counted from 0 over all phases."""
    work = getattr(training.History, method)

    def dies(history, epoch, logs=None):
        work(history, epoch, logs)
        if len(history.epochs) == number:
            raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(training.History, method, dies)
        train(folder, **options)


def test_a_training_that_is_killed_again_and_again_ends_in_the_same_bytes(whole, tmp_path, monkeypatch, capsys):
    for number, method in ((2, "on_epoch_begin"), (3, "on_epoch_end"), (4, "on_epoch_begin")):
        killed(monkeypatch, tmp_path / "killed", number, method, views=2)
    assert train(tmp_path / "killed", views=2) == whole
    resumed = [line for line in capsys.readouterr().out.splitlines() if "resumes" in line]
    # The second time it was killed at the end of the third epoch, before the state was written.
    assert resumed == [f"train: Small resumes after epoch {number}" for number in (2, 2, 4)]


def test_a_training_on_images_that_is_killed_ends_in_the_same_bytes(tmp_path, monkeypatch):
    phases = [Phase("whole", 3, 0.05, 1)]
    killed(monkeypatch, tmp_path / "killed", 2, phases=phases)
    assert train(tmp_path / "killed", phases=phases) == train(tmp_path / "whole", phases=phases)


def test_a_damaged_state_is_mended_by_the_same_command_and_the_end_is_the_same(whole, tmp_path, monkeypatch, capsys):
    killed(monkeypatch, tmp_path / "killed", 5, views=2)
    partial = tmp_path / "killed" / "partial"
    state.path_of(partial, "tune").write_bytes(b"")
    killed(monkeypatch, tmp_path / "killed", 4, views=2)
    said = capsys.readouterr().out
    assert "state-tune.bin is damaged" in said and "resumes after epoch 3" in said
    for phase in ("frozen", "tune"):
        path = state.path_of(partial, phase)
        path.write_bytes(path.read_bytes()[:-1])
    assert train(tmp_path / "killed", views=2) == whole
    assert "resumes" not in capsys.readouterr().out


def test_epochs_without_progress_are_counted_on_and_a_training_that_has_stopped_early_is_not_trained_on(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(config, "TRAINING", dataclasses.replace(config.TRAINING, patience=3))
    for name in ("EarlyStopping", "ReduceLROnPlateau"):  # no epoch counts as better than the first
        monkeypatch.setattr(getattr(training.callbacks, name), "_is_improvement", lambda self, now, best: best is None)
    still = [Phase("whole", 20, 1e-3, 2)]
    killed(monkeypatch, tmp_path, 2, phases=still)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(training.Validation, "judge", mock.Mock(side_effect=Killed))  # after the last epoch
        train(tmp_path, phases=still)
    _, epochs, lengths = train(tmp_path, phases=still)
    rates = [epoch.learning_rate for epoch in epochs]
    assert lengths == [4] and rates == pytest.approx([1e-3, 1e-3, 1e-3, 5e-4])  # the first, and 3 without progress

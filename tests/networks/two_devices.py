"""A process whose CPU is two devices: it trains on one and on two replicas and writes what came of it as JSON.

    python tests/networks/two_devices.py FOLDER

TensorFlow takes the number of devices once, when it starts, so no test can change it.
"""

import dataclasses
import functools
import json
import os
import sys
from pathlib import Path
from unittest import mock

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import keras
import numpy as np
import tensorflow as tf

from lesion import config
from lesion.errors import LesionError
from lesion.networks import batches, models, phases, replicas, training
from lesion.networks.phases import Phase
from lesion.prepared import PreparedData
from lesion.records.training import TrainingSettings

FOLDER = Path(sys.argv[1])
SIZE, BATCH = 32, 16
TRAINING, VALIDATION, TEST = 66, 17, 5  # the last batches are incomplete: 2 images, and 1 for two replicas
WHOLE = [Phase("whole", 2, 0.001, 2)]
FROZEN_AND_TUNED = [Phase("frozen", 2, 0.01, 2), Phase("tune", 2, 0.001, 2)]
TRAININGS = {"scratch": (WHOLE, 0), "mobilenet": (FROZEN_AND_TUNED, 2), "efficientnet": (FROZEN_AND_TUNED, 2)}


def prepared(training_images=TRAINING):
    """Return images whose class the red channel tells, but not surely."""
    random = np.random.default_rng(0)
    number = training_images + VALIDATION + TEST
    labels = np.arange(number, dtype=np.int8) % 2
    images = random.integers(0, 200, (number, SIZE, SIZE, 3), np.uint8)
    images[..., 0] += (random.integers(0, 30, number) + 25 * labels).astype(np.uint8)[:, np.newaxis, np.newaxis]
    splits = np.array(["train"] * training_images + ["validation"] * VALIDATION + ["test"] * TEST)
    unread = [np.zeros(number)] * 5  # ages, sexes, sites, cropped, cleaned shares
    return PreparedData(
        images, np.arange(number), labels, splits, np.arange(number), *unread, None, fingerprint=str(number)
    )


@functools.cache
def with_statistics(name):
    """Return random weights whose batch normalisation fits the images, or all features would nearly be the same."""
    training.make_reproducible(0)
    model, _ = training.build(name, SIZE, "none")
    for layer in models.batch_normalizations(model):
        layer.momentum = 0.0
    model(batches.to_float(prepared().images), training=True)
    return model.get_weights()


def train(name, strategy, run, dropout=False, chosen=None, data=None, **changes):
    """Train the network `name`; return its epochs and what it then says of the validation and test images."""
    own_phases, views = chosen or TRAININGS[name]
    settings = TrainingSettings(name, "none", 2, 2, BATCH, 2, 0.001, views, 0, None, False)
    data = data or prepared()
    training.make_reproducible(0)
    with strategy.scope():
        model, _ = training.build(name, SIZE, "none")
        if views:
            model.set_weights(with_statistics(name))
        for layer in model.layers:
            if isinstance(layer, keras.layers.Dropout) and not dropout:
                layer.rate = 0.0
        settings = dataclasses.replace(settings, **changes)
        trained = training.train(model, own_phases, data, FOLDER / run / "partial", settings)
    rows = {split: data.of_split(split)[0] for split in ("validation", "test")}
    return {
        "epochs": [dataclasses.asdict(epoch) for epoch in trained.epochs],
        "phases": [[phase.name, phase.epochs] for phase in trained.phases],
        "labels": data.of_split("validation")[1].tolist(),
        **{split: training.predict(trained.model, data.images, own).tolist() for split, own in rows.items()},
    }


class Killed(Exception):
    """Stands for the end of the process."""


def killed_and_resumed(strategy):
    """Train MobileNetV2 until its fourth epoch begins, and then the rest of it."""
    begin = training.History.on_epoch_begin

    def dies(history, epoch, logs=None):
        begin(history, epoch, logs)
        if len(history.epochs) == 3:
            raise Killed

    try:
        with mock.patch.object(training.History, "on_epoch_begin", dies):
            train("mobilenet", strategy, "killed")
    except Killed:
        return train("mobilenet", strategy, "killed")


def without_progress(strategy):
    """Train the CNN on 65 images, with dropout, though no epoch counts as better than the first."""
    still = mock.Mock(side_effect=lambda now, best: best is None)
    patience = dataclasses.replace(config.TRAINING, patience=3)
    names = ("EarlyStopping", "ReduceLROnPlateau")
    stops, falls = (mock.patch.object(getattr(training.callbacks, name), "_is_improvement", still) for name in names)
    with stops, falls, mock.patch.object(config, "TRAINING", patience):
        chosen = [Phase("whole", 9, 0.001, 2)], 0
        return train("scratch", strategy, "still", dropout=True, chosen=chosen, data=prepared(TRAINING - 1))


def refused(strategy):
    """Return the error about a batch that cannot be shared."""
    try:
        train("scratch", strategy, "refused", batch_size=15)
    except LesionError as error:
        return str(error)
    return ""


def seeds(strategy):
    """Return the first seed of the dropout of a small network, in each replica."""
    with strategy.scope():
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dropout(0.5)])
        phases.reseed_dropout(model, 7, 0)
        states = strategy.experimental_local_results(model.layers[-1].seed_generator.state.value)
    return [int(state.numpy()[0]) for state in states]


def images_of_epochs(strategy):
    """Return how often each of 5 images is drawn in each of 20 epochs."""
    with strategy.scope():
        draws = batches.Draws(0, 5)
        dataset = batches.training_batches(np.zeros((5, 8, 8, 3), np.uint8), np.arange(5), np.arange(5), 4, draws)
    drawn = []
    for epoch in range(20):
        draws.begin(epoch)
        drawn.append(np.concatenate([labels[:, 0] for _, labels in dataset]).tolist())
    return drawn


def main():
    """Run everything."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    both = [tf.config.PhysicalDevice(f"/physical_device:CPU:{number}", "CPU") for number in range(2)]
    replicas.processors = lambda: both
    tf.config.experimental.get_device_details = lambda device: {"device_name": "half a CPU"}
    one, two = tf.distribute.MirroredStrategy(["CPU:0"]), replicas.strategy()
    results = {f"one {name}": train(name, one, f"{name}1") for name in TRAININGS}
    results |= {f"two {name}": train(name, two, f"{name}2") for name in ("scratch", "efficientnet")}
    results |= {"two mobilenet": killed_and_resumed(two), "still": without_progress(two), "refused": refused(two)}
    results |= {"seeds": [seeds(one), seeds(two)], "drawn": images_of_epochs(two), "device": replicas.device()}
    (FOLDER / "results.json").write_text(json.dumps(results))


if __name__ == "__main__":
    main()

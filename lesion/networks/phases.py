"""Phases of a training, and what each one trains: the whole network on images, or its last layers on activations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from lesion import config
from lesion.networks import batches, models, replicas, surgery
from lesion.networks.activations import Activations, Rows
from lesion.networks.stored.cache import Cache
from lesion.prepared import PreparedData


@dataclass(frozen=True)
class Phase:
    """A number of epochs with one set of trainable layers."""

    name: str  # whole: all layers; frozen: the head alone; tune: the head and the backbone's last layers
    epochs: int  # at most
    learning_rate: float
    plateau_patience: int  # epochs without a better validation loss before the learning rate falls
    weight_decay: float = 0.0  # by how much the learning rate shrinks weights, beside the gradient


@dataclass(frozen=True)
class Workload:
    """What a phase trains and on what: `model`, and batches of (its input, labels B×1).

    `model` is an object of its own, so that nothing Keras notes in it lasts beyond the phase; its weights are shared
    with the whole network.
    """

    model: keras.Model
    training: tf.data.Dataset
    validation: tf.data.Dataset | tf.distribute.DistributedDataset
    draws: batches.Draws  # for the training batches of an epoch


def make_trainable(model: keras.Model, phase: Phase) -> None:
    """Freeze the layers of `model` that `phase` does not train."""
    if phase.name != "whole":
        surgery.freeze_backbone(model, config.TRAINING.tuned_share if phase.name == "tune" else 0.0)


def activation_cache(
    model: keras.Model, phases: Sequence[Phase], data: PreparedData, rows: Rows, folder: Path, views: int, seed: int
) -> Cache:
    """Return the cache for the activations that `phases` need, of `rows`, with `views` views of each training image."""
    cuts = []
    for phase in phases:
        make_trainable(model, phase)
        cuts.append(surgery.last_frozen(model))
    return Cache(model, cuts, data, rows, folder, views, seed)


def whole(model: keras.Model, data: PreparedData, batch_size: int, seed: int) -> Workload:
    """Return the workload of the whole model, on images augmented anew in each epoch: the straightforward way."""
    rows, labels = data.of_split("validation")
    validation = batches.evaluation_batches(data.images, rows, labels, batch_size)
    training_rows, training_labels = data.of_split("train")
    draws = batches.Draws(seed, len(training_rows))
    return Workload(
        surgery.bare(model),
        batches.training_batches(data.images, training_rows, training_labels, batch_size, draws),
        replicas.share(validation, len(rows), batch_size),
        draws,
    )


def above_cut(
    model: keras.Model, computed: Mapping[str, Activations], data: PreparedData, batch_size: int, seed: int
) -> Workload:
    """Return the fast workload: only the layers of `model` above the cut, trained on stored activations.

    Where the cut is follows from the layers that are frozen; `computed` holds the activations by the name of the cut.
    """
    cut = surgery.last_frozen(model)
    labels = data.of_split("validation")[1]
    validation = computed[cut].validation_batches(labels, batch_size)
    training_labels = data.of_split("train")[1]
    draws = batches.Draws(seed, len(training_labels), len(computed[cut].views))
    return Workload(
        surgery.split_at(model, cut, models.PROBABILITY)[1],
        computed[cut].training_batches(training_labels, batch_size, draws),
        replicas.share(validation, len(labels), batch_size),
        draws,
    )


def reseed_dropout(model: keras.Model, seed: int, epoch: int) -> None:
    """Give each dropout layer of `model`, in each replica, a random stream of its own for this epoch.

    It follows from `seed` and the number of the epoch, counted over all phases.
    """
    strategy = tf.distribute.get_strategy()
    for number, layer in enumerate(model.layers):
        if isinstance(layer, layers.Dropout) and layer.rate > 0:
            for replica, state in enumerate(strategy.experimental_local_results(layer.seed_generator.state.value)):
                first = np.random.SeedSequence((seed, epoch, number, replica)).generate_state(1)[0]
                state.assign([first, 0])

"""What a phase of training works on: the whole network on images, or what lies above a cut on its activations."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from lesion import config
from lesion.networks import batches, models, surgery
from lesion.networks.activations import Activations, Cache
from lesion.prepared import PreparedData


@dataclass(frozen=True)
class Phase:
    """One stretch of training with one set of trainable layers."""

    name: str  # whole: all layers; frozen: the head alone; tune: the head and the backbone's last layers
    epochs: int  # at most
    learning_rate: float
    plateau_patience: int  # epochs without a better validation loss before the learning rate falls


@dataclass(frozen=True)
class Part:
    """A model that shares its weights with the whole one, and batches of what it takes, with labels B×1."""

    model: keras.Model
    training: tf.data.Dataset
    validation: tf.data.Dataset

    @cached_property
    def weights(self) -> keras.Model:
        """Return the same model for saving and loading: without an optimizer, whose moments would go along."""
        return surgery.bare(self.model)


def make_trainable(model: keras.Model, phase: Phase) -> None:
    """Freeze the layers of `model` that `phase` leaves as they are."""
    if phase.name != "whole":
        surgery.freeze_backbone(model, config.TRAINING.tuned_share if phase.name == "tune" else 0.0)


def activation_cache(
    model: keras.Model, phases: list[Phase], data: PreparedData, folder: Path, views: int, seed: int
) -> Cache:
    """Return the files for the activations that `phases` need, `views` augmented views of each training image."""
    cuts = []
    for phase in phases:
        make_trainable(model, phase)
        cuts.append(surgery.last_frozen(model))
    return Cache(model, cuts, data, folder, views, seed)


def whole(model: keras.Model, data: PreparedData, batch_size: int, seed: int) -> Part:
    """Return the straightforward way: each step runs the whole model on images augmented anew."""
    return Part(
        model,
        batches.training_batches(data.images, *data.of_split("train"), batch_size, seed),
        batches.evaluation_batches(data.images, *data.of_split("validation"), batch_size),
    )


def above_cut(
    model: keras.Model, computed: dict[str, Activations], data: PreparedData, batch_size: int, seed: int
) -> Part:
    """Return the fast way: what lies above the cut of `model`, as it is frozen now, on `computed` activations."""
    cut = surgery.last_frozen(model)
    return Part(
        surgery.split_at(model, cut, models.PROBABILITY)[1],
        computed[cut].training_batches(data.of_split("train")[1], batch_size, seed),
        computed[cut].validation_batches(data.of_split("validation")[1], batch_size),
    )


def reseed_dropout(model: keras.Model, seed: int) -> None:
    """Let the dropout layers of `model` draw from streams of their own that follow from `seed`."""
    for number, layer in enumerate(model.layers):
        if isinstance(layer, layers.Dropout) and layer.rate > 0:
            state = np.random.SeedSequence((seed, number)).generate_state(1)[0]
            layer.seed_generator.state.assign([state, 0])

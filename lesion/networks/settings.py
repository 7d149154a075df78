"""The settings of one training: options and profile resolved for one network, and their fingerprint."""

import dataclasses
from collections.abc import Mapping

from lesion import config, store
from lesion.errors import LesionError
from lesion.networks import weights
from lesion.options import AS_PROFILE, Value
from lesion.records.common import Method
from lesion.records.preparation import PreparationRecord
from lesion.records.training import TrainingSettings


def resolve(model: str, values: Mapping[str, Value], data: PreparationRecord) -> TrainingSettings:
    """Return with what `model` is trained on `data`; `values` are the checked options of `train` by name.

    Options the user left out come from the profile of the data and from the network's entry in the registry. Raises
    LesionError if the number of views makes no sense for so many epochs.
    """
    profile = config.SAMPLE if data.source.drawn else config.FULL
    network = config.NETWORKS[model]
    epochs = _or_default(values["epochs"], profile.epochs)
    tune_epochs = _or_default(values["tune_epochs"], profile.tune_epochs)
    names = {field.name for field in dataclasses.fields(TrainingSettings)}
    settings = {name: value for name, value in values.items() if name in names}
    settings |= {
        "model": model,
        "epochs": epochs,
        "tune_epochs": tune_epochs,
        "batch_size": _or_default(values["batch_size"], profile.batch_size),
        "plateau_patience": profile.plateau_patience,
        "views": _views(network, values, epochs + tune_epochs),
        "tune_learning_rate": values["learning_rate"] * network.tune_factor if network.pretrained else None,
        "head_decay": network.head_decay,
        "half_precision": network.half_precision,
    }
    return TrainingSettings(**settings)


def _or_default(value: int, default: int) -> int:
    return default if value == AS_PROFILE else value


def _views(network: config.Network, values: Mapping[str, Value], epochs: int) -> int:
    """Return the number of augmented views that pass the frozen layers once; 0 for the straightforward way."""
    views = values["views"]
    if views != AS_PROFILE and views > epochs:
        raise LesionError(
            f"--views {views} does not work: each view costs as much as an epoch of the straightforward way, so "
            f"1 to {epochs} make sense for {epochs} epochs"
        )
    if values["no_cache_activations"] or not network.pretrained:
        return 0
    return min(network.views, epochs) if views == AS_PROFILE else views


def method() -> Method:
    """Return the blocks of settings that a training uses."""
    return store.blocks(config.TRAINING, config.AUGMENTATION, config.COLLAPSE, config.DECISION)


def fingerprint(stage: str, settings: TrainingSettings, data: str) -> str:
    """Return the fingerprint of a training by `stage`, train or study, on the prepared content `data`."""
    identified = {**dataclasses.asdict(settings), "weights": weights.identity(settings.weights, settings.model)}
    return store.fingerprint(stage=stage, data=data, settings=identified, method=method())

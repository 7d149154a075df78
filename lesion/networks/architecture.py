"""A short description of a network for the report: neighbouring layers under one name."""

import re
from itertools import groupby

import keras
from keras import layers

from lesion import config
from lesion.networks import models
from lesion.records.training import ArchitecturePart

COMMON = {  # what all networks have: name in the report -> names of layers, as a regular expression
    "image": "image",
    "input scaling": "scale",
    "head": f"{models.POOLING}|head_dropout|dense|dropout|{models.LOGIT}|{models.PROBABILITY}",
}
BLOCK = r"block_?(\d+)"  # of Keras' own backbones and of the CNN from scratch
OTHER = "backbone"  # layers that neither COMMON nor the registry names


def describe(model: keras.Model) -> list[ArchitecturePart]:
    """Describe `model`, one of config.NETWORKS, in order; the names come from COMMON and the network's `layers`."""
    patterns = [*COMMON.items(), *config.NETWORKS[model.name].layers.items()]
    neighbours = groupby(model.layers, key=lambda layer: _name(layer, patterns))
    return [_part(name, list(members)) for name, members in neighbours]


def _name(layer: layers.Layer, patterns: list[tuple[str, str]]) -> str:
    """Return the name under which the report shows `layer`; a pattern matches the start of the layer's name."""
    block = re.match(BLOCK, layer.name)
    if block:
        return f"block {block.group(1)}"
    return next((name for name, pattern in patterns if re.match(pattern, layer.name)), OTHER)


def _part(name: str, members: list[layers.Layer]) -> ArchitecturePart:
    kinds = dict.fromkeys(type(layer).__name__ for layer in members)
    return ArchitecturePart(
        part=name,
        layers=len(members),
        kind=", ".join(kinds),
        output=[int(side) for side in members[-1].output.shape[1:]],
        parameters=sum(layer.count_params() for layer in members),
    )

"""A network described part by part, for the report."""

import re
from itertools import groupby
from typing import Any

import keras
from keras import layers

from lesion.networks import models

PARTS = {  # names of layers, as regular expressions, behind the parts that `describe` shows
    "image": "image",
    "input scaling": "scale|rescaling|normalization",
    "stem": "stem|Conv1|bn_Conv1|expanded_conv",
    "top convolution": "top_|Conv_1|out_relu",
    "head": f"{models.POOLING}|head_dropout|dense|dropout|{models.LOGIT}|{models.PROBABILITY}",
}


def describe(model: keras.Model) -> list[dict[str, Any]]:
    """Describe `model` part by part, in order: its layers' kinds, output shape and number of parameters."""
    return [_part(part, list(members)) for part, members in groupby(model.layers, key=_part_name)]


def _part_name(layer: layers.Layer) -> str:
    """Name the part a layer belongs to, from Keras' naming of the backbones' layers."""
    block = re.match(r"block_?(\d+)", layer.name)
    if block:
        return f"block {block.group(1)}"
    for part, pattern in PARTS.items():
        if re.match(pattern, layer.name):
            return part
    return layer.name


def _part(name: str, members: list[layers.Layer]) -> dict[str, Any]:
    kinds = dict.fromkeys(type(layer).__name__ for layer in members)
    return {
        "part": name,
        "layers": len(members),
        "kind": ", ".join(kinds),
        "output": [int(side) for side in members[-1].output.shape[1:]],
        "parameters": sum(layer.count_params() for layer in members),
    }

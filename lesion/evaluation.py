"""All models' predictions to the figures of `reports/metrics.json`: which rows count together, and who is compared."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lesion import config, metrics
from lesion.errors import LesionError
from lesion.prepared import PreparedData


def subsets(splits: np.ndarray, groups: np.ndarray) -> dict[str, np.ndarray]:
    """Return the positions of the rows that are scored together, by name; without those that would be empty.

    `splits` (N,) names and `groups` (N,) integers of all rows. Beside the splits of config.SCORED there is
    config.EXTERNAL_NEW where some of the external rows, but not all, have a sibling among the rows that were split.
    """
    found = {split: np.flatnonzero(splits == split) for split in config.SCORED}
    external = found[config.EXTERNAL]
    new = external[~np.isin(groups[external], groups[np.isin(splits, list(config.SPLIT))])]
    if len(new) < len(external):
        found[config.EXTERNAL_NEW] = new
    return {name: positions for name, positions in found.items() if len(positions)}


def measure(data: PreparedData, probabilities: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Score and compare models on all subsets of the data.

    `probabilities`: a key of config.MODELS to (N,), one for each row of `data`, anything where a row is not scored.
    Returns `models` (model to subset to `metrics.score`), `comparisons` and `preference` (subset to what
    `metrics.compare` gives), and `failed` (model to the reason why it cannot be scored).
    """
    chosen = subsets(data.splits, data.groups)
    scored, failed = {}, {}
    for name, values in probabilities.items():
        try:
            scored[name] = _score(data, values, chosen)
        except LesionError as error:
            failed[name] = f"not measured: {error}"
    compared = {
        subset: metrics.compare(
            data.labels[positions], {name: probabilities[name][positions] for name in scored}, data.groups[positions]
        )
        for subset, positions in chosen.items()
    }
    return {
        "models": scored,
        "comparisons": {subset: found for subset, (found, _) in compared.items()},
        "preference": {subset: said for subset, (_, said) in compared.items()},
        "failed": failed,
    }


def _score(data: PreparedData, values: np.ndarray, chosen: Mapping[str, np.ndarray]) -> dict[str, Any]:
    validation = data.labels[chosen["validation"]], values[chosen["validation"]]
    return {
        subset: metrics.score(data.labels[positions], values[positions], data.groups[positions], validation)
        for subset, positions in chosen.items()
    }

"""What each baseline learns from, and on which data it can be trained."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from lesion import config, store
from lesion.baselines import features
from lesion.prepared import PreparedData

Describe = Callable[[np.ndarray], np.ndarray]
FROM_IMAGE: Mapping[str, Describe] = {
    "frame": features.frame,
    "colour": features.colour,
    "colour_patient": features.colour,
}
FROM_TABLE = ("patient", "colour_patient")
CATEGORIES = 255  # as many as scikit-learn's trees take; rarer ones count as unknown


@dataclass(frozen=True)
class Numbers:
    """What is known of some rows."""

    values: np.ndarray  # (P, K) float64, NaN where unknown
    categories: np.ndarray  # (K,) bool: the column's numbers stand for names, and their order means nothing


def fingerprints(data: PreparedData) -> dict[str, str]:
    """Return the fingerprint of each baseline that `data` allow, by name.

    Those that learn from age, sex and site are possible if one of the three is known for a training image.
    """
    table = [column.tolist() for column in _table(data)]
    possible = [name for name in config.BASELINE_NAMES if name not in FROM_TABLE or _patient(data).values.shape[1]]
    return {
        name: store.fingerprint(
            stage="baseline",
            name=name,
            data=data.fingerprint,
            method=store.blocks(config.BASELINES),
            table=table if name in FROM_TABLE else None,
        )
        for name in possible
    }


def numbers(
    name: str, data: PreparedData, positions: np.ndarray, describe_all: Callable[[Describe], np.ndarray]
) -> Numbers:
    """Return what the baseline `name` knows of the rows at `positions` (P,).

    `describe_all` returns what a function of `features` says of the images at these positions (P, K).
    """
    columns = []
    if name in FROM_IMAGE:
        values = describe_all(FROM_IMAGE[name])
        columns.append(Numbers(values, np.zeros(values.shape[1], bool)))
    if name in FROM_TABLE:
        patient = _patient(data)
        columns.append(Numbers(patient.values[positions], patient.categories))
    return Numbers(
        np.concatenate([each.values for each in columns], axis=1), np.concatenate([each.categories for each in columns])
    )


def _table(data: PreparedData) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return data.ages, data.sexes, data.sites


def _patient(data: PreparedData) -> Numbers:
    """Return age, sex and site of all rows; without those that are unknown for every training image."""
    ages, sexes, sites = _table(data)
    trained, _ = data.of_split("train")
    values = np.column_stack([ages, _codes(sexes, trained), _codes(sites, trained)]).astype(float)
    known = ~np.all(np.isnan(values[trained]), axis=0)
    return Numbers(values[:, known], np.array([False, True, True])[known])


def _codes(names: np.ndarray, trained: np.ndarray) -> np.ndarray:
    """Return a number (N,) for each of `names` (N,) that a training row has, NaN for others and for empty ones."""
    seen = names[trained]
    categories, counts = np.unique(seen[seen != ""], return_counts=True)
    commonest = categories[np.argsort(-counts, kind="stable")][:CATEGORIES]
    code = {name: number for number, name in enumerate(commonest.tolist())}
    return np.array([code.get(name, np.nan) for name in names.tolist()])

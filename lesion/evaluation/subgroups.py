"""How well models rank parts of the test images that have something in common: photographs, preprocessing, patients."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from lesion import config
from lesion.evaluation import figures, intervals
from lesion.evaluation.areas import rank, roc_area
from lesion.prepared import PreparedData
from lesion.records.metrics import Estimate, Subgroup, SubgroupDifference

ENDS = (-1.0, 1.0)  # of a difference of two ROC-AUCs


@dataclass(frozen=True)
class Level:
    """Some of the rows that are scored: their positions in the data."""

    name: str
    positions: np.ndarray


def subgroups(
    data: PreparedData, positions: np.ndarray, probabilities: Mapping[str, np.ndarray]
) -> tuple[list[Subgroup], list[SubgroupDifference]]:
    """Return the ROC-AUC of each model on parts of the rows, and how it differs between the parts of one factor.

    `positions` (n,) of the rows in `data`, for example those of the test split; `probabilities`: model to (N,), one for
    each row of `data`. A part counts if it holds config.STATISTICS.minimum_groups lesions of each class, and a factor
    if two of its parts count; a difference is returned for factors of exactly two. These are many comparisons that
    nobody planned: they say where to look, and prove nothing.
    """
    parts: list[Subgroup] = []
    differences: list[SubgroupDifference] = []
    for factor, names in factors(data).items():
        levels = [level for level in _levels(names, positions) if _measurable(data, level.positions)]
        if len(levels) < 2:
            continue
        parts += [_subgroup(data, factor, level, probabilities) for level in levels]
        if len(levels) == 2:
            differences.append(_difference(data, factor, (levels[0], levels[1]), probabilities))
    return parts, differences


def factors(data: PreparedData) -> dict[str, np.ndarray]:
    """Return each factor with the name (N,) of the level that each row of the data is in; empty if unknown."""
    _, group_of_row, images = np.unique(data.groups, return_inverse=True, return_counts=True)
    age = config.STATISTICS.older_age
    ages = np.where(data.ages >= age, f"{age} and above", f"below {age}")
    return {
        "photographs of the lesion": np.where(images[group_of_row] > 1, "several", "one"),
        "dark frame": np.where(data.cropped, "cropped", "none"),
        "hair or marks": np.where(data.cleaned_shares > 0, "painted over", "none"),
        "age": np.where(np.isnan(data.ages), "", ages),
        "sex": data.sexes,
        "site": data.sites,
    }


def _levels(names: np.ndarray, positions: np.ndarray) -> Iterator[Level]:
    for name in np.unique(names[positions]).tolist():
        if name:
            yield Level(name, positions[names[positions] == name])


def _measurable(data: PreparedData, positions: np.ndarray) -> bool:
    return intervals.fewest_groups(data.labels[positions], data.groups[positions]) >= config.STATISTICS.minimum_groups


def _subgroup(data: PreparedData, factor: str, level: Level, probabilities: Mapping[str, np.ndarray]) -> Subgroup:
    """Measure each model on one level."""
    labels, groups = data.labels[level.positions], data.groups[level.positions]
    orders = {name: rank(labels, values[level.positions]) for name, values in probabilities.items()}

    def measure(weights: np.ndarray) -> dict[str, np.ndarray]:
        return {name: roc_area(order, weights) for name, order in orders.items()}

    replicates = intervals.bootstrap(labels, groups, measure)
    areas = measure(np.ones((1, len(labels))))
    return Subgroup(
        factor=factor,
        level=level.name,
        size=figures.size(labels, groups),
        roc_auc={
            name: Estimate(
                float(area),
                intervals.around({"roc_auc": area}, {"roc_auc": replicates[name]}, labels, groups)["roc_auc"],
            )
            for name, (area,) in areas.items()
        },
    )


def _difference(
    data: PreparedData, factor: str, levels: tuple[Level, Level], probabilities: Mapping[str, np.ndarray]
) -> SubgroupDifference:
    """Measure how much better each model ranks the first of two levels, by one bootstrap over the rows of both.

    A lesion may have images in both levels, and is then drawn with all of them.
    """
    positions = np.concatenate([level.positions for level in levels])
    labels, groups = data.labels[positions], data.groups[positions]
    parts = np.split(np.arange(len(positions)), [len(levels[0].positions)])
    orders = {
        name: [rank(labels[part], values[positions[part]]) for part in parts] for name, values in probabilities.items()
    }

    def measure(weights: np.ndarray) -> dict[str, np.ndarray]:
        return {
            name: roc_area(first, weights[:, parts[0]]) - roc_area(second, weights[:, parts[1]])
            for name, (first, second) in orders.items()
        }

    replicates = intervals.bootstrap(labels, groups, measure)
    errors = max(intervals.reach(labels[part], groups[part]) or 0.0 for part in parts)  # of the smaller level
    return SubgroupDifference(
        factor=factor,
        first=levels[0].name,
        second=levels[1].name,
        roc_auc={
            name: Estimate(float(value), intervals.symmetric(value, replicates[name], errors, ENDS))
            for name, (value,) in measure(np.ones((1, len(labels)))).items()
        },
    )

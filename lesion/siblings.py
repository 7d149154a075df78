"""The report's tables on images of one lesion, and on what a split that tears them apart is worth."""

from collections.abc import Mapping
from typing import Any

from lesion.leak import METRICS
from lesion.results import Groups
from lesion.tables import Cell, Row, cell, count, number, percent, signed, with_interval

SIBLINGS = ("Test images", "With a sibling in training", "Share")
RUNS = ("ROC-AUC", "Accuracy", *SIBLINGS)
DIFFERENCE = ("Random − grouped",)


def sizes(groups: Groups) -> list[Row]:
    """Return a line a size: how many groups have so many images."""
    return [
        Row(f"{int(size):,} image{'s' if size != '1' else ''}", [cell(number_of, count)])
        for size, number_of in groups.sizes.items()
    ]


def shared(groups: Groups) -> list[Row]:
    """Return a line for each two splits: how many groups have images in both."""
    return [Row(" and ".join(pair.split("/")), [cell(found, count)]) for pair, found in groups.shared.items()]


def siblings(groups: Groups, used: str) -> list[Row]:
    """Return a line for each kind of split, columns SIBLINGS; `used` is the kind that this experiment has."""
    lines = []
    for kind, found in groups.siblings.items():
        head = f"{kind} split" + (", as used here" if kind == used else "")
        if found is None:
            lines.append(Row(head, [], note="there are too few lesions for such a split"))
        else:
            lines.append(Row(head, _siblings(found)))
    return lines


def _siblings(found: Mapping[str, int]) -> list[Cell]:
    share = found["with_sibling"] / found["rows"]
    return [cell(found["rows"], count), cell(found["with_sibling"], count), cell(share, percent)]


def leak_runs(leak: Mapping[str, Any]) -> list[Row]:
    """Return a line a run of `reports/leak.json`, columns RUNS."""
    return [
        Row(f"seed {run['seed']}, {run['split']} split", [cell(run[key], number) for key in METRICS] + _siblings(run))
        for run in leak["runs"]
    ]


def leak_differences(leak: Mapping[str, Any]) -> list[Row]:
    """Return a line a figure of `reports/leak.json`: its mean difference with the interval."""
    found = {name: leak["difference"][key] for key, name in METRICS.items()}
    return [
        Row(name[0].upper() + name[1:], [with_interval(part["mean"], part["interval"], signed)])
        for name, part in found.items()
    ]

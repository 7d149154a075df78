"""How the networks of two reports differ over the test images that both have."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lesion.errors import LesionError
from lesion.evaluation.words.wording import listed, verdict
from lesion.records.metrics import Comparison
from lesion.report.compare.finished import FinishedReport

if TYPE_CHECKING:  # it takes half a second to import
    import pandas as pd

SIDES = ("A", "B")  # what the two reports are called


@dataclass(frozen=True)
class ChangedCase:
    """A test image on which a network gives another verdict in B than in A, with both scores."""

    row: int
    label: int
    first: float
    second: float

    @property
    def distance(self) -> float:
        """Return how far the score moved."""
        return abs(self.second - self.first)


@dataclass(frozen=True)
class PairedNetwork:
    """One network in both reports: A minus B."""

    title: str
    comparison: Comparison
    changed: list[ChangedCase]  # the largest change first


@dataclass(frozen=True)
class Setting:
    """A setting that differs."""

    stage: str
    name: str
    first: str
    second: str


@dataclass(frozen=True)
class ReportComparison:
    """Two reports over the test images that both have."""

    first: FinishedReport
    second: FinishedReport
    images: int
    lesions: int
    left_out: tuple[int, int]  # test images of A and of B that the other does not have
    networks: list[PairedNetwork]
    settings: list[Setting]
    cautions: list[str]

    @property
    def sentences(self) -> list[str]:
        """Say for each network whether A and B differ by ROC-AUC."""
        return [_sentence(network) for network in self.networks]


def compare_reports(first: FinishedReport, second: FinishedReport) -> ReportComparison:
    """Compare each network that both reports have, over the test images of both; differences are A minus B.

    Raises LesionError if there is no such image or network, or if the reports know other labels of the same rows: they
    are then of other images.
    """
    rows = first.test().index.intersection(second.test().index)
    sides = first.test().loc[rows], second.test().loc[rows]
    _require_same_images(first, second, sides)
    names = [name for name in first.networks if name in second.networks]
    scored = [name for name in names if all(side[name].notna().all() for side in sides)]
    if not scored:
        raise LesionError(f"{first.path} and {second.path} have no network in common: there is nothing to compare")
    comparisons = _compare(scored, sides, float(first.about["threshold"]))
    return ReportComparison(
        first=first,
        second=second,
        images=len(rows),
        lesions=int(sides[0]["group"].nunique()),
        left_out=(len(first.test()) - len(rows), len(second.test()) - len(rows)),
        networks=[
            PairedNetwork(first.networks[name], comparison, _changed(name, sides, first, second))
            for name, comparison in zip(scored, comparisons, strict=True)
        ],
        settings=_settings(first.about["settings"], second.about["settings"]),
        cautions=_cautions(first, second, sides),
    )


def _require_same_images(
    first: FinishedReport, second: FinishedReport, sides: "tuple[pd.DataFrame, pd.DataFrame]"
) -> None:
    if sides[0].empty:
        raise LesionError(f"{first.path} and {second.path} have no test image in common: give the same --seed to both")
    other = sides[0].index[sides[0]["label"] != sides[1]["label"]]
    if len(other):
        raise LesionError(
            f"{first.path} and {second.path} are of other images: image {other[0]} has another class in each"
        )


def _compare(names: Sequence[str], sides: "tuple[pd.DataFrame, pd.DataFrame]", threshold: float) -> list[Comparison]:
    """Return the comparison of A and B for each network, corrected for their number."""
    from lesion.evaluation.comparison import compare_pairs  # it imports SciPy

    labels = sides[0]["label"].to_numpy()
    groups = sides[0]["group"].to_numpy()
    pairs = [{side: table[name].to_numpy() for side, table in zip(SIDES, sides, strict=True)} for name in names]
    return compare_pairs(labels, pairs, groups, threshold)


def _changed(
    name: str, sides: "tuple[pd.DataFrame, pd.DataFrame]", first: FinishedReport, second: FinishedReport
) -> list[ChangedCase]:
    """Return the images on which the verdict changes, each by the threshold of its report."""
    one, other = sides
    differs = (one[name] >= first.about["threshold"]) != (other[name] >= second.about["threshold"])
    rows = one.index[differs]
    changed = [
        ChangedCase(int(row), int(one.at[row, "label"]), float(one.at[row, name]), float(other.at[row, name]))
        for row in rows
    ]
    return sorted(changed, key=lambda case: (-case.distance, case.row))


# Any: a setting is a number, a text, a truth value or None.
def _settings(first: dict[str, dict[str, Any]], second: dict[str, dict[str, Any]]) -> list[Setting]:
    """Return every setting that differs of the stages that both reports have."""
    differing = []
    for stage in (stage for stage in first if stage in second):
        one = first[stage]
        other = second[stage]
        for name in dict.fromkeys((*one, *other)):
            if one.get(name) != other.get(name):
                differing.append(Setting(stage, name, _shown(one, name), _shown(other, name)))
    return differing


def _shown(settings: dict[str, Any], name: str) -> str:
    return str(settings[name]) if name in settings else "not set"


def _cautions(first: FinishedReport, second: FinishedReport, sides: "tuple[pd.DataFrame, pd.DataFrame]") -> list[str]:
    cautions = []
    if first.about["description"] != second.about["description"]:
        cautions.append(
            f"The reports describe their data differently: {first.about['description']} (A), "
            f"{second.about['description']} (B). Make sure that the rows are the same images."
        )
    if (sides[0]["group"] != sides[1]["group"]).any():
        cautions.append("The reports disagree on which images show one lesion. The lesions of A are used.")
    missing = [
        f"{title} is in {side} only"
        for side, report, other in (("A", first, second), ("B", second, first))
        for name, title in report.networks.items()
        if name not in other.networks
    ]
    return [*cautions, *([f"{listed(missing)}."] if missing else [])]


def _sentence(network: PairedNetwork) -> str:
    figures = network.comparison.roc_auc
    if figures.difference is None:
        return f"{network.title}: too few images of a class to compare A and B."
    return (
        f"{network.title}: ROC-AUC {figures.first:.3f} in A and {figures.second:.3f} in B. {verdict(figures)}; "
        f"{len(network.changed):,} of {network.comparison.rows:,} verdicts changed."
    )

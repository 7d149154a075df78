"""Sections on how the models differ, and on which images they do better or worse."""

from collections.abc import Sequence

from markupsafe import Markup

from lesion import config
from lesion.evaluation.wording import METRIC_NAMES
from lesion.records.metrics import AccuracyDifference, AreaDifference, Comparison, Estimate, SubgroupDifference
from lesion.report import intervals, plots
from lesion.report.artefacts import Artefacts, Context, Model
from lesion.report.outlook import advice
from lesion.report.tables import (
    Cell,
    Row,
    Table,
    cell,
    count,
    estimated,
    number,
    p_value,
    pair_name,
    signed,
    whole_percent,
    with_interval,
)

AREA = ("Difference", "p (DeLong)", "p corrected", "Detectable")
ACCURACY = ("Difference", "Right: only the first", "Right: only the second", "p (McNemar)", "p corrected")


def comparison(artefacts: Artefacts) -> Context | None:
    """Return how the models differ on the test split, in words, a figure and tables; None if none are compared."""
    pairs = artefacts.pairs("test")
    against_colour = artefacts.metrics.against_colour.get("test", [])
    if not pairs and not against_colour:
        return None
    statistics = artefacts.metrics.statistics
    confidence = whole_percent(statistics.confidence)
    place = "on the test split"
    caption = f"Each network against colour alone: differences in ROC-AUC {place}, with {confidence} intervals"
    size = artefacts.metrics.sizes["test"]
    return {
        "sentences": artefacts.metrics.preference.get("test", []),
        "figure": _differences_figure(pairs, confidence),
        "tables": difference_tables(pairs, statistics, place),
        "against_colour": area_table(caption, against_colour) if against_colour else None,
        "confidence": confidence,
        "significant": statistics.significant,
        "power": whole_percent(statistics.power),
        "size": size,
        "benign_lesions": size.lesions - size.malignant_lesions,
        "advice": study_advice(artefacts),
    }


def study_advice(artefacts: Artefacts) -> str:
    """Say how to run a study, how long it would take and what it would add; empty if there is one of these images."""
    if artefacts.study is not None:
        return ""
    return advice([model.run for model in artefacts.models if model.run], artefacts.data.counts)


def difference_tables(pairs: Sequence[Comparison], statistics: config.Statistics, place: str) -> list[Table]:
    """Return the differences in ROC-AUC and in accuracy on a subset of the rows, which `place` says in words."""
    if not pairs:
        return []
    ending = f"{place}, with {whole_percent(statistics.confidence)} intervals"
    rows = [Row(pair_name(pair.first, pair.second), _accuracy(pair.accuracy)) for pair in pairs]
    return [
        area_table(f"Differences in ROC-AUC {ending}", pairs),
        Table(f"Differences in accuracy {ending}", ACCURACY, rows, first="First − second"),
    ]


def area_table(caption: str, pairs: Sequence[Comparison]) -> Table:
    """Return the differences in ROC-AUC of `pairs` as a table."""
    rows = [Row(pair_name(pair.first, pair.second), _area(pair.roc_auc)) for pair in pairs]
    return Table(caption, AREA, rows, first="First − second")


def _area(figures: AreaDifference) -> list[Cell]:
    return [
        with_interval(figures.difference, figures.interval, signed),
        cell(figures.p, p_value),
        cell(figures.p_corrected, p_value),
        cell(figures.detectable, number),
    ]


def _accuracy(figures: AccuracyDifference) -> list[Cell]:
    return [
        with_interval(figures.difference, figures.interval, signed),
        cell(figures.only_first_right, count),
        cell(figures.only_second_right, count),
        cell(figures.p, p_value),
        cell(figures.p_corrected, p_value),
    ]


def _differences_figure(pairs: Sequence[Comparison], confidence: str) -> Markup | None:
    """Draw those differences that have an interval; None if no pair has one."""
    drawn = {}
    for pair in pairs:
        metrics: dict[str, AreaDifference | AccuracyDifference] = {"roc_auc": pair.roc_auc, "accuracy": pair.accuracy}
        name = pair_name(pair.first, pair.second)
        drawn[name] = {METRIC_NAMES[metric]: _drawable(figures) for metric, figures in metrics.items()}
    if not any(difference for measures in drawn.values() for difference in measures.values()):
        return None
    return Markup(plots.svg(intervals.differences(drawn, confidence), "differences"))


def _drawable(figures: AreaDifference | AccuracyDifference) -> tuple[float, list[float]] | None:
    """Return a difference with its interval, None if it has none."""
    if figures.difference is None or figures.interval is None:
        return None
    return figures.difference, figures.interval


# --- subgroups --------------------------------------------------------------------------------------
def subgroups(artefacts: Artefacts) -> Context | None:
    """Return how well the networks and colour alone rank kinds of test images; None if there are no kinds."""
    metrics = artefacts.metrics
    if not metrics.subgroups:
        return None
    models = artefacts.measured("colour")
    titles = [model.title for model in models]
    confidence = whole_percent(metrics.statistics.confidence)
    rows = [
        Row(
            f"{_capital(group.factor)}: {group.level}",
            [
                cell(group.size.rows, count),
                cell(group.size.lesions, count),
                cell(group.size.malignant_lesions, count),
                *_areas(group.roc_auc, models),
            ],
        )
        for group in metrics.subgroups
    ]
    differences = [_subgroup_difference(each, models) for each in metrics.subgroup_differences]
    return {
        "table": Table(
            f"ROC-AUC on kinds of test images, with {confidence} intervals",
            ["Images", "Lesions", "Malignant lesions", *titles],
            rows,
            first="Kind",
        ),
        "differences": Table(
            f"Differences in ROC-AUC between two kinds, with {confidence} intervals", titles, differences, first="Kinds"
        ),
        "confidence": confidence,
    }


def _subgroup_difference(difference: SubgroupDifference, models: Sequence[Model]) -> Row:
    name = f"{_capital(difference.factor)}: {difference.first} − {difference.second}"
    return Row(name, _areas(difference.roc_auc, models, signs=True))


def _areas(estimates: dict[str, Estimate], models: Sequence[Model], signs: bool = False) -> list[Cell]:
    undefined = Estimate(None, None)
    return [estimated(estimates.get(model.name, undefined), signed if signs else number) for model in models]


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]

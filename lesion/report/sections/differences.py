"""Sections on how the models differ, and on which images they do better or worse."""

from collections.abc import Sequence

from lesion import config
from lesion.evaluation.words import wording
from lesion.evaluation.words.wording import METRIC_NAMES, listed
from lesion.records.metrics import (
    AccuracyDifference,
    AreaDifference,
    Comparison,
    Estimate,
    MetricsRecord,
    SubgroupDifference,
    SubsetSize,
)
from lesion.report.reading.artefacts import Artefacts, Context, Model
from lesion.report.writing.outlook import advice
from lesion.report.writing.tables import (
    Cell,
    Row,
    Table,
    cell,
    count,
    counted,
    estimated,
    number,
    p_value,
    pair_name,
    signed,
    whole_percent,
    with_interval,
)

COLUMNS = ("p corrected", "Verdict")  # beside each difference


def comparison(artefacts: Artefacts) -> Context | None:
    """Return how the networks differ on the test images, and each from colour alone; None if none are compared."""
    pairs = artefacts.pairs("test")
    against_colour = artefacts.metrics.against_colour.get("test", [])
    if not pairs and not against_colour:
        return None
    statistics = artefacts.metrics.statistics
    size = artefacts.metrics.sizes["test"]
    return {
        "tables": difference_tables(pairs, statistics, "on the test images"),
        "against_colour": _against_colour(against_colour, statistics),
        "significant": statistics.significant,
        "power": whole_percent(statistics.power),
        "size": size,
        "detectable": _detectable([*pairs, *against_colour]),
        "advice": study_advice(artefacts),
    }


def study_advice(artefacts: Artefacts) -> str:
    """Say how to run a study, how long it would take and what it would add; empty if there is one of these images."""
    if artefacts.study is not None:
        return ""
    return advice([model.run for model in artefacts.models if model.run], artefacts.data.counts)


def difference_tables(pairs: Sequence[Comparison], statistics: config.Statistics, place: str) -> list[Table]:
    """Return the table of the differences on a subset of the images, which `place` says in words, if there are any."""
    if not pairs:
        return []
    names = [f"{name[0].upper()}{name[1:]}" for name in METRIC_NAMES.values()]
    columns = [column for name in names for column in (name, *COLUMNS)]
    rows = [Row(pair_name(pair.first, pair.second), [*_cells(pair.roc_auc), *_cells(pair.accuracy)]) for pair in pairs]
    caption = f"Differences {place}, with {whole_percent(statistics.confidence)} intervals"
    return [Table(caption, columns, rows, first="First − second")]


def _against_colour(pairs: Sequence[Comparison], statistics: config.Statistics) -> Table | None:
    """Return by how much each network, and all of them together, rank better than colour alone."""
    if not pairs:
        return None
    rows = [Row(config.title(pair.first), _cells(pair.roc_auc)) for pair in pairs]
    caption = f"Each minus colour alone, with {whole_percent(statistics.confidence)} intervals"
    return Table(caption, [METRIC_NAMES["roc_auc"], *COLUMNS], rows)


def _cells(figures: AreaDifference | AccuracyDifference) -> list[Cell]:
    return [
        with_interval(figures.difference, figures.interval, signed),
        cell(figures.p_corrected, p_value),
        Cell(_worth(figures), None, word=True),
    ]


def _worth(figures: AreaDifference | AccuracyDifference) -> str:
    """Return what a difference is worth, without the p-value that stands beside it."""
    return wording.verdict(figures).split(" (")[0].lower()


def _detectable(pairs: Sequence[Comparison]) -> list[Cell]:
    """Return the smallest and the largest of the detectable differences, once if they look alike."""
    values = [pair.roc_auc.detectable for pair in pairs if pair.roc_auc.detectable is not None]
    ends = [cell(value, number) for value in (min(values), max(values))] if values else []
    return ends[:1] if len({end.text for end in ends}) == 1 else ends


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
        Row(f"{_capital(group.factor)}: {group.level}", [*_sizes(group.size), *_areas(group.roc_auc, models)])
        for group in metrics.subgroups
    ]
    differences = [_subgroup_difference(each, models) for each in metrics.subgroup_differences]
    return {
        "table": Table(
            f"ROC-AUC on kinds of test images, with {confidence} intervals",
            ["Images", "Malignant lesions", *titles],
            [_whole(metrics, models), *rows],
            first="Kind",
        ),
        "left_out": _left_out(metrics),
        "differences": Table(
            f"Differences in ROC-AUC between two kinds, with {confidence} intervals", titles, differences, first="Kinds"
        ),
    }


def _whole(metrics: MetricsRecord, models: Sequence[Model]) -> Row:
    """Return the row of all test images, which the kinds divide."""
    tests = [(model.name, test) for model in models if (test := model.of("test"))]
    areas = {name: Estimate(test.roc_auc, test.intervals["roc_auc"]) for name, test in tests}
    return Row("All test images", [*_sizes(metrics.sizes["test"]), *_areas(areas, models)])


def _sizes(size: SubsetSize) -> list[Cell]:
    return [cell(amount, count) for amount in (size.rows, size.malignant_lesions)]


def _left_out(metrics: MetricsRecord) -> str:
    """Say how many test images are in no kind, by each way of dividing them; empty if all are in one."""
    shown: dict[str, int] = {}
    for group in metrics.subgroups:
        shown[group.factor] = shown.get(group.factor, 0) + group.size.rows
    rest = {factor: metrics.sizes["test"].rows - rows for factor, rows in shown.items()}
    return listed([f"{counted(rows, 'image')} by {factor}" for factor, rows in rest.items() if rows])


def _subgroup_difference(difference: SubgroupDifference, models: Sequence[Model]) -> Row:
    name = f"{_capital(difference.factor)}: {difference.first} − {difference.second}"
    return Row(name, _areas(difference.roc_auc, models, signs=True))


def _areas(estimates: dict[str, Estimate], models: Sequence[Model], signs: bool = False) -> list[Cell]:
    undefined = Estimate(None, None)
    return [estimated(estimates.get(model.name, undefined), signed if signs else number) for model in models]


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]

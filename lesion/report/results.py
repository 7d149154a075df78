"""Sections on how good the models are, what they cost, and how they differ."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from lesion import config
from lesion.evaluation import wording
from lesion.evaluation.wording import METRIC_NAMES
from lesion.records.metrics import AccuracyDifference, AreaDifference, Comparison, Scores
from lesion.report import plots
from lesion.report.artefacts import Artefacts, Context, Model
from lesion.report.tables import (
    Cell,
    Row,
    Show,
    Table,
    cell,
    count,
    duration,
    megabytes,
    number,
    signed,
    whole_percent,
    with_interval,
)

# --- tables of all models ---------------------------------------------------------------------------
Best = Callable[[Iterable[float]], float]  # max or min


@dataclass(frozen=True)
class Column:
    """A column of a table of all models: where its value comes from, and how it is shown and compared."""

    title: str
    value: Callable[[Model, Scores], float | None]
    show: Show
    best: Best = max
    at_threshold: bool = False  # a collapsed model can be the best here by calling everything one class
    missing: str = "undefined"
    metric: str = ""  # key of the interval, if there is one


def _score(metric: str, title: str, at_threshold: bool = True, best: Best = max) -> Column:
    return Column(title, lambda model, scores: getattr(scores, metric), number, best, at_threshold, metric=metric)


def _cost(title: str, value: Callable[[Model], float | None], show: Show) -> Column:
    return Column(title, lambda model, scores: value(model), show, best=min, missing="missing")


SCORES = (
    _score("accuracy", "Accuracy"),
    _score("precision", "Precision"),
    _score("recall", "Recall (sensitivity)"),
    _score("specificity", "Specificity"),
    _score("f1", "F1"),
    _score("roc_auc", "ROC-AUC", at_threshold=False),
)
MORE_SCORES = (
    _score("average_precision", "Average precision", at_threshold=False),
    _score("partial_auc", "Partial AUC", at_threshold=False),
    _score("balanced_accuracy", "Balanced accuracy"),
    _score("mcc", "MCC"),
    _score("brier", "Brier score", at_threshold=False, best=min),
)
COSTS = (
    _cost("Parameters", lambda model: model.run.parameters.total if model.run else None, count),
    _cost("Model size", lambda model: model.run.size_bytes if model.run else None, megabytes),
    _cost("Training time", lambda model: model.run.seconds if model.run else None, duration),
    _cost(
        "Time per image",
        lambda model: model.evaluation.seconds_per_image if model.evaluation else None,
        lambda seconds: f"{seconds * 1000:.1f} ms",
    ),
)


def models_table(caption: str, models: Sequence[Model], subset: str, columns: Sequence[Column]) -> Table:
    """Return a table with a line for each model; a model without scores on `subset` has a note instead of cells."""
    scored = [(model, scores) for model in models if (scores := model.of(subset))]
    cells = [_column(column, scored) for column in columns]
    lines = {model.name: [each[place] for each in cells] for place, (model, _) in enumerate(scored)}
    rows = [_line(model, subset, lines.get(model.name)) for model in models]
    return Table(caption, [column.title for column in columns], rows, sortable=True)


def _line(model: Model, subset: str, cells: Sequence[Cell] | None) -> Row:
    scores = model.of(subset)
    if cells is None or scores is None:
        return Row(model.title, [], note=model.absent.get("scores", f"no scores on the {subset} split"))
    return Row(model.title, cells, flag="collapsed" if scores.collapsed else "")


def _column(column: Column, scored: Sequence[tuple[Model, Scores]]) -> list[Cell]:
    """Return one cell for each model; the best is marked if at least two can be compared."""
    values = [column.value(model, scores) for model, scores in scored]
    fair = [not (column.at_threshold and scores.collapsed) for _, scores in scored]
    compared = [value for value, counts in zip(values, fair, strict=True) if counts and value is not None]
    best = column.best(compared) if len(compared) > 1 else None
    cells = []
    for (_, scores), value, counts in zip(scored, values, fair, strict=True):
        mark = counts and value is not None and value == best
        if column.metric:
            cells.append(with_interval(value, scores.intervals[column.metric], column.show, mark))
        else:
            cells.append(cell(value, column.show, mark, column.missing))
    return cells


def summary(artefacts: Artefacts) -> Context:
    """Return the scores of all models on the test split, and what the models cost."""
    threshold = artefacts.metrics.threshold
    statistics = artefacts.metrics.statistics
    confidence = whole_percent(statistics.confidence)
    beyond = 1 - statistics.partial_auc_sensitivity
    caption = f"Figures of each model on the test split, at threshold {threshold}, with {confidence} intervals"
    more = f"More figures on the test split, with {confidence} intervals"
    return {
        "scores": models_table(caption, artefacts.models, "test", SCORES),
        "more_scores": models_table(more, artefacts.models, "test", MORE_SCORES),
        "costs": models_table("What each model costs", artefacts.models, "test", COSTS),
        "threshold": threshold,
        "confidence": confidence,
        "compared": bool(artefacts.pairs("test")),
        "partial_sensitivity": whole_percent(statistics.partial_auc_sensitivity),
        "guessing": f"{beyond**2 / 2:.2f}",  # the triangle under the diagonal, above that sensitivity
        "perfect": f"{beyond:.1f}",
    }


def external(artefacts: Artefacts) -> Context | None:
    """Return the scores on the rows that the source publishes as a test set; None if there are none.

    Some of them may show lesions that were split: then those without such a sibling are to be believed and compared.
    """
    subsets = (config.EXTERNAL, config.EXTERNAL_NEW)
    shown = [subset for subset in subsets if any(model.of(subset) for model in artefacts.models)]
    if not shown:
        return None
    confidence = whole_percent(artefacts.metrics.statistics.confidence)
    captions = {
        config.EXTERNAL: "Figures of each model on the rows the source publishes as a test set, at threshold "
        f"{artefacts.metrics.threshold}, with {confidence} intervals",
        config.EXTERNAL_NEW: "The same on those of these rows that have no sibling among the rows that were split, "
        f"with {confidence} intervals",
    }
    trusted = shown[-1]
    place = "on the external rows" + (" without a sibling" if trusted == config.EXTERNAL_NEW else "")
    return {
        "tables": [models_table(captions[subset], artefacts.models, subset, SCORES) for subset in shown],
        "siblings": config.EXTERNAL_NEW in shown,
        "preference": artefacts.metrics.preference.get(trusted, [])[:1],
        "differences": difference_tables(artefacts, trusted, place),
    }


# --- differences ------------------------------------------------------------------------------------
def comparison(artefacts: Artefacts) -> Context | None:
    """Return how the models differ on the test split, in words, a figure and tables; None if none are compared."""
    pairs = artefacts.pairs("test")
    if not pairs:
        return None
    preference, *sentences = artefacts.metrics.preference["test"]
    confidence = whole_percent(artefacts.metrics.statistics.confidence)
    return {
        "preference": preference,
        "sentences": sentences,
        "figure": _differences_figure(pairs, confidence),
        "tables": difference_tables(artefacts, "test", "on the test split"),
        "confidence": confidence,
        "significant": artefacts.metrics.statistics.significant,
    }


def difference_tables(artefacts: Artefacts, subset: str, place: str) -> list[Table]:
    """Return the differences in ROC-AUC and in accuracy on a subset of the rows, which `place` says in words."""
    pairs = artefacts.pairs(subset)
    ending = f"{place}, with {whole_percent(artefacts.metrics.statistics.confidence)} intervals"
    right = ("Right: only the first", "Right: only the second")
    return [
        Table(
            f"Differences in ROC-AUC {ending}",
            ("Difference", "p (DeLong)", "p corrected"),
            [Row(_pair_name(pair), _difference(pair.roc_auc)) for pair in pairs],
            first="First − second",
        ),
        Table(
            f"Differences in accuracy {ending}",
            ("Difference", *right, "p (McNemar)", "p corrected"),
            [Row(_pair_name(pair), _difference(pair.accuracy)) for pair in pairs],
            first="First − second",
        ),
    ]


def _pair_name(pair: Comparison) -> str:
    return f"{wording.title(pair.first)} − {wording.title(pair.second)}"


def _difference(figures: AreaDifference | AccuracyDifference) -> list[Cell]:
    right = []
    if isinstance(figures, AccuracyDifference):
        right = [cell(figures.only_first_right, count), cell(figures.only_second_right, count)]
    p_values = [cell(figures.p, _p_value), cell(figures.p_corrected, _p_value)]
    return [with_interval(figures.difference, figures.interval, signed), *right, *p_values]


def _p_value(value: float) -> str:
    """Return a p-value with three decimals, and no false precision below them."""
    return "< 0.001" if value < 0.001 else number(value)


def _differences_figure(pairs: Sequence[Comparison], confidence: str) -> Markup | None:
    """Draw those differences that have an interval; None if no pair has one."""
    drawn = {}
    for pair in pairs:
        metrics: dict[str, AreaDifference | AccuracyDifference] = {"roc_auc": pair.roc_auc, "accuracy": pair.accuracy}
        drawn[_pair_name(pair)] = {METRIC_NAMES[metric]: _drawable(figures) for metric, figures in metrics.items()}
    if not any(difference for measures in drawn.values() for difference in measures.values()):
        return None
    return Markup(plots.svg(plots.differences(drawn, confidence), "differences"))


def _drawable(figures: AreaDifference | AccuracyDifference) -> tuple[float, list[float]] | None:
    """Return a difference with its interval, None if it has none."""
    if figures.difference is None or figures.interval is None:
        return None
    return figures.difference, figures.interval

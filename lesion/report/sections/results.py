"""Sections on how good the models are, and what they cost."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from lesion import config
from lesion.evaluation.words.wording import listed
from lesion.records.metrics import Estimate, LesionScores, Scores
from lesion.report.reading.artefacts import Artefacts, Context, Model, used_setting
from lesion.report.sections.differences import difference_tables
from lesion.report.writing.cautions import rare
from lesion.report.writing.tables import (
    Cell,
    Row,
    Show,
    Table,
    cell,
    count,
    counted,
    duration,
    estimated,
    megabytes,
    number,
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
    _score("roc_auc", "ROC-AUC", at_threshold=False),
    _score("accuracy", "Accuracy"),
    _score("recall", "Sensitivity (recall)"),
    _score("specificity", "Specificity"),
)
MORE_SCORES = (
    _score("precision", "Precision"),
    _score("f1", "F1"),
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


def models_table(
    caption: str, models: Sequence[Model], references: Sequence[Model], subset: str, columns: Sequence[Column]
) -> Table:
    """Return a table with a line for each of the networks `models`, and below a rule one for each of `references`.

    What has no scores on `subset` has a note instead of cells. The best figures are marked among the networks.
    """
    return Table(
        caption,
        [column.title for column in columns],
        _lines(models, subset, columns, marked=True),
        sortable=True,
        references=_lines(references, subset, columns, marked=False),
    )


def _lines(models: Sequence[Model], subset: str, columns: Sequence[Column], marked: bool) -> list[Row]:
    scored = [(model, scores) for model in models if (scores := model.of(subset))]
    cells = [_column(column, scored, marked) for column in columns]
    lines = {model.name: [each[place] for each in cells] for place, (model, _) in enumerate(scored)}
    return [_line(model, subset, lines.get(model.name)) for model in models]


def _line(model: Model, subset: str, cells: Sequence[Cell] | None) -> Row:
    scores = model.of(subset)
    if cells is None or scores is None:
        return Row(model.title, [], note=model.absent.get("scores", f"no scores on the {subset} split"))
    return Row(model.title, cells, flag="collapsed" if scores.collapsed else "")


def _column(column: Column, scored: Sequence[tuple[Model, Scores]], marked: bool) -> list[Cell]:
    """Return one cell for each model; the best is marked if that is asked for and at least two can be compared."""
    values = [column.value(model, scores) for model, scores in scored]
    fair = [not (column.at_threshold and scores.collapsed) for _, scores in scored]
    compared = [value for value, counts in zip(values, fair, strict=True) if counts and value is not None]
    best = column.best(compared) if marked and len(compared) > 1 else None
    cells = []
    for (_, scores), value, counts in zip(scored, values, fair, strict=True):
        mark = counts and value is not None and value == best
        if column.metric:
            cells.append(with_interval(value, scores.intervals[column.metric], column.show, mark))
        else:
            cells.append(cell(value, column.show, mark, column.missing))
    return cells


def _costs_caption(networks: Sequence[Model]) -> str:
    slowed = any(model.run and model.run.at_once > 1 for model in networks)
    return "What each network costs" + (" (trained at once, so each took longer)" if slowed else "")


def summary(artefacts: Artefacts) -> Context:
    """Return the scores of all models on the test split, and what the networks cost.

    A model that was not measured is only in the first table.
    """
    threshold = artefacts.metrics.threshold
    statistics = artefacts.metrics.statistics
    confidence = whole_percent(statistics.confidence)
    beyond = 1 - statistics.partial_auc_sensitivity
    caption = f"Scores on the test images at threshold {threshold:g}, with {confidence} intervals"
    more = f"More scores on the test images, with {confidence} intervals"
    networks = [model for model in artefacts.models if model.scores]
    beside = [model for model in artefacts.references if model.scores]
    return {
        "scores": models_table(caption, artefacts.models, artefacts.references, "test", SCORES),
        "more_scores": models_table(more, networks, beside, "test", MORE_SCORES),
        "costs": models_table(_costs_caption(networks), networks, [], "test", COSTS),
        "cautions": rare(artefacts, "test"),
        "references": _references(beside),
        "baselines": any(model.name in config.BASELINE_NAMES for model in beside),
        "statistics": statistics,
        "threshold": threshold,
        "confidence": confidence,
        "compared": bool(artefacts.pairs("test")),
        "views": views(networks),
        "partial_sensitivity": whole_percent(statistics.partial_auc_sensitivity),
        "guessing": f"{beyond**2 / 2:.2f}",  # the triangle under the diagonal, above that sensitivity
        "perfect": f"{beyond:.1f}",
    }


def views(networks: Sequence[Model]) -> str:
    """Return in how many views the networks looked at each image, as text; empty if they all saw it only as it is."""
    numbers = sorted({model.evaluation.views for model in networks if model.evaluation})
    return "" if numbers in ([], [1]) else listed([str(number) for number in numbers], "or")


def _references(references: Sequence[Model]) -> list[str]:
    """Say what the rows below the networks know of an image."""
    descriptions = {
        "together": lambda model: f"{model.title} is the mean of their logits.",
        "together_colour": lambda model: f"{model.title} is that mean, with colour alone as one more network.",
        "frame": _frame,
        "colour": _colour,
        "patient": lambda model: f"{model.title} are known without a look at the image.",
    }
    return [descriptions[model.name](model) for model in references if model.name in descriptions]


def _frame(model: Model) -> str:
    if model.baseline is None:
        return f"{model.title} sees the edge of the image only."
    full = config.FULL.image_size
    width = used_setting([model.baseline.method], "baselines", "frame_share", lambda share: f"{share * full:.0f}")
    return f"{model.title} sees the outermost {width} of {full} pixels only, where there is hardly any lesion."


def _colour(model: Model) -> str:
    numbers = "a few numbers" if model.baseline is None else counted(model.baseline.numbers, "number")
    return f"{model.title} knows {numbers} of the image's colours, and no shape."


# --- lesions ----------------------------------------------------------------------------------------
LESION_SCORES = {"roc_auc": "ROC-AUC", "accuracy": "Accuracy", "recall": "Sensitivity", "specificity": "Specificity"}


def lesions(artefacts: Artefacts) -> Context | None:
    """Return each model's scores per lesion beside those per image; None if every lesion has one image."""
    models = artefacts.measured(*config.COMBINATIONS, "colour")
    whole = {model.title: (test, test.lesions) for model in models if (test := model.of("test")) and test.lesions}
    if not whole:
        return None
    confidence = whole_percent(artefacts.metrics.statistics.confidence)
    columns = [f"{score}, per {unit}" for score in LESION_SCORES.values() for unit in ("image", "lesion")]
    caption = f"Scores per image and per lesion on the test images, with {confidence} intervals"
    rows = [Row(title, _per_image_and_lesion(test, per_lesion)) for title, (test, per_lesion) in whole.items()]
    networks = [model.title for model in artefacts.models if model.title in whole]
    totals = next(per_lesion for _, per_lesion in whole.values())
    return {
        "table": Table(caption, columns, rows),
        "areas": [(title, estimated(whole[title][1].roc_auc, number)) for title in networks],
        "lesions": totals.lesions,
        "malignant": totals.malignant,
    }


def _per_image_and_lesion(test: Scores, whole: LesionScores) -> list[Cell]:
    estimates = {"roc_auc": whole.roc_auc, "accuracy": whole.accuracy}
    estimates |= {"recall": whole.sensitivity, "specificity": whole.specificity}
    cells = []
    for metric, per_lesion in estimates.items():
        per_image = Estimate(getattr(test, metric), test.intervals[metric])
        cells += [estimated(per_image, number), estimated(per_lesion, number)]
    return cells


# --- external ---------------------------------------------------------------------------------------
def external(artefacts: Artefacts) -> Context | None:
    """Return the scores on the images that the source publishes as a test set; None if there are none.

    Some may show lesions that were split: then those of new lesions are to be believed and compared, and stand apart.
    """
    subsets = (config.EXTERNAL, config.EXTERNAL_NEW)
    shown = [subset for subset in subsets if any(model.of(subset) for model in artefacts.models)]
    if not shown:
        return None
    confidence = whole_percent(artefacts.metrics.statistics.confidence)
    captions = {
        config.EXTERNAL: "Scores on the images that the source publishes as a test set, at threshold "
        f"{artefacts.metrics.threshold:g}, with {confidence} intervals",
        config.EXTERNAL_NEW: "Scores on those of these images whose lesions are not among the images that were split, "
        f"with {confidence} intervals",
    }
    trusted = shown[-1]
    place = "on the external images" + (" of new lesions" if trusted == config.EXTERNAL_NEW else "")
    return {
        "table": _external_table(captions[trusted], artefacts, trusted),
        "all": _external_table(captions[config.EXTERNAL], artefacts, config.EXTERNAL) if len(shown) > 1 else None,
        "cautions": rare(artefacts, config.EXTERNAL),
        "preference": artefacts.metrics.preference.get(trusted, [])[:1],
        "differences": difference_tables(artefacts.pairs(trusted), artefacts.metrics.statistics, place),
    }


def _external_table(caption: str, artefacts: Artefacts, subset: str) -> Table:
    networks = [model for model in artefacts.models if model.of(subset)]
    references = [model for model in artefacts.references if model.of(subset)]
    return models_table(caption, networks, references, subset, SCORES)

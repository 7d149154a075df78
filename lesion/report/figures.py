"""The report's figures: artefacts in, SVG out."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from lesion.records import Model
from lesion.report import plots, tables

PHASES = {"frozen": "frozen backbone", "tune": "fine-tuning", "whole": "whole network"}


def roc(models: Sequence[Model]) -> Markup | None:
    """Draw the ROC curves on the test split; None where no model was measured."""
    found = {}
    for model in models:
        if model.scores:
            test = model.scores["test"]
            rates = test.roc and (
                test.roc["false_positive_rate"],
                test.roc["true_positive_rate"],
                test.roc_auc,
            )
            found[model.name] = rates or None
    return Markup(plots.svg(plots.roc_curves(found), "roc")) if found else None


def confusion(model: Model, classes: Sequence[str]) -> Markup | None:
    """Draw the confusion matrix on the test split; None where the model was not measured."""
    if not model.scores:
        return None
    figure = plots.confusion_matrix(model.scores["test"].confusion, classes, model.name)
    return Markup(plots.svg(figure, f"confusion-{model.name}"))


def curves(model: Model) -> dict[str, Markup]:
    """Draw the training, measure to figure; nothing where its history or manifest is missing."""
    if model.history is None or model.run is None:
        return {}
    phases: dict[str, int] = {}
    for line in model.history:
        phases.setdefault(PHASES[line["phase"]], int(line["epoch"]))
    drawn = {}
    for measure in ("loss", "auc"):
        figure = plots.training_curves(
            epochs=[int(line["epoch"]) for line in model.history],
            train=[line[measure] for line in model.history],
            validation=[line[f"val_{measure}"] for line in model.history],
            model=model.name,
            measure=measure,
            phases=phases,
            best_epoch=model.run.best["epoch"],
        )
        drawn[measure] = Markup(plots.svg(figure, f"{measure}-{model.name}"))
    return drawn


def differences(pairs: Sequence[Mapping[str, Any]]) -> Markup | None:
    """Draw those differences that have an interval; None where no pair has one."""
    drawn = {
        tables.pair_name(pair): {
            title: (pair[metric]["difference"], pair[metric]["interval"]) if pair[metric]["interval"] else None
            for metric, title in (("roc_auc", "ROC-AUC"), ("accuracy", "accuracy"))
        }
        for pair in pairs
    }
    if not any(found for measures in drawn.values() for found in measures.values()):
        return None
    return Markup(plots.svg(plots.differences(drawn), "differences"))


def reliability(model: Model) -> Markup | None:
    """Draw the reliability diagram on the test split; None where the model was not measured."""
    if not model.scores:
        return None
    found = model.scores["test"].calibration
    before, after = (
        [(point["predicted"], point["observed"]) for point in found[when]["curve"]] for when in ("before", "after")
    )
    figure = plots.reliability(before, None if found["not_fitted"] else after, model.name)
    return Markup(plots.svg(figure, f"reliability-{model.name}"))

"""What the results say in words: the answer, the warnings and the limitations, and no more than they bear."""

from collections.abc import Sequence
from dataclasses import dataclass

from lesion import config
from lesion.plots import STYLES
from lesion.results import Artefacts, Model

LARGE_LEAD = 0.05  # a ROC-AUC lead below this may well be chance on a few hundred images


@dataclass(frozen=True)
class Verdict:
    """The answer in one line, and the sentences that qualify it."""

    headline: str
    sentences: list[str]


def verdict(artefacts: Artefacts) -> Verdict:
    """Return which model ranks the test images best by ROC-AUC, by how much, and with which caveats."""
    ranked = sorted((model for model in artefacts.models if _area(model) is not None), key=_area, reverse=True)
    sentences = [*_comparison(ranked), *_caveats(artefacts)]
    if not ranked:
        return Verdict("No answer: no model has a ROC-AUC on the test split.", sentences)
    best, images = ranked[0], f"{ranked[0].scores['test'].rows:,} test images"
    level = [model for model in ranked if f"{_area(model):.3f}" == f"{_area(best):.3f}"]
    if _area(best) <= 0.5:
        headline = f"No model does better than guessing on the {images}: the highest ROC-AUC is"
    elif len(level) > 1:
        headline = f"{_listed([_name(model) for model in level])} are level on the {images}: ROC-AUC"
    elif len(ranked) > 1:
        headline = f"{_name(best)} tells malignant from benign best on these {images}: ROC-AUC"
    else:
        headline = f"Only {_name(best)} can be judged, on {images}: ROC-AUC"
    return Verdict(f"{headline} {_area(best):.3f}.", sentences)


def _comparison(ranked: Sequence[Model]) -> list[str]:
    """Say by how much the first of `ranked` leads, and how far that can be trusted."""
    meaning = (
        "ROC-AUC is the probability that a malignant image, picked at random, gets a higher score than "
        "a benign one: 0.5 is guessing, 1 is perfect."
    )
    if len(ranked) < 2:
        return [meaning] if ranked else []
    best, rows = ranked[0], ranked[0].scores["test"].rows
    behind = [f"{_area(best) - _area(model):.3f} above {_name(model)} ({_area(model):.3f})" for model in ranked[1:]]
    lead = _area(best) - _area(ranked[1])
    trust = "No statistical test is part of this report. " + (
        f"On {rows:,} images a difference of a few hundredths, as here between the first two, may be chance."
        if lead < LARGE_LEAD
        else f"The lead is more than a few hundredths, but comes from one split, one seed, {rows:,} images."
    )
    return [f"{_name(best)} stands {_listed(behind)}.", meaning, trust]


def _caveats(artefacts: Artefacts) -> list[str]:
    """Say what of the experiment narrows the answer."""
    data, caveats = artefacts.data, []
    for model in artefacts.models:
        if model.scores is None:
            caveats.append(f"{_name(model)} is not in the comparison: {model.absent['scores'].rstrip('.')}.")
        elif model.scores["test"].collapsed:
            caveats.append(f"{_name(model)} has collapsed: {model.scores['test'].collapsed}.")
    if data.source["name"] == "sample":
        caveats.append("The images are drawn by the project: the answer holds for them, not for real skin.")
    replaced = [_name(model) for model in artefacts.models if model.run and model.run.weights["replaced"]]
    if replaced:
        caveats.append(f"{_listed(replaced)} had to start from other weights than asked for: see Warnings.")
    if not data.groups["known"]:
        caveats.append(
            "Which images show the same lesion is not known: copies may stand in two splits and flatter every model."
        )
    return caveats


def warnings(artefacts: Artefacts) -> list[str]:
    """Return everything that was replaced, skipped, unreadable or suspicious, each once."""
    data = artefacts.data
    found = [data.source["replaced"], *data.warnings, _smaller(artefacts)]
    if data.unreadable:
        share = len(data.unreadable) / data.rows
        found.append(
            f"{len(data.unreadable):,} of {data.rows:,} images ({share:.2%}) could not be decoded and are "
            "used nowhere; they are listed under Data."
        )
    for model in artefacts.models:
        found += [f"{_name(model)}: {text}" for text in _model_warnings(model)]
    return [f"{text[0].upper()}{text[1:].rstrip('.')}." for text in dict.fromkeys(found) if text]


def _model_warnings(model: Model) -> list[str]:
    found = list(dict.fromkeys(model.absent.values()))
    if model.run is not None:
        found += [model.run.weights["replaced"], *model.run.warnings]
    for split, scores in (model.scores or {}).items():
        if scores.collapsed:
            found.append(f"collapsed on the {split} split: {scores.collapsed}")
    if model.explanation is not None and model.explanation.empty:
        found.append(
            f"the Grad-CAM map is empty for {model.explanation.empty:,} of {model.explanation.explained:,} images"
        )
    return [text for text in found if text]


def _smaller(artefacts: Artefacts) -> str | None:
    """Say in what the run is smaller than the full experiment."""
    data, less = artefacts.data, []
    size, full = data.settings["image_size"], config.FULL.image_size
    if data.source["name"] == "sample":
        less.append(f"{data.rows:,} drawn images")
    elif data.settings["limit"]:
        less.append(f"{data.rows:,} rows, as --limit asks")
    if size < full:
        less.append(f"{size} × {size} pixels instead of {full} × {full}")
    epochs = [model.run.settings["epochs"] for model in artefacts.models if model.run]
    if epochs and min(epochs) < config.FULL.epochs:
        less.append(f"at most {min(epochs)} epochs instead of {config.FULL.epochs}, before any fine-tuning")
    return f"Smaller than the full experiment: {_listed(less)}." if less else None


def limitations(artefacts: Artefacts) -> list[str]:
    """Return what the figures cannot tell, the general limits first."""
    found = [
        "This is research software. It is no medical device, has not been validated for diagnosis, and "
        "must not guide the care of any person.",
        "The figures come from one split and one seed. Another split or seed would give others, and no "
        "interval or statistical test says how far apart they would lie.",
        "The best model is named by its figures on the test split, so its own figure is a little "
        "flattering. A choice between models belongs on the validation split.",
        "Accuracy, precision, sensitivity, specificity and F1 hold for one threshold, "
        f"{artefacts.threshold:g}, and for the share of malignant images in this data, which may be far "
        "from that in a clinic.",
        "A Grad-CAM map shows where evidence was taken from, at the coarse resolution of one layer. It "
        "does not show why, and a plausible map does not make a verdict right.",
    ]
    if not artefacts.data.groups["known"]:
        found.append(
            "The data does not say which images show the same lesion. Copies of one lesion may stand in "
            "two splits, so that the figures may flatter every model."
        )
    if artefacts.data.source["name"] == "sample":
        found.append(
            "The images are drawn, not photographed. How well a model tells the two drawn classes apart "
            "says nothing about real skin."
        )
    return found


def _area(model: Model) -> float | None:
    return model.scores["test"].roc_auc if model.scores else None


def _name(model: Model) -> str:
    return STYLES[model.name].name


def _listed(parts: Sequence[str]) -> str:
    """Join as in a sentence: a, b and c."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)

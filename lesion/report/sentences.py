"""What the results say in words: the answer, the warnings and the limitations, and no more than they bear."""

from collections.abc import Sequence
from dataclasses import dataclass

from lesion import config
from lesion.evaluation import collapse
from lesion.records import Artefacts, Data, Model, Scores
from lesion.report.plots import STYLES


@dataclass(frozen=True)
class Verdict:
    """The answer in one line, and the sentences that qualify it."""

    headline: str
    sentences: list[str]


def verdict(artefacts: Artefacts) -> Verdict:
    """Return which model to prefer and how sure that is, from the comparison on the test split, with its caveats."""
    ranked = sorted((model for model in artefacts.models if _area(model) is not None), key=_area, reverse=True)
    if not ranked:
        return Verdict("No answer: no model has a ROC-AUC on the test split.", _caveats(artefacts))
    best, preference = ranked[0], artefacts.comparison.preference.get("test", [])
    if preference:
        headline = preference[0]
    elif _area(best) <= 0.5:
        headline = f"{_name(best)} does not do better than guessing: ROC-AUC {_area(best):.3f}."
    else:
        headline = f"Only {_name(best)} can be judged: ROC-AUC {_area(best):.3f}."
    return Verdict(headline, [_certainty(ranked, artefacts), *_caveats(artefacts)])


def _certainty(ranked: Sequence[Model], artefacts: Artefacts) -> str:
    """Say what each of `ranked`, the highest ROC-AUC first, has, how the others differ, and what that means."""
    test, comparison = ranked[0].scores["test"], artefacts.comparison
    lesions = f" of {test.groups:,} lesions" if test.groups < test.rows else ""
    areas = _listed([f"{_name(model)} {_with_interval(model.scores['test'])}" for model in ranked])
    pairs = comparison.comparisons.get("test", [])
    differences = [
        comparison.preference["test"][1 + 2 * place]  # after the preference, two sentences a pair, ROC-AUC first
        for place, pair in enumerate(pairs)
        if ranked[0].name in (pair["first"], pair["second"])
    ]
    meaning = (
        "ROC-AUC is the probability that a malignant image, picked at random, gets a higher score than a benign one: "
        "0.5 is guessing, 1 is perfect. The intervals say how much these figures depend on which images happened to be "
        "in the test split; another split or seed of training could move them further."
    )
    return " ".join([f"ROC-AUC on {test.rows:,} test images{lesions}: {areas}.", *differences, meaning])


def _with_interval(scores: Scores) -> str:
    bounds = scores.intervals["roc_auc"]
    interval = f"95 % interval {bounds[0]:.3f} to {bounds[1]:.3f}" if bounds else "95 % interval undefined"
    return f"{scores.roc_auc:.3f} ({interval})"


def _caveats(artefacts: Artefacts) -> list[str]:
    """Say what of the experiment narrows the answer."""
    data, caveats = artefacts.data, []
    for model in artefacts.models:
        if model.scores is None:
            caveats.append(f"{_name(model)} is not in the comparison: {model.absent['scores'].rstrip('.')}.")
        elif model.scores["test"].sentinel:
            caveats.append(f"{_name(model)} has collapsed: {'; '.join(model.scores['test'].sentinel)}.")
    if data.source["name"] == "sample":
        caveats.append("The images are drawn by the project: the answer holds for them, not for real skin.")
    replaced = [_name(model) for model in artefacts.models if model.run and model.run.weights["replaced"]]
    if replaced:
        caveats.append(f"{_listed(replaced)} had to start from other weights than asked for: see Warnings.")
    if data.settings["split"] == "random":
        caveats.append(_flattery(data))
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
    for split in config.SCORED:
        if split in (model.scores or {}):
            found += collapse.on_split(split, model.scores[split].sentinel)
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
        "The figures come from one split and one seed of training. The intervals and tests say what other test images "
        "of the same kind would change, not what another seed would, nor images of another clinic or camera.",
        "The models are compared on the test split, so the highest figure is a little flattering. A choice between "
        "models that is to be measured without that belongs on the validation split.",
        "Accuracy, precision, sensitivity, specificity and F1 hold for one threshold, "
        f"{artefacts.threshold:g}, and for the share of malignant images in this data, which may be far "
        "from that in a clinic.",
        "A Grad-CAM map shows where evidence was taken from, at the coarse resolution of one layer. It "
        "does not show why, and a plausible map does not make a verdict right.",
    ]
    data = artefacts.data
    if data.settings["split"] == "random":
        found.append(_flattery(data))
    if data.groups.origin == "pixels":
        found.append(
            "Which images show the same lesion was found from their pixels. Copies that are changed beyond recognition "
            "may still stand in two splits, and so may photographs of one lesion that have little in common."
        )
    if artefacts.data.source["name"] == "sample":
        found.append(
            "The images are drawn, not photographed. How well a model tells the two drawn classes apart "
            "says nothing about real skin."
        )
    return found


def _flattery(data: Data) -> str:
    """Say how many test images show a lesion that was trained on."""
    test = data.groups.siblings["random"]
    return (
        f"The images were split one by one (--split random): {test['with_sibling']:,} of {test['rows']:,} test images "
        "show a lesion that was trained on, so that the figures flatter every model."
    )


def _area(model: Model) -> float | None:
    return model.scores["test"].roc_auc if model.scores else None


def _name(model: Model) -> str:
    return config.NETWORKS[model.name].title


def _listed(parts: Sequence[str]) -> str:
    """Join as in a sentence: a, b and c."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)

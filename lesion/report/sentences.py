"""Sections in words, which say no more than the data support: the answer, the warnings and the limitations."""

from collections.abc import Sequence

from lesion import config
from lesion.evaluation import collapse
from lesion.evaluation.wording import interval_phrase, listed, pair_sentence
from lesion.records.preparation import PreparationRecord
from lesion.report.artefacts import Artefacts, Context, Model


def answer(artefacts: Artefacts) -> Context:
    """Return which model to prefer and how sure that is, from the comparison on the test split, with the caveats."""
    tests = {model.name: test for model in artefacts.models if (test := model.of("test"))}
    areas = {name: test.roc_auc for name, test in tests.items() if test.roc_auc is not None}
    ranked = sorted((model for model in artefacts.models if model.name in areas), key=lambda model: -areas[model.name])
    if not ranked:
        return {"headline": "No answer: no model has a ROC-AUC on the test split.", "sentences": _caveats(artefacts)}
    best = ranked[0]
    preference = artefacts.metrics.preference.get("test")
    if preference:
        headline = preference[0]
    elif areas[best.name] <= 0.5:
        headline = f"{best.title} does not do better than guessing: ROC-AUC {areas[best.name]:.3f}."
    else:
        headline = f"Only {best.title} can be judged: ROC-AUC {areas[best.name]:.3f}."
    return {"headline": headline, "sentences": [_certainty(ranked, artefacts), *_caveats(artefacts)]}


def _certainty(ranked: Sequence[Model], artefacts: Artefacts) -> str:
    """Say what ROC-AUC the models have, the highest first, how the others differ from it, and what that means."""
    scores = {model.title: test for model in ranked if (test := model.of("test"))}
    best = scores[ranked[0].title]
    lesions = f" of {best.groups:,} lesions" if best.groups < best.rows else ""
    statistics = artefacts.metrics.statistics
    areas = [
        f"{name} {interval_phrase(test.roc_auc, test.intervals['roc_auc'], statistics=statistics)}"
        for name, test in scores.items()
    ]
    pairs = artefacts.pairs("test")
    differences = [
        pair_sentence(pair, "roc_auc", len(pairs), statistics)
        for pair in pairs
        if ranked[0].name in (pair.first, pair.second)
    ]
    meaning = (
        "ROC-AUC is the probability that a malignant image, picked at random, gets a higher score than a benign one: "
        "0.5 is guessing, 1 is perfect. The intervals say how much these figures depend on which images happened to be "
        "in the test split; another split or seed of training could move them further."
    )
    return " ".join([f"ROC-AUC on {best.rows:,} test images{lesions}: {listed(areas)}.", *differences, meaning])


def _caveats(artefacts: Artefacts) -> list[str]:
    """List the caveats of the answer."""
    data = artefacts.data
    caveats = []
    for model in artefacts.models:
        test = model.of("test")
        if test is None:
            caveats.append(f"{model.title} is not in the comparison: {model.absent['scores'].rstrip('.')}.")
        elif test.collapsed:
            caveats.append(f"{model.title} has collapsed: {'; '.join(test.collapsed)}.")
    if data.source.drawn:
        caveats.append("The images are drawn by the project: the answer holds for them, not for real skin.")
    replaced = [model.title for model in artefacts.models if model.run and model.run.weights.replaced]
    if replaced:
        caveats.append(f"{listed(replaced)} had to start from other weights than asked for: see Warnings.")
    return [*caveats, *_flattery(data)]


def warnings(artefacts: Artefacts) -> Context:
    """Return everything that was replaced, skipped, unreadable or suspicious, each once."""
    data = artefacts.data
    texts = [data.source.replaced, _smaller(artefacts)]
    if data.unreadable:
        share = len(data.unreadable) / data.rows
        texts.append(
            f"{len(data.unreadable):,} of {data.rows:,} images ({share:.2%}) could not be decoded and are "
            "used nowhere; they are listed under Data."
        )
    for model in artefacts.models:
        texts += [f"{model.title}: {text}" for text in _model_warnings(model)]
    return {"warnings": [f"{text[0].upper()}{text[1:].rstrip('.')}." for text in dict.fromkeys(texts) if text]}


def _model_warnings(model: Model) -> list[str]:
    texts = list(dict.fromkeys(model.absent.values()))
    if model.run is not None:
        texts += [model.run.weights.replaced or "", *model.run.warnings]
    for split in config.SCORED:
        if scores := model.of(split):
            texts += collapse.on_split(split, scores.collapsed)
    if model.explanation is not None and model.explanation.empty:
        texts.append(
            f"the Grad-CAM map is empty for {model.explanation.empty:,} of {model.explanation.explained:,} images"
        )
    return [text for text in texts if text]


def _smaller(artefacts: Artefacts) -> str | None:
    """Describe how this run is smaller than the full experiment, None if it is not."""
    data = artefacts.data
    full = config.FULL
    reasons = []
    size = data.settings.image_size
    if data.source.drawn:
        reasons.append(f"{data.rows:,} drawn images")
    elif data.settings.limit:
        reasons.append(f"{data.rows:,} rows, as --limit asks")
    if size < full.image_size:
        reasons.append(f"{size} × {size} pixels instead of {full.image_size} × {full.image_size}")
    epochs = [model.run.settings.epochs for model in artefacts.models if model.run]
    if epochs and min(epochs) < full.epochs:
        reasons.append(f"at most {min(epochs)} epochs instead of {full.epochs}, before any fine-tuning")
    return f"Smaller than the full experiment: {listed(reasons)}." if reasons else None


def limitations(artefacts: Artefacts) -> Context:
    """Return what the figures cannot tell, the general limits first."""
    data = artefacts.data
    texts = [
        "This is research software. It is not a medical device, has not been validated for diagnosis, and "
        "must not guide the care of any person.",
        "The figures come from one split and one seed of training. The intervals and tests say what other test images "
        "of the same kind would change, not what another seed would, nor images of another clinic or camera.",
        "The models are compared on the test split, so the highest figure is a little flattering. A choice between "
        "models that is to be measured without that belongs on the validation split.",
        "Accuracy, precision, sensitivity, specificity and F1 hold for one threshold, "
        f"{artefacts.metrics.threshold:g}, and for the share of malignant images in this data, which may be far "
        "from that in a clinic.",
        "A Grad-CAM map shows where evidence was taken from, at the coarse resolution of one layer. It "
        "does not show why, and a plausible map does not make a verdict right.",
        *_flattery(data),
    ]
    if data.groups.origin == "pixels":
        texts.append(
            "Which images show the same lesion was found from their pixels. Copies that are changed beyond recognition "
            "may still be in two splits, and so may photographs of one lesion that have little in common."
        )
    if data.source.drawn:
        texts.append(
            "The images are drawn, not photographed. How well a model tells the two drawn classes apart "
            "says nothing about real skin."
        )
    return {"limitations": texts}


def _flattery(data: PreparationRecord) -> list[str]:
    """Say how many test images show a lesion that was trained on, if the split is random."""
    test = data.groups.siblings["random"]
    if data.settings.split != "random" or test is None:
        return []
    return [
        f"The images were split one by one (--split random): {test.with_sibling:,} of {test.rows:,} test images "
        "show a lesion that was trained on, so that the figures flatter every model."
    ]

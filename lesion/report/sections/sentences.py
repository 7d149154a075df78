"""Sections in words, which say no more than the data support: the answer, the warnings and the limitations."""

from collections.abc import Sequence

from lesion import config
from lesion.evaluation import collapse, wording
from lesion.evaluation.wording import interval_phrase, listed, pair_sentence
from lesion.records.preparation import PreparationRecord
from lesion.report.artefacts import Artefacts, Context, Model

RARE = 0.05  # share of malignant images; below it accuracy means little


def answer(artefacts: Artefacts) -> Context:
    """Return which network ranked better and how sure that is, from the test split, with the caveats."""
    tests = {model.name: test for model in artefacts.models if (test := model.of("test"))}
    areas = {name: test.roc_auc for name, test in tests.items() if test.roc_auc is not None}
    ranked = sorted((model for model in artefacts.models if model.name in areas), key=lambda model: -areas[model.name])
    if not ranked:
        headline = "No answer: no network has a ROC-AUC on the test split."
        return {"headline": headline, "colour": None, "sentences": _caveats(artefacts)}
    best = ranked[0]
    preference = artefacts.metrics.preference.get("test")
    if preference:
        headline = preference[0]
    elif areas[best.name] <= 0.5:
        headline = f"On this split, {best.title} did no better than guessing: ROC-AUC {areas[best.name]:.3f}."
    else:
        headline = f"Only {best.title} can be judged: ROC-AUC {areas[best.name]:.3f}."
    return {
        "headline": headline,
        "colour": wording.colour_sentence(artefacts.metrics),
        "sentences": [*_certainty(ranked, artefacts), *_caveats(artefacts)],
    }


def _certainty(ranked: Sequence[Model], artefacts: Artefacts) -> list[str]:
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
    paragraphs = [f"ROC-AUC on {best.rows:,} test images{lesions}: {listed(areas)}.", " ".join(differences), meaning]
    return [paragraph for paragraph in paragraphs if paragraph]


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
    texts += _table_warnings(data)
    for model in (*artefacts.models, *artefacts.references):
        texts += [f"{model.title}: {text}" for text in _model_warnings(model)]
    return {"warnings": [f"{text[0].upper()}{text[1:].rstrip('.')}." for text in dict.fromkeys(texts) if text]}


def _table_warnings(data: PreparationRecord) -> list[str]:
    """Say how the metadata table does not fit the images."""
    record = data.metadata
    if record is None:
        return []
    texts = []
    if record.unmatched:
        texts.append(f"images that the metadata table does not know: {record.unmatched:,}")
    if record.conflicts:
        texts.append(f"lesions of the metadata table with images of both labels: {record.conflicts:,}")
    return texts


def _model_warnings(model: Model) -> list[str]:
    texts = list(dict.fromkeys(model.absent.values()))
    if model.run is not None:
        texts += [model.run.weights.replaced or "", *model.run.warnings]
    for split in config.SCORED:
        if scores := model.of(split):
            texts += collapse.on_split(split, scores.collapsed)
            texts += [f"on the {split} split: {caution}" for caution in scores.cautions]
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
        "The figures come from one split and one training of each network. The intervals and tests say what other test "
        "images of the same kind would change, not what training anew would, nor images of another clinic or camera. "
        "So they compare these trained networks, not their architectures.",
        "The models are compared on the test split, so the highest figure is a little flattering. A choice between "
        "models that is to be measured without that belongs on the validation split.",
        "Accuracy, precision, sensitivity, specificity and F1 hold for one threshold, "
        f"{artefacts.metrics.threshold:g}, and for the share of malignant images in this data, which may be far "
        "from that in a clinic.",
        "A Grad-CAM map shows where evidence was taken from, at the coarse resolution of one layer. It "
        "does not show why, and a plausible map does not make a verdict right.",
        *_flattery(data),
    ]
    texts += [*_rare(artefacts), *_unknown_siblings(data)]
    if data.source.drawn:
        texts.append(
            "The images are drawn, not photographed. How well a model tells the two drawn classes apart "
            "says nothing about real skin."
        )
    return {"limitations": texts}


def _unknown_siblings(data: PreparationRecord) -> list[str]:
    """Say what it means that the pixels alone told which images show one lesion, if they did."""
    if "pixels" not in data.groups.origin:
        return []
    part = "" if data.groups.origin == "pixels" else "in part "
    return [
        f"Which images show the same lesion was {part}found from their pixels. Copies that are changed beyond "
        "recognition may still be in two splits, and so may photographs of one lesion that have little in common. "
        "Where the search missed some, every interval is a little too narrow."
    ]


def _rare(artefacts: Artefacts) -> list[str]:
    """Say where so few images are malignant that accuracy means little."""
    texts = []
    for subset in ("test", config.EXTERNAL):
        size = artefacts.metrics.sizes.get(subset)
        if size and size.malignant_rows / size.rows < RARE:
            texts.append(
                f"Only {size.malignant_rows:,} of the {size.rows:,} {subset} images are malignant. To call all of them "
                "benign would be right almost always, so accuracy means little there."
            )
    return texts


def _flattery(data: PreparationRecord) -> list[str]:
    """Say how many test images show a lesion that was trained on, if the split is random."""
    test = data.groups.siblings["random"]
    if data.settings.split != "random" or test is None:
        return []
    return [
        f"The images were split one by one (--split random): {test.with_sibling:,} of {test.rows:,} test images "
        "show a lesion that was trained on, so that the figures flatter every model."
    ]

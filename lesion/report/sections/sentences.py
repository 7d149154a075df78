"""Sections in words, which say no more than the data support: the answer, the warnings and the limitations."""

from collections.abc import Sequence

from lesion import config
from lesion.evaluation import collapse, wording
from lesion.evaluation.wording import interval_phrase, listed, pair_sentence
from lesion.records.preparation import PreparationRecord
from lesion.report.artefacts import Artefacts, Context, Model
from lesion.report.cautions import flattery, rare
from lesion.report.sections.study import about_networks, beside_colour


def answer(artefacts: Artefacts) -> Context:
    """Return which network ranks better and how sure that is, with the caveats.

    The headline is that of a study of these images if there is one. What the test split says of these trainings then
    follows after it.
    """
    split = _split_answer(artefacts)
    study = artefacts.study
    if study is None or not study.headline:
        return {
            **split,
            "study": None,
            "sentences": [*split["sentences"], *_caveats(artefacts), *_one_split(artefacts)],
        }
    return {
        "headline": study.headline,
        "study": about_networks(artefacts, study),
        "beside_colour": beside_colour(study),
        "split_headline": split["headline"],
        "colour": split["colour"],
        "sentences": [*split["sentences"], *_caveats(artefacts)],
    }


def _one_split(artefacts: Artefacts) -> list[str]:
    """Say that an answer is about trainings and not about networks, if there is an answer."""
    if not _ranked(artefacts):
        return []
    networks = "`invoke study` would make it one about the networks"
    if artefacts.study is not None:
        networks = "for networks trained anew see the section on them"
    return [f"This answer is about these trainings on this split; {networks}."]


def _ranked(artefacts: Artefacts) -> list[Model]:
    """Return the networks that have a ROC-AUC on the test split, the highest first."""
    areas = {
        model.name: test.roc_auc
        for model in artefacts.models
        if (test := model.of("test")) and test.roc_auc is not None
    }
    return sorted((model for model in artefacts.models if model.name in areas), key=lambda model: -areas[model.name])


def _split_answer(artefacts: Artefacts) -> Context:
    """Return the headline and the sentences on how well these trainings ranked the test split."""
    ranked = _ranked(artefacts)
    if not ranked:
        headline = "No answer: no network has a ROC-AUC on the test split."
        return {"headline": headline, "colour": None, "sentences": []}
    best = ranked[0]
    test = best.of("test")
    area = test.roc_auc if test and test.roc_auc is not None else 0.0
    preference = artefacts.metrics.preference.get("test")
    if preference:
        headline = preference[0]
    elif area <= 0.5:
        headline = f"On this split, {best.title} did no better than guessing: ROC-AUC {area:.3f}."
    else:
        headline = f"Only {best.title} can be judged: ROC-AUC {area:.3f}."
    return {
        "headline": headline,
        "colour": wording.colour_sentence(artefacts.metrics),
        "sentences": _certainty(ranked, artefacts),
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
    return [*caveats, *flattery(data)]


def warnings(artefacts: Artefacts) -> Context:
    """Return everything that was replaced, skipped, unreadable or suspicious, each once."""
    data = artefacts.data
    texts = [data.source.replaced, _smaller(artefacts), artefacts.study_unused]
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
        _one_training(artefacts),
        "The models are compared on the test split, so the highest figure is a little flattering. A choice between "
        "models that is to be measured without that belongs on the validation split.",
        "Accuracy, precision, sensitivity, specificity and F1 hold for one threshold, "
        f"{artefacts.metrics.threshold:g}, and for the share of malignant images in this data, which may be far "
        "from that in a clinic.",
        "A Grad-CAM map shows where evidence was taken from, at the coarse resolution of one layer. It "
        "does not show why, and a plausible map does not make a verdict right.",
        *flattery(data),
    ]
    texts += [*rare(artefacts, "test"), *rare(artefacts, config.EXTERNAL), *_unknown_siblings(data)]
    if data.source.drawn:
        texts.append(
            "The images are drawn, not photographed. How well a model tells the two drawn classes apart "
            "says nothing about real skin."
        )
    return {"limitations": texts}


def _one_training(artefacts: Artefacts) -> str:
    """Say what one split and one training of each network cannot tell, and what a study leaves open."""
    study = artefacts.study is not None
    figures = "All figures but those under “Trained anew” come" if study else "The figures come"
    text = (
        f"{figures} from one split and one training of each network. Their intervals and tests say what other test "
        "images of the same kind would change, not what training anew would, nor images of another clinic or camera. "
        "So they compare these trained networks, not their architectures."
    )
    if not study:
        return text
    return f"{text} The study compares networks trained anew, with these settings and on images of this kind only."


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

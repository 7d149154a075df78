"""What to distrust: the cautions of the answer, and those that more than one section shows."""

from collections.abc import Sequence
from dataclasses import dataclass

from lesion import config
from lesion.evaluation import collapse
from lesion.evaluation.words.cut import cut
from lesion.evaluation.words.wording import listed
from lesion.records.preparation import PreparationRecord
from lesion.records.training import TrainingRecord
from lesion.report.embedded.command import full_command
from lesion.report.reading.artefacts import Artefacts, Model
from lesion.report.writing.outlook import cut_for_time

RARE = 0.05  # share of malignant images; below it accuracy means little


@dataclass(frozen=True)
class Caution:
    """What not to conclude, in a few words, and why not."""

    title: str
    text: str


def worst(artefacts: Artefacts) -> list[Caution]:
    """Return what weighs on all results, the worst first; empty if nothing does."""
    return [
        *_drawn(artefacts),
        *_random_split(artefacts),
        *_missing(artefacts),
        *_not_pretrained(artefacts),
        *_small(artefacts),
    ]


def lesser(artefacts: Artefacts) -> list[Caution]:
    """Return what else not to conclude; the last, of what the answer holds, is always there."""
    return [
        *_collapsed(artefacts),
        *_rare(artefacts),
        *_epoch_limit(artefacts),
        _these_trainings(artefacts),
    ]


def _drawn(artefacts: Artefacts) -> list[Caution]:
    source = artefacts.data.source
    if not source.drawn:
        return []
    origin = "The public data could not be fetched" if source.replaced else "How hard they are was set by design"
    text = f"{origin}; these images say nothing about real skin."
    return [Caution("Drawn images, not photographs.", text)]


def _random_split(artefacts: Artefacts) -> list[Caution]:
    return [Caution("Nothing about new lesions.", text) for text in random_split(artefacts.data)]


def _missing(artefacts: Artefacts) -> list[Caution]:
    """Name the networks that were not measured, and say why."""
    missing = [model for model in artefacts.models if model.scores is None]
    if not missing:
        return []
    reasons = dict.fromkeys(_sentence(model.absent["scores"]) for model in missing)
    return [Caution(f"Nothing about {listed([model.title for model in missing])}.", " ".join(reasons))]


def _not_pretrained(artefacts: Artefacts) -> list[Caution]:
    """Name the networks whose backbone has weights that it did not start from."""
    names = [model.title for model in artefacts.models if model.run and _started_at_random(model.run)]
    if not names:
        return []
    return [Caution("Nothing about transfer learning.", f"{listed(names)} started from random weights.")]


def _started_at_random(run: TrainingRecord) -> bool:
    return config.NETWORKS[run.model].pretrained and (run.weights.replaced is not None or run.weights.asked == "none")


def _small(artefacts: Artefacts) -> list[Caution]:
    if not smaller(artefacts):
        return []
    size = artefacts.data.settings.image_size
    epochs = [model.run.settings.epochs for model in artefacts.models if model.run]
    trained = f" and at most {min(epochs)} epochs" if epochs else ""
    plan = artefacts.data.plan
    kind = f"Cut for time (profile quick), {plan.rows:,} of {plan.of:,} images" if plan and cut(plan) else "A small run"
    return [Caution("Not the last word.", f"{kind}: {size} × {size} pixels{trained}.")]


def _collapsed(artefacts: Artefacts) -> list[Caution]:
    return [
        Caution(f"{model.title} has collapsed.", " ".join(_sentence(reason) for reason in test.collapsed))
        for model in artefacts.models
        if (test := model.of("test")) and test.collapsed
    ]


def _rare(artefacts: Artefacts) -> list[Caution]:
    return [Caution("Little by accuracy.", text) for text in rare(artefacts, "test")]


def _epoch_limit(artefacts: Artefacts) -> list[Caution]:
    names = [model.title for model in artefacts.models if model.run and model.run.ended_at_limit]
    if not names:
        return []
    trainings = "training" if len(names) == 1 else "trainings"
    text = f"The {trainings} of {listed(names)} ended at the epoch limit: more epochs might help."
    return [Caution("Not their best.", text)]


def _these_trainings(artefacts: Artefacts) -> Caution:
    """Say what the answer is about: these trainings, or those of a study."""
    study = artefacts.study
    if study is None:
        return Caution("Only these trainings.", "Each network was trained once, on one split.")
    if not study.headline:
        return Caution("Only these trainings.", "For networks trained anew see the section on them.")
    return Caution("Only images of this kind.", "The networks were trained anew, but for no other clinic or camera.")


# --- every caution in full --------------------------------------------------------------------------
def everything(artefacts: Artefacts) -> list[str]:
    """Return all that was replaced, skipped, unreadable or suspicious, each once, as sentences.

    A network that was not measured is left out: `worst` names it.
    """
    data = artefacts.data
    small = smaller(artefacts)
    texts = [data.source.replaced, f"smaller than the full experiment: {listed(small)}" if small else None]
    texts += [*_cut_for_time(artefacts), artefacts.study_unused, *_unreadable(data), *_table(data)]
    for model in (*artefacts.models, *artefacts.references):
        if model.scores is not None or model.name in config.REFERENCES:
            texts += [f"{model.title}: {text}" for text in _of_model(model)]
    return [_sentence(text) for text in dict.fromkeys(texts) if text]


def _cut_for_time(artefacts: Artefacts) -> list[str]:
    plan = artefacts.data.plan
    return [cut_for_time(plan, full_command(artefacts))] if plan and cut(plan) else []


def _unreadable(data: PreparationRecord) -> list[str]:
    if not data.unreadable:
        return []
    share = len(data.unreadable) / data.rows
    return [
        f"{len(data.unreadable):,} of {data.rows:,} images ({share:.2%}) could not be decoded and are used nowhere; "
        "they are listed under Data"
    ]


def _table(data: PreparationRecord) -> list[str]:
    """Say how the metadata table does not fit the images."""
    record = data.metadata
    if record is None:
        return []
    counts = {
        "images that the metadata table does not know": record.unmatched,
        "lesions of the metadata table with images of both classes": record.conflicts,
    }
    return [f"{what}: {number:,}" for what, number in counts.items() if number]


def _of_model(model: Model) -> list[str]:
    texts = list(dict.fromkeys(model.absent.values()))
    if model.run is not None:
        texts += [model.run.weights.replaced or "", *model.run.warnings, *_limit(model.run)]
    for split in config.SCORED:
        if scores := model.of(split):
            texts += collapse.on_split(split, scores.collapsed)
            texts += [f"on the {split} split: {caution}" for caution in scores.cautions]
    if model.explanation is not None and model.explanation.empty:
        texts.append(
            f"the Grad-CAM map is empty for {model.explanation.empty:,} of {model.explanation.explained:,} images"
        )
    return [text for text in texts if text]


def _limit(run: TrainingRecord) -> list[str]:
    if not run.ended_at_limit:
        return []
    return [f"training ended at its epoch limit; its best epoch was {run.best.epoch} of {_epochs(run)}"]


def _epochs(run: TrainingRecord) -> int:
    return sum(phase.epochs for phase in run.phases)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:].rstrip('.')}."


# --- shared -----------------------------------------------------------------------------------------
def smaller(artefacts: Artefacts) -> Sequence[str]:
    """Say how this run is smaller than the full experiment; empty if it is not."""
    data = artefacts.data
    full = config.FULL
    reasons = []
    size = data.settings.image_size
    if data.source.drawn:
        reasons.append(f"{data.rows:,} drawn images")
    elif data.plan and data.plan.rows < data.plan.of:
        reasons.append(f"{data.rows:,} of {data.plan.of:,} images")
    elif data.settings.limit:
        reasons.append(f"{data.rows:,} images, as --limit asks")
    if size < full.image_size:
        reasons.append(f"{size} × {size} pixels instead of {full.image_size} × {full.image_size}")
    epochs = [model.run.settings.epochs for model in artefacts.models if model.run]
    if epochs and min(epochs) < full.epochs:
        reasons.append(f"at most {min(epochs)} epochs instead of {full.epochs}, before any fine-tuning")
    return reasons


def rare(artefacts: Artefacts, subset: str) -> list[str]:
    """Say that so few images of a subset are malignant that accuracy means little, if they are."""
    size = artefacts.metrics.sizes.get(subset)
    if size is None or size.malignant_rows / size.rows >= RARE:
        return []
    return [
        f"Only {size.malignant_rows:,} of the {size.rows:,} {subset} images are malignant. To call all of them benign "
        "would be right almost always, so accuracy means little there."
    ]


def random_split(data: PreparationRecord) -> list[str]:
    """Say how many test images show a lesion that was trained on, if the split is random."""
    test = data.groups.siblings["random"]
    if data.settings.split != "random" or test is None:
        return []
    return [
        f"The split is by image (`--split random`): {test.with_sibling:,} of {test.rows:,} test images show a lesion "
        "that was trained on, so every network looks better than it is."
    ]

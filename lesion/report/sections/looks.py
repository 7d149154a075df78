"""Section: what the networks look at, measured against the outlines of the lesions."""

from collections.abc import Mapping, Sequence

from lesion.evaluation.correction import leaves_out_0
from lesion.evaluation.words.looks import coarse_sentence, looks_sentences
from lesion.evaluation.words.wording import listed
from lesion.records.explanations import AGREEMENT, ESTIMATED
from lesion.records.localisation import LocalisationRecord, LocatedImages, SkillDifference
from lesion.report.reading.artefacts import Artefacts, Case, Context, Model
from lesion.report.writing.tables import (
    Cell,
    Row,
    Table,
    cell,
    count,
    estimated,
    p_value,
    pair_name,
    percent,
    signed,
    whole_percent,
    with_interval,
)

NAMES = {"energy": "energy", "rank_accuracy": "rank accuracy", "pointing": "pointing"}
KINDS = {"right": "right verdicts", "wrong": "wrong verdicts"}  # of images, where the name needs another word
ORIGINS = {"drawn": "known, since the project drew them", "masks": "from masks", ESTIMATED: "estimated"}


def looks(artefacts: Artefacts) -> Context | None:
    """Return how well the networks' maps lie on the lesions; None if no network's maps were scored."""
    records = {model.name: record for model in artefacts.models if (record := _localisation(model))}
    if not records:
        return None
    fine = {name: record for name, record in records.items() if not record.coarse}
    coarse = {name: record for name, record in records.items() if record.coarse}
    titles = {model.name: model.title for model in artefacts.models}
    sizes = {model.name: model.explanation.resolution for model in artefacts.models if model.explanation}
    confidence = whole_percent(artefacts.metrics.statistics.confidence)
    shown = [line for line in artefacts.skill_differences if {line.first, line.second} <= set(fine)]
    return {
        "sentences": looks_sentences(fine, shown),
        "coarse": coarse_sentence(coarse, sizes),
        "table": _skills(fine, titles, confidence) if fine else None,
        "kinds": _kinds(fine, titles, confidence) if fine else None,
        "differences": _differences(shown, confidence) if shown else None,
        "outlines": _outlines(artefacts.cases),
    }


def _localisation(model: Model) -> LocalisationRecord | None:
    return model.explanation.localisation if model.explanation else None


def _skills(records: Mapping[str, LocalisationRecord], titles: Mapping[str, str], confidence: str) -> Table:
    rows = [Row(titles[name], [*_skill(images), *_energy(images)]) for name, images in _all(records).items()]
    return Table(
        f"Skill of the maps: 0 is the spot, 1 the outline itself; {confidence} intervals",
        [*(f"{name[0].upper()}{name[1:]}" for name in NAMES.values()), "Evidence on lesion", "Lesion’s area"],
        rows,
    )


def _all(records: Mapping[str, LocalisationRecord]) -> dict[str, LocatedImages]:
    return {name: record.subsets["all"] for name, record in records.items()}


def _skill(images: LocatedImages) -> list[Cell]:
    return [estimated(images.scores[name].skill, signed_plainly) for name in NAMES]


def signed_plainly(value: float) -> str:
    """Return a number with two decimals and a real minus sign; a skill is not known more exactly."""
    return f"{value:.2f}".replace("-", "−")


def _energy(images: LocatedImages) -> list[Cell]:
    energy = images.scores["energy"]
    return [estimated(energy.value, percent), cell(images.area, percent)]


def _kinds(records: Mapping[str, LocalisationRecord], titles: Mapping[str, str], confidence: str) -> Table:
    """Return the evidence on the lesion by class and by verdict, and against the outline of another lesion."""
    rows = [
        Row(f"{titles[name]}: {KINDS.get(kind, kind)}", _kind(images))
        for name, record in records.items()
        for kind, images in record.subsets.items()
        if images.images
    ]
    columns = ["Images", "Evidence on the lesion", "On another lesion", "The spot’s", "The outline’s", "Area", "Skill"]
    return Table(f"Evidence on the lesion, by kind of image, with {confidence} intervals", columns, rows, first="Kind")


def _kind(images: LocatedImages) -> list[Cell]:
    energy = images.scores["energy"]
    shares = [energy.other, energy.spot, energy.ceiling, images.area]
    return [
        cell(images.images, count),
        estimated(energy.value, percent),
        *(cell(share, percent) for share in shares),
        estimated(energy.skill, signed_plainly),
    ]


def _differences(lines: Sequence[SkillDifference], confidence: str) -> Table:
    rows = [
        Row(
            f"{pair_name(line.first, line.second)}: {NAMES[line.score]}",
            [
                with_interval(line.difference, line.interval, signed),
                cell(line.p_corrected, p_value),
                Cell("more than chance" if leaves_out_0(line.adjusted) else "could be chance", None, word=True),
            ],
        )
        for line in lines
    ]
    columns = ["Skill", "p corrected", "Verdict"]
    return Table(f"Differences in skill, with {confidence} intervals", columns, rows, first="First − second")


def _outlines(cases: Sequence[Case]) -> str:
    """Say on how many test images the maps were scored, and whose outlines these are."""
    origins = [case.outline_from for case in cases if case.outline]
    amounts = {origin: origins.count(origin) for origin in ORIGINS if origin in origins}
    one_kind = list(amounts) if len(amounts) == 1 else []
    kinds = [ORIGINS[origin] for origin in one_kind] or [f"{each:,} {ORIGINS[kind]}" for kind, each in amounts.items()]
    agreement = f" ({AGREEMENT})" if ESTIMATED in amounts else ""
    return f"Outlines of {len(origins):,} of {len(cases):,} images: {listed(kinds)}{agreement}."

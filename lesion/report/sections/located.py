"""How well the networks' maps lie on the lesions, in full: tables of the section on what they look at."""

from collections.abc import Sequence

from lesion.evaluation.correction import leaves_out_0
from lesion.evaluation.localisation.fields import too_coarse
from lesion.evaluation.words.looks import difference_sentence, following_sentence, map_name, resolution_of
from lesion.evaluation.words.wording import listed
from lesion.records.explanations import AGREEMENT, ESTIMATED, GRADCAM, ModelExplanations
from lesion.records.localisation import LocalisationRecord, LocatedImages, SkillDifference
from lesion.records.probes import CornerTest, FaithfulnessTest, SanityTest
from lesion.report.reading.artefacts import Case, Context, Model
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
    with_interval,
)

NONE = Cell("not tested", None)
NAMES = {"energy": "energy", "rank_accuracy": "rank accuracy", "pointing": "pointing"}
KINDS = {"right": "right verdicts", "wrong": "wrong verdicts"}  # of images, where the name needs another word
ORIGINS = {"drawn": "known, since the project drew them", "masks": "from masks", ESTIMATED: "estimated"}


def shown_localisation(model: Model) -> LocalisationRecord | None:
    """Return the scores of the maps that the report shows of a network; None if they were not scored."""
    return model.explanation.localisation_of(model.explanation.shown) if model.explanation else None


def located(models: Sequence[Model], differences: Sequence[SkillDifference], confidence: str) -> Context:
    """Return the tables of the skill of all maps, by kind of image, and between networks.

    `models` are those whose maps were scored and are not too coarse; `differences` those between them.
    """
    records = {model.name: record for model in models if (record := shown_localisation(model))}
    return {
        "following": following_sentence(records),
        "skills": _skills(models, confidence),
        "kinds": _kinds(models, confidence),
        "differences": _differences(differences, confidence) if differences else None,
        "difference": difference_sentence(differences),
    }


def _skills(models: Sequence[Model], confidence: str) -> Table:
    rows = [row for model in models if model.explanation for row in _maps(model.title, model.explanation)]
    return Table(
        f"Skill of the maps: 0 is the spot, 1 the outline itself; {confidence} intervals",
        [*(f"{name[0].upper()}{name[1:]}" for name in NAMES.values()), "Evidence on lesion", "Lesion’s area"],
        rows,
        first="Maps",
    )


def _maps(title: str, explanation: ModelExplanations) -> list[Row]:
    """Return a line for each of a network's maps that was scored and has enough fields; those shown come first."""
    others = [name for name in (GRADCAM, *explanation.finer) if name != explanation.shown]
    rows = []
    for name in (explanation.shown, *others):
        record = explanation.localisation_of(name)
        if record is not None and not too_coarse(*resolution_of(explanation, name)):
            images = record.subsets["all"]
            flag = "more skill, beyond chance" if name == explanation.beside else ""
            rows.append(Row(f"{title}: {map_name(explanation, name)}", [*_skill(images), *_energy(images)], flag=flag))
    return rows


def _skill(images: LocatedImages) -> list[Cell]:
    return [estimated(images.scores[name].skill, two_decimals) for name in NAMES]


def two_decimals(value: float) -> str:
    """Return a number with two decimals and a real minus sign; a skill is not known more exactly."""
    return f"{round(value, 2) or 0.0:.2f}".replace("-", "−")  # a tiny negative number is 0.00, not −0.00


def _energy(images: LocatedImages) -> list[Cell]:
    energy = images.scores["energy"]
    return [estimated(energy.value, percent), cell(images.area, percent)]


def _kinds(models: Sequence[Model], confidence: str) -> Table:
    """Return the evidence on the lesion by class and by verdict, and against the outline of another lesion."""
    rows = [
        Row(f"{model.title}: {KINDS.get(kind, kind)}", _kind(images))
        for model in models
        if (record := shown_localisation(model))
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
        estimated(energy.skill, two_decimals),
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


def tests_of_maps(models: Sequence[Model], confidence: str) -> Table | None:
    """Return what random weights do to the maps, and how faithful these are; None if neither was tried."""
    rows = [
        Row(each.title, [*_randomised(one.sanity), *_faithful(one.faithfulness), _in_corner(one.corner)])
        for each in models
        if (one := each.explanation) and (one.sanity or one.faithfulness)
    ]
    columns = ["Random head", "All weights", "Other lesion", "eMPRT", "Over the centre", "Over random", "Corner"]
    caption = f"Tests of the maps: alike after random weights, and faithfulness, with {confidence} intervals"
    return Table(caption, columns, rows, first="Network") if rows else None


def _randomised(test: SanityTest | None) -> list[Cell]:
    if test is None:
        return [NONE] * 4
    alike = [estimated(test.head, two_decimals), estimated(test.everything, two_decimals)]
    return [*alike, cell(test.other, two_decimals), estimated(test.complexity, signed)]


def _faithful(test: FaithfulnessTest | None) -> list[Cell]:
    if test is None:
        return [NONE] * 2
    return [estimated(test.over_centre, signed), estimated(test.over_random, signed)]


def _in_corner(test: CornerTest | None) -> Cell:
    return estimated(test.roc_auc_change, signed) if test else NONE


def outlines_sentence(cases: Sequence[Case]) -> str:
    """Say on how many test images the maps were scored, and whose outlines these are."""
    origins = [case.outline_from for case in cases if case.outline]
    amounts = {origin: origins.count(origin) for origin in ORIGINS if origin in origins}
    one_kind = list(amounts) if len(amounts) == 1 else []
    kinds = [ORIGINS[origin] for origin in one_kind] or [f"{each:,} {ORIGINS[kind]}" for kind, each in amounts.items()]
    agreement = f" ({AGREEMENT})" if ESTIMATED in amounts else ""
    return f"Outlines of {len(origins):,} of {len(cases):,} images: {listed(kinds)}{agreement}."

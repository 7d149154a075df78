"""Section: what the networks look at, measured against the outlines of the lesions, and what disturbs them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lesion.evaluation.words.looks import (
    coarse_sentence,
    corner_sentence,
    map_name,
    map_verdict,
    replaced_sentence,
    sanity_sentence,
    spot_sentence,
)
from lesion.evaluation.words.stress import outside_sentence
from lesion.evaluation.words.wording import title
from lesion.records.explanations import ESTIMATED, ModelExplanations
from lesion.records.metrics import Estimate
from lesion.records.probes import SanityTest
from lesion.records.stress import ModelStress, Stressed
from lesion.report.embedded import case_pictures
from lesion.report.reading.artefacts import Artefacts, Context, Model
from lesion.report.sections.located import (
    NONE,
    located,
    outlines_sentence,
    shown_localisation,
    tests_of_maps,
    two_decimals,
)
from lesion.report.sections.stress import stress
from lesion.report.writing.tables import Cell, Row, Show, Table, estimated, number, percent, signed, whole_percent

COARSE = Cell("too few fields", None)
COLUMNS = (
    "Skill",
    "Skill in a corner",
    "Verdict stays there",
    "ROC-AUC, lesion hidden",
    "With random weights",
    "Faithfulness",
    "Map",
)
SKILL, CORNER, STAYS, HIDDEN, RANDOM, FAITHFUL, MAP = COLUMNS
PICTURES = 6  # of the images on which maps and lesions disagree most


def looks(artefacts: Artefacts) -> Context | None:
    """Return what is known of the networks' maps and of the stress test; None if neither was measured."""
    explained = {model.name: model.explanation for model in artefacts.models if model.explanation}
    records = {model.name: record for model in artefacts.models if (record := shown_localisation(model))}
    tested = any(each.sanity or each.faithfulness for each in explained.values())
    if not (records or tested or artefacts.stress):
        return None
    fine = {name: record for name, record in records.items() if not record.coarse}
    coarse = {name: record for name, record in records.items() if record.coarse}
    models = [model for model in artefacts.models if model.name in fine]
    differences = [line for line in artefacts.skill_differences if {line.first, line.second} <= set(fine)]
    confidence = whole_percent(artefacts.metrics.statistics.confidence)
    stressed = artefacts.stress.models if artefacts.stress else {}
    return {
        "sentences": _sentences(spot_sentence(fine), explained, stressed),
        "coarse": [
            replaced_sentence(explained),
            coarse_sentence(coarse, {name: each.resolution for name, each in explained.items()}),
        ],
        "table": _table(artefacts.models, set(coarse), stressed, confidence),
        "tests": tests_of_maps(artefacts.models, confidence),
        "located": located(models, differences, confidence) if fine else None,
        "outlines": outlines_sentence(artefacts.cases) if records else "",
        "estimated": any(case.outline_from == ESTIMATED for case in artefacts.cases),
        "apart": _apart(artefacts),
        "stress": stress(artefacts, confidence) if artefacts.stress else None,
    }


def _sentences(
    first: str, explained: Mapping[str, ModelExplanations], stressed: Mapping[str, ModelStress]
) -> list[str]:
    corners = {name: each.corner for name, each in explained.items() if each.corner}
    tests = {name: each.sanity for name, each in explained.items() if each.sanity}
    sentences = [first, corner_sentence(corners), sanity_sentence(tests), outside_sentence(stressed)]
    return [sentence for sentence in sentences if sentence]


# --- the table --------------------------------------------------------------------------------------
def _table(
    models: Sequence[Model], coarse: set[str], stressed: Mapping[str, ModelStress], confidence: str
) -> Table | None:
    """Return a line for each network that was explained or stressed; a column without any number is left out.

    None if there is no number at all.
    """
    rows = {
        model.title: _columns(model.explanation, stressed.get(model.name), model.name in coarse)
        for model in models
        if model.explanation or model.name in stressed
    }
    numbers = {name for cells in rows.values() for name, cell in cells.items() if cell.raw is not None}
    if not numbers:
        return None
    names = [name for name in COLUMNS if name == MAP or name in numbers]
    return Table(
        f"What each network’s score rests on, with {confidence} intervals",
        names,
        [Row(title, [cells[name] for name in names]) for title, cells in rows.items()],
        first="Network",
    )


def _columns(explanation: ModelExplanations | None, stressed: ModelStress | None, coarse: bool) -> dict[str, Cell]:
    """Return the cells of a network by the titles of their columns; without any skill of maps that are too coarse."""
    hidden = _hidden(stressed.parts.get("lesion_hidden")) if stressed else NONE
    if explanation is None:
        return {**dict.fromkeys(COLUMNS, NONE), HIDDEN: hidden}
    record = explanation.localisation_of(explanation.shown)
    corner, faithful = explanation.corner, explanation.faithfulness
    energy = record.subsets["all"].scores["energy"] if record else None
    return {
        SKILL: COARSE if coarse else _cell(energy.skill if energy else None, two_decimals),
        CORNER: _cell(corner.located.scores["energy"].skill if corner else None, two_decimals),
        STAYS: _cell(corner.same_verdict if corner else None, percent),
        HIDDEN: hidden,
        RANDOM: _sanity(explanation.sanity),
        FAITHFUL: _cell(faithful.over_centre if faithful else None, signed),
        MAP: Cell(map_name(explanation, explanation.shown), None, word=True),
    }


def _cell(estimate: Estimate | None, show: Show) -> Cell:
    return NONE if estimate is None else estimated(estimate, show)


def _hidden(one: Stressed | None) -> Cell:
    """Return the ROC-AUC with the lesion painted over, its change behind it, and the interval of the former."""
    cell = _cell(one.roc_auc if one else None, number)
    if one is None or one.roc_auc_change.value is None:
        return cell
    return replace(cell, text=f"{cell.text} ({signed(one.roc_auc_change.value)})")


def _sanity(test: SanityTest | None) -> Cell:
    """Say whether the map changes with the weights, and how alike the two maps are."""
    cell = _cell(test.everything if test else None, two_decimals)
    return replace(cell, text=f"{map_verdict(test.everything)}, {cell.text}") if test else cell


# --- images -----------------------------------------------------------------------------------------
def _apart(artefacts: Artefacts) -> list[Context]:
    """Return the images on which the least of a map's evidence lies on the lesion, each with that map."""
    networks = case_pictures.mapped([model for model in artefacts.models if model.scores])
    lowest = [
        (least.share, place, case, least.network)
        for place, case in enumerate(artefacts.cases)
        if (least := case_pictures.least_on_lesion(networks, place))
    ]
    return [
        {
            "row": case.row,
            "label": artefacts.data.classes[case.label],
            "photograph": case_pictures.webp(case.thumbnail),
            "outline": case.outline,
            "estimated": case.outline_from == ESTIMATED,
            "mask": case_pictures.mask(network.maps.fields[place]),
            "network": network.name,
            "title": title(network.name),
            "share": f"{share:.0%}",
        }
        for share, place, case, network in sorted(lowest, key=lambda each: each[:2])[:PICTURES]
    ]

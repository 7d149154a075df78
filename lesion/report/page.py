"""The report: one HTML page, made of sections; each is a function of the artefacts and a template.

Every number and picture comes from a file that an earlier stage wrote; nothing is computed anew, and the same files
give the same bytes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import jinja2
from markupsafe import Markup

from lesion import config
from lesion.errors import LesionError
from lesion.report import tables
from lesion.report.artefacts import Artefacts, Context
from lesion.report.sections import data, differences, methods, probabilities, results, sentences, verdicts
from lesion.report.sections.speed import speed
from lesion.report.sections.study import study

REPORT_BYTES = 6 * 2**20  # the report stays below this size
NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve")


@dataclass(frozen=True)
class Section:
    """A section of the page; `context` gives what templates/ID.html may use, or None if the section is not shown."""

    id: str
    title: str
    context: Callable[[Artefacts], Context | None]


SECTIONS = [
    Section("warnings", "Warnings", sentences.warnings),
    Section("answer", "The answer", sentences.answer),
    Section("summary", "Results on the test split", results.summary),
    Section("comparison", "Which differences the data support", differences.comparison),
    Section("study", "Trained anew: folds and seeds", study),
    Section("subgroups", "On which images they do better or worse", differences.subgroups),
    Section("lesions", "Lesion by lesion", results.lesions),
    Section("external", "Results on the external test", results.external),
    Section("operating", "Operating points", probabilities.operating),
    Section("decision", "Is acting on it worth it?", probabilities.decision),
    Section("calibration", "Calibration", probabilities.calibration),
    Section("data", "Data and preprocessing", data.data),
    Section("groups", "Images of one lesion", data.groups),
    Section("leak", "The leak, measured", data.leak),
    Section("augmentation", "Augmentation", data.augmentation),
    Section("architecture", "Architectures", methods.architecture),
    Section("training", "Training", methods.training),
    Section("roc", "ROC curves", verdicts.roc),
    Section("confusion", "Confusion matrices", verdicts.confusion),
    Section("classes", "Figures by class", verdicts.classes),
    Section("explanations", "What each model looks at", verdicts.explanations),
    Section("speed", "Speed", speed),
    Section("methods", "Methods", methods.methods),
    Section("provenance", "Provenance", methods.provenance),
    Section("limitations", "Limitations", sentences.limitations),
]


def render(artefacts: Artefacts) -> str:
    """Return the report as one HTML page that loads nothing else.

    Raises LesionError if it would be larger than REPORT_BYTES.
    """
    templates = environment()
    count = len(artefacts.models)
    number = NUMBERS[count] if count < len(NUMBERS) else str(count)
    html = templates.get_template("report.html").render(
        title=f"Benign or malignant? {number} network{'' if count == 1 else 's'} on dermoscopic images",
        source=artefacts.data.source.description,
        networks=config.NETWORKS,
        sections=[(section, html) for section in SECTIONS if (html := body(section, artefacts, templates))],
    )
    size = len(html.encode())
    if size > REPORT_BYTES:
        raise LesionError(
            f"the report would take {size / 2**20:.1f} MB, more than {REPORT_BYTES / 2**20:.1f}: "
            "lower Gallery.per_outcome in lesion/config.py and run `invoke explain --force`"
        )
    return html


def environment() -> jinja2.Environment:
    """Return what renders the templates: everything is escaped, and a name that a template does not get is an error."""
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(config.TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(tables.FORMATS)
    return templates


def body(section: Section, artefacts: Artefacts, templates: jinja2.Environment) -> Markup | None:
    """Return a section's HTML, rendered with its own context only; None if it is not shown."""
    context = section.context(artefacts)
    return None if context is None else Markup(templates.get_template(f"{section.id}.html").render(context))

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
from lesion.report.sections import data, differences, methods, probabilities, results, sentences
from lesion.report.sections.answer import answer
from lesion.report.sections.cases import cases
from lesion.report.sections.speed import speed
from lesion.report.sections.study import study
from lesion.report.sections.threshold import threshold

REPORT_BYTES = 6 * 2**20  # the report stays below this size
NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve")


@dataclass(frozen=True)
class Section:
    """A section of the page; `context` gives what templates/ID.html may use, or None if the section is not shown."""

    id: str
    title: str
    context: Callable[[Artefacts], Context | None]


# In the order of the page: the answer and what to do with it, then the evidence, then how it was made.
SECTIONS = [
    Section("answer", "The answer", answer),
    Section("threshold", "Choosing a threshold", threshold),
    Section("cases", "Every test image, judged by all networks", cases),
    Section("summary", "All scores on the test images", results.summary),
    Section("comparison", "Are the differences real?", differences.comparison),
    Section("study", "Trained anew: folds and seeds", study),
    Section("subgroups", "On which images they do better or worse", differences.subgroups),
    Section("lesions", "Lesion by lesion", results.lesions),
    Section("external", "Scores on the external test images", results.external),
    Section("calibration", "Do the scores mean what they say?", probabilities.calibration),
    Section("decision", "Is acting on it worth it?", probabilities.decision),
    Section("data", "Data and preprocessing", data.data),
    Section("groups", "One lesion, one split", data.groups),
    Section("leak", "What a random split would have claimed", data.leak),
    Section("training", "Training", methods.training),
    Section("speed", "Speed", speed),
    Section("methods", "Methods", methods.methods),
    Section("provenance", "How this was made", methods.provenance),
    Section("limitations", "Limitations", sentences.limitations),
]
STYLES = ("style.css", "answer.css", "threshold.css", "cases.css")
SCRIPTS = ("data.js", "sort.js", "threshold.js", "cases.js", "takeaway.js")  # in this order, one program


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

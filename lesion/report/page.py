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
from lesion.report.embedded import about, embed
from lesion.report.reading.artefacts import Artefacts, Context
from lesion.report.sections import data, differences, methods, probabilities, results, sentences
from lesion.report.sections.answer import answer
from lesion.report.sections.cases import cases
from lesion.report.sections.looks import looks
from lesion.report.sections.speed import speed
from lesion.report.sections.study import study
from lesion.report.sections.threshold import threshold
from lesion.report.writing import tables, typography

REPORT_BYTES = 6_000_000  # the report stays below this size


@dataclass(frozen=True)
class Section:
    """A section of the page; `context` gives what templates/ID.html may use, or None if the section is not shown."""

    id: str
    title: str
    context: Callable[[Artefacts], Context | None]
    short: str = ""  # what the contents bar calls it; empty: it is not there
    own_heading: bool = False  # the template brings its own h2, with the id ID-title


# In the order of the page: the answer and what to do with it, then the evidence, then how it was made.
SECTIONS = [
    Section("answer", "The answer", answer, "Answer", own_heading=True),
    Section("threshold", "Choosing a threshold", threshold, "Threshold"),
    Section("cases", "Every test image, judged by all networks", cases, "Every image"),
    Section("looks", "What they look at", looks),
    Section("summary", "All scores on the test images", results.summary, "Scores"),
    Section("comparison", "Are the differences real?", differences.comparison, "Differences"),
    Section("study", "Trained anew: folds and seeds", study),
    Section("subgroups", "On which images they do better or worse", differences.subgroups),
    Section("lesions", "Lesion by lesion", results.lesions),
    Section("external", "Scores on the external test images", results.external),
    Section("calibration", "Do the scores mean what they say?", probabilities.calibration),
    Section("decision", "Is acting on it worth it?", probabilities.decision),
    Section("data", "Data and preprocessing", data.data, "Data"),
    Section("groups", "One lesion, one split", data.groups),
    Section("leak", "What a random split would have claimed", data.leak),
    Section("training", "Training", methods.training, "Training"),
    Section("speed", "Speed", speed),
    Section("methods", "Methods", methods.methods, "Methods"),
    Section("provenance", "How this was made", methods.provenance, "How it was made"),
    Section("limitations", "Limitations", sentences.limitations, "Limitations"),
]
STYLES = ("style.css", "answer.css", "threshold.css", "cases.css", "looks.css")
SCRIPTS = ("data.js", "sort.js", "threshold.js", "cases.js", "takeaway.js")  # in this order, one program


def render(artefacts: Artefacts) -> str:
    """Return the report as one HTML page that loads nothing else.

    Raises LesionError if it would be larger than REPORT_BYTES.
    """
    templates = environment()
    numbers = typography.Numbers()
    sections = [
        (section, Markup(numbers.add(own))) for section in SECTIONS if (own := body(section, artefacts, templates))
    ]
    page = templates.get_template("report.html").render(
        about=about.about(artefacts),
        date=tables.date(about.created(artefacts)),
        disclaimer=about.DISCLAIMER,
        networks=config.NETWORKS,
        styles=[source(name) for name in STYLES],
        scripts=[source(name) for name in SCRIPTS],
        sections=sections,
        about_json=embed.embedded_json(about.about(artefacts)),
        predictions=embed.predictions_csv(artefacts.predictions),
        metrics=embed.packed(artefacts.metrics_text),
    )
    html = typography.unbroken(page)
    size = len(html.encode())
    if size > REPORT_BYTES:
        raise LesionError(
            f"the report would take {size / 1e6:.1f} MB, more than {REPORT_BYTES / 1e6:.1f}: "
            "show fewer networks with `invoke report --model`"
        )
    return html


def source(name: str) -> Markup:
    """Return a style sheet or script of the templates as it is."""
    return Markup((config.TEMPLATES / name).read_text(encoding="utf-8").strip())


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

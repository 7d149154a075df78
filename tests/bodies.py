"""Sections of the report as tests read them, rendered without the rest of the page."""

from pages import NAMES

from lesion.report import page
from lesion.report.reading import read


def show(*ids, models=tuple(NAMES)):
    """Return the HTML of the sections `ids`, in the order of the page; those that are not shown are left out."""
    return show_artefacts(read.read_artefacts(models), *ids)


def show_artefacts(artefacts, *ids):
    """Return the same of artefacts that were read before."""
    templates = page.environment()
    bodies = {each.id: page.body(each, artefacts, templates) for each in page.SECTIONS if each.id in ids}
    return "".join(f'<section id="{name}">{html}</section>' for name, html in bodies.items() if html is not None)

"""Section: every test image, with all networks side by side."""

from lesion.report.artefacts import Artefacts, Context


def cases(artefacts: Artefacts) -> Context | None:
    """Return every test image, with all networks side by side."""
    return None

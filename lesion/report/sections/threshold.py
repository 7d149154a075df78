"""Section: what each threshold gives on the test images."""

from lesion.report.artefacts import Artefacts, Context


def threshold(artefacts: Artefacts) -> Context | None:
    """Return what each threshold gives on the test images."""
    return None

"""Section: which network ranks better, how sure that is, and what not to conclude."""

from lesion.report.artefacts import Artefacts, Context


def answer(artefacts: Artefacts) -> Context | None:
    """Return which network ranks better, how sure that is, and what not to conclude."""
    return None

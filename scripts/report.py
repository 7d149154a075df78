"""Write the report: one HTML file that needs nothing else.

    python scripts/report.py

Reads only what the other stages wrote; writes reports/index.html. Never loads TensorFlow.
"""

import hashlib
import time
import webbrowser
from collections.abc import Sequence

import stage

from lesion import config, options, prepared, runs, store
from lesion.console import duration, say
from lesion.integrity import seals
from lesion.records.report import ReportRecord
from lesion.report.embedded.commit import commit

MADE_BY = "invoke report"


def main() -> bool:
    """Write the report unless it is up to date; return False if it shows that a model or a stage failed."""
    values = options.parse("report", __doc__)
    names = options.chosen_networks(values.model)
    wanted = fingerprint(names)
    if not values.force and store.finished(runs.REPORT_MANIFEST, wanted):
        failures = store.read_record(runs.REPORT_MANIFEST, ReportRecord, MADE_BY).failures
        say(f"report: {runs.REPORT} is up to date (--force writes it again)")
    else:
        failures = _write(names, wanted)
    for failure in failures:
        say(f"report: {failure}")
    if values.open:
        webbrowser.open(runs.REPORT.as_uri())
    return not failures


def fingerprint(names: Sequence[str]) -> str:
    """Return the fingerprint of a report on the networks `names`.

    It holds the digests of all files that the report is made from, with its templates, the package's own code and its
    commit. Pictures are left out: they change only together with the record that names them.
    """
    paths = [prepared.MANIFEST, *config.REPORTS.glob("*.json"), *config.RUNS.glob("*/*.json")]
    paths += [*config.RUNS.glob("*/*.csv"), *config.RUNS.glob("*/partial/failed.txt"), prepared.INDEX]
    paths += [*config.TEMPLATES.iterdir(), *(config.PROJECT / "lesion").rglob("*.py")]
    files = sorted(path for path in paths if path != runs.REPORT_MANIFEST and path.is_file())
    inputs = {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    return store.fingerprint(stage="report", models=names, inputs=inputs, commit=commit())


def _write(names: Sequence[str], wanted: str) -> list[str]:
    from lesion.report.page import render
    from lesion.report.reading.read import read_artefacts
    from lesion.report.sections.differences import study_advice

    begin = time.monotonic()
    artefacts = read_artefacts(names)
    store.write_text(runs.REPORT, render(artefacts))
    failures = [f"{config.title(name)} is missing: {reason}" for name, reason in artefacts.failures]
    record = ReportRecord(wanted, failures, store.provenance(time.monotonic() - begin))
    store.write_record(runs.REPORT_MANIFEST, record, seals.of_files(runs.REPORT.parent, [runs.REPORT.name]))
    if text := study_advice(artefacts):
        say(f"report: {text}")
    size = f"{runs.REPORT.stat().st_size / 1e6:.1f} MB"
    say(f"report: {store.shown(runs.REPORT)} ({size}) in {duration(time.monotonic() - begin)}")
    return failures


if __name__ == "__main__":
    stage.run("report", main)

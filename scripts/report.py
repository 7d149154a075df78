"""Write the report: one HTML file that needs nothing else.

    python scripts/report.py

Reads only what the other stages wrote; writes reports/index.html. Never loads TensorFlow.
"""

import argparse
import hashlib
import time
import webbrowser

import stage

from lesion import config, prepared, store
from lesion.console import duration, say

REPORT = config.REPORTS / "index.html"
MANIFEST = config.REPORTS / "report.json"


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="", help=f"one of {', '.join(config.NETWORKS)} (default: all three)")
    parser.add_argument("--open", action="store_true", help="open the report in the web browser")
    parser.add_argument("--force", action="store_true", help="write it again though it is done")
    return parser.parse_args()


def main() -> bool:
    """Write the report unless it is up to date; False when it shows that a model or a stage failed."""
    given = options()
    names = options.chosen_networks(given.model)
    fingerprint = store.fingerprint(stage="report", models=names, inputs=_inputs())
    if not given.force and REPORT.exists() and store.finished(MANIFEST, fingerprint):
        failures = store.read_json(MANIFEST, "invoke report")["failures"]
        say(f"report: {REPORT} is up to date (--force writes it again)")
    else:
        failures = _write(names, fingerprint)
    for failure in failures:
        say(f"report: it shows that {failure}")
    if given.open:
        webbrowser.open(REPORT.as_uri())
    return not failures


def _inputs() -> dict[str, str]:
    """Return the digests of everything that the report is made from, pictures aside: they go with their JSON."""
    found = [prepared.MANIFEST, *config.REPORTS.glob("*.json"), *config.RUNS.glob("*/*.json")]
    found += [
        *config.RUNS.glob("*/history.csv"),
        *config.RUNS.glob("*/partial/failed.txt"),
        *config.TEMPLATES.iterdir(),
    ]
    files = sorted(path for path in found if path != MANIFEST and path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _write(names: tuple[str, ...], fingerprint: str) -> list[str]:
    from lesion.report.page import read_artefacts, render

    begin = time.monotonic()
    artefacts = read_artefacts(names)
    store.write_text(REPORT, render(artefacts))
    failures = [f"{name}: {reason}" for name, reason in artefacts.failures]
    store.write_json(
        MANIFEST,
        {
            "stage": "report",
            "fingerprint": fingerprint,
            "failures": failures,
            "provenance": store.provenance(time.monotonic() - begin),
        },
    )
    say(f"report: {REPORT} ({REPORT.stat().st_size / 1e6:.1f} MB) in {duration(time.monotonic() - begin)}")
    return failures


if __name__ == "__main__":
    stage.run("report", main)

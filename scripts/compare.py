"""Compare two finished reports over the same test images.

    python scripts/compare.py --first HOME --second REPORT.html

Reads the data embedded in both pages; writes reports/compare.html. Never loads TensorFlow.
"""

import webbrowser

import stage

from lesion import options, runs, store
from lesion.console import say


def main() -> bool:
    """Write the comparison and say what it shows."""
    from lesion.report.compare.finished import read_report
    from lesion.report.compare.page import render
    from lesion.report.compare.paired import compare_reports

    values = options.parse("compare", __doc__)
    comparison = compare_reports(read_report(values.first), read_report(values.second))
    store.write_text(runs.COMPARISON, render(comparison))
    for sentence in comparison.sentences:
        say(f"compare: {sentence}")
    say(f"compare: {runs.COMPARISON}")
    if values.open:
        webbrowser.open(runs.COMPARISON.as_uri())
    return True


if __name__ == "__main__":
    stage.run("compare", main, exclusive=False)

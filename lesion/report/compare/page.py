"""The page that compares two finished reports, in the style of the report."""

from collections.abc import Sequence

from lesion import config
from lesion.evaluation.words.wording import verdict
from lesion.records.metrics import AccuracyDifference, AreaDifference
from lesion.report import page
from lesion.report.compare.finished import FinishedReport
from lesion.report.compare.paired import SIDES, ChangedCase, PairedNetwork, ReportComparison
from lesion.report.embedded.about import DISCLAIMER
from lesion.report.reading.artefacts import Context
from lesion.report.writing import typography
from lesion.report.writing.tables import Cell, Row, Table, cell, counted, date, number, p_value, signed, with_interval

COLUMNS = ("A", "B", "Difference", "p corrected", "Verdict")
MEASURES = {"roc_auc": "ROC-AUC", "accuracy": "Accuracy"}
CHANGED = 30  # images listed for each network; the rest is counted


def render(comparison: ReportComparison) -> str:
    """Return the comparison as one HTML page that loads nothing else."""
    html = (
        page.environment()
        .get_template("compare.html")
        .render(
            styles=[page.source("style.css")],
            disclaimer=DISCLAIMER,
            reports=[_described(side, report) for side, report in zip(SIDES, _reports(comparison), strict=True)],
            images=comparison.images,
            lesions=comparison.lesions,
            left_out=_left_out(comparison),
            sentences=comparison.sentences,
            cautions=comparison.cautions,
            differences=Table(
                "A minus B on the same test images, with 95% intervals", COLUMNS, _rows(comparison.networks)
            ),
            changed=[_changed(network, comparison) for network in comparison.networks],
            settings=[vars(setting) for setting in comparison.settings],
        )
    )
    return typography.unbroken(html)


def _reports(comparison: ReportComparison) -> tuple[FinishedReport, FinishedReport]:
    return comparison.first, comparison.second


def _described(side: str, report: FinishedReport) -> Context:
    about = report.about
    made = ", ".join(filter(None, (date(about["created"]), f"version {about['version']}", about["commit"])))
    return {"side": side, "name": report.name, "description": about["description"], "made": made}


def _left_out(comparison: ReportComparison) -> str:
    """Say how many test images only one of the reports has; empty if both have the same."""
    amounts = [
        f"{counted(amount, 'test image')} of {side}"
        for amount, side in zip(comparison.left_out, SIDES, strict=True)
        if amount
    ]
    return " and ".join(amounts)


def _rows(networks: Sequence[PairedNetwork]) -> list[Row]:
    return [
        Row(f"{network.title}, {name}", _cells(getattr(network.comparison, measure)))
        for network in networks
        for measure, name in MEASURES.items()
    ]


def _cells(figures: AreaDifference | AccuracyDifference) -> list[Cell]:
    return [
        cell(figures.first, number),
        cell(figures.second, number),
        with_interval(figures.difference, figures.interval, signed),
        cell(figures.p_corrected, p_value),
        Cell(verdict(figures).partition(" (")[0], None, word=True),
    ]


def _changed(network: PairedNetwork, comparison: ReportComparison) -> Context:
    """Return the images on which the network changed its verdict, the largest change first."""
    shown = network.changed[:CHANGED]
    rows = [Row(f"image {case.row}", _case(case, comparison)) for case in shown]
    columns = ("Class", "Score in A", "Score in B", "Right in")
    amount = f"{len(network.changed):,} of {comparison.images:,} images"
    caption = f"Where {network.title} changed its verdict: {amount}"
    rest = len(network.changed) - len(shown)
    return {
        "title": network.title,
        "amount": amount,
        "table": Table(caption, columns, rows, first="Image") if rows else None,
        "rest": f"{rest:,} more changed less." if rest else "",
    }


def _case(case: ChangedCase, comparison: ReportComparison) -> list[Cell]:
    called = case.first >= float(comparison.first.about["threshold"])
    return [
        Cell(config.CLASSES[case.label], None, word=True),
        cell(case.first, number),
        cell(case.second, number),
        Cell(SIDES[0] if called == bool(case.label) else SIDES[1], None, word=True),
    ]

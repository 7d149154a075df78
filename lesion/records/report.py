"""`reports/report.json`: of what the report was made, and what failed in it."""

from dataclasses import dataclass

from lesion.records.common import Provenance


@dataclass(frozen=True)
class ReportRecord:
    """`reports/report.json`: of what the report was made, and what failed in it."""

    fingerprint: str
    failures: list[str]
    provenance: Provenance

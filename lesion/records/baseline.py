"""`runs/BASELINE/manifest.json`: what `baseline` did without a network."""

from dataclasses import dataclass

from lesion.records.common import Method, Provenance


@dataclass(frozen=True)
class BaselineRecord:
    """One baseline; its predictions.csv has the same form as a network's."""

    name: str
    fingerprint: str
    data: str
    digest: str  # of the predictions
    method: Method
    numbers: int  # that describe an image
    unknown: int  # rows with a number that is not known
    seconds: float
    provenance: Provenance

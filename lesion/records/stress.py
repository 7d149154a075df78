"""`reports/stress.json`: what becomes of the verdicts if the test images are disturbed, or parts of them hidden."""

from dataclasses import dataclass

from lesion.records.common import Count, Label, Method, Provenance, Share
from lesion.records.metrics import Estimate


@dataclass(frozen=True)
class Stressed:
    """One network on test images that were all changed in one way, at the unchanged threshold.

    Changes are after minus before, on the same images.
    """

    images: Count
    median_change: float  # of the probability of malignancy
    flips: Estimate  # share of the verdicts that change
    to_malignant: Count
    to_benign: Count
    roc_auc: Estimate
    roc_auc_change: Estimate
    sensitivity: Estimate
    sensitivity_change: Estimate
    specificity: Estimate
    specificity_change: Estimate


@dataclass(frozen=True)
class ModelStress:
    """One network's stress test."""

    fingerprint: str
    digest: str  # of the weights
    probabilities: str  # CSV file below reports/: row, and a column for each change, see `explain.stress`
    roc_auc: Estimate  # on the unchanged images that are disturbed
    disturbed: dict[str, list[Stressed]]  # kind of disturbance -> at each of the strengths, weakest first
    # What is left of the image: "lesion_hidden", "lesion_alone", "frame_alone". Empty if no outline is known.
    parts: dict[str, Stressed]
    parts_roc_auc: Estimate  # on the same images, unchanged; they all have an outline
    # (ROC-AUC with the lesion hidden - 0.5) / (ROC-AUC - 0.5): how much of the score is there without the lesion.
    outside: Estimate
    provenance: Provenance


@dataclass(frozen=True)
class ChangedCase:
    """An image whose probability a disturbance changed much."""

    row: Count
    label: Label
    network: str
    kind: str
    strength: int  # 0 is the weakest
    before: Share  # probability of malignancy
    after: Share
    picture: str  # WebP file below reports/: as the network saw it


@dataclass(frozen=True)
class StressRecord:
    """`reports/stress.json`."""

    data: str
    images: Count  # test images that were disturbed
    of: Count  # of so many
    strengths: dict[str, list[str]]  # kind -> in words, weakest first
    models: dict[str, ModelStress]
    changed: list[ChangedCase]  # the most changed cases, at most one for each kind and network
    method: Method

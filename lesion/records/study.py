"""`study/` and `reports/study.json`: trainings anew on several divisions of the lesions, and what they say together."""

from dataclasses import dataclass, field

from lesion.records.common import Interval, Method, Provenance
from lesion.records.training import TrainingSettings


@dataclass(frozen=True)
class Design:
    """Which divisions of the images a study makes."""

    kinds: list[str]  # some of config.SPLIT_KINDS
    folds: int  # of each partition
    tested: int  # folds of each partition that are tested, the first ones
    repeats: int  # partitions
    seed: int
    fractions: list[float] = field(default_factory=lambda: [1.0])  # of the training lesions, rising, 1 the last


@dataclass(frozen=True)
class Plan:
    """`study/plan.json`: all that the process of one training needs to know."""

    data: str  # fingerprint of the prepared images
    folder: str  # where they are, seen from the folder of the plan
    design: Design
    settings: dict[str, TrainingSettings]  # of each network; each training has a seed of its own instead of theirs
    baselines: dict[str, str]  # name -> fingerprint
    threads: int  # of the processor that a training may use: another number gives other last digits


@dataclass(frozen=True)
class CellRecord:
    """`study/cells/CELL/manifest.json`: one finished training; its predictions.csv has validation and test rows."""

    fingerprint: str
    seed: int
    weights: str  # that it began with; empty for a baseline
    epochs: int  # 0 for a baseline
    digest: str  # of the predictions
    views: int  # augmented views that it shares with all trainings of the network; 0 if none
    shared_seconds: float  # that it spent for all trainings, beside its own in the provenance
    warnings: list[str]
    provenance: Provenance


@dataclass(frozen=True)
class StudyArea:
    """The ROC-AUC that a network, trained anew, is expected to have on new lesions, or a difference of two."""

    value: float
    interval: Interval
    lesions: float | None  # standard deviation that comes from the lesions, without the factor for trainings they share
    trainings: float | None  # that comes from partitions and seeds
    error: float | None  # standard error: both together


@dataclass(frozen=True)
class StudyModel:
    """A network or baseline in a study."""

    roc_auc: StudyArea
    cells: list[list[float | None]]  # the ROC-AUC of each partition's folds
    failed: int  # trainings that failed and count as guessing
    seconds: float  # of all its trainings


@dataclass(frozen=True)
class Chances:
    """Chances that a difference is above the margin, within it either way, or below minus the margin."""

    above: float
    within: float
    below: float


@dataclass(frozen=True)
class StudyDifference:
    """`first` minus `second` by ROC-AUC, both trained anew on the same divisions."""

    first: str
    second: str
    value: float
    interval: Interval
    lesions: float | None  # as in StudyArea
    trainings: float | None
    error: float | None
    p: float | None
    adjusted: Interval  # for all comparisons at once: leaves out 0 if, and only if, `supported`
    p_corrected: float | None  # by Holm, for the differences among networks, and for those against colour alone
    supported: bool
    equivalent: bool  # shown to differ by less than the margin
    chances: Chances | None


@dataclass(frozen=True)
class CurvePoint:
    """A network or baseline trained on a fraction of the training lesions."""

    fraction: float
    images: float  # that a training learns from, the mean over all trainings
    lesions: float  # likewise
    roc_auc: StudyArea
    cells: list[list[float | None]]  # as in StudyModel
    failed: int  # likewise


@dataclass(frozen=True)
class CurveStep:
    """By how much the ROC-AUC on all training lesions exceeds that on the next smaller fraction, division by division.

    Fields as in StudyDifference; the differences that are corrected together are those of all models.
    """

    fraction: float  # the smaller one
    value: float
    interval: Interval
    error: float | None
    p: float | None
    adjusted: Interval
    p_corrected: float | None
    supported: bool


@dataclass(frozen=True)
class LearningCurve:
    """What a network or baseline gains from more training images."""

    points: list[CurvePoint]  # by rising fraction, all lesions the last
    step: CurveStep
    sentence: str


@dataclass(frozen=True)
class StudyData:
    """The images of a study."""

    description: str
    fingerprint: str
    images: int
    lesions: int
    malignant_lesions: int


@dataclass(frozen=True)
class StudyRecord:
    """`reports/study.json`: which network, trained anew, ranks new lesions better."""

    fingerprint: str
    data: StudyData
    design: Design
    settings: dict[str, TrainingSettings]
    method: Method
    shared_part: float  # by which the variance from the lesions is multiplied, since trainings share lesions
    weights: dict[str, str]  # that each network began with
    shared_views: dict[str, int]  # network -> augmented views that all its trainings have in common
    models: dict[str, StudyModel]
    differences: list[StudyDifference]  # among networks, then each network against colour alone
    headline: str
    sentences: list[str]
    seconds: float  # of all trainings together
    provenance: Provenance
    missing: dict[str, str] = field(default_factory=dict)  # baseline -> why it is not there
    curves: dict[str, LearningCurve] = field(default_factory=dict)  # of the networks and of colour alone, if measured

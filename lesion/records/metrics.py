"""`reports/metrics.json`: how good the models are, and how they differ."""

from dataclasses import dataclass, field

from lesion import config
from lesion.records.common import Interval


@dataclass(frozen=True)
class ClassScores:
    """Figures with one class as the one to find; None if undefined."""

    precision: float | None
    recall: float | None
    f1: float | None
    support: int


@dataclass(frozen=True)
class RocCurve:
    """Corners of a ROC curve."""

    false_positive_rate: list[float]
    true_positive_rate: list[float]


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval; None if undefined."""

    value: float | None
    interval: Interval


@dataclass(frozen=True)
class PredictiveValues:
    """Shares of malignant and of benign verdicts that are right, at one prevalence; None if undefined."""

    prevalence: float
    ppv: float | None
    npv: float | None
    ppv_interval: Interval
    npv_interval: Interval


@dataclass(frozen=True)
class OperatingPoint:
    """What one threshold gives; None if a figure is undefined."""

    threshold: float
    confusion: list[list[int]]  # [true][called], benign first
    accuracy: float
    sensitivity: float | None
    specificity: float | None
    balanced_accuracy: float | None
    mcc: float | None
    intervals: dict[str, Interval]  # sensitivity, specificity, balanced_accuracy, accuracy, mcc
    prevalences: list[PredictiveValues]


@dataclass(frozen=True)
class ReliabilityBin:
    """Rows whose probabilities are alike: their mean, and the share that is malignant."""

    predicted: float
    observed: float
    rows: int


@dataclass(frozen=True)
class NoiseFloor:
    """What a perfectly calibrated model would have on these rows, by chance alone."""

    mean: float
    high: float  # 95th percentile


@dataclass(frozen=True)
class Reliability:
    """How far probabilities are from what they say."""

    brier: float
    expected_calibration_error: float
    error_floor: NoiseFloor  # of the expected calibration error
    intercept: Estimate  # calibration in the large, slope held at 1: 0 is perfect
    slope: Estimate  # of the logits: 1 is perfect, below it the model is too sure
    ici: Estimate  # integrated calibration index
    ici_floor: NoiseFloor
    curve: list[ReliabilityBin]


@dataclass(frozen=True)
class Calibration:
    """Reliability before and after a temperature that the validation split chose."""

    temperature: float
    not_fitted: str | None  # why the temperature is 1 though nothing was fitted
    before: Reliability
    after: Reliability


@dataclass(frozen=True)
class DecisionCurve:
    """Net benefit of acting on a model's verdicts, over thresholds of the probability at one prevalence."""

    prevalence: float
    thresholds: list[float]
    net_benefit: list[float]
    low: list[float | None]  # ends of the interval of each
    high: list[float | None]
    act_on_all: list[float]  # net benefit of calling every image malignant; that of calling none is 0


@dataclass(frozen=True)
class LesionScores:
    """Scores per lesion: the mean logit of its images stands for all of them."""

    lesions: int
    malignant: int
    roc_auc: Estimate
    accuracy: Estimate
    sensitivity: Estimate
    specificity: Estimate


@dataclass(frozen=True)
class Scores:
    """One model on one subset of rows; None if a figure is undefined."""

    rows: int
    groups: int
    accuracy: float
    precision: float | None
    recall: float | None
    f1: float | None
    specificity: float | None
    roc_auc: float | None
    average_precision: float | None
    partial_auc: float | None
    balanced_accuracy: float | None
    mcc: float | None
    brier: float
    intervals: dict[str, Interval]  # metric -> 95% interval
    confusion: list[list[int]]  # [true][called], benign first
    per_class: dict[str, ClassScores]  # class or average -> figures
    roc: RocCurve | None
    operating: dict[str, OperatingPoint | None]  # fixed, youden, sensitive
    calibration: Calibration
    decision: DecisionCurve | None
    lesions: LesionScores | None  # None if every lesion has one image
    collapsed: list[str]  # how the predictions have collapsed, in sentences
    cautions: list[str]  # what else is suspicious of them, in sentences


@dataclass(frozen=True)
class ModelScores:
    """One model on every subset; None, and left out of the file, if the data have no such rows."""

    digest: str  # of the weights that were measured
    validation: Scores
    test: Scores
    external: Scores | None = field(default=None, metadata={"optional": True})
    external_new: Scores | None = field(default=None, metadata={"optional": True})

    def of(self, subset: str) -> Scores | None:
        """Return the scores on `subset`, validation, test, external or external_new."""
        return {
            "validation": self.validation,
            "test": self.test,
            "external": self.external,
            "external_new": self.external_new,
        }[subset]


@dataclass(frozen=True)
class AreaDifference:
    """Two models' ROC-AUC and their difference, first minus second; None if undefined."""

    first: float | None
    second: float | None
    difference: float | None
    interval: Interval
    p: float | None
    p_corrected: float | None = None
    adjusted: Interval = None  # as `interval`, but for all comparisons at once: leaves out 0 if, and only if, supported
    detectable: float | None = None  # a smaller difference would probably not be found on these images


@dataclass(frozen=True)
class AccuracyDifference:
    """Two models' accuracy and their difference, first minus second; None if undefined."""

    first: float | None
    second: float | None
    difference: float | None
    interval: Interval
    only_first_right: int
    only_second_right: int
    p: float | None
    p_corrected: float | None = None
    adjusted: Interval = None  # likewise


@dataclass(frozen=True)
class Comparison:
    """How two models differ on the same rows."""

    first: str
    second: str
    rows: int
    groups: int
    roc_auc: AreaDifference
    accuracy: AccuracyDifference


@dataclass(frozen=True)
class SubsetSize:
    """How much there is to test on."""

    rows: int
    malignant_rows: int
    lesions: int
    malignant_lesions: int


@dataclass(frozen=True)
class Subgroup:
    """Some rows of the test split that have something in common, and how well each model ranks them."""

    factor: str  # for example: photographs of the lesion
    level: str  # for example: one
    size: SubsetSize
    roc_auc: dict[str, Estimate]  # model -> ROC-AUC


@dataclass(frozen=True)
class SubgroupDifference:
    """How much better each model ranks one level of a factor than the other, first minus second."""

    factor: str
    first: str
    second: str
    roc_auc: dict[str, Estimate]


@dataclass(frozen=True)
class MetricsRecord:
    """`reports/metrics.json`: every model whose predictions belong to the present data and training."""

    fingerprint: str
    data: str
    classes: list[str]
    threshold: float
    statistics: config.Statistics
    decisions: config.Decisions
    baselines: config.Baselines  # with which those among the models were trained
    models: dict[str, ModelScores]  # networks, then config.REFERENCES that could be measured
    sizes: dict[str, SubsetSize]  # subset -> how much there is to test on
    comparisons: dict[str, list[Comparison]]  # subset -> every pair of networks
    against_colour: dict[str, list[Comparison]]  # subset -> each network, and all together, against colour alone
    subgroups: list[Subgroup]
    subgroup_differences: list[SubgroupDifference]
    preference: dict[str, list[str]]  # subset -> the comparisons in words, see `evaluation.words.headline.sentences`
    missing: dict[str, str]  # model -> why it is not measured

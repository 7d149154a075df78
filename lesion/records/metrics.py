"""`reports/metrics.json`: how good the models are, and how they differ."""

from dataclasses import dataclass, field

from lesion import config
from lesion.records.common import Count, Interval, Share


@dataclass(frozen=True)
class ClassScores:
    """Figures with one class as the one to find; None if undefined."""

    precision: Share | None
    recall: Share | None
    f1: Share | None
    support: Count


@dataclass(frozen=True)
class RocCurve:
    """Corners of a ROC curve."""

    false_positive_rate: list[Share]
    true_positive_rate: list[Share]


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval; None if undefined."""

    value: float | None
    interval: Interval


@dataclass(frozen=True)
class PredictiveValues:
    """Shares of malignant and of benign verdicts that are right, at one prevalence; None if undefined."""

    prevalence: Share
    ppv: Share | None
    npv: Share | None
    ppv_interval: Interval
    npv_interval: Interval


@dataclass(frozen=True)
class OperatingPoint:
    """What one threshold gives; None if a figure is undefined."""

    threshold: Share
    confusion: list[list[Count]]  # [true][called], benign first
    accuracy: Share
    sensitivity: Share | None
    specificity: Share | None
    balanced_accuracy: Share | None
    mcc: float | None
    intervals: dict[str, Interval]  # sensitivity, specificity, balanced_accuracy, accuracy, mcc
    prevalences: list[PredictiveValues]


@dataclass(frozen=True)
class ReliabilityBin:
    """Rows whose probabilities are alike: their mean, and the share that is malignant."""

    predicted: Share
    observed: Share
    rows: Count


@dataclass(frozen=True)
class NoiseFloor:
    """What a perfectly calibrated model would have on these rows, by chance alone."""

    mean: float
    high: float  # 95th percentile


@dataclass(frozen=True)
class Reliability:
    """How far probabilities are from what they say."""

    brier: Share
    expected_calibration_error: Share
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

    prevalence: Share
    thresholds: list[float]
    net_benefit: list[float]
    low: list[float | None]  # ends of the interval of each
    high: list[float | None]
    act_on_all: list[float]  # net benefit of calling every image malignant; that of calling none is 0


@dataclass(frozen=True)
class LesionScores:
    """Scores per lesion: the mean logit of its images stands for all of them."""

    lesions: Count
    malignant: Count
    roc_auc: Estimate
    accuracy: Estimate
    sensitivity: Estimate
    specificity: Estimate


@dataclass(frozen=True)
class Scores:
    """One model on one subset of rows; None if a figure is undefined."""

    rows: Count
    groups: Count
    accuracy: Share
    precision: Share | None
    recall: Share | None
    f1: Share | None
    specificity: Share | None
    roc_auc: Share | None
    average_precision: Share | None
    partial_auc: Share | None
    balanced_accuracy: Share | None
    mcc: float | None
    brier: Share
    intervals: dict[str, Interval]  # metric -> 95% interval
    confusion: list[list[Count]]  # [true][called], benign first
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
    only_first_right: Count
    only_second_right: Count
    p: float | None
    p_corrected: float | None = None
    adjusted: Interval = None  # likewise


@dataclass(frozen=True)
class Comparison:
    """How two models differ on the same rows."""

    first: str
    second: str
    rows: Count
    groups: Count
    roc_auc: AreaDifference
    accuracy: AccuracyDifference


@dataclass(frozen=True)
class SubsetSize:
    """How much there is to test on."""

    rows: Count
    malignant_rows: Count
    lesions: Count
    malignant_lesions: Count


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
    threshold: Share
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
    predictions: dict[str, str]  # network or baseline -> digest of the predictions.csv that was measured

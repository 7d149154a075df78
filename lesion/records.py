"""What the stages left behind, as the report has it: one dataclass a kind of artefact."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Groups:
    """Which images show one lesion, as in `data/manifest.json`; the pictures of `largest` as data URIs."""

    origin: str  # source or pixels: who says so
    count: int
    largest: list[dict[str, Any]]
    sizes: dict[str, int]  # images in a group -> number of such groups
    checked: int | None  # pairs of images that were compared; None where the source knows
    links: int | None
    dropped: int | None
    shared: dict[str, int]  # train/test and so on -> number of groups in both
    siblings: dict[str, dict[str, int] | None]  # kind of split -> test images, and those with a sibling in training
    external: dict[str, int] | None


@dataclass(frozen=True)
class Data:
    """`data/manifest.json`; the pictures of `examples` and `augmentation` as data URIs."""

    data: str
    fingerprint: str
    settings: dict[str, Any]
    source: dict[str, Any]
    classes: list[str]
    rows: int
    counts: dict[str, dict[str, int]]
    groups: Groups
    unreadable: list[dict[str, Any]]
    preprocessing: dict[str, float]
    examples: list[dict[str, Any]]
    augmentation: list[dict[str, Any]]
    warnings: list[str]
    provenance: dict[str, Any]


@dataclass(frozen=True)
class Run:
    """`runs/M/manifest.json`."""

    data: str
    fingerprint: str
    digest: str
    settings: dict[str, Any]
    weights: dict[str, Any]
    parameters: dict[str, int]
    architecture: list[dict[str, Any]]
    phases: list[dict[str, Any]]
    activations: dict[str, Any] | None
    best: dict[str, Any]
    seconds: float
    size_bytes: int
    warnings: list[str]
    provenance: dict[str, Any]


@dataclass(frozen=True)
class Evaluation:
    """`runs/M/evaluation.json`: what of the evaluation differs from machine to machine."""

    data: str
    fingerprint: str
    digest: str
    seconds_per_image: float
    provenance: dict[str, Any]


@dataclass(frozen=True)
class Scores:
    """One model on one split, as in `reports/metrics.json`; None where a figure is undefined."""

    rows: int
    groups: int
    positives: int
    accuracy: float
    precision: float | None
    recall: float | None
    specificity: float | None
    f1: float | None
    roc_auc: float | None
    average_precision: float | None
    partial_auc: float | None
    balanced_accuracy: float | None
    mcc: float | None
    brier: float
    intervals: dict[str, list[float] | None]  # metric -> [low, high]
    confusion: list[list[int]]  # [true][called]
    per_class: dict[str, dict[str, float | None]]
    roc: dict[str, list[float]] | None
    operating: dict[str, dict[str, Any] | None]  # fixed, youden, sensitive -> what `operating.measure` gives
    calibration: dict[str, Any]  # what `calibration.before_and_after` gives
    sentinel: list[str]  # how the predictions have collapsed, in sentences


@dataclass(frozen=True)
class Comparison:
    """How the models differ, as in `reports/metrics.json`, by split; empty where not all of them are shown."""

    statistics: dict[str, Any]  # the settings of intervals and tests
    comparisons: dict[str, list[dict[str, Any]]]  # what `comparison.compare_all` gives
    preference: dict[str, list[str]]  # what `preference.sentences` gives


@dataclass(frozen=True)
class Map:
    """One Grad-CAM map of one model; `map` and `overlay` as data URIs."""

    row: int
    probability: float
    explains: str
    correct: bool
    peak: float
    empty: bool
    map: str
    overlay: str


@dataclass(frozen=True)
class Explanation:
    """One model's maps, in the order of the images, and how many of all maps were empty."""

    fingerprint: str
    digest: str
    layer: str
    resolution: list[int]  # height and width of the layer's activations
    empty: int
    explained: int
    maps: list[Map]
    provenance: dict[str, Any]


@dataclass(frozen=True)
class Model:
    """One model's artefacts; None where one is missing, and `absent` then says why."""

    name: str
    run: Run | None
    history: list[dict[str, Any]] | None  # the lines of history.csv, numbers as floats
    evaluation: Evaluation | None
    scores: dict[str, Scores] | None  # split -> scores
    explanation: Explanation | None
    absent: dict[str, str] = field(default_factory=dict)  # name of a field above -> why it is None


@dataclass(frozen=True)
class Artefacts:
    """All that the report shows. `images` are those explained: row, label, photograph (data URI)."""

    data: Data
    threshold: float
    models: list[Model]
    comparison: Comparison
    images: list[dict[str, Any]]
    bench: dict[str, Any] | None  # `reports/bench.json`: machine, parts
    leak: dict[str, Any] | None  # `reports/leak.json`, perhaps of other images

    @property
    def failures(self) -> list[tuple[str, str]]:
        """(model, why something of it is missing), each reason once."""
        return [(model.name, why) for model in self.models for why in dict.fromkeys(model.absent.values())]

"""`reports/bench.json`: how fast the project is on one machine."""

from dataclasses import dataclass

from lesion.records.common import Provenance


@dataclass(frozen=True)
class Machine:
    """The processor, its cores and the memory, as far as the system tells."""

    processor: str
    cores: int | None
    memory_bytes: int | None
    system: str


@dataclass(frozen=True)
class WholeTraining:
    """A training of so many epochs, added up from medians."""

    epochs: int
    tune_epochs: int
    views: int
    straightforward_seconds: float
    cached_seconds: float
    ratio: float


@dataclass(frozen=True)
class CachedTraining:
    """One network trained with and without cached activations, in seconds."""

    weights: str
    layers: list[str]
    epochs: dict[str, dict[str, list[float]]]  # phase -> straightforward or cached -> each epoch
    passes: dict[str, list[float]]  # view or validation -> each pass
    whole: list[WholeTraining]


@dataclass(frozen=True)
class TrainingBench:
    """Fast against straightforward training."""

    images: dict[str, int]  # split -> number
    image_size: int
    batch_size: int
    models: dict[str, CachedTraining]
    repeats: int
    provenance: Provenance


@dataclass(frozen=True)
class PipelineBench:
    """The input pipeline against the training step of the scratch CNN, in seconds."""

    image_size: int
    images: int
    pipeline: list[float]
    step: list[float]
    ratio: float
    repeats: int
    provenance: Provenance


@dataclass(frozen=True)
class ExplanationTimes:
    """Passes over the test images against prediction of the same images, in seconds."""

    trained: bool
    images: int
    predict: list[float]
    gradcam: list[float]
    ratio: float  # speed of Grad-CAM by that of prediction
    finer: list[float]  # Grad-CAM and LayerCAM at two strides: three maps of each image in one pass
    finer_ratio: float
    disturbed: list[float]  # prediction of the images with a disturbance drawn over each, every kind in turn
    disturbed_ratio: float


@dataclass(frozen=True)
class GradcamBench:
    """Maps, and the stress test, against prediction, for each network."""

    image_size: int
    models: dict[str, ExplanationTimes]
    repeats: int
    provenance: Provenance


@dataclass(frozen=True)
class CoreTimes:
    """`prepare` on one core and on all, in seconds."""

    images: int
    one_core: list[float]
    all_cores: list[float]
    ratio: float


@dataclass(frozen=True)
class PrepareRun:
    """One run of `prepare` in a process of its own."""

    images: int
    seconds: float
    peak_bytes: int | None  # None if the system does not tell


@dataclass(frozen=True)
class PrepareBench:
    """`prepare` on more cores and on more images."""

    image_size: int
    cores: CoreTimes | None  # None if the system cannot bind a process to a core
    growth: list[PrepareRun]
    repeats: int
    provenance: Provenance


@dataclass(frozen=True)
class BenchParts:
    """What was measured so far."""

    training: TrainingBench | None = None
    pipeline: PipelineBench | None = None
    gradcam: GradcamBench | None = None
    prepare: PrepareBench | None = None


@dataclass(frozen=True)
class BenchRecord:
    """The whole file."""

    machine: Machine
    parts: BenchParts

"""`runs/MODEL/`: what `train` and `evaluate` did with one network."""

from dataclasses import dataclass

from lesion.records.common import Count, Method, Provenance, Share

LAST_EPOCHS = 2  # a training that was best in one of them probably still got better


@dataclass(frozen=True)
class TrainingSettings:
    """With what one network is trained, every default filled in."""

    model: str
    weights: str
    epochs: Count
    tune_epochs: int
    batch_size: int
    plateau_patience: int
    learning_rate: float
    views: Count  # 0: frozen layers run anew in each step, or nothing is frozen
    seed: int
    tune_learning_rate: float | None  # None if the network has no pretrained weights
    half_precision: bool
    head_decay: float = 0.0  # weight decay of the head on a frozen backbone


@dataclass(frozen=True)
class WeightsRecord:
    """What a training began with."""

    asked: str
    used: str
    replaced: str | None  # why `auto` had to take random weights, if it had to


@dataclass(frozen=True)
class Parameters:
    """Numbers of parameters."""

    total: int
    trainable: int


@dataclass(frozen=True)
class ArchitecturePart:
    """Some neighbouring layers under one name."""

    part: str
    layers: int
    kind: str
    output: list[int]
    parameters: int


@dataclass(frozen=True)
class PhaseRecord:
    """How one phase of a training went."""

    name: str  # whole, frozen or tune
    epochs: Count
    trainable_parameters: int
    seconds: float


@dataclass(frozen=True)
class ActivationsRecord:
    """What was computed once of the frozen layers."""

    views: Count
    layers: list[str]
    bytes: int
    seconds: float


@dataclass(frozen=True)
class BestEpoch:
    """The epoch whose weights were kept."""

    epoch: int
    val_loss: float
    val_auc: Share | None


@dataclass(frozen=True)
class ImageSettings:
    """What `predict` must do to an image as `prepare` did."""

    image_size: int
    clean: bool


@dataclass(frozen=True)
class TrainingRecord:
    """`runs/MODEL/manifest.json`: what `train` did."""

    model: str
    fingerprint: str
    data: str
    digest: str  # of the trained weights
    settings: TrainingSettings
    method: Method
    preprocessing: ImageSettings
    weights: WeightsRecord
    parameters: Parameters
    architecture: list[ArchitecturePart]
    phases: list[PhaseRecord]
    activations: ActivationsRecord | None
    best: BestEpoch
    seconds: float
    size_bytes: Count
    warnings: list[str]
    provenance: Provenance
    at_once: Count = 1  # networks that were trained at the same time here, so that each took longer

    @property
    def ended_at_limit(self) -> bool:
        """Tell whether the training took all epochs that it was allowed, and was best in one of the last two."""
        if not self.phases:
            return False
        last = self.phases[-1]
        limit = self.settings.tune_epochs if last.name == "tune" else self.settings.epochs
        return last.epochs >= limit and self.best.epoch > sum(phase.epochs for phase in self.phases) - LAST_EPOCHS


@dataclass(frozen=True)
class UnlikeRecord:
    """From which distance an image is unlike the training images; see `evaluation.unlike`."""

    distance: float  # an image further away is unlike them
    trained: Count  # training images that the distance was learned from
    validation_share: Share  # of the validation images that are further away
    test_rows: list[int]  # test images that are


@dataclass(frozen=True)
class EvaluationRecord:
    """`runs/MODEL/evaluation.json`: what of the evaluation differs from machine to machine."""

    fingerprint: str
    data: str
    digest: str
    seconds_per_image: float  # all views of it
    provenance: Provenance
    unlike: UnlikeRecord | None = None  # None if there are too few training images to say
    views: Count = 1  # of each image; the mean logit counts

"""`reports/explanations.json`: the Grad-CAM maps."""

from dataclasses import dataclass

from lesion.records.common import Provenance


@dataclass(frozen=True)
class ExplainedImage:
    """An image whose maps are shown."""

    row: int
    label: int
    photograph: str


@dataclass(frozen=True)
class MapRecord:
    """One Grad-CAM map of one model."""

    row: int
    probability: float
    explains: str  # the class that the model named
    peak: float  # in units of the logit
    empty: bool
    map: str
    overlay: str


@dataclass(frozen=True)
class ModelExplanations:
    """One model's maps, in the order of the images, and how many of all maps were empty."""

    fingerprint: str
    digest: str
    layer: str
    resolution: list[int]  # height and width of the layer's activations
    explained: int
    empty: int
    maps: list[MapRecord]
    provenance: Provenance


@dataclass(frozen=True)
class ExplanationsRecord:
    """`reports/explanations.json`."""

    data: str
    images: list[ExplainedImage]
    models: dict[str, ModelExplanations]

"""All records together, as the report shows them, with the reason for each that is missing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lesion import config
from lesion.evaluation.words.wording import listed
from lesion.records.baseline import BaselineRecord
from lesion.records.bench import BenchRecord
from lesion.records.common import Method
from lesion.records.explanations import ModelExplanations
from lesion.records.leak import LeakRecord
from lesion.records.localisation import SkillDifference
from lesion.records.metrics import Comparison, MetricsRecord, ModelScores, Scores
from lesion.records.preparation import PreparationRecord
from lesion.records.stress import StressRecord
from lesion.records.study import StudyRecord
from lesion.records.training import EvaluationRecord, TrainingRecord

if TYPE_CHECKING:  # they take half a second to import
    import numpy as np
    import pandas as pd

Context = dict[str, Any]  # what one template may use, by name; Any: templates are not typed
ShowSetting = Callable[[Any], str]  # Any: of the type that the setting has


@dataclass(frozen=True)
class Maps:
    """One network's maps of the cases, in their order, of the method that the report shows; see ModelExplanations."""

    fields: "np.ndarray"  # (N, h, w) uint8
    peaks: "np.ndarray | None"  # (N,) float32; None if the maps are not Grad-CAM's
    malignant: "np.ndarray"  # (N,) bool


@dataclass(frozen=True)
class Case:
    """A test image: its row in the source, its class, its lesion, and pictures of it."""

    row: int
    label: int
    group: int
    levels: dict[str, str]  # factor -> level
    thumbnail: bytes  # WebP
    outline: str  # SVG path in a square of 100 × 100, empty if it is not known
    outline_from: str = ""  # drawn, masks, estimated; empty if it is not known


@dataclass(frozen=True)
class Model:
    """What there is of a network, or of what stands beside the networks; None if it is missing.

    `absent` then says why, except for what there cannot be: a baseline has no run, a network no baseline.
    """

    name: str  # key of config.NETWORKS or config.REFERENCES
    run: TrainingRecord | None = None
    history: "pd.DataFrame | None" = None  # history.csv: one line for each epoch
    evaluation: EvaluationRecord | None = None
    scores: ModelScores | None = None
    explanation: ModelExplanations | None = None
    maps: Maps | None = None  # there if the explanation is
    baseline: BaselineRecord | None = None
    absent: dict[str, str] = field(default_factory=dict)  # name of a field above -> why it is None

    @property
    def title(self) -> str:
        """Return the name that readers know the model by."""
        return config.title(self.name)

    def of(self, subset: str) -> Scores | None:
        """Return the scores on a subset of the rows, None if there are none."""
        return self.scores.of(subset) if self.scores else None


@dataclass(frozen=True)
class Artefacts:
    """All that the report shows; pictures are data URIs."""

    data: PreparationRecord
    metrics: MetricsRecord  # without comparisons if not all models that were compared are shown
    models: list[Model]  # networks
    references: list[Model]  # what they are to be seen beside, in the order of config.REFERENCES
    cases: list[Case]  # every test image; empty if nothing is explained
    skill_differences: list[SkillDifference]  # of the networks' maps, perhaps of networks that are not shown
    predictions: "pd.DataFrame"  # row, split, label, group, and a column of probabilities for each measured model
    metrics_text: str  # of metrics.json, as it stands on the disk
    bench: BenchRecord | None
    leak: LeakRecord | None  # perhaps of other images
    stress: StressRecord | None  # of the networks that are shown; its pictures are data URIs
    study: StudyRecord | None  # of these images; without words if not all networks that it compares are shown
    study_unused: str  # why a study that is there is not shown, empty if there is none or it is shown

    @property
    def failures(self) -> list[tuple[str, str]]:
        """Return (network, why something of it is missing), each reason once."""
        return [(model.name, reason) for model in self.models for reason in dict.fromkeys(model.absent.values())]

    def reference(self, name: str) -> Model | None:
        """Return what the networks are to be seen beside by its name, None if it is not shown."""
        return next((model for model in self.references if model.name == name), None)

    def pairs(self, subset: str) -> list[Comparison]:
        """Return the comparisons of the networks on a subset of the rows."""
        return self.metrics.comparisons.get(subset, [])

    def measured(self, *references: str) -> list[Model]:
        """Return the networks, and then those of the named `references`, that were measured."""
        beside = [model for model in self.references if model.name in references]
        return [model for model in (*self.models, *beside) if model.scores]

    def setting(self, block: str, name: str, show: ShowSetting = str) -> str:
        """Return a setting with which the data was prepared and the models were trained, as text.

        Stages that ran with different values give all of them: 10 or 12. Empty if no stage used the setting.
        """
        methods = [self.data.method, *(model.run.method for model in self.models if model.run)]
        return used_setting(methods, block, name, show)


def used_setting(methods: Sequence[Method], block: str, name: str, show: ShowSetting = str) -> str:
    """Return the values of the setting `name` of `block` in `methods`, each once, as text: 10 or 12."""
    values = [show(method[block][name]) for method in methods if name in method.get(block, {})]
    return listed(list(dict.fromkeys(values)), "or")


# Any: `record` is the value of the field `name`, of whatever type `show` takes.
def each_model(models: Sequence[Model], name: str, show: Callable[[Model, Any], Context]) -> list[Context]:
    """Return for each model its `title`, and what `show` makes of the model and its field `name`.

    Under `missing` is the reason if the field is None, else an empty text.
    """
    return [
        {"title": model.title, "missing": model.absent[name]}
        if (record := getattr(model, name)) is None
        else {"title": model.title, "missing": "", **show(model, record)}
        for model in models
    ]

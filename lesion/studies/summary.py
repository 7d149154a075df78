"""What the finished trainings of a study say together, as `reports/study.json` holds it."""

from collections.abc import Mapping

import numpy as np

from lesion import config, store
from lesion.evaluation import metrics
from lesion.networks import settings
from lesion.prepared import PreparedData
from lesion.records.common import Method
from lesion.records.study import CellRecord, LearningCurve, StudyData, StudyRecord
from lesion.records.training import TrainingSettings
from lesion.studies import curves, design, estimates, wording
from lesion.studies.design import Cell
from lesion.studies.estimates import Scored
from lesion.studies.trainings import running
from lesion.studies.trainings.running import Study

KIND = "grouped"  # lesions are divided, never images
UNKNOWN = "age, sex and site are known for none of these images"  # why a baseline is not there


def method() -> Method:
    """Return the blocks of settings that the trainings and what is made of them use."""
    own = (config.PREPARATION, config.FOLDS, config.MARGIN, config.STATISTICS, config.BASELINES, config.TEST_VIEWS)
    return {**settings.method(), **store.blocks(*own)}


def fingerprint(study: Study, failures: Mapping[Cell, str]) -> str:
    """Return the fingerprint of what finished trainings, and `failures` that guess, say together."""
    digests = {cell.name: None if cell in failures else study.folder(cell).record().digest for cell in study.wanted}
    wanted = list(study.wanted.values())
    return store.fingerprint(stage="study", trainings=wanted, digests=digests, method=method())


def summarise(study: Study, failures: Mapping[Cell, str], asked: Mapping[str, TrainingSettings]) -> StudyRecord:
    """Return the record of a study whose trainings are finished, but for `failures`, which guess.

    `asked` are the settings of the networks as the user gave them. Raises LesionError if the trainings of a network
    began with different weights.
    """
    weights = running.weights(study)
    pool = design.pool(study.data)
    scored = predictions(study, failures)
    failed = _failed(study, failures, 1.0)
    seconds = {model: _seconds(study, model) for model in study.models}
    labels, groups, own = study.data.labels[pool], study.data.groups[pool], study.plan.design
    models, differences = estimates.summarise(labels, groups, own, scored, failed, seconds)
    return StudyRecord(
        fingerprint=fingerprint(study, failures),
        data=_data(study.data, pool),
        design=own,
        settings=dict(asked),
        method=method(),
        shared_part=design.shared_part(own),
        weights=weights,
        shared_views=_shared_views(study),
        models=models,
        differences=differences,
        headline=wording.headline(models, differences, own),
        sentences=wording.sentences(models, differences, own),
        seconds=sum(seconds.values()),
        provenance=store.provenance(sum(seconds.values()), _device(study)),
        missing={name: UNKNOWN for name in config.BASELINE_NAMES if name not in models},
        curves=_curves(study, failures),
    )


def predictions(study: Study, failures: Mapping[Cell, str]) -> dict[str, Scored]:
    """Return what each model says of its test rows, and what several say together."""
    scored = running.predictions(study, KIND, failures)
    folds = study.folds[KIND]
    said = {name: each.probabilities for name, each in scored.items()}
    scored |= {name: Scored(folds, values) for name, values in metrics.combinations(said).items()}
    return {name: scored[name] for name in (*config.NETWORKS, *config.REFERENCES) if name in scored}


def _failed(study: Study, failures: Mapping[Cell, str], fraction: float) -> dict[str, int]:
    """Return how many trainings of each model on a fraction of the training lesions failed."""
    own = [cell.model for cell in failures if cell.fraction == fraction]
    return {model: own.count(model) for model in study.models}


def _curves(study: Study, failures: Mapping[Cell, str]) -> dict[str, LearningCurve]:
    """Return the learning curves of the networks and of colour alone; empty if no fractions were asked for."""
    own, pool = study.plan.design, design.pool(study.data)
    if len(own.fractions) < 2:
        return {}
    return curves.summarise(
        study.data.labels[pool],
        study.data.groups[pool],
        own,
        {fraction: running.predictions(study, KIND, failures, fraction) for fraction in own.fractions},
        {fraction: _failed(study, failures, fraction) for fraction in own.fractions},
        curves.mean_sizes(study.data, own),
    )


def _data(data: PreparedData, pool: np.ndarray) -> StudyData:
    labels, groups = data.labels[pool], data.groups[pool]
    return StudyData(
        description=data.record.source.description,
        fingerprint=data.fingerprint,
        images=len(pool),
        lesions=len(np.unique(groups)),
        malignant_lesions=len(np.unique(groups[labels == 1])),
    )


def _records(study: Study, model: str) -> list[CellRecord]:
    """Return the records of the finished trainings of a model."""
    return [study.folder(cell).record() for cell in study.wanted if cell.model == model and study.finished(cell)]


def _seconds(study: Study, model: str) -> float:
    """Return how long all trainings of a model took, with what was computed once for all of them."""
    return sum(record.provenance.seconds + record.shared_seconds for record in _records(study, model))


def _shared_views(study: Study) -> dict[str, int]:
    """Return how many augmented views all trainings of a network have in common, for those that share any."""
    views = {name: max((record.views for record in _records(study, name)), default=0) for name in study.plan.settings}
    return {name: number for name, number in views.items() if number}


def _device(study: Study) -> str:
    """Return what the networks were trained on."""
    devices = {record.provenance.device for name in study.plan.settings for record in _records(study, name)}
    return ", ".join(sorted(devices)) or "CPU"

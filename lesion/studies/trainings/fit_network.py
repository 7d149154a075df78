"""The training of a network for one cell of a study, on activations that all trainings of the network share."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from lesion import config
from lesion.evaluation import figures
from lesion.networks import batches, models, replicas, surgery, training
from lesion.networks.activations import Activations, Rows
from lesion.networks.phases import Phase, activation_cache, make_trainable
from lesion.records.study import Plan
from lesion.records.training import TrainingSettings
from lesion.studies import design
from lesion.studies.trainings import cells
from lesion.studies.trainings.cells import Task, TrainingFailed
from lesion.studies.trainings.folders import Fitted


@dataclass(frozen=True)
class Shared:
    """Activations of the frozen layers for all rows of `design.pool`, by the name of the cut."""

    computed: Mapping[str, Activations]
    pool: np.ndarray  # (P,) positions of the rows
    seconds: float  # that this process spent to compute them
    waiting_seconds: float  # until another process had done so


def fit(task: Task, plan: Plan) -> Fitted:
    """Train the network of `task` and predict its validation and test rows.

    Raises TrainingFailed if the training comes to nothing, and LesionError if it cannot begin.
    """
    own = cells.own_settings(plan, task.cell)
    training.make_reproducible(own.seed)
    with replicas.strategy().scope():
        model, weights = training.build(own.model, task.data.image_size, own.weights)
        phases = training.plan(weights.used, own)
        shared = None
        if phases[0].name == "frozen" and own.views:
            shared = _shared(task, model, phases, own.views, plan.design.seed)
        training.require_space(task.partial, model)
        trained = _train(task, model, phases, own, shared)
        probabilities = _predict(task, trained.model, phases, shared)
    return Fitted(
        positions=task.predicted,
        probabilities=probabilities,
        weights=weights.used,
        epochs=len(trained.epochs),
        views=own.views if shared else 0,
        earlier_seconds=trained.earlier_seconds,
        shared_seconds=shared.seconds if shared else 0.0,
        waiting_seconds=shared.waiting_seconds if shared else 0.0,
        device=replicas.device(),
        warnings=trained.warnings,
    )


def _shared(task: Task, model: keras.Model, phases: Sequence[Phase], views: int, seed: int) -> Shared:
    """Return the activations of the frozen layers, computed once for all trainings of the network.

    On all rows that any split may hold: frozen layers give the same for a row in whichever split it is. The exact views
    that a prediction needs pass them once, too, for all trainings.
    """
    pool = design.pool(task.data)
    rows = Rows(pool, pool, sides=config.TEST_VIEWS.number)
    begin = time.monotonic()
    with task.study.once(model.name) as folder:
        entered = time.monotonic()
        computed = activation_cache(model, phases, task.data, rows, folder, views, seed).compute()
    return Shared(computed, pool, time.monotonic() - entered, entered - begin)


def _train(
    task: Task, model: keras.Model, phases: list[Phase], own: TrainingSettings, shared: Shared | None
) -> training.Trained:
    """Train `model` through `phases`, or what is left of them; raises TrainingFailed if it comes to nothing."""
    computed = None
    if shared:
        rows = [np.searchsorted(shared.pool, task.divided.of_split(split)[0]) for split in ("train", "validation")]
        computed = {cut: activations.select(*rows) for cut, activations in shared.computed.items()}
    try:
        return training.train(model, phases, task.divided, task.partial, own, computed)
    except training.Diverged as error:
        raise TrainingFailed(str(error)) from None


def _predict(task: Task, model: keras.Model, phases: Sequence[Phase], shared: Shared | None) -> np.ndarray:
    """Return the probability (n,) of the rows to predict, from the activations of their exact views if possible."""
    if not shared:
        return training.predict(model, task.data.images, task.predicted, config.TEST_VIEWS.number)
    make_trainable(model, phases[-1])
    cut = surgery.last_frozen(model)
    above = surgery.split_at(model, cut, models.PROBABILITY)[1]
    rows = np.searchsorted(shared.pool, task.predicted)
    sides = shared.computed[cut].select(rows, rows).exact_views()
    return figures.combine([_predict_above(above, side, task.data.labels[task.predicted]) for side in sides])


def _predict_above(above: keras.Model, activations: Activations, labels: np.ndarray) -> np.ndarray:
    """Return the probability (n,) of the validation rows, of which `labels` (n,) are only counted."""
    size = batches.PREDICTION_BATCH_SIZE
    dataset = replicas.share(activations.validation_batches(labels, size), len(labels), size)
    return above.predict(dataset, verbose=0)[:, 0].astype(float)

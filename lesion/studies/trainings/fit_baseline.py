"""The training of a baseline for one cell of a study, on features of the images that all trainings share."""

import numpy as np

from lesion import config, store
from lesion.baselines import features, inputs, trees
from lesion.records.study import Plan
from lesion.studies import design
from lesion.studies.trainings.cells import Task, TrainingFailed
from lesion.studies.trainings.folders import Fitted


def fit(task: Task, plan: Plan) -> Fitted:
    """Train the baseline of `task` and predict its validation and test rows.

    Raises TrainingFailed if nothing that it learns from is known of a training image.
    """
    pool = design.pool(task.data)
    numbers = inputs.numbers(task.cell.model, task.divided, pool, lambda describe: _described(task, pool, describe))
    if not numbers.values.shape[1]:
        raise TrainingFailed("age, sex and site are unknown for all training images of this fold")
    trained = task.divided.splits[pool] == "train"
    probabilities = trees.probabilities(numbers, task.data.labels[pool], trained)
    return Fitted(task.predicted, probabilities[np.searchsorted(pool, task.predicted)])


def _described(task: Task, pool: np.ndarray, describe: inputs.Describe) -> np.ndarray:
    """Return what `describe` says (P, K) of the rows `pool` (P,), computed once for all trainings."""
    name = describe.__name__
    with task.study.once(name) as folder:
        store.claim(folder, store.fingerprint(data=task.data.fingerprint, method=store.blocks(config.BASELINES)))
        path = folder / "numbers.npy"
        if not path.exists():
            with store.atomic(path) as temporary:
                np.save(temporary, features.of_images(task.data.images, pool, describe))
        return np.load(path)

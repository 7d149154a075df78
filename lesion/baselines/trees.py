"""Gradient-boosted trees on a few numbers of each image: what a network must beat."""

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from lesion import config
from lesion.baselines.inputs import Numbers
from lesion.errors import LesionError


def probabilities(numbers: Numbers, labels: np.ndarray, trained: np.ndarray) -> np.ndarray:
    """Return the probability of malignancy (P,) of every row, learned from those that are `trained`.

    `labels` (P,) of 0 and 1, `trained` (P,) bool. The settings are fixed, so no row is needed to choose them or to stop
    in time. Columns may be unknown (NaN) in some rows, not in all that are trained. The same numbers give the same
    trees on any number of processor cores.

    Ke et al., NeurIPS 2017 (LightGBM), as scikit-learn's HistGradientBoostingClassifier has it. Raises LesionError if
    a class is missing among the trained rows.
    """
    for label, name in enumerate(config.CLASSES):
        if not np.any(labels[trained] == label):
            raise LesionError(
                f"no {name} image is in the train split, so nothing can be learned from it: "
                "run `invoke prepare` with more images"
            )
    model = HistGradientBoostingClassifier(
        max_iter=config.BASELINES.iterations,
        learning_rate=config.BASELINES.learning_rate,
        max_leaf_nodes=config.BASELINES.leaves,
        categorical_features=numbers.categories,
        early_stopping=False,  # from 10,000 rows on it would, by rows of lesions that it trains on
        random_state=config.BASELINES.seed,
    )
    with threadpool_limits(1):  # 10 times faster than two threads that another process disturbs
        model.fit(numbers.values[trained], labels[trained])
        return model.predict_proba(numbers.values)[:, 1]

"""Which test images the Grad-CAM galleries show: the same for every model, and not picked by hand."""

from collections.abc import Mapping

import numpy as np

from lesion import config
from lesion.runs import Predictions


def choose(predictions: Mapping[str, Predictions], seed: int) -> list[int]:
    """Return the rows to show, ascending, such that every model has each outcome that it has in the test split.

    An outcome is right or wrong, on benign or malignant; each is wanted `config.GALLERY.per_outcome` times for
    each model. The image that meets most open wants is taken next; ties are drawn by `seed`.
    """
    wants: dict[tuple[str, int, bool], int] = {}
    met: dict[int, list[tuple[str, int, bool]]] = {}
    for name, model in predictions.items():
        test = model.splits == "test"
        for row, label, probability in zip(
            model.rows[test], model.labels[test], model.probabilities[test], strict=True
        ):
            outcome = (name, int(label), bool((probability >= config.DECISION.threshold) == label))
            met.setdefault(int(row), []).append(outcome)
            wants[outcome] = config.GALLERY.per_outcome
    left = np.random.default_rng(seed).permutation(sorted(met)).tolist()
    chosen = []
    while left:
        best = max(left, key=lambda row: sum(wants[outcome] > 0 for outcome in met[row]))
        if all(wants[outcome] <= 0 for outcome in met[best]):
            break
        for outcome in met[best]:
            wants[outcome] -= 1
        left.remove(best)
        chosen.append(best)
    return sorted(chosen)

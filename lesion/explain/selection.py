"""Choice of the test images that the Grad-CAM galleries show: the same for all models, and not picked by hand."""

from collections.abc import Mapping

import numpy as np

from lesion import config
from lesion.runs import Predictions

Outcome = tuple[str, int, bool]  # model, label, whether the model is right


def choose(predictions: Mapping[str, Predictions], seed: int) -> list[int]:
    """Return the rows to show, ascending, such that each model shows each outcome that it has in the test split.

    An outcome is right or wrong, on benign or malignant; each is wanted `config.GALLERY.per_outcome` times for
    each model. The image that fulfils most open wishes is taken next; ties are drawn by `seed`.
    """
    outcomes = _outcomes(predictions)
    wanted = {outcome: config.GALLERY.per_outcome for each in outcomes.values() for outcome in each}
    left = np.random.default_rng(seed).permutation(sorted(outcomes)).tolist()
    chosen = []
    while left:
        best = max(left, key=lambda row: sum(wanted[outcome] > 0 for outcome in outcomes[row]))
        if all(wanted[outcome] <= 0 for outcome in outcomes[best]):
            break
        for outcome in outcomes[best]:
            wanted[outcome] -= 1
        left.remove(best)
        chosen.append(best)
    return sorted(chosen)


def _outcomes(predictions: Mapping[str, Predictions]) -> dict[int, list[Outcome]]:
    """Return what each model's prediction of each test row is an example of, by row."""
    outcomes: dict[int, list[Outcome]] = {}
    for name, model in predictions.items():
        test = model.splits == "test"
        right = (model.probabilities[test] >= config.DECISION.threshold) == model.labels[test]
        for row, label, is_right in zip(model.rows[test], model.labels[test], right, strict=True):
            outcomes.setdefault(int(row), []).append((name, int(label), bool(is_right)))
    return outcomes

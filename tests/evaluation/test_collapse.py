import math

import numpy as np
import pytest
from scipy.stats import norm

from lesion.evaluation import collapse

LN2 = math.log(2)


def draw(seed, rows, area):
    """Return labels, half of them malignant, and probabilities whose ROC-AUC is `area` on the whole."""
    random = np.random.default_rng(seed)
    labels = np.arange(rows) % 2
    apart = np.sqrt(2) * norm.ppf(area)
    return labels, 1 / (1 + np.exp(-(apart * (labels - 0.5) + random.normal(size=rows))))


def judge(labels, probabilities, groups=None):
    return collapse.judge(labels, probabilities, 0.5, np.arange(len(labels)) if groups is None else groups)


@pytest.mark.parametrize(
    ("probabilities", "said"),
    [
        (np.full(6, 0.5), ["all 6 probabilities are 0.500"]),
        (np.linspace(0.1, 0.4, 6), ["all 6 images are called benign"]),
        (np.linspace(0.6, 0.9, 6), ["all 6 images are called malignant"]),
        (np.array([0.1, 0.2, 0.4, 0.6, 0.7, 0.9]), []),
        (np.array([0.1, np.nan, 0.4, np.inf, 0.7, 0.9]), ["2 of 6 probabilities are no numbers"]),
    ],
)
def test_constant_and_one_class_predictions_are_named(probabilities, said):
    assert judge(np.array([0, 0, 1, 0, 1, 1]), probabilities) == said


def test_one_class_is_no_alarm_where_the_other_is_hardly_there():
    probabilities = np.linspace(0.1, 0.4, 10)
    assert judge(np.zeros(10, int), probabilities) == []
    assert judge(np.array([0] * 8 + [1] * 2), probabilities) == []
    missed = np.array([0] * 6 + [1] * 4)
    assert judge(missed, probabilities) == ["all 10 images are called benign"]
    assert judge(missed, probabilities, groups=np.array([0, 1, 2, 3, 4, 5, 6, 6, 6, 6])) == []  # one lesion, 4 images


def test_guessing_is_named_and_reversed_classes_are():
    labels, probabilities = draw(0, 1000, 0.5)
    (said,) = judge(labels, probabilities)
    assert said.startswith("ranks no better than guessing (ROC-AUC 0.")
    labels, probabilities = draw(0, 200, 0.9)
    (said,) = judge(labels, 1 - probabilities)
    assert said.startswith("ranks the wrong way round") and "right order" in said


@pytest.mark.parametrize(("rows", "area"), [(10, 0.75), (20, 0.75), (50, 0.75), (10, 0.9), (300, 0.75), (5000, 0.7)])
def test_good_models_raise_no_alarm_on_few_images(rows, area):
    alarms = sum(bool(judge(*draw(seed, rows, area))) for seed in range(200))
    assert alarms <= 4  # 2 %


@pytest.mark.parametrize("rows", [300, 5000])
def test_models_that_guess_are_nearly_all_named(rows):
    assert sum(bool(judge(*draw(seed, rows, 0.5))) for seed in range(100)) >= 94  # 97.5 are expected


def test_loss_stuck_at_guessing_is_named_after_the_first_epochs():
    stuck = [0.6935, 0.6931, 0.6932, 0.6931]
    assert collapse.judge_losses(stuck[:2], stuck[:2], 0.5, finished=False) == []
    said = ["has not learned: the validation loss never fell below 0.693, and guessing has 0.693"]
    assert collapse.judge_losses(stuck, stuck, 0.5, finished=False) == said
    assert collapse.judge_losses([LN2], [LN2], 0.5, finished=True) == said
    assert collapse.judge_losses([0.7, 0.6, 0.5], [0.75, 0.7, 0.6], 0.5, finished=True) == []
    assert collapse.judge_losses([], [], 0.5, finished=False) == []


def test_guessing_on_uneven_classes_is_their_entropy():
    stuck = [0.3251] * 4  # always saying 10 %: -(0.1 ln 0.1 + 0.9 ln 0.9) = 0.3251, far below ln 2
    (said,) = collapse.judge_losses(stuck, stuck, 0.1, finished=True)
    assert said.endswith("below 0.325, and guessing has 0.325")
    assert collapse.judge_losses(stuck, stuck, 0.5, finished=True) == []


def test_training_by_heart_and_broken_losses_are_named():
    (said,) = collapse.judge_losses([0.6, 0.3, 0.1], [0.7, 0.8, 1.2], 0.5, finished=True)
    assert said.startswith("has learned nothing that holds for other images: the training loss fell to 0.100")
    broken = collapse.judge_losses([0.6, math.nan], [0.7, math.nan], 0.5, finished=False)
    assert broken == ["has broken down: the training loss was no number in epoch 2"]

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from lesion import config
from lesion.evaluation import collapse, intervals

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


def test_a_ranking_that_is_the_wrong_way_round_is_named():
    labels, probabilities = draw(0, 200, 0.9)
    assert judge(labels, probabilities) == []
    (said,) = judge(labels, 1 - probabilities)
    assert said.startswith("ranks the wrong way round") and "right order" in said
    bounds = intervals.intervals(labels, 1 - probabilities, np.arange(200), 0.5)["roc_auc"]
    assert f"95% interval {bounds[0]:.3f} to {bounds[1]:.3f}" in said  # that of the table


@pytest.mark.parametrize(("rows", "area"), [(10, 0.75), (20, 0.75), (120, 0.6), (300, 0.55), (5000, 0.7)])
def test_models_that_rank_are_never_called_collapsed(rows, area, monkeypatch):
    monkeypatch.setattr(config, "STATISTICS", replace(config.STATISTICS, replicates=200))
    alarms = sum(bool(judge(*draw(seed, rows, area))) for seed in range(200))
    assert alarms <= 4  # 2 %


@pytest.mark.parametrize("rows", [300, 1000])
def test_chance_is_called_chance_and_not_collapse(rows, monkeypatch):
    monkeypatch.setattr(config, "STATISTICS", replace(config.STATISTICS, replicates=200))
    collapsed = cautioned = 0
    for seed in range(100):
        labels, probabilities = draw(seed, rows, 0.5)
        bounds = intervals.intervals(labels, probabilities, np.arange(rows), 0.5)["roc_auc"]
        area = roc_auc_score(labels, probabilities)
        collapsed += bool(judge(labels, probabilities))
        cautioned += any("cannot be told apart" in said for said in collapse.cautions(area, bounds))
    assert collapsed <= 6 and cautioned >= 90  # 2.5 and 95 are expected


@pytest.mark.parametrize(
    ("area", "interval", "said"),
    [
        (0.528, [0.48, 0.57], ["cannot be told apart from guessing on these images"]),
        (0.45, [0.4, 0.5], ["cannot be told apart from guessing on these images"]),
        (0.528, [0.501, 0.556], ["is hardly better than guessing"]),
        (0.6, [0.52, 0.67], []),
        (0.55, [0.4, 0.7], []),  # too few images: a useful model is not excluded
        (0.3, [0.2, 0.4], []),  # collapsed, see `judge`
        (None, None, []),
        (0.5, None, []),
    ],
)
def test_cautions_follow_the_interval_of_the_table(area, interval, said):
    sentences = collapse.cautions(area, interval)
    assert [sentence.split(" (")[0] for sentence in sentences] == said
    for sentence in sentences:
        assert sentence.endswith(f"(ROC-AUC {area:.3f}, 95% interval {interval[0]:.3f} to {interval[1]:.3f})")


STUCK = [0.6935, 0.6931, 0.6932, 0.6931]


def test_loss_stuck_at_guessing_is_named_in_the_end():
    said = ["has not learned: the validation loss never fell below 0.693, and guessing has 0.693"]
    assert collapse.judge_losses(STUCK, STUCK, 0.51, 0.5) == said
    assert collapse.judge_losses([LN2], [LN2], 0.5, 0.5) == said
    assert collapse.judge_losses([0.7, 0.6, 0.5], [0.75, 0.7, 0.6], 0.51, 0.5) == []


def test_guessing_on_uneven_classes_is_their_entropy():
    stuck = [0.3251] * 4  # always saying 10 %: -(0.1 ln 0.1 + 0.9 ln 0.9) = 0.3251, far below ln 2
    (said,) = collapse.judge_losses(stuck, stuck, 0.5, 0.1)
    assert said.endswith("below 0.325, and guessing has 0.325")
    assert collapse.judge_losses(stuck, stuck, 0.5, 0.5) == []


def test_training_by_heart_and_broken_losses_are_named():
    (said,) = collapse.judge_losses([0.6, 0.3, 0.1], [0.7, 0.8, 1.2], 0.55, 0.5)
    assert said.startswith("has learned nothing that holds for other images: the training loss fell to 0.100")
    broken = collapse.broken_down([0.6, math.nan], [0.7, math.nan])
    assert broken == ["has broken down: the training loss was no number in epoch 2"]
    assert collapse.judge_losses([0.6, math.nan], [0.7, math.nan], 0.5, 0.5) == broken


def test_a_network_that_ranks_the_images_is_never_said_to_have_learned_nothing():
    assert collapse.judge_losses([0.6, 0.3, 0.1], [0.9, 0.8, 1.2], 0.85, 0.5) == []


@pytest.mark.parametrize(
    ("epochs", "planned", "area", "warned"),
    [
        (4, 8, 0.5, False),
        (5, 8, 0.5, True),
        (5, 40, 0.5, False),
        (13, 40, 0.5, False),
        (14, 40, 0.5, True),
        (6, 8, 0.56, False),
        (6, 8, 0.55, True),
        (6, 8, 0.3, True),
    ],
)
def test_a_warning_while_it_trains_waits_and_asks_for_both_loss_and_ranking(epochs, planned, area, warned):
    said = collapse.stuck_so_far([1.2] * epochs, area, 0.5, planned)
    assert bool(said) == warned
    assert not said or said.startswith(f"so far no better than guessing, after {epochs} of {planned} epochs: ")
    assert not said or f"validation loss 1.200 (guessing: 0.693), validation AUC {area:.3f}" in said
    assert collapse.stuck_so_far([*[1.2] * epochs, 0.5], area, 0.5, planned) is None


def test_a_warning_is_taken_back_as_soon_as_the_network_learns():
    assert not collapse.has_recovered([1.2] * 6, 0.5, 0.5)
    assert not collapse.has_recovered([1.2] * 6, 0.69, 0.5)
    assert collapse.has_recovered([1.2] * 6, 0.7, 0.5)
    assert collapse.has_recovered([1.2] * 6 + [0.6], 0.5, 0.5)


def test_a_warning_that_is_never_taken_back_is_the_last_word_as_well():
    """Whatever the course: if it was warned of and did not recover, the final judgement names it too."""
    random = np.random.default_rng(0)
    for _ in range(300):
        losses, areas = random.uniform(0.6, 0.9, 8), random.uniform(0.4, 0.8, 8)
        warned = False
        for epoch in range(1, 9):
            if warned and collapse.has_recovered(losses[:epoch].tolist(), areas[epoch - 1], 0.5):
                break
            warned = warned or bool(collapse.stuck_so_far(losses[:epoch].tolist(), areas[epoch - 1], 0.5, 8))
        else:
            best = areas[int(np.argmin(losses))]
            if warned and best < 0.7:
                assert collapse.judge_losses([0.5] * 8, losses.tolist(), best, 0.5)

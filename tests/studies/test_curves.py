"""Learning curves of a study: how much is trained on, what more of it brought, and how that is said."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import t as student

from lesion import config
from lesion.evaluation import intervals
from lesion.records.study import CurvePoint, CurveStep, Design, StudyArea
from lesion.studies import curve_wording, curves
from lesion.studies.curves import Size
from lesion.studies.estimates import Scored

HALVED = Design(["grouped"], folds=2, tested=2, repeats=2, seed=0, fractions=[0.5, 1.0])
SIZES = {0.5: Size(100.0, 50.0), 1.0: Size(200.0, 100.0)}
# Four malignant lesions and four benign ones, of one image each, in two partitions of two folds.
LABELS = np.repeat([1, 0], 4)
FOLDS = np.array([[0, 0, 1, 1, 0, 0, 1, 1], [0, 1, 0, 1, 0, 1, 0, 1]])
ALL = np.array(
    [
        [0.9, 0.4, 0.8, 0.7, 0.5, 0.1, 0.3, 0.2],  # fold 0: the second is below the fifth, 3 of 4 pairs; fold 1: all 4
        [0.6, 0.3, 0.2, 0.9, 0.4, 0.5, 0.1, 0.4],  # fold 0: 3 of 4; fold 1: 2 of 4
    ]
)
HALF = np.full((2, 8), 0.5)


@pytest.fixture
def by_hand(monkeypatch):
    """Let a bootstrap draw every lesion once, then the first one in place of the second."""
    monkeypatch.setattr(config, "STATISTICS", replace(config.STATISTICS, minimum_groups=4))
    monkeypatch.setattr(config, "FOLDS", replace(config.FOLDS, validation=0.5))
    weights = np.array([np.ones(8), [2.0, 0, 1, 1, 1, 1, 1, 1]])
    monkeypatch.setattr(intervals, "bootstrap", lambda labels, groups, measure: measure(weights))


def summarise(**scores):
    """Return the curves of models whose probabilities on (half, all) of the training lesions are these."""
    scored = {
        fraction: {name: Scored(FOLDS, each[place]) for name, each in scores.items()}
        for place, fraction in enumerate(HALVED.fractions)
    }
    failed = {0.5: dict.fromkeys(scores, 1), 1.0: dict.fromkeys(scores, 0)}
    return curves.summarise(LABELS, np.arange(8), HALVED, scored, failed, SIZES)


def test_the_last_step_is_the_difference_of_the_same_divisions_with_the_error_of_the_smaller_fraction(by_hand):
    # The areas on all lesions are 3/4, 1, 3/4 and 1/2, those on half of them 1/2: a gain of 1/4 on average. As worked
    # out in test_estimates the lesions' variance is 25/864 and that of the partitions 9/576. Half of those trained
    # on are 1/8 of all lesions, 1/2 is tested: the first counts 1 + 4 = 5 times. V = 250/1728 + 27/1728 = 277/1728.
    curve = summarise(mobilenet=(HALF, ALL))["mobilenet"]
    assert [(point.fraction, point.images, point.lesions) for point in curve.points] == [(0.5, 100, 50), (1, 200, 100)]
    assert [point.cells for point in curve.points] == [[[0.5, 0.5]] * 2, [[0.75, 1.0], [0.75, 0.5]]]
    assert [point.failed for point in curve.points] == [1, 0]
    step = curve.step
    assert (step.fraction, step.value) == (0.5, 0.25) and step.error == pytest.approx(np.sqrt(277 / 1728))
    freedom = 277**2 / (250**2 / 6 + 27**2)
    assert step.p == step.p_corrected == pytest.approx(2 * student.sf(0.25 / step.error, freedom))
    assert step.interval == [pytest.approx(0.25 - student.ppf(0.975, freedom) * step.error), 1] == step.adjusted
    assert not step.supported and "could be chance" in curve.sentence


def test_steps_are_corrected_for_the_number_of_curves(by_hand):
    one, both = summarise(mobilenet=(HALF, ALL)), summarise(mobilenet=(HALF, ALL), colour=(HALF, ALL))
    assert list(both) == ["mobilenet", "colour"]
    assert both["colour"].step.p == one["mobilenet"].step.p
    assert both["colour"].step.p_corrected == pytest.approx(min(1, 2 * one["mobilenet"].step.p))


def test_sizes_are_the_mean_of_the_trainings(divisible):
    # 120 lesions of 4 images in 2 folds: 60 lesions are left, of which 15 % are for validation; a half of the others.
    sizes = curves.mean_sizes(divisible, HALVED)
    assert sizes[1.0].lesions == pytest.approx(51, abs=1) and sizes[0.5].lesions == pytest.approx(25.5, abs=1)
    assert all(size.images == 4 * size.lesions for size in sizes.values())


# --- words ------------------------------------------------------------------------------------------
def points(**areas):
    """Return points with these ROC-AUCs by their share of 1,000 images: of400=.8 is that of 400."""
    counts = {int(name.removeprefix("of")): area for name, area in areas.items()}
    area = {count: StudyArea(value, None, None, None, None) for count, value in counts.items()}
    return [CurvePoint(count / 1000, count, count / 2, area[count], [], 0) for count in counts]


def step(value, low, high, supported):
    return CurveStep(0.5, value, [low, high], 0.01, 0.01, [low, high], 0.04, supported)


GAIN = step(0.012, 0.003, 0.021, supported=True)


@pytest.mark.parametrize(
    ("own", "last", "said"),
    [
        (
            points(of250=0.79, of500=0.8, of1000=0.812),
            GAIN,
            "Doubling the training images from 500 to 1,000 raised the ROC-AUC of MobileNetV2 by 0.012 (95% interval "
            "0.003 to 0.021): another doubling may bring about as much.",
        ),
        (
            points(of250=0.76, of500=0.8, of1000=0.812),  # .04, then .012, less than half of it
            GAIN,
            "another doubling may bring less, since the curve flattens.",
        ),
        (
            points(of100=0.776, of400=0.8, of1000=0.812),  # .012 for each doubling, then .012 / 1.32
            GAIN,
            "Training on 1,000 images instead of 400 raised the ROC-AUC of MobileNetV2 by 0.012 (95% interval 0.003 to "
            "0.021): another such step may bring about as much.",
        ),
        (
            points(of500=0.8, of1000=0.804),
            step(0.004, -0.006, 0.014, supported=False),
            "Doubling the training images from 500 to 1,000 changed the ROC-AUC of MobileNetV2 by +0.004 (95% interval "
            "−0.006 to +0.014), which could be chance: more images are not shown to help.",
        ),
        (
            points(of500=0.8, of1000=0.812),
            replace(GAIN, supported=False, adjusted=[-0.001, 0.025]),
            "are not shown to help. On its own this interval excludes 0; corrected for 4 comparisons the difference is "
            "no longer significant.",
        ),
        (
            points(of500=0.812, of1000=0.8),
            step(-0.012, -0.021, -0.003, supported=True),
            "lowered the ROC-AUC of MobileNetV2 by 0.012 (95% interval 0.003 to 0.021): more images are not shown to",
        ),
        (
            points(of500=0.8, of1000=0.812),
            replace(GAIN, interval=None, error=None, supported=False),
            "by +0.012; whether that is chance cannot be said, since there are too few lesions of a class.",
        ),
    ],
)
def test_a_sentence_claims_what_the_last_step_supports_and_no_more(own, last, said):
    assert said in curve_wording.sentence("mobilenet", own, last, 4)

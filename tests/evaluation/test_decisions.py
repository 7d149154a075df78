from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit

from lesion import config, store
from lesion.evaluation import decisions
from lesion.records.metrics import DecisionCurve


def draw(seed, lesions=200, images=2):
    random = np.random.default_rng(seed)
    groups = np.repeat(np.arange(lesions), images)
    labels = (groups % 2).astype(int)
    return labels, expit(random.normal(2 * labels - 1, 1.5)), groups


def test_net_benefit_worked_by_hand(monkeypatch):
    monkeypatch.setattr(
        config, "DECISIONS", replace(config.DECISIONS, prevalence=0.1, lowest=0.2, highest=0.2, steps=1)
    )
    # Odds of 1 to 9 instead of 1 to 1: a probability is called malignant at 20 % if its odds were 9 / 4, 0.692, before.
    labels = np.repeat([1, 1, 0, 0], [15, 5, 4, 16])
    probabilities = np.repeat([0.70, 0.69, 0.70, 0.69], [15, 5, 4, 16])
    curve = decisions.curve(labels, probabilities, np.arange(40), share=0.5)
    assert curve.thresholds == [0.2]
    assert curve.net_benefit == pytest.approx([0.1 * 15 / 20 - 0.9 * 4 / 20 * 0.2 / 0.8])
    assert curve.act_on_all == pytest.approx([0.1 - 0.9 * 0.25])


def test_the_curve_has_the_settings_thresholds_and_bands_around_it(tmp_path):
    curve = decisions.curve(*draw(0), share=0.5)
    assert curve.thresholds == pytest.approx(np.arange(1, 31) / 100) and curve.prevalence == 0.1
    assert len(curve.net_benefit) == len(curve.low) == len(curve.high) == len(curve.act_on_all) == 30
    for low, benefit, high in zip(curve.low, curve.net_benefit, curve.high, strict=True):
        assert low is None or low < benefit < high <= 0.1
    assert curve.low[-1] is not None and curve.net_benefit[-1] > 0 > curve.act_on_all[-1]
    store.write_record(tmp_path / "curve.json", curve)
    assert store.read_record(tmp_path / "curve.json", DecisionCurve, "test") == curve


def test_probabilities_that_assume_the_prevalence_already_are_not_moved():
    labels, probabilities, groups = draw(1)
    moved = expit(logit(probabilities) + logit(0.1))
    assert decisions.curve(labels, probabilities, groups, share=0.5).net_benefit == pytest.approx(
        decisions.curve(labels, moved, groups, share=0.1).net_benefit
    )


def test_bands_count_lesions():
    labels, probabilities, groups = draw(2, lesions=60, images=1)
    single = decisions.curve(labels, probabilities, groups, share=0.5)
    copied = decisions.curve(*(np.tile(values, 3) for values in (labels, probabilities, groups)), share=0.5)
    assert copied.low == pytest.approx(single.low, nan_ok=True)


def test_one_class_has_no_curve_and_few_lesions_no_bands():
    labels, probabilities, groups = draw(3)
    assert decisions.curve(np.zeros_like(labels), probabilities, groups, share=0.5) is None
    assert decisions.curve(labels, probabilities, groups, share=1.0) is None
    few = decisions.curve(labels[:8], probabilities[:8], groups[:8], share=0.5)
    assert set(few.low) == set(few.high) == {None}

"""What a change of the images does to verdicts and scores, worked out on paper."""

import numpy as np
import pytest

from lesion.evaluation.stress.changes import Changes, stressed
from lesion.evaluation.stress.extremes import Extreme, most_changed
from lesion.evaluation.stress.settings import STRESS

# Four benign lesions, then four malignant ones, at threshold 0.5: two of each class are called right.
LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 1])
BEFORE = np.array([0.1, 0.2, 0.6, 0.8, 0.3, 0.4, 0.7, 0.9])
# The second benign one is called malignant now, the first malignant one too, and the last one benign.
AFTER = np.array([0.1, 0.5, 0.6, 0.8, 0.65, 0.4, 0.7, 0.45])
LESIONS = np.arange(8)


def many(values, times=10):
    return np.tile(values, times)


def repeated(before=BEFORE, after=AFTER, times=10):
    """Return what one change did to ten times as many lesions of the same kind: enough for intervals."""
    return stressed(many(LABELS), np.arange(8 * times), many(before), many(after))


def test_flips_medians_and_scores_are_those_worked_out_on_paper():
    one = stressed(LABELS, LESIONS, BEFORE, AFTER)
    assert one.images == 8
    assert (one.flips.value, one.to_malignant, one.to_benign) == (3 / 8, 2, 1)
    assert one.median_change == 0.0, "five of eight do not change"
    assert (one.sensitivity.value, one.sensitivity_change.value) == (0.5, 0.0)
    assert (one.specificity.value, one.specificity_change.value) == (0.25, -0.25)
    # Pairs in order before: .3 and .4 are above two benign ones each, .7 above three, .9 above all four: 11 of 16.
    # After: .65 and .7 are above three each, .4 and .45 above one each: 8 of 16.
    assert one.roc_auc.value == 8 / 16
    assert one.roc_auc_change.value == pytest.approx(8 / 16 - 11 / 16)


def test_four_lesions_of_a_class_are_too_few_for_an_interval_of_a_score():
    one = stressed(LABELS, LESIONS, BEFORE, AFTER)
    assert one.roc_auc.interval is None and one.specificity_change.interval is None
    assert one.flips.interval is not None, "there are eight lesions in all"


def test_every_estimate_lies_within_its_interval():
    one = repeated()
    for name in ("flips", "roc_auc", "roc_auc_change", "sensitivity", "sensitivity_change", "specificity"):
        estimate = getattr(one, name)
        assert estimate.interval[0] < estimate.value < estimate.interval[1], name


def test_the_interval_of_a_paired_change_is_that_of_the_lesions_that_changed():
    one = repeated()
    # 10 of 40 benign lesions turn: the standard error of that share is (.25 × .75 / 40) ** .5 = .0685, times 2.
    low, high = one.specificity_change.interval
    assert (high - low) / 2 == pytest.approx(2 * 0.0685, rel=0.1)
    assert high < 0


def test_images_of_one_lesion_count_as_one():
    twice = stressed(many(LABELS, 20), np.arange(160) % 80, many(BEFORE, 20), many(AFTER, 20))
    assert twice.flips.interval == pytest.approx(repeated().flips.interval, abs=0.02)


def test_verdicts_that_all_stay_have_an_exact_interval_and_no_interval_of_the_change():
    one = repeated(after=BEFORE)
    assert one.flips.value == 0 and one.flips.interval[0] == 0
    # None of 80 independent lesions: Clopper and Pearson's upper end is 1 - .025 ** (1 / 80).
    assert one.flips.interval[1] == pytest.approx(1 - 0.025 ** (1 / 80))
    assert (one.roc_auc_change.value, one.roc_auc_change.interval) == (0, None)


def test_what_cannot_be_told_of_images_of_one_class_is_left_out():
    one = stressed(np.ones(6, int), np.arange(6), np.full(6, 0.4), np.full(6, 0.6))
    assert one.roc_auc.value is None and one.specificity.value is None and one.roc_auc_change.value is None
    assert (one.sensitivity.value, one.sensitivity_change.value) == (1.0, 1.0)
    assert (one.flips.value, one.to_malignant) == (1.0, 6)


def outside(before, hidden, times=10):
    return Changes(many(LABELS, times), np.arange(8 * times), many(before, times), {"hidden": many(hidden, times)})


def test_the_share_from_outside_the_lesion_is_what_is_left_above_guessing():
    before = np.array([0.1, 0.2, 0.3, 0.6, 0.4, 0.5, 0.7, 0.8])  # 14 of 16 pairs: .875
    hidden = np.array([0.1, 0.2, 0.6, 0.8, 0.3, 0.4, 0.7, 0.9])  # 11 of 16: .6875
    share = outside(before, hidden).outside("hidden")
    assert share.value == pytest.approx((0.6875 - 0.5) / (0.875 - 0.5))
    assert share.interval[0] < 0.5 < share.interval[1]
    same = outside(before, before).outside("hidden")
    assert (same.value, same.interval) == (1.0, None)


def test_nothing_can_be_shared_of_a_score_that_may_be_guessing():
    guessing = np.array([0.1, 0.2, 0.8, 0.9, 0.15, 0.25, 0.7, 0.95])
    share = outside(guessing, guessing[::-1]).outside("hidden")
    assert (share.value, share.interval) == (None, None)
    few = outside(np.array([0.1, 0.2, 0.3, 0.6, 0.4, 0.5, 0.7, 0.8]), BEFORE, times=1).outside("hidden")
    assert few.value is None, "four lesions of a class have no interval"


def test_the_most_changed_image_of_each_network_and_kind_is_one_whose_verdict_flips():
    before = {"scratch": np.array([0.1, 0.4, 0.9]), "mobilenet": np.array([0.2, 0.6, 0.7])}
    after = {
        "scratch": {
            "ruler": np.array([0.45, 0.6, 0.9]),  # the largest change flips nothing
            "ink": np.array([0.8, 0.3, 0.2]),  # both flip, by .7
            "blur": np.array([0.1, 0.4, 0.9]),
        },
        "mobilenet": {"ruler": np.array([0.2, 0.45, 0.1])},
    }
    assert [(each.network, each.kind, each.place) for each in most_changed(before, after)] == [
        ("scratch", "ink", 0),
        ("mobilenet", "ruler", 2),
        ("scratch", "ruler", 1),
    ]
    assert most_changed(before, after)[2] == Extreme("scratch", "ruler", 1, 0.4, 0.6)


def test_only_some_of_the_most_changed_images_are_kept():
    kinds = {f"kind {number}": np.array([0.6 + number / 100]) for number in range(STRESS.cases + 5)}
    kept = most_changed({"scratch": np.array([0.1])}, {"scratch": kinds})
    assert len(kept) == STRESS.cases and kept[0].after == pytest.approx(0.6 + (STRESS.cases + 4) / 100)

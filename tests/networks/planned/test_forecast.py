"""How long an experiment takes at a known speed, and how much of it fits; expected values are worked out by hand."""

import dataclasses
from dataclasses import replace

import pytest

from lesion import config, options
from lesion.networks.planned import forecast
from lesion.networks.planned.forecast import Extent, Length, Speed, Work

NOTHING_ASKED = {name: option.default for name, option in options.TRAIN.items()}
WHOLE = Speed("scratch", "auto", False, 200, {"judge": 0.01, "whole": 0.1}, start=7.0)
FROZEN = Speed(
    "mobilenet", "imagenet", True, 200, {"judge": 0.01, "view": 0.02, "head": 0.001, "tune": 0.004}, start=5.0
)
EXTENT = Extent(rows=1000, image_size=200)  # 700 training, 150 validation and 150 test images


def work(*speeds, **asked):
    return Work(speeds, {**NOTHING_ASKED, **asked}, reading=0.05)


@pytest.fixture
def profiles(monkeypatch):
    quick = dataclasses.replace(
        config.QUICK, seconds=1000.0, rows=100, epochs=10, frozen_epochs=20, tune_epochs=3, views=1
    )
    monkeypatch.setattr(config, "QUICK", quick)
    monkeypatch.setattr(config, "FULL", dataclasses.replace(config.FULL, epochs=100, tune_epochs=30))


def test_work_on_maps_goes_with_the_area_and_the_head_does_not():
    half = FROZEN.at(100)
    assert half.steps == pytest.approx({"judge": 0.0025, "view": 0.005, "head": 0.001, "tune": 0.001})
    assert half.image_size == 100 and half.start == 5.0


def test_training_of_all_layers_takes_its_epochs_and_their_validation(profiles):
    # 7 + 10 × (700 × .1 + 150 × .01)
    assert work().training(WHOLE, EXTENT, 0.0) == pytest.approx(722)
    assert work(epochs=2).training(WHOLE, EXTENT, 1.0) == pytest.approx(150)


def test_frozen_layers_are_passed_once_for_each_view_or_in_every_epoch(profiles):
    # 5, 1 view of 700 images at .02 and 150 plain ones at .01; heads and fine-tuning of 700 + 50: 20 × .001 + 3 × .004
    assert work().training(FROZEN, EXTENT, 0.0) == pytest.approx(5 + 14 + 1.5 + 24)
    uncached = work(no_cache_activations=True).training(FROZEN, EXTENT, 0.0)
    assert uncached == pytest.approx(5 + 23 * (14 + 1.5) + 24)


def test_length_goes_from_the_least_to_the_full_one_but_what_was_asked_stays(profiles):
    assert work().length(FROZEN, 0.0) == Length(20, 3, 1)
    assert work().length(FROZEN, 1.0) == Length(100, 30, config.NETWORKS["mobilenet"].views)
    assert work().length(WHOLE, 0.5) == Length(55, 16, 0)
    asked = work(epochs=2, tune_epochs=0, views=4)
    assert asked.length(FROZEN, 0.7) == Length(2, 0, 2)  # never more views than epochs


def test_all_stages_count(profiles):
    judged = forecast.JUDGED + forecast.JUDGED_FOR_EACH_TEST_IMAGE * 150 + forecast.VIEWS_OF_VALIDATION * 150
    later = forecast.LATER_SECONDS + forecast.BOOTSTRAP_SECONDS * 150 + 0.01 * judged
    assert work(WHOLE).seconds(EXTENT, [0.0]) == pytest.approx(1000 * 0.05 + 722 + later)
    assert replace(work(WHOLE), spent=60.0).seconds(EXTENT, [0.0]) == pytest.approx(60 + 1000 * 0.05 + 722 + later)


def test_pixels_give_way_first_then_rows(profiles):
    # At 200 pixels 722 s of training and 50 of reading come to some 1,000 with what is later; a quarter fits easily.
    assert forecast.choose_size(work(WHOLE), replace(EXTENT, rows=400), (200, 100)) == 200
    assert forecast.choose_size(work(WHOLE), EXTENT, (200, 100)) == 100
    assert forecast.choose_size(work(WHOLE), replace(EXTENT, rows=10**6), (200, 100)) == 100
    assert forecast.choose_rows(work(WHOLE), replace(EXTENT, rows=400), 200).rows == 400
    cut = forecast.choose_rows(work(WHOLE), Extent(5050, 200, external=505), 200)
    assert 100 < cut.rows < 5050 and cut.rows % 100 == 0 and cut.external == round(cut.rows / 10)
    more = Extent(cut.rows + 100, 200, cut.external + 10)
    assert work(WHOLE).seconds(cut, [0.0]) <= 1000 < work(WHOLE).seconds(more, [0.0])


def test_there_are_never_fewer_rows_than_make_sense_even_if_they_take_too_long(profiles):
    slow = replace(WHOLE, steps={"judge": 1.0, "whole": 10.0})
    assert forecast.choose_rows(work(slow), EXTENT, 200).rows == 100
    assert forecast.choose_rows(work(slow), replace(EXTENT, rows=40), 200).rows == 40
    assert forecast.choose_shares(work(slow), replace(EXTENT, rows=40)) == [0]


def test_what_time_is_left_goes_into_the_training(profiles):
    small = replace(EXTENT, rows=200)
    (share,) = forecast.choose_shares(work(WHOLE), small)
    assert 0 < share < 1
    assert work(WHOLE).seconds(small, [share]) <= 1000 < work(WHOLE).seconds(small, [share + 0.02])
    quick = replace(WHOLE, steps={"judge": 1e-4, "whole": 1e-3})
    assert forecast.choose_shares(work(quick), small) == [1]


def test_a_network_that_is_done_soon_is_trained_in_full_and_leaves_the_rest_to_the_others(profiles):
    soon = replace(FROZEN, steps={"judge": 1e-4, "view": 1e-3, "head": 1e-5, "tune": 1e-4})
    slow, quick = forecast.choose_shares(work(WHOLE, soon), replace(EXTENT, rows=200))
    assert quick == 1 and 0 < slow < 1


def test_few_or_small_images_are_not_worth_a_plan():
    assert not forecast.worth_planning(60, 224) and forecast.worth_planning(61, 224)
    assert not forecast.worth_planning(2000, 32) and forecast.worth_planning(4000, 32)

"""What a study would take and add, worked out from the runs that are there."""

from dataclasses import replace

import artefacts as fake
import pytest

from lesion.records.preparation import PlannedTraining, ProfilePlan
from lesion.records.training import ActivationsRecord, PhaseRecord
from lesion.report.writing import outlook

COUNTS = {
    "train": {"benign": 40, "malignant": 30},
    "validation": {"benign": 10, "malignant": 10},
    "test": {"benign": 5, "malignant": 5},
    "external": {"benign": 900, "malignant": 900},
}


def run(model, seconds, activations=None):
    phases = [PhaseRecord(f"phase {place}", 9, 1000, each) for place, each in enumerate(seconds)]
    return replace(fake.trained(model), phases=phases, activations=activations)


def test_epochs_count_for_every_training_and_frozen_layers_once_for_all_images():
    assert outlook.seconds([run("scratch", [10.0])], COUNTS) == pytest.approx(150)  # 5 folds × 3 partitions
    # 2 views of 70 images and 20 as they are passed in 32 s: .2 s each. A study passes 100 images three times: 60 s.
    cached = run("mobilenet", [1.0, 3.0], ActivationsRecord(views=2, layers=["add"], bytes=1, seconds=32.0))
    assert outlook.seconds([cached], COUNTS) == pytest.approx(15 * 4 + 60)
    assert outlook.seconds([run("scratch", [10.0]), cached], COUNTS) == pytest.approx(270)


def test_advice_says_how_to_run_a_study_how_long_it_takes_and_what_it_adds():
    said = outlook.advice([run("scratch", [240.0]), run("mobilenet", [248.0])], COUNTS)
    assert "`invoke study`" in said and "15 trainings each (5 folds × 3 partitions, about 2 h 02 min)" in said
    assert "compares the networks" in said and "almost three times as finely" in said


def test_the_time_of_trainings_that_slowed_each_other_is_an_upper_bound():
    said = outlook.advice([replace(run("scratch", [240.0]), at_once=3)], COUNTS)
    assert "partitions, at most about 1 h 00 min)" in said


def test_advice_names_no_time_if_no_run_is_there():
    said = outlook.advice([], COUNTS)
    assert "invoke study" in said and "about" not in said


def test_what_was_cut_for_time_is_said_with_the_time_and_command_of_the_full_experiment():
    plan = ProfilePlan(
        "no GPU is visible",
        2000,
        17214,
        128,
        224,
        1700.0,
        72000.0,
        [PlannedTraining("scratch", "auto", 12, 0, 0, 900.0, 50000.0, shortened=True)],
    )
    said = outlook.cut_for_time(plan, "invoke all --profile full")
    assert (
        "no GPU is visible" in said and "2,000 of 17,214 images" in said and "128 × 128 pixels instead of 224" in said
    )
    assert "up to about 20 h 00 min on the same machine: `invoke all --profile full`" in said
    only_epochs = outlook.cut_for_time(replace(plan, rows=17214, image_size=224), "invoke all")
    assert "17,214" not in only_epochs and "pixels" not in only_epochs and "shorter trainings" in only_epochs

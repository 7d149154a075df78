"""What the profile `quick` takes: decided once, noted, and said; the speeds here are given, not measured."""

from types import SimpleNamespace

import pytest

from lesion import config, options
from lesion.networks.planned import planning
from lesion.networks.planned.forecast import Speed
from lesion.networks.planned.planning import Images, Request
from lesion.records.preparation import PlannedTraining, ProfilePlan, SourceRecord

VALUES = {name: option.default for name, option in options.STAGES["all"].items()}
PLAN = ProfilePlan(
    reason="no GPU is visible",
    rows=2000,
    of=17214,
    image_size=128,
    full_image_size=224,
    seconds=1740.0,
    full_seconds=72000.0,
    trainings=[
        PlannedTraining("scratch", "auto", 12, 0, 0, 900.0, 50000.0, True),
        PlannedTraining("mobilenet", "auto", 20, 3, 2, 90.0, 2000.0, True),
    ],
)


def machine(slower=1.0):
    """Return a measuring function of a machine, and the list of what it was asked for."""
    asked = []

    def measure(names, size):
        asked.append((tuple(names), size))
        factor = slower * (size / 224) ** 2
        return [Speed(name, "auto", False, size, {"judge": 0.02 * factor, "whole": 0.07 * factor}, 5) for name in names]

    return measure, asked


def plan(rows, slower=1.0, **typed):
    values = {**VALUES, **typed}
    measure, asked = machine(slower)
    made = planning.plan_experiment(Request(values, 0.02, "as asked"), Images.of(rows, 0, values), measure)
    return made, asked


def data(made=PLAN, source="isic", rows=2000, size=128):
    counts = {"train": {"benign": 700, "malignant": 700}}
    return SimpleNamespace(
        plan=made,
        source=SourceRecord(source, "", None),
        rows=rows,
        settings=SimpleNamespace(image_size=size),
        counts=counts,
    )


def test_a_large_set_is_cut_to_the_time_and_networks_are_timed_at_the_size_that_is_taken():
    made, asked = plan(17214)
    assert (made.of, made.image_size, made.full_image_size) == (17214, 96, 224)
    assert config.QUICK.rows <= made.rows < 17214 and 0.9 * config.QUICK.seconds < made.seconds <= config.QUICK.seconds
    assert made.full_seconds > 24 * 3600
    assert asked == [(tuple(config.NETWORKS), 224), (tuple(config.NETWORKS), 96)]
    assert all(each.epochs >= config.QUICK.epochs and each.shortened for each in made.trainings)


def test_a_small_set_is_taken_as_it_is_and_gets_all_epochs():
    made, asked = plan(100, slower=0.1)
    assert (made.rows, made.of, made.image_size) == (100, 100, 224)
    assert [each.epochs for each in made.trainings] == [config.FULL.epochs] * 3 and len(asked) == 1
    assert made.full_seconds == pytest.approx(made.seconds, rel=0.01)
    taken, times = planning.sentences(made, "invoke all --profile full")
    assert taken.startswith("all of it fits: all 100 images, 224 × 224 pixels") and "full" not in times


def test_what_was_asked_is_not_planned():
    made, asked = plan(17214, model="scratch", limit=17214, image_size=64, epochs=7)
    assert (made.rows, made.image_size, made.full_image_size) == (17214, 64, 64)
    assert asked == [(("scratch",), 64)] and [(each.epochs, each.shortened) for each in made.trainings] == [(7, False)]


def test_data_keep_their_profile_unless_another_one_is_asked_for():
    assert planning.is_quick("auto", data()) and not planning.is_quick("auto", data(None))
    assert planning.is_quick("quick", data(None)) and not planning.is_quick("quick", data(None, rows=50))
    assert not planning.is_quick("full", data())
    assert not planning.is_quick("quick", data(None, source="sample"))


def test_planned_lengths_take_the_place_of_what_was_left_out():
    taken = planning.lengths(PLAN, "mobilenet", VALUES)
    assert (taken["epochs"], taken["tune_epochs"], taken["views"]) == (20, 3, 2)
    typed = planning.lengths(PLAN, "mobilenet", {**VALUES, "epochs": 1, "tune_epochs": 0})
    assert (typed["epochs"], typed["tune_epochs"], typed["views"]) == (1, 0, 1)
    scratch = planning.lengths(PLAN, "scratch", VALUES)
    assert scratch["epochs"] == 12 and scratch["views"] == options.AS_PROFILE


def test_a_network_or_weights_without_a_plan_are_planned_on_the_images_as_they_are():
    names = ["scratch", "mobilenet", "efficientnet"]
    assert planning.unplanned(names, "auto", data()) == ["efficientnet"]
    assert planning.unplanned(names, "none", data()) == names
    assert planning.unplanned(names, "auto", data(None)) == names


def test_the_plan_is_said_with_what_the_full_experiment_takes_and_its_command():
    taken, times = planning.sentences(PLAN, "invoke all --profile full")
    assert "2,000 of 17,214 images, 128 × 128 pixels" in taken
    assert "CNN from scratch at most 12 epochs and MobileNetV2 at most 20 + 3 epochs" in taken
    assert "about 29 min for all stages" in times and "about 20 h 00 min here: invoke all --profile full" in times

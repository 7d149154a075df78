import pytest

from lesion.studies import benchmark, timing


def test_ways_are_run_in_turn_and_the_first_run_of_each_does_not_count():
    calls = []
    seconds = timing.alternate_warm({"slow": lambda: calls.append("slow"), "fast": lambda: calls.append("fast")}, 3)
    assert calls == ["slow", "fast"] * 4
    assert {way: len(each) for way, each in seconds.items()} == {"slow": 3, "fast": 3}


def test_the_ratio_is_that_of_the_medians():
    assert timing.ratio([10.0, 12.0, 500.0], [0.1, 3.0, 5.0]) == 4.0


def test_a_whole_training_is_added_up_from_medians_with_its_passes():
    epochs = {
        "frozen": {"straightforward": [30.0, 31.0, 90.0], "cached": [0.5, 0.5, 7.0]},
        "tune": {"straightforward": [40.0, 40.0, 41.0], "cached": [12.0, 11.0, 13.0]},
    }
    whole = benchmark.compose(epochs, {"view": [20.0, 22.0, 21.0], "validation": [4.0]}, views=4, frozen=30, tuned=10)
    assert whole["straightforward_seconds"] == 30 * 31 + 10 * 40
    assert whole["cached_seconds"] == 4 * 21 + 4 + 30 * 0.5 + 10 * 12
    assert whole["ratio"] == pytest.approx(1330 / 223)


def test_the_machine_is_named():
    machine = timing.machine()
    assert machine["processor"]
    assert machine["cores"] >= 1

from lesion.studies import timing


def test_ways_are_run_in_turn_and_the_first_run_of_each_does_not_count():
    calls = []
    seconds = timing.alternate_warm({"slow": lambda: calls.append("slow"), "fast": lambda: calls.append("fast")}, 3)
    assert calls == ["slow", "fast"] * 4
    assert {way: len(each) for way, each in seconds.items()} == {"slow": 3, "fast": 3}


def test_the_ratio_is_that_of_the_medians():
    assert timing.ratio([10.0, 12.0, 500.0], [0.1, 3.0, 5.0]) == 4.0


def test_the_machine_is_named():
    machine = timing.machine()
    assert machine.processor
    assert machine.cores >= 1

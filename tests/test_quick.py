"""How fast networks are trained, measured by processes of their own."""

import argparse
import subprocess
from pathlib import Path

import pytest
import quick

from lesion import config, options, store
from lesion.errors import LesionError
from lesion.networks.planned.forecast import Speed

SPEED = Speed("mobilenet", "none", True, 96, {"judge": 0.01, "view": 0.02, "head": 0.001, "tune": 0.004}, start=5.0)
VALUES = argparse.Namespace(weights="none", batch_size=options.AS_PROFILE)


@pytest.fixture
def child(tmp_path, monkeypatch):
    """Return a function that sets what the process writes and its exit status; it notes its arguments in `.asked`."""
    monkeypatch.setattr(config, "HOME", tmp_path)

    def ends(status, words="", result=None):
        def run(arguments, log, environment):
            ends.asked = arguments
            Path(log).write_text(words)
            if result:
                store.write_record(Path(arguments[-1].partition("=")[2]), result)
            return status, 1.0

        monkeypatch.setattr(quick.children, "run_child", run)

    return ends


def test_what_the_process_measured_comes_back_and_its_files_are_removed(child, tmp_path):
    child(0, result=SPEED)
    assert quick.measured(VALUES)(["mobilenet"], 96) == [SPEED]
    assert child.asked[0].endswith("speed.py")
    assert {"--model=mobilenet", "--weights=none", "--image-size=96", "--batch-size=32"} <= set(child.asked)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("status", "words", "said"),
    [
        (2, "a note\nerror: the weights are damaged\n", r"^the weights are damaged$"),
        (-9, "", "signal 9, perhaps because memory ran out"),
        (1, "", "ended with status 1"),
    ],
)
def test_a_measurement_that_fails_says_why(child, status, words, said):
    child(status, words)
    with pytest.raises(LesionError, match=said):
        quick.measured(VALUES)(["mobilenet"], 96)


def test_a_network_is_timed_for_real(tmp_path):
    result = tmp_path / "speed.json"
    asked = {"model": "scratch", "weights": "none", "image_size": 32, "batch_size": 8, "result": str(result)}
    process = subprocess.Popen(options.command("speed", asked), stdin=subprocess.PIPE)
    assert process.wait() == 0
    process.stdin.close()
    speed = store.read_record(result, Speed, "the test")
    assert (speed.model, speed.frozen, speed.image_size) == ("scratch", False, 32)
    assert set(speed.steps) == {"judge", "whole"} and all(0 < seconds < 10 for seconds in speed.steps.values())

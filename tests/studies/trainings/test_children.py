"""Child processes, with small scripts in place of trainings."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from lesion import config
from lesion.studies.trainings.children import Job, one_after_the_other, run_child

WAITS = f"""
import sys, time, os
sys.path.insert(0, {str(config.PROJECT)!r})
from lesion.studies.trainings import children
children.leave_with_parent()
print(os.getpid(), flush=True)
time.sleep(60)
"""
STARTS = f"""
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background of a shell it would be ignored
sys.path.insert(0, {str(config.PROJECT)!r})
from lesion.studies.trainings import children
children.run_child(["-c", sys.argv[1]], sys.argv[2], {{}})
"""


def first_line(log):
    """Return the first line of a log once it is there."""
    for _ in range(600):
        if log.exists() and log.read_text().endswith("\n"):
            return log.read_text().splitlines()[0]
        time.sleep(0.05)
    raise AssertionError(f"{log} stays empty")


def runs(process):
    """Tell whether a process is there, for up to 10 s if it should not be."""
    for _ in range(200):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.05)
    return True


def test_children_run_in_order_with_their_environment_and_words_in_a_log(tmp_path):
    script = "import os, sys; print(os.environ['NUMBER']); sys.exit(int(os.environ['NUMBER']))"
    jobs = [Job(str(number), ["-c", script], str(tmp_path / "log"), {"NUMBER": str(number)}) for number in (0, 1, 2)]
    outcomes = list(one_after_the_other(jobs))
    assert [(each.name, each.status) for each in outcomes] == [("0", 0), ("1", 1), ("2", 2)]
    assert (tmp_path / "log").read_text().split() == ["0", "1", "2"]
    assert all(each.seconds > 0 for each in outcomes)


def test_a_child_that_is_killed_says_by_which_signal(tmp_path):
    status, _ = run_child(["-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"], str(tmp_path / "log"), {})
    assert status == -signal.SIGKILL


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_a_child_leaves_when_its_parent_ends_however_that_ends(tmp_path, end):
    log = tmp_path / "log"
    parent = subprocess.Popen([sys.executable, "-c", STARTS, WAITS, str(log)], stderr=subprocess.DEVNULL)
    child = int(first_line(log))
    parent.send_signal(end)
    assert parent.wait(30) != 0
    assert not runs(child)


def test_a_child_leaves_when_nobody_wants_its_result_any_more(tmp_path):
    log, wanted = tmp_path / "log", threading.Event()
    threading.Thread(target=lambda: (first_line(log), wanted.set()), daemon=True).start()
    status, _ = run_child(["-c", WAITS], str(log), {}, wanted.is_set)
    assert status == 3 and not runs(int(first_line(log)))

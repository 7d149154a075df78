"""Networks that are trained at once, each in a process of its own: however one of them ends, it is said."""

import os
import signal
import time
from types import SimpleNamespace

import beside
import pytest
from faults.ending import run, stage, start
from invoking import PROJECT

from lesion import config

RESUMES = "what was finished is kept, the same command resumes"


def at_once(scratch, mobilenet):
    """Return the command of a stage that does two works at once."""
    body = [
        f"sys.path.insert(0, {str(PROJECT / 'tests')!r})",
        "from functools import partial",
        "import beside",
        "from faults import works",
        f"return beside.run({{'scratch': {scratch}, 'mobilenet': {mobilenet}}})",
    ]
    return stage("\n".join(body))


def waiting(folder):
    """Start a stage whose two works wait; return it and the numbers of their processes."""
    works = [f"partial(works.wait, {str(folder)!r}, {name!r})" for name in ("one", "two")]
    child = start(at_once(*works), folder)
    end = time.monotonic() + 60
    while not all((folder / name).exists() for name in ("one", "two")):
        assert time.monotonic() < end and child.poll() is None
        time.sleep(0.05)
    return child, [int((folder / name).read_text()) for name in ("one", "two")]


def all_end(processes):
    """Tell whether processes that are no children of this one end."""
    for _ in range(600):
        if not any(os.path.exists(f"/proc/{process}") for process in processes):
            return True
        time.sleep(0.05)
    return False


def test_works_are_done_at_once_and_all_must_succeed(tmp_path):
    works = [f"partial(works.meet, {str(tmp_path)!r}, {own!r}, {other!r})" for own, other in ("ab", "ba")]
    status, out, err = run(at_once(*works), tmp_path)
    assert (status, err) == (0, "") and sorted(out.splitlines()) == ["train: a has met b", "train: b has met a"]
    assert run(at_once("works.fail", "partial(bool, 1)"), tmp_path) == (1, "train: it failed\n", "")


def test_a_work_that_cannot_go_on_says_why_and_the_other_one_is_done(tmp_path):
    done = f"partial(works.meet, {str(tmp_path)!r}, 'a', 'a')"
    said = "error: a folder is missing: make it\n"
    assert run(at_once("works.stop", done), tmp_path) == (2, "train: a has met a\n", said)


def test_a_training_that_is_killed_is_named(tmp_path):
    assert run(at_once("partial(bool, 1)", "works.die"), tmp_path) == (
        2,
        "",
        "error: the training of MobileNetV2 was ended by signal 9, perhaps because memory ran out: close other "
        f"programs, or train one network at a time (--model mobilenet); {RESUMES}\n",
    )


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_a_stage_that_is_stopped_says_so_once_and_leaves_no_process(tmp_path, end):
    child, processes = waiting(tmp_path)
    for process in (child.pid, *(processes if end == signal.SIGINT else [])):  # a terminal tells all of them
        os.kill(process, end)
    _, err = child.communicate(timeout=60)
    by = "SIGTERM" if end == signal.SIGTERM else "Ctrl-C"
    assert (child.returncode, err) == (2, f"error: prepare: stopped by {by}; {RESUMES}\n")
    assert all_end(processes)


def test_a_stage_that_is_killed_leaves_no_process(tmp_path):
    child, processes = waiting(tmp_path)
    child.kill()
    child.communicate(timeout=60)
    assert all_end(processes)


@pytest.mark.parametrize(
    ("networks", "drawn", "size", "cores", "gpu", "expected"),
    [
        (3, True, 64, 2, False, True),
        (1, True, 64, 2, False, False),
        (3, False, 64, 2, False, False),
        (3, True, 224, 2, False, False),
        (3, True, 64, 1, False, False),
        (3, True, 64, 2, True, False),
    ],
)
def test_several_small_networks_are_trained_at_once_where_there_are_cores(
    monkeypatch, networks, drawn, size, cores, gpu, expected
):
    monkeypatch.setattr(config, "CORES", cores)
    monkeypatch.setattr(beside.profile, "gpu_visible", lambda: gpu)
    data = SimpleNamespace(source=SimpleNamespace(drawn=drawn), settings=SimpleNamespace(image_size=size))
    assert beside.pays(networks, data) is expected

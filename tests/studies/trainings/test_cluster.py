"""Jobs by Dask: on this machine, and on workers that were started as commands elsewhere."""

import importlib.util
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from lesion.errors import LesionError
from lesion.studies.trainings import cluster, machines
from lesion.studies.trainings.children import Job, Outcome

needs_dask = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="Dask is missing: pip install -r requirements-cluster.txt"
)
LIMIT = 10.0  # seconds after which a test gives up

# A job leaves at the end of its input, as a training does, and notes its process and its worker's in a file.
BEGIN = """
import os, pathlib, sys, threading, time
def watch():
    os.read(0, 1)
    os._exit(3)
threading.Thread(target=watch, daemon=True).start()
name = sys.argv[1]
with open("begun-" + name, "a") as file:
    print(os.getpid(), os.getppid(), os.environ.get("CUDA_VISIBLE_DEVICES"), file=file)
def wait_for(path):
    while not pathlib.Path(path).exists():
        time.sleep(.02)
"""


@pytest.fixture
def make_job(tmp_path):
    """Return a function that makes a job of a name and the lines of its script; it works in the test's folder."""

    def make(name, lines):
        script = tmp_path / f"{name}.py"
        script.write_text(f"import os; os.chdir({str(tmp_path)!r})\n{BEGIN}\n{lines}\n")
        return Job(name, [str(script), name], str(tmp_path / "log.txt"), {})

    return make


def until(condition):
    """Wait until `condition` is true; fail after the limit."""
    end = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


def begun(folder, name):
    """Return process, worker and GPUs of each run of a job so far, as text."""
    path = folder / f"begun-{name}"
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def alive(process):
    """Tell whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def in_background(outcomes):
    """Collect outcomes in a thread; return the thread and the list that it fills."""
    collected = []
    thread = threading.Thread(target=lambda: collected.extend(outcomes), daemon=True)
    thread.start()
    return thread, collected


def statuses(outcomes):
    return {outcome.name: outcome.status for outcome in outcomes}


@pytest.fixture
def two_gpus(tmp_path, monkeypatch):
    """Let NVIDIA's driver say that there are two GPUs, of which all may be used."""
    driver = tmp_path / "nvidia-smi"
    driver.write_text("#!/bin/sh\necho 'GPU 0: NVIDIA (UUID: a)'\necho 'GPU 1: NVIDIA (UUID: b)'\n")
    driver.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


# --- on this machine ---------------------------------------------------------------------------------
@needs_dask
def test_a_job_that_loses_its_worker_is_tried_again_and_the_others_are_done_once(make_job, tmp_path, capfd):
    import dask
    import distributed  # noqa: F401  # brings the settings that are changed

    # It waits until the others are known to have ended: what a worker has done and not yet told is done again.
    kill = "wait_for('others-ended'); import signal; os.kill(os.getppid(), signal.SIGKILL); time.sleep(60)"
    jobs = [make_job("deadly", kill), make_job("failing", "sys.exit(1)"), make_job("quick", "")]
    outcomes = []
    with dask.config.set({"distributed.scheduler.allowed-failures": 1}):
        for outcome in cluster.on_this_machine(jobs, 2):
            outcomes.append(outcome)
            if len(outcomes) == 2:
                (tmp_path / "others-ended").touch()
    assert Outcome("deadly", -9, 0.0) in outcomes
    assert statuses(outcomes) == {"deadly": -9, "failing": 1, "quick": 0}
    assert {job.name: len(begun(tmp_path, job.name)) for job in jobs} == {"deadly": 2, "failing": 1, "quick": 1}
    (child, worker, _), (other_child, other_worker, _) = begun(tmp_path, "deadly")
    assert worker != other_worker
    until(lambda: not any(map(alive, (child, worker, other_child, other_worker))))
    assert capfd.readouterr() == ("", "")  # Dask talks about killed workers; the user does not hear it


@needs_dask
def test_each_worker_has_a_gpu_of_its_own_and_nothing_is_left_when_nobody_listens(two_gpus, make_job, tmp_path, capsys):
    jobs = [make_job("quick", "wait_for('begun-long')"), make_job("long", "time.sleep(60)"), make_job("more", "")]
    outcomes = cluster.on_this_machine(jobs, 3)
    assert next(outcomes).name == "quick"
    assert capsys.readouterr().out == "3 trainings at a time were asked for; there is a GPU for 2\n"
    outcomes.close()
    runs = [begun(tmp_path, name)[0] for name in ("quick", "long")]
    assert {gpu for _, _, gpu in runs} == {"0", "1"}
    assert not any(alive(child) or alive(worker) for child, worker, _ in runs)


def test_only_the_gpus_that_the_user_chose_are_used(two_gpus, monkeypatch):
    for chosen, gpus in {"1": ["1"], "1,0": ["1", "0"], "-1": [], "": []}.items():
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
        assert machines.graphics_processors() == gpus


# --- on a cluster -------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def scheduler():
    """Start a scheduler as a command; yield its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard", "--dashboard-address"]
    process = dask_command([*options, "127.0.0.1:0"], "/")
    yield f"tcp://127.0.0.1:{port}"
    process.terminate()
    process.wait(LIMIT)


@pytest.fixture
def start_worker(scheduler, tmp_path):
    """Return a function that starts a worker as a command, in a folder without the project; it ends with the test."""
    processes = []

    def start(threads=1, **environment):
        options = [
            "worker",
            scheduler,
            "--nthreads",
            str(threads),
            "--no-nanny",
            "--no-dashboard",
            "--host",
            "127.0.0.1",
        ]
        folder = tmp_path / f"worker{len(processes)}"
        folder.mkdir()
        processes.append(dask_command([*options, "--local-directory", str(folder)], folder, environment))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait(LIMIT)
    until(lambda: not workers_at(scheduler))


def dask_command(words, folder, environment=None):
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *words],
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def workers_at(address):
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        return client.nthreads()


@needs_dask
def test_a_scheduler_without_workers_says_how_to_start_one(scheduler, make_job, tmp_path):
    with pytest.raises(LesionError, match=f"no worker at {scheduler}: .*`dask worker {scheduler} --nthreads 1`"):
        next(cluster.at([make_job("any", "")], scheduler, tmp_path))


@needs_dask
def test_a_late_worker_takes_part_and_a_killed_one_loses_nothing(scheduler, start_worker, make_job, tmp_path, capfd):
    first = start_worker()
    until(lambda: workers_at(scheduler))
    jobs = [make_job("one", "wait_for('begun-two'); wait_for('again')"), make_job("two", ""), make_job("three", "")]
    thread, outcomes = in_background(cluster.at(jobs, scheduler, tmp_path))
    until(lambda: begun(tmp_path, "one"))
    start_worker()
    until(lambda: begun(tmp_path, "two"))  # while `one` keeps the first worker busy
    (child, worker, _) = begun(tmp_path, "one")[0]
    assert worker == str(first.pid)
    first.kill()
    until(lambda: not alive(child))
    (tmp_path / "again").touch()
    thread.join(LIMIT)
    assert statuses(outcomes) == {"one": 0, "two": 0, "three": 0}
    assert [len(begun(tmp_path, name)) for name in ("one", "two", "three")] == [2, 1, 1]
    assert not list(tmp_path.glob(".shared*"))
    assert capfd.readouterr() == ("", "")


@needs_dask
def test_jobs_of_a_cluster_end_when_somebody_stops_listening(scheduler, start_worker, make_job, tmp_path):
    worker = start_worker(threads=2)
    jobs = [make_job("quick", "wait_for('begun-long')"), make_job("long", "time.sleep(60)"), make_job("queued", "")]
    until(lambda: workers_at(scheduler))
    outcomes = cluster.at(jobs, scheduler, tmp_path)
    assert next(outcomes).name == "quick"
    outcomes.close()
    until(lambda: not [run for run in begun(tmp_path, "long") if alive(run[0])])
    assert not begun(tmp_path, "queued")
    assert alive(worker.pid)  # it is not ours


@needs_dask
def test_an_unfit_worker_is_refused_and_a_late_one_sent_away(scheduler, start_worker, make_job, tmp_path, capsys):
    other = tmp_path / "other" / "keras-0.0.1.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: keras\nVersion: 0.0.1\n")
    unfit = start_worker(PYTHONPATH=str(other.parent))
    until(lambda: workers_at(scheduler))
    with pytest.raises(LesionError, match=r"^worker tcp://127.0.0.1:\d+ has keras 0\.0\.1 and not "):
        next(cluster.at([make_job("any", "")], scheduler, tmp_path))
    unfit.kill()
    until(lambda: not workers_at(scheduler))

    start_worker()
    until(lambda: workers_at(scheduler))
    jobs = [make_job("one", "wait_for('away')"), make_job("two", "")]
    thread, outcomes = in_background(cluster.at(jobs, scheduler, tmp_path))
    until(lambda: begun(tmp_path, "one"))
    late = start_worker(PYTHONPATH=str(other.parent))
    until(lambda: late.poll() is not None)
    (tmp_path / "away").touch()
    thread.join(LIMIT)
    assert statuses(outcomes) == {"one": 0, "two": 0}
    assert "is sent away: it has keras 0.0.1 and not " in capsys.readouterr().out
    assert begun(tmp_path, "one")[0][1] == begun(tmp_path, "two")[0][1]


@needs_dask
@pytest.mark.parametrize("listens", [True, False])
def test_an_address_that_does_not_answer_is_named(listens, make_job, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "ANSWER", 1.0)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if listens:
            silent.listen()
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(LesionError, match=f"^no Dask scheduler answers at {address}: start one"):
            next(cluster.at([make_job("any", "")], address, tmp_path))


# --- everywhere ---------------------------------------------------------------------------------------
def test_without_dask_the_command_that_installs_it_is_named(make_job, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    for outcomes in (
        cluster.on_this_machine([make_job("any", "")], 2),
        cluster.at([make_job("any", "")], "tcp://127.0.0.1:1", tmp_path),
    ):
        with pytest.raises(LesionError, match=r"pip install -r requirements-cluster\.txt$"):
            next(outcomes)


def test_a_machine_that_does_not_share_the_files_or_versions_says_which(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("one")
    wanted = machines.versions(["numpy", "no-such-package"])
    files = machines.digests([script])
    assert wanted["no-such-package"] == "none"
    assert machines.difference(wanted, files) == ""
    assert machines.difference({**wanted, "python": "2.7.1"}, files).endswith(
        "and not 2.7.1: install the same version everywhere"
    )
    script.write_text("two")
    assert machines.difference(wanted, files).startswith(f"sees another {script}: ")
    script.unlink()
    assert machines.difference(wanted, files).startswith(f"does not see {script}: ")

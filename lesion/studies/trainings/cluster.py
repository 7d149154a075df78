"""Many trainings at once by Dask: on this machine, or on a cluster that is already there.

All of Dask is in this module, so that another engine can take its place. What runs on a worker is sent to it by value
and uses nothing but the standard library and Dask: a worker needs no copy of this package on its import path.
"""

import asyncio
import contextlib
import logging
import queue
import secrets
import sys
import tempfile
import time
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lesion import config, store
from lesion.console import say
from lesion.errors import LesionError
from lesion.studies.trainings import children, machines
from lesion.studies.trainings.children import Job, Outcome, run_child
from lesion.studies.trainings.machines import difference

if TYPE_CHECKING:  # it need not be installed
    from distributed import Client, Future, SpecCluster

LOOPBACK = "127.0.0.1"
ANSWER = 10.0  # seconds for the scheduler's answer, and without any worker until a line says so
LOOK = 1.0  # seconds between two looks for new workers
CLOSING = 60.0  # seconds for the workers on this machine to end; one that is being restarted is waited for
KILLED = -9  # status of a job that lost its worker too often
PACKAGES = (*store.PACKAGES, "dask", "distributed")  # whose versions must be the same everywhere
CHATTER = ("distributed", "tornado", "asyncio")  # loggers of Dask and of what it stands on

Report = tuple[str, str, int, float]  # address of the worker, what is wrong with it, status and seconds of the child


def require() -> None:
    """Make Dask ready and quiet; raises LesionError that names the command if it is not installed."""
    try:
        import cloudpickle
        import distributed  # noqa: F401  # its loggers are made by the import
    except ImportError:
        raise LesionError(
            "--workers and --cluster need Dask, which is not installed: pip install -r requirements-cluster.txt"
        ) from None
    for module in (children, machines, sys.modules[__name__]):
        cloudpickle.register_pickle_by_value(module)
    for name in (*CHATTER, *logging.root.manager.loggerDict):
        if name.split(".")[0] in CHATTER:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def on_this_machine(jobs: Sequence[Job], workers: int) -> Generator[Outcome, None, None]:
    """Run `jobs` on this machine, `workers` of them (1 or more) at a time; yield outcomes as they end.

    With GPUs there is one worker for each at most, and it sees that GPU alone. Closed before the end, it leaves no
    process. Raises LesionError if Dask is not installed.
    """
    require()
    with _workers(min(workers, len(jobs))) as cluster, cluster.get_client() as client:
        yield from _Study(client, cluster.scheduler_address).run(jobs)


def at(jobs: Sequence[Job], address: str, folder: Path) -> Generator[Outcome, None, None]:
    """Run `jobs` on the workers of the Dask scheduler at `address`; yield outcomes as they end.

    The `folder` of the study is on a file system that all workers share. Closed before the end, it stops the jobs that
    run. A worker that comes later and is unfit is sent away. Raises LesionError if Dask is not installed, if the
    scheduler does not answer or goes away, if it has no workers, or if one of them does not see the folder, has other
    versions or another program.
    """
    require()
    token = folder / f".shared-{secrets.token_hex(8)}"
    with contextlib.closing(_connect(address)) as client:
        try:
            store.write_text(token, secrets.token_hex(16))
            study = _Study(client, address, machines.versions(PACKAGES), machines.digests([token, *_program(jobs)]))
            study.check()
            yield from study.run(jobs)
        finally:
            token.unlink(missing_ok=True)


def _program(jobs: Sequence[Job]) -> list[Path]:
    """Return the files that must be the same on all machines: the scripts of `jobs` and this package."""
    scripts = {Path(job.arguments[0]) for job in jobs}
    return [*sorted(scripts), *sorted((config.PROJECT / "lesion").rglob("*.py"))]


@contextlib.contextmanager
def _workers(number: int) -> "Iterator[SpecCluster]":
    """Yield a scheduler with `number` workers, or one for each GPU, that this machine alone can reach; end them."""
    import dask
    from distributed import Nanny, Scheduler, SpecCluster

    gpus = machines.graphics_processors()[:number]
    environments = [{"CUDA_VISIBLE_DEVICES": gpu} for gpu in gpus] or [{}] * number
    if len(environments) < number:
        say(f"{number} trainings at a time were asked for; there is a GPU for {len(environments)}")
    options = {"host": LOOPBACK, "port": 0, "dashboard": False, "dashboard_address": f"{LOOPBACK}:0"}
    # Set before a worker imports its loggers; in place of Dask's own settings, which take threads from the children.
    before = {f"DASK_LOGGING__{name.upper()}": "critical" for name in CHATTER}
    with tempfile.TemporaryDirectory(prefix="lesion-workers-", ignore_cleanup_errors=True) as scratch:
        worker = {"nthreads": 1, "host": LOOPBACK, "memory_limit": 0, "local_directory": scratch, "dashboard": False}
        places = {
            place: {"cls": Nanny, "options": {**worker, "env": environment}}
            for place, environment in enumerate(environments)
        }
        with dask.config.set({"distributed.nanny.pre-spawn-environ": before}):
            cluster = SpecCluster(workers=places, scheduler={"cls": Scheduler, "options": options})
        try:
            yield cluster
        finally:
            with contextlib.suppress(TimeoutError):  # they also end with this process
                cluster.close(timeout=CLOSING)


def _connect(address: str) -> "Client":
    """Return a client of the scheduler at `address`; raises LesionError if it does not answer."""
    from distributed import Client, rpc

    async def ask() -> None:
        async with rpc(address) as scheduler:
            await scheduler.identity()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about other versions: the check says it in our words
        try:
            asyncio.run(asyncio.wait_for(ask(), ANSWER))  # Client itself waits longer for what accepts and is silent
            return Client(address, timeout=ANSWER, set_as_default=False)
        except (OSError, ImportError, RuntimeError, TypeError, ValueError):  # the last three: what it cannot read
            raise LesionError(
                f"no Dask scheduler answers at {address}: start one (`dask scheduler`), or correct --cluster"
            ) from None


@dataclass(frozen=True)
class _ByValue:
    """A function that is sent with its code: Dask itself sends the name of whatever can be imported here."""

    function: Callable[..., object]

    def __call__(self, *arguments: object) -> object:
        """Call the function."""
        return self.function(*arguments)

    def __reduce__(self) -> tuple[Callable[..., object], tuple[bytes]]:
        """Become the function itself where it arrives."""
        import cloudpickle

        return cloudpickle.loads, (cloudpickle.dumps(self.function),)


@dataclass(frozen=True)
class _Study:
    """Jobs on the workers of one scheduler, which must have these versions and see these files."""

    client: "Client"
    address: str
    versions: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    def check(self) -> None:
        """Raise LesionError unless there are workers, and they and the scheduler are as this machine."""
        compare = _ByValue(difference)
        words = self.client.run_on_scheduler(compare, self.versions, {})
        if words:
            raise LesionError(f"the scheduler {self.address} {words}")
        if not self._threads():
            raise LesionError(f"no worker at {self.address}: start one on each machine, {self._command()}")
        for worker, words in sorted(self.client.run(compare, self.versions, self.files).items()):
            if words:
                raise LesionError(f"worker {worker} {words}")

    def run(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """Run `jobs` in order, no more at a time than the workers have threads; yield outcomes as they end.

        So a new worker finds a job at once, and a lost one takes with it only the jobs that it really ran.
        """
        waiting = deque(jobs)
        running: dict[Future, Job] = {}
        ended: queue.SimpleQueue[Future] = queue.SimpleQueue()
        seen = time.monotonic()
        try:
            while waiting or running:
                threads = self._threads()
                seen = self._last_seen(seen, threads)
                while waiting and len(running) < threads:
                    future = self._submit(waiting[0])
                    running[future] = waiting.popleft()
                    future.add_done_callback(ended.put)
                with contextlib.suppress(queue.Empty):
                    future = ended.get(timeout=LOOK)
                    job = running.pop(future)
                    outcome = self._outcome(job, future)
                    if outcome:
                        yield outcome
                    else:
                        waiting.appendleft(job)
        finally:
            with contextlib.suppress(Exception):  # the scheduler may be gone, and the jobs with it
                self.client.cancel(list(running), force=True)

    def _submit(self, job: Job) -> "Future":
        wanted = (self.versions, self.files)
        return self.client.submit(_ByValue(work), job.arguments, job.log, job.environment, *wanted, pure=False)

    def _threads(self) -> int:
        """Return the threads of all workers; raises LesionError if the scheduler has gone."""
        try:
            return sum(self.client.nthreads().values())
        except (OSError, RuntimeError, TypeError, AttributeError):  # the last three: the client has closed itself
            raise self._gone() from None

    def _last_seen(self, seen: float, threads: int) -> float:
        """Return when there was a worker, `seen` before this look; say so once if it was long ago."""
        if threads:
            return time.monotonic()
        if time.monotonic() - seen < ANSWER:
            return seen
        say(f"no worker at {self.address}: the study waits for one, {self._command()}")
        return float("inf")

    def _outcome(self, job: Job, future: "Future") -> Outcome | None:
        """Return how `job` ended; None if its worker is unfit, which is then sent away.

        Raises LesionError if the scheduler has gone or no worker is left, and what the task itself raised.
        """
        from distributed import KilledWorker

        if future.cancelled():
            raise self._gone()
        if isinstance(future.exception(), KilledWorker):
            return Outcome(job.name, KILLED, 0.0)
        worker, words, status, seconds = future.result()
        if not words:
            return Outcome(job.name, status, seconds)
        self.client.retire_workers([worker])
        if not self._threads():
            raise LesionError(f"worker {worker} {words}")
        say(f"worker {worker} is sent away: it {words}")
        return None

    def _command(self) -> str:
        return f"`dask worker {self.address} --nthreads 1`"

    def _gone(self) -> LesionError:
        return LesionError(
            f"the scheduler {self.address} has gone; what was finished is kept: start it again, then the same command"
        )


def work(
    arguments: list[str], log: str, environment: dict[str, str], versions: dict[str, str], files: dict[str, str]
) -> Report:
    """Run a child on this worker, if it is fit for it, until it ends or nobody wants its result."""
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()
    words = difference(versions, files)
    if words:
        return worker.address, words, 0, 0.0

    def unwanted() -> bool:  # closed, or killed: the scheduler cancels what a client that has gone asked for
        task = worker.state.tasks.get(key)
        return task is None or task.state == "cancelled"

    return worker.address, "", *run_child(arguments, log, environment, unwanted)

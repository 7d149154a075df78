"""Small networks trained at once, each in a process of its own that leaves with the one that started it."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Mapping

import stage

from lesion import config
from lesion.errors import RESUMES, LesionError
from lesion.options import profile
from lesion.records.preparation import PreparationRecord

Work = Callable[[], bool]  # it says what it does, and returns False if it failed; a process can be given it
LARGEST = 96  # pixels: a step on a few smaller images is mostly Python and the start of operations, which use one core
FAILED = 1  # exit status of a process whose work failed and has said so
ABANDONED = 3  # likewise, of one whose parent has gone; nobody reads it


def pays(networks: int, data: PreparationRecord) -> bool:
    """Tell whether so many networks are trained sooner, and in little memory, if all are trained at once."""
    small = data.source.drawn and data.settings.image_size <= LARGEST
    return networks > 1 and small and config.CORES > 1 and not profile.gpu_visible()


def run(works: Mapping[str, Work]) -> bool:
    """Do the works of the networks all at once; return False if one of them failed.

    A work that is stopped by an error has said so, and stops this stage once the others have ended. Raises LesionError
    if a process was killed.
    """
    context = multiprocessing.get_context("spawn")  # a fork of a process that has threads may hang
    children = {name: context.Process(target=_child, args=(work,), name=name) for name, work in works.items()}
    begun = []
    try:
        for child in children.values():
            child.start()
            begun.append(child)
        for child in begun:
            child.join()
    finally:
        for child in begun:
            child.kill()  # it goes on from its last finished epoch
            child.join()
    return _all_done({name: child.exitcode or 0 for name, child in children.items()})


def _child(work: Work) -> None:
    """Do `work` as a stage does it, within the lock of the process that started this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent has it as well, says so and ends this process
    os.environ["TERM"] = "dumb"  # plain lines: several networks cannot share a status line
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    stage.run("train", work, exclusive=False)


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(ABANDONED)


def _all_done(statuses: Mapping[str, int]) -> bool:
    """Return whether all ended well, by their exit statuses; leave as they did if one was stopped by an error."""
    for name, status in statuses.items():
        if status < 0:
            raise LesionError(
                f"the training of {config.title(name)} was ended by signal {-status}, perhaps because memory ran out: "
                f"close other programs, or train one network at a time (--model {name}); {RESUMES}"
            )
    if any(status > FAILED for status in statuses.values()):
        raise SystemExit(max(statuses.values()))
    return not any(statuses.values())

"""The folder that the stages work in: that it can be used, by one run at a time, and what to do if it cannot.

home.require()
with home.exclusive("train"): ...
"""

import contextlib
import errno
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from lesion import config
from lesion.errors import LesionError, quoted
from lesion.store import UNFINISHED

VARIABLE = "LESION_HOME"
OWN = f"set {VARIABLE} to a folder of your own"
MISPLACED = "a file is where a folder should be, or a folder where a file should be: move it away"
REMEDIES = {
    errno.EROFS: f"set {VARIABLE} to a folder on a disk that can be written",
    errno.ENAMETOOLONG: "give it a shorter name, or a place in fewer folders",
    errno.ELOOP: "a link leads to itself: remove it",
    errno.ENOTDIR: MISPLACED,
    errno.EISDIR: MISPLACED,
    errno.EEXIST: MISPLACED,
    errno.EMFILE: "let the process open more files, by `ulimit -n`",
}
# Work of a run that was killed, as folders: whoever holds the lock may remove them.
ABANDONED = (f"{config.DATA.name}/.keypoints", ".bench-*", ".speed-*")


def require() -> None:
    """Make sure that there is a folder to work in; raises LesionError if there cannot be one."""
    asked = os.environ.get(VARIABLE, "")
    if asked.startswith("~") and os.path.expanduser(asked) == asked:
        raise LesionError(f"{VARIABLE} {quoted(asked)} begins with the name of no user: {OWN}")
    try:
        config.HOME.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise LesionError(f"{VARIABLE} {quoted(asked)} is no folder, or below what is none: {OWN}") from None
    except OSError as error:
        raise LesionError(f"{VARIABLE} {quoted(asked)} cannot be made ({_reason(error)}): {OWN}") from None


@contextlib.contextmanager
def exclusive(stage: str) -> Iterator[None]:
    """Hold the folder's lock while `stage` runs; raises LesionError if another run holds it.

    The lock goes with the process that holds it, so a killed run leaves none behind, and what else it left unfinished
    is removed. Where nothing can be written there is no lock: a stage that finds all of its work done needs none.
    """
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(FileLock(config.LOCK, timeout=0))
        except Timeout:
            raise LesionError(
                f"another run is at work in {config.HOME}: wait for it to end, "
                f"or set {VARIABLE} to another folder for this `{stage}`"
            ) from None
        except OSError:
            if any(os.access(folder, os.W_OK) for folder in (config.HOME, config.DATA, config.RUNS, config.REPORTS)):
                raise
        else:
            remove_unfinished()
        yield


def remove_unfinished() -> None:
    """Remove the files and folders that killed runs had not finished; for the run that holds the lock.

    Files below reports/ stay as long as there is a process of their number: `predict` and `compare` need no lock.
    Those of a study stay, too: its trainings may run on other machines.
    """
    for folder in (config.DATA, config.RUNS, config.REPORTS):
        for place, folders, _ in os.walk(folder):
            links = [each for each in folders if os.path.islink(os.path.join(place, each))]  # not walked into
            for each in ("", *links):
                remove_unfinished_in(Path(place, each), alive=folder != config.REPORTS)
    for pattern in ABANDONED:
        for path in config.HOME.glob(pattern):
            shutil.rmtree(path, ignore_errors=True)


def remove_unfinished_in(folder: Path, alive: bool = True) -> None:
    """Remove the files in `folder`, which need not exist, that killed runs had not finished.

    `alive`: also if there is a process of their number, since nobody else may be at work there.
    """
    with contextlib.suppress(OSError):
        for match in filter(None, map(re.compile(UNFINISHED).fullmatch, os.listdir(folder))):
            if alive or not _is_alive(int(match[1])):
                with contextlib.suppress(OSError):
                    Path(folder, match[0]).unlink()


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def advice(error: OSError, stage: str) -> str:
    """Return one line about an error of the system that `stage` met: the path, what is wrong, and what to do."""
    if not isinstance(error.filename, str | bytes | os.PathLike):
        return f"{stage}: {_reason(error)}: mend that, and run {stage} again"
    path = Path(os.fsdecode(error.filename))
    if error.errno in (errno.EACCES, errno.EPERM):
        remedy = "change its permissions" + (f", or {OWN}" if path.is_relative_to(config.HOME) else "")
    else:
        remedy = REMEDIES.get(error.errno or 0, f"look whether it is still there, and run {stage} again")
    return f"{stage}: {quoted(str(path))[1:-1]}: {_reason(error)}: {remedy}"


def _reason(error: OSError) -> str:
    text = error.strerror or str(error) or type(error).__name__
    return text[0].lower() + text[1:]

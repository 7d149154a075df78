"""Frame of every script: the import path, a quiet TensorFlow, and one exit for errors."""

import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # read once, when TensorFlow is imported

from lesion import config, console, home, store, streams
from lesion.errors import ENDING, RESUMES, LesionError, Stopped


def run(stage: str, main: Callable[[], bool], exclusive: bool = True) -> NoReturn:
    """Run `main` and exit; if it is `exclusive`, only while no other stage works in the same folder.

    Exit status 0: done. 1: `main` returned False, since some of the work failed, and has said so. 2: stopped by
    Ctrl-C, by another signal, or by an error that the user can mend, also one of the system; printed as one line. A
    traceback means a fault in the program.
    """
    streams.use_safe_streams()
    _listen()
    try:
        home.require()
        with home.exclusive(stage) if exclusive else contextlib.nullcontext():
            status = 0 if main() else 1
        sys.stdout.flush()
    except KeyboardInterrupt as stop:
        for number in (signal.SIGINT, *ENDING):
            signal.signal(number, signal.SIG_IGN)  # a second one must not cut the goodbye short
        by = str(stop) or "Ctrl-C"
        status = _fail(f"{stage}: stopped by {by}; {RESUMES}")
    except LesionError as error:
        status = _fail(f"{error}{_whole_experiment(str(error))}")
    except MemoryError:
        status = _fail(f"{stage}: memory is full: close other programs; {RESUMES}")
    except Exception as error:
        status = _fail_of_system(error, stage)
    sys.exit(status)


def usable(names: Sequence[str], reasons: Mapping[str, str]) -> list[str]:
    """Return those of the networks that can be used; `reasons` say why others cannot.

    Raises LesionError if none of them can be.
    """
    left = [name for name in names if name not in reasons]
    if not left:
        raise LesionError("; ".join(f"{name} is {reasons[name]}" for name in names))
    return left


def unfinished(stage: str, done_word: str, usable: Sequence[str], done: Collection[str], force: bool) -> list[str]:
    """Return which of the usable networks `stage` must work on; say of the others that they are `done_word` already."""
    todo = [name for name in usable if force or name not in done]
    for name in usable:
        if name not in todo:
            console.say(f"{stage}: {config.title(name)} is {done_word} already (--force does it again)")
    return todo


def say_missing(stage: str, names: Sequence[str], reasons: Mapping[str, str]) -> bool:
    """Say why networks that were asked for are missing; return True if none is."""
    missing = [name for name in names if name in reasons]
    for name in missing:
        console.say(f"{stage}: {config.title(name)} is {reasons[name]}")
    return not missing


def _listen() -> None:
    """Let the signals of ENDING raise Stopped, except those that are to be ignored, as after nohup."""

    def stop(number: int, _frame: object) -> None:
        raise Stopped(signal.Signals(number).name)

    for number in ENDING:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, stop)


def _fail_of_system(error: Exception, stage: str) -> int:
    """Say what the system did not allow, or raise an error of another kind again; return the exit status."""
    if store.is_disk_full(error):
        _fail(f"the disk is full: free some space below {config.HOME} and run {stage} again")
        os._exit(2)  # at once: h5py would print more about it while it closes its files
    if isinstance(error, BrokenPipeError) and error.filename is None:
        streams.forget_output()
        return _fail(f"{stage}: stopped, since nobody reads its output any longer; {RESUMES}")
    if not isinstance(error, OSError):
        raise error
    return _fail(home.advice(error, stage))


def import_tensorflow() -> None:
    """Import TensorFlow without its start-up notes on the screen.

    They come from compiled code before any log level applies. So the standard error is redirected into a file
    meanwhile, and shown if the import fails, but not if the user stops it.
    """
    screen = os.dup(2)
    with tempfile.TemporaryFile() as notes:
        os.dup2(notes.fileno(), 2)
        try:
            import tensorflow as tf

            tf.config.list_physical_devices()  # the notes about graphics processors come here
            tf.get_logger().setLevel("ERROR")  # its advice is for programmers
        except Exception:
            notes.seek(0)
            os.write(screen, notes.read())
            raise
        finally:
            os.dup2(screen, 2)
            os.close(screen)


def _whole_experiment(error: str) -> str:
    """Return the advice to run everything, if `error` names a stage to run first and no experiment was finished."""
    begun = os.path.exists(config.REPORTS / "metrics.json") or console.VARIABLE in os.environ
    return "" if begun or "run `invoke " not in error else "; `invoke all` runs everything that is missing"


def _fail(text: str) -> int:
    with contextlib.suppress(OSError):  # the words may go to a full disk, or to nobody
        print(f"error: {streams.printable(' '.join(text.split()))}", file=sys.stderr, flush=True)
    return 2


def _show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Show an exception that no `run` has met: Ctrl-C while a script still imports is one line, too."""
    if issubclass(kind, KeyboardInterrupt):
        os._exit(_fail("stopped by Ctrl-C before anything was done"))
    sys.__excepthook__(kind, error, trace)


sys.excepthook = _show

"""Frame of every script: the import path, a quiet TensorFlow, and one exit for errors."""

import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # read once, when TensorFlow is imported

from lesion import config, console, store
from lesion.errors import LesionError


def run(stage: str, main: Callable[[], bool], exclusive: bool = True) -> NoReturn:
    """Run `main` and exit; if it is `exclusive`, only while no other stage works in the same folder.

    Exit status 0: done. 1: `main` returned False, since some of the work failed, and has said so. 2: stopped by
    Ctrl-C or by an error that the user can mend, printed as one line. A traceback means a fault in the program.
    """
    try:
        with store.exclusive(stage) if exclusive else contextlib.nullcontext():
            status = 0 if main() else 1
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not cut the goodbye short
        status = _fail(f"{stage}: stopped by Ctrl-C; what was finished is kept, the same command resumes")
    except LesionError as error:
        status = _fail(f"{error}{_whole_experiment(str(error))}")
    except Exception as error:
        if not store.is_disk_full(error):
            raise
        with contextlib.suppress(OSError):  # the words may go to the same disk
            _fail(f"the disk is full: free some space below {config.HOME} and run {stage} again")
        os._exit(2)  # at once: h5py would print more about it while it closes its files
    sys.stdout.flush()
    sys.exit(status)


def import_tensorflow() -> None:
    """Import TensorFlow without its start-up notes on the screen.

    They come from compiled code before any log level applies. So the standard error is redirected into a file
    meanwhile, and shown if the import fails.
    """
    screen = os.dup(2)
    with tempfile.TemporaryFile() as notes:
        os.dup2(notes.fileno(), 2)
        try:
            import tensorflow as tf

            tf.config.list_physical_devices()  # the notes about graphics processors come here
            tf.get_logger().setLevel("ERROR")  # its advice is for programmers
        except BaseException:
            notes.seek(0)
            os.write(screen, notes.read())
            raise
        finally:
            os.dup2(screen, 2)
            os.close(screen)


def _whole_experiment(error: str) -> str:
    """Return the advice to run everything, if `error` names a stage to run first and no experiment was finished."""
    begun = (config.REPORTS / "metrics.json").exists() or console.VARIABLE in os.environ
    return "" if begun or "run `invoke " not in error else "; `invoke all` runs everything that is missing"


def _fail(text: str) -> int:
    print(f"error: {' '.join(text.split())}", file=sys.stderr, flush=True)
    return 2

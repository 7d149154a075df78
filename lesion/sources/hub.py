"""The public data set, from the Hub or from the cache of an earlier download.

    splits, origin = load_public()

The libraries `datasets` and `huggingface_hub` are imported inside functions: they take a second, and the check
whether a stage is already done has to answer faster than that.
"""

import contextlib
import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar

from lesion import config, store

if TYPE_CHECKING:
    from datasets import Dataset

Result = TypeVar("Result")

STALLED_BELOW = 2**20  # bytes: a download that grows by less within config.HUB_STALL is given up


class HubUnavailable(Exception):
    """Neither the Hub nor the local cache has the public data set; the text says why."""


def load_public() -> tuple[Mapping[str, "Dataset"], str]:
    """Return the splits of the public data set by name, and where they came from.

    The Hub is asked for a sign of life first: `load_dataset` takes 23 s to find out that there is none. Raises
    HubUnavailable.
    """
    datasets = import_datasets()
    from huggingface_hub import HfApi, constants

    name = config.HUB_DATASET
    origin = f"{name} at {constants.ENDPOINT}"
    try:
        _patiently(lambda: HfApi().dataset_info(name, timeout=config.HUB_TIMEOUT), config.HUB_TIMEOUT)
        return _patiently(lambda: datasets.load_dataset(name), config.HUB_STALL, _downloaded), origin
    except Exception as error:  # whatever the libraries raise: the cache may still help
        reason = short_reason(error)
    offline_before = datasets.config.HF_HUB_OFFLINE
    datasets.config.HF_HUB_OFFLINE = True
    try:
        return datasets.load_dataset(name), f"{origin}, from the local cache ({reason})"
    except Exception as error:
        raise HubUnavailable(f"could not fetch the data set {origin} ({reason})") from error
    finally:
        datasets.config.HF_HUB_OFFLINE = offline_before


def _patiently(call: Callable[[], Result], seconds: float, size: Callable[[], int] = lambda: 0) -> Result:
    """Return the result of `call`; raises TimeoutError once `size()` has grown by less than 1 MB for `seconds`.

    The libraries' own time limits cover neither a name server that does not answer nor a download that is cut
    short and resumed again and again. A thread that may never end must be a daemon, or Python would wait for it.
    """
    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    largest = size()
    while not wait([future], timeout=seconds).done:
        if (now := size()) < largest + STALLED_BELOW:
            raise TimeoutError(f"no answer, or hardly any data, for {seconds:g} s")
        largest = now
    return future.result()


def _downloaded() -> int:
    """Return the bytes of the public data set in the caches, unfinished files included."""
    import datasets
    from huggingface_hub import constants

    owner, name = config.HUB_DATASET.split("/")
    folders = (
        Path(constants.HF_HUB_CACHE, f"datasets--{owner}--{name}"),
        Path(datasets.config.HF_DATASETS_CACHE, f"{owner}___{name}"),
    )
    total = 0
    for file in (file for folder in folders for file in folder.rglob("*")):
        with contextlib.suppress(OSError):  # a temporary file may just have been renamed
            total += file.lstat().st_size
    return total


def import_datasets() -> ModuleType:
    """Import `datasets` without its warnings, and with its progress bars in a terminal only."""
    # Without Xet: plain HTTP, from the one host that was asked, with time limits, and the cache shows its progress.
    os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
    import datasets
    import huggingface_hub

    for library in (datasets, huggingface_hub):
        library.utils.logging.set_verbosity(logging.CRITICAL)  # errors come as exceptions, too
        warnings.filterwarnings("ignore", module=library.__name__)
        if not sys.stderr.isatty():
            library.utils.disable_progress_bars()
    return datasets


def short_reason(error: BaseException) -> str:
    """Return the first cause of a library's error in one short line."""
    while error.__cause__ is not None:
        error = error.__cause__
    if store.is_disk_full(error):
        return "the disk is full: free some space, or set HF_HOME to a folder on another disk"
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:200]

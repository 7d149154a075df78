"""The public data set, from the Hub or from the cache of an earlier download.

    splits, origin = load_public()

The libraries `datasets` and `huggingface_hub` are imported only where they are needed: they take a second, and
the check whether a stage is already done has to answer faster than that.
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
from typing import Any

from lesion import config, store

STALLED_BELOW = 2**20  # bytes: a download that grows by less within config.HUB_STALL is given up


class HubUnavailable(Exception):
    """The public data set can be had neither from the Hub nor from the local cache; the text says why."""


def load_public() -> tuple[Mapping[str, Any], str]:
    """Return the splits of the public data set, name -> `datasets.Dataset`, and where they came from.

    The Hub is asked for a sign of life first: `load_dataset` takes 23 s to find out that there is none. Raises
    HubUnavailable.
    """
    datasets = import_datasets()
    from huggingface_hub import HfApi, constants

    name, origin = config.HUB_DATASET, f"{config.HUB_DATASET} at {constants.ENDPOINT}"
    try:
        _patiently(lambda: HfApi().dataset_info(name, timeout=config.HUB_TIMEOUT), config.HUB_TIMEOUT)
        return _patiently(lambda: datasets.load_dataset(name), config.HUB_STALL, _downloaded), origin
    except Exception as error:  # whatever the libraries raise: the cache may still help
        reason = short_reason(error)
    online, datasets.config.HF_HUB_OFFLINE = datasets.config.HF_HUB_OFFLINE, True
    try:
        return datasets.load_dataset(name), f"{origin}, from the local cache ({reason})"
    except Exception as error:
        raise HubUnavailable(f"the Hub's data set {origin} cannot be had ({reason})") from error
    finally:
        datasets.config.HF_HUB_OFFLINE = online


def _patiently(call: Callable[[], Any], seconds: float, size: Callable[[], int] = lambda: 0) -> Any:
    """Return what `call` returns, or raise TimeoutError once `size` has hardly grown for `seconds`.

    The libraries' own time limits cover neither a name server that does not answer nor a download that is cut
    short and resumed again and again. A thread that never ends must be a daemon, or Python would wait for it.
    """
    future: Future = Future()

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
    """Return how many bytes of the public data set lie in the caches, unfinished files included."""
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
    # Plain HTTP from the one host that was asked, with time limits, and whose progress shows in the cache.
    os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
    import datasets
    import huggingface_hub

    for library in (datasets, huggingface_hub):
        library.utils.logging.set_verbosity(logging.CRITICAL)  # what goes wrong comes as an exception, too
        warnings.filterwarnings("ignore", module=library.__name__)
        if not sys.stderr.isatty():
            library.utils.disable_progress_bars()
    return datasets


def short_reason(error: BaseException) -> str:
    """Return in one short line what first went wrong in a library."""
    while error.__cause__ is not None:
        error = error.__cause__
    if store.is_disk_full(error):
        return "the disk is full: free some space, or set HF_HOME to a folder on another disk"
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:200]

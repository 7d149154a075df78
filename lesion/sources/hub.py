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
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, wait
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar

from lesion import config
from lesion.console import estimate, say
from lesion.sources.hub_errors import BUSY, PAUSE, Problem, describe

if TYPE_CHECKING:
    import httpx2
    from datasets import Dataset

Result = TypeVar("Result")

PATIENCE = 30.0  # seconds after which a busy Hub is not asked again
SHORTEST_TIMEOUT = 1.0  # seconds for the last answer of a busy Hub
DESCRIPTION = "dataset_info.json"  # of what the library has made of the downloaded files; it is written last
MENDING = {  # what follows a way to load the data set that showed it to be damaged
    "reuse_dataset_if_exists": "making it anew from the downloaded files",
    "reuse_cache_if_exists": "downloading it anew",
}
STALLED_BELOW = 2**20  # bytes: a download that grows by less within config.HUB_STALL is given up


class HubUnavailable(Exception):
    """Neither the Hub nor the local cache has the public data set; the text says why, and `advice` what to do."""

    def __init__(self, reason: str, advice: str) -> None:
        super().__init__(reason)
        self.advice = advice


def load_public() -> tuple[Mapping[str, "Dataset"], str]:
    """Return the splits of the public data set by name, and where they came from.

    A busy Hub is asked again, for PATIENCE seconds in all; the cache helps at once. Raises HubUnavailable.
    """
    import_datasets()
    from huggingface_hub import constants

    begin = time.monotonic()
    origin = f"{config.HUB_DATASET} at {constants.ENDPOINT}"
    loaded, problem = _fetch()
    if loaded is None and (cached := _from_cache()):
        return cached, f"{origin}, from the local cache ({problem.reason})"
    while loaded is None:
        if problem.pause is None or time.monotonic() - begin + problem.pause > PATIENCE:
            raise _unavailable(origin, problem)
        say(f"prepare: {problem.reason}, trying again in {problem.pause:.0f} s")
        time.sleep(problem.pause)
        loaded, problem = _fetch(begin + PATIENCE - time.monotonic())
    return loaded, origin


def _fetch(seconds: float = config.HUB_TIMEOUT) -> tuple[Mapping[str, "Dataset"] | None, Problem]:
    """Return the splits of the data set from the Hub, or None and why not.

    The Hub is asked for a sign of life first, within `seconds`: `load_dataset` takes 23 s to find out that there is
    none. A damaged copy in the cache is made anew, from what was downloaded if that is sound.
    """
    import datasets
    from huggingface_hub import HfApi

    name = config.HUB_DATASET
    timeout = min(max(seconds, SHORTEST_TIMEOUT), config.HUB_TIMEOUT)
    problem = Problem("", "")
    try:
        _patiently(lambda: HfApi().dataset_info(name, timeout=timeout), timeout)
    except Exception as error:
        return None, describe(error)
    for mode in datasets.DownloadMode:  # from what is there, from the downloaded files, from the Hub
        try:
            load = partial(datasets.load_dataset, name, download_mode=mode)
            return _patiently(load, config.HUB_STALL, _downloaded), problem
        except Exception as error:
            problem = describe(error, answered=True)
        if not problem.damaged:
            break
        for description in _cache_folders()[-1].rglob(DESCRIPTION):  # it would be read again, and may be the damage
            description.unlink()
        if mode.value in MENDING:
            say(f"prepare: the copy of {name} on this machine is damaged ({problem.reason}): {MENDING[mode.value]}")
    return None, problem


def _from_cache() -> Mapping[str, "Dataset"] | None:
    """Return the splits of the data set as they were fetched earlier; None if there are none that can be read."""
    import datasets

    try:
        with offline():
            return datasets.load_dataset(config.HUB_DATASET)
    except Exception:  # whatever the libraries raise
        return None


def _unavailable(origin: str, problem: Problem) -> HubUnavailable:
    reason = problem.reason
    advice = problem.advice
    pause = problem.pause or 0.0
    if pause > max(PATIENCE, PAUSE):
        reason += f", and asks to wait {estimate(pause)}"
    prepared = _cache_folders()[-1]
    if any(prepared.rglob(DESCRIPTION)):  # what was fetched was complete
        reason += f"; the local copy in {prepared} is damaged"
        advice += f"; delete {prepared} and the same command fetches it anew, with a connection"
    return HubUnavailable(f"could not fetch the data set {origin} ({reason})", advice)


@contextlib.contextmanager
def offline() -> Iterator[None]:
    """Let `datasets` ask no Hub while the `with` block lasts."""
    import datasets

    before = datasets.config.HF_HUB_OFFLINE
    datasets.config.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        datasets.config.HF_HUB_OFFLINE = before


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
    total = 0
    for file in (file for folder in _cache_folders() for file in folder.rglob("*")):
        with contextlib.suppress(OSError):  # a temporary file may just have been renamed
            total += file.lstat().st_size
    return total


def _cache_folders() -> tuple[Path, Path]:
    """Return where the libraries keep the downloaded files of the data set, and what is made of them."""
    import datasets
    from huggingface_hub import constants

    owner, name = config.HUB_DATASET.split("/")
    downloaded = Path(constants.HF_HUB_CACHE, f"datasets--{owner}--{name}")
    return downloaded, Path(datasets.config.HF_DATASETS_CACHE, f"{owner}___{name}")


def import_datasets() -> ModuleType:
    """Import `datasets` without its warnings, and with its progress bars in a terminal only."""
    # Without Xet: plain HTTP, from the one host that was asked, with time limits, and the cache shows its progress.
    os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
    import datasets
    import huggingface_hub

    datasets.config.HF_UPDATE_DOWNLOAD_COUNTS = False  # else another host is told of each data set that is loaded
    for library in (datasets, huggingface_hub):
        library.utils.logging.set_verbosity(logging.CRITICAL)  # errors come as exceptions, too
        warnings.filterwarnings("ignore", module=library.__name__)
        if not sys.stderr.isatty():
            library.utils.disable_progress_bars()
    huggingface_hub.set_client_factory(_client)
    return datasets


def _client() -> "httpx2.Client":
    """Return what the Hub's libraries send requests with; a busy answer is an error at once.

    Else they would wait by themselves, without a word, and for as long as the server asks.
    """
    from huggingface_hub.errors import HfHubHTTPError
    from huggingface_hub.utils._http import default_client_factory

    def refuse_busy(response: "httpx2.Response") -> None:
        if response.status_code in BUSY:
            raise HfHubHTTPError(f"the Hub is busy ({response.status_code})", response=response)

    client = default_client_factory()
    client.event_hooks = {**client.event_hooks, "response": [refuse_busy]}
    return client

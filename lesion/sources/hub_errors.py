"""Why the Hub did not give the data set, in words that fit the cause, and when it wants to be asked again."""

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from lesion import store

BUSY = (429, 500, 502, 503, 504)  # statuses that pass by themselves
PAUSE = 5.0  # seconds until a busy Hub that names no delay is asked again
CONNECTION = "check the connection, and the proxy if there is one"
# What to do about a status, by its number; the Hub answers 401 for what does not exist, too, unless one is logged in.
ADVICE = {
    401: "log in by `hf auth login` if it was shared with you",
    403: "ask for access on its page, and log in by `hf auth login`",
    404: "look on the Hub where it is now",
    407: CONNECTION,
    410: "look on the Hub where it is now",
}
MEANING = {401: "private, or gone", 403: "not for everyone", 404: "gone, or renamed", 407: "the proxy", 410: "gone"}


@dataclass(frozen=True)
class Problem:
    """Why the Hub did not give the data set.

    reason: in a few words.
    advice: what a user can do about it.
    pause: seconds until a busy Hub is to be asked again; None if it is not busy.
    damaged: it was there, and what came from it cannot be read.
    """

    reason: str
    advice: str
    pause: float | None = None
    damaged: bool = False


def describe(error: BaseException, answered: bool = False) -> Problem:
    """Return why the libraries could not fetch the data set, from the error that they raised.

    `answered`: the Hub has just told of it, so what is no JSON is a file.
    """
    from huggingface_hub.errors import HfHubHTTPError

    errors = list(_chain(error))
    if known := next(filter(None, map(_known, errors)), None):
        return known
    if not answered and any(isinstance(each, json.JSONDecodeError) for each in errors):
        return Problem("the answer is no data, but perhaps the page of a network that asks for a login", CONNECTION)
    if missing := next((each for each in errors if isinstance(each, HfHubHTTPError)), None):
        return _of_status(missing.response.status_code, missing.response.headers)
    if any(isinstance(each, ConnectionError) for each in errors):  # `datasets` raises it for other causes, too
        return Problem(short_reason(error), CONNECTION)
    return Problem(short_reason(error), "try again later", damaged=True)


def _known(error: BaseException) -> Problem | None:
    """Return what an error says by itself; None for one that is of no known kind."""
    import httpx2
    from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, OfflineModeIsEnabled

    match error:
        case EntryNotFoundError():  # one of many files that need not be there
            return None
        case HfHubHTTPError():
            return _of_status(error.response.status_code, error.response.headers)
        case OfflineModeIsEnabled():
            return Problem("HF_HUB_OFFLINE is set", "unset it")
        case TimeoutError() | httpx2.TimeoutException():
            return Problem(str(error) or "no answer", CONNECTION)
        case httpx2.TransportError():
            return Problem(short_reason(error), CONNECTION)
        case PermissionError():
            return Problem(f"{error.filename}: permission denied", "set HF_HOME to a folder that you may write to")
        case _ if store.is_disk_full(error):
            return Problem("the disk is full", "free some space, or set HF_HOME to a folder on another disk")
        case _:
            return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what it comes from, also where a library hides that."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _of_status(status: int, headers: Mapping[str, str]) -> Problem:
    if status not in BUSY:
        meaning = f"{status}: {MEANING[status]}" if status in MEANING else str(status)
        return Problem(meaning, ADVICE.get(status, "try again later"))
    pause = _asked_pause(headers)
    return Problem(f"the Hub is busy ({status})", "try again later", PAUSE if pause is None else pause)


def _asked_pause(headers: Mapping[str, str]) -> float | None:
    """Return for how many seconds the Hub asks to wait, None if it does not say or is not understood.

    By Retry-After, in seconds or as a date (RFC 9110, 10.2.3), or by the Hub's own RateLimit.
    """
    from huggingface_hub.utils import parse_ratelimit_headers

    asked = headers.get("retry-after", "").strip()
    if asked.isdecimal():
        return float(asked)
    with contextlib.suppress(ValueError, OverflowError):  # no date
        return max(0.0, parsedate_to_datetime(asked).timestamp() - time.time())
    limit = parse_ratelimit_headers(headers)
    return float(limit.reset_in_seconds) if limit is not None and limit.remaining == 0 else None


def short_reason(error: BaseException) -> str:
    """Return the first cause of a library's error in one short line."""
    while error.__cause__ is not None:
        error = error.__cause__
    if store.is_disk_full(error):
        return "the disk is full: free some space, or set HF_HOME to a folder on another disk"
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:200]

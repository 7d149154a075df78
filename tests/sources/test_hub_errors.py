"""What is said of an error of the Hub's libraries, and when a busy Hub is to be asked again."""

import email.utils
import time

import httpx2
import pytest
from huggingface_hub.errors import HfHubHTTPError, RemoteEntryNotFoundError

from lesion.sources.hub_errors import PAUSE, describe


def answer(status, kind=HfHubHTTPError, **headers):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    response = httpx2.Response(status, headers=names, request=httpx2.Request("GET", "http://hub/data"))
    return kind("the library's own words", response=response)


def raised(error, *, handling=None):
    """Return `error` as the library raises it: from another one, or while it handles one."""
    try:
        try:
            raise handling or KeyError("nothing")
        except Exception:
            raise error from None
    except Exception as caught:
        return caught


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_hub_is_asked_again_after_the_time_it_names(status):
    assert describe(answer(status)).pause == PAUSE
    assert describe(answer(status, retry_after="7")).pause == 7
    assert describe(answer(status, retry_after="soon")).pause == PAUSE
    assert describe(answer(status, ratelimit='"api";r=0;t=55')).pause == 55
    date = email.utils.formatdate(time.time() + 100, usegmt=True)
    assert describe(answer(status, retry_after=date)).pause == pytest.approx(100, abs=5)
    assert describe(answer(status, retry_after="Fri, 13 Dec 1901 20:45:52 GMT")).pause == 0


@pytest.mark.parametrize("status", [401, 403, 404, 407, 410, 418])
def test_other_answers_will_not_change_by_waiting(status):
    problem = describe(RuntimeError("wrapped"), answered=False)
    assert problem.damaged
    problem = describe(answer(status))
    assert problem.pause is None and not problem.damaged and problem.reason.startswith(str(status))


def test_the_first_known_cause_counts_and_a_file_that_need_not_be_there_does_not():
    missing = answer(404, RemoteEntryNotFoundError)
    assert describe(raised(answer(503), handling=missing)).reason == "the Hub is busy (503)"
    late = describe(raised(httpx2.ReadTimeout("no answer in time"), handling=missing))
    assert (late.reason, late.damaged) == ("no answer in time", False)
    cut = raised(OSError("Expected to be able to read 9 bytes"), handling=None)
    assert describe(cut).damaged
    assert not describe(OSError(28, "No space left on device")).damaged


def test_what_is_no_json_is_a_page_first_and_a_damaged_file_later():
    broken = ValueError("no JSON")
    try:
        httpx2.Response(200, text="<html>").json()
    except ValueError as error:
        broken = error
    assert "asks for a login" in describe(broken).reason
    assert describe(broken, answered=True).damaged

"""The page is safe to open and to copy from, whatever names the artefacts hold."""

import json

import artefacts as fake
import pytest
from pages import MANIFEST, Page, render

from lesion import config
from lesion.report.embedded.embed import embedded_json
from lesion.report.writing import typography


@pytest.mark.parametrize("name", ["report", "compare"])
def test_a_browser_may_load_nothing_for_a_page_and_send_nothing(name):
    html = (config.TEMPLATES / f"{name}.html").read_text()
    (policy,) = [line for line in html.splitlines() if "Content-Security-Policy" in line]
    rules = dict(rule.split(" ", 1) for rule in policy.partition('content="')[2].rpartition('"')[0].split("; "))
    assert rules.pop("default-src") == "'none'"
    inline = {"style-src": "'unsafe-inline'"}
    assert rules == (inline if name == "compare" else {**inline, "script-src": "'unsafe-inline'", "img-src": "data:"})


def test_control_characters_are_shown_by_their_numbers(home):
    def spoil(manifest):
        manifest["source"]["description"] = "the folder \u202egnp\x1b[2J\u2028"

    fake.change(home / MANIFEST, spoil)
    page = Page(render())
    assert "the folder \\u202egnp\\x1b[2J\\u2028" in page.says("data")


def test_a_page_keeps_its_own_lines():
    assert typography.unbroken("<p title='\u202ea'>\tb\n\x07</p>\n") == "<p title='\\u202ea'>\tb\n\\x07</p>\n"


def test_scripts_get_the_numbers_of_characters_that_would_turn_the_writing_round():
    value = {"site": "\u202ekcab\u2066", "lines": "a\nb"}
    assert json.loads(embedded_json(value)) == {"site": "\\u202ekcab\\u2066", "lines": "a\nb"}

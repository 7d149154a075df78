"""The page: sound, whole in itself, and safe whatever the artefacts hold."""

import re
import subprocess
import sys

import artefacts as fake
import jinja2
import pytest
from pages import EXPLANATIONS, MANIFEST, METRICS, Page, render

from lesion import config
from lesion.errors import LesionError
from lesion.report import page as report

HOSTILE = "<script>alert(1)</script>"


def test_page_loads_nothing_from_outside(drawn):
    html = render()
    loads = [value for _, key, value in Page(html).attributes if key in ("src", "href", "srcset", "data")]
    assert loads and all(value.startswith(("data:image/jpeg;base64,", "#")) for value in loads)
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", html))
    assert "http:" not in html and "https:" not in html and "@import" not in html


def test_page_is_sound(drawn):
    page = Page(render())  # also checks that every element is closed in order
    ids = [value for _, key, value in page.attributes if key == "id"]
    assert len(ids) == len(set(ids))
    links = {value[1:] for tag, key, value in page.attributes if (tag, key) == ("a", "href")}
    assert links <= set(ids) and {"answer", "warnings", "methods", "limitations"} <= links
    pictures = sum(1 for tag, key, _ in page.attributes if (tag, key) == ("img", "src"))
    words = [value for tag, key, value in page.attributes if (tag, key) == ("img", "alt")]
    assert len(words) == pictures == 2 * 3 + 2 * 3 + 6 + 5 + 4 + 3 * 3 * 12 and all(words)
    assert ("html", "lang", "en") in page.attributes


def test_text_from_outside_stays_text(home):
    def spoil(manifest):
        manifest["source"] |= {"description": HOSTILE, "replaced": HOSTILE + " replaced"}
        manifest["unreadable"] = [{"row": 1, "reason": HOSTILE + " reason"}]

    fake.change(home / MANIFEST, spoil)
    fake.change(home / "runs/scratch/manifest.json", lambda run: run["warnings"].append(HOSTILE + " `<b>` warning"))
    page = Page(render())
    assert sum(1 for tag, *_ in page.attributes if tag == "script") == 0 and page.says("data").count(HOSTILE) == 2
    for text in (" replaced", " <b> warning"):
        assert HOSTILE + text in page.says("warnings")


def test_class_names_stay_text(drawn):
    for path in (drawn / MANIFEST, drawn / METRICS, drawn / EXPLANATIONS):
        # In the metrics a number of malignant lesions has that name, whatever the classes are called.
        names = r'"malignant"(?!: \d)' if path.name == "metrics.json" else '"malignant"'
        path.write_text(re.sub(names, '"<script>"', path.read_text()).replace("benign", "<b>&"))
    html = render()
    assert html.count("<script>") == 1  # the page's own
    assert "&lt;script&gt; called &lt;b&gt;&amp;" in html


def test_same_artefacts_give_the_same_bytes(drawn):
    assert render() == render()


def test_report_that_grows_too_large_is_refused(home, monkeypatch):
    size = len(render().encode())
    monkeypatch.setattr(report, "REPORT_BYTES", size)
    render()
    monkeypatch.setattr(report, "REPORT_BYTES", size - 1)
    with pytest.raises(LesionError, match=r"Gallery\.per_outcome"):
        render()


def test_name_that_the_templates_do_not_get_is_an_error(home, monkeypatch):
    section = report.Section("limitations", "Limitations", lambda artefacts: {})
    monkeypatch.setattr(report, "SECTIONS", [section])
    with pytest.raises(jinja2.UndefinedError, match="limitations"):
        render()


def test_report_never_loads_tensorflow():
    code = "import sys, lesion.report.page, lesion.report.read; print({'tensorflow', 'keras'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=config.PROJECT, capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr


def test_template_gets_the_context_of_its_own_section_only(home, tmp_path, monkeypatch):
    templates = tmp_path / "templates"
    templates.mkdir()
    for name in ("report.html", "style.css", "sort.js"):
        (templates / name).write_text((config.TEMPLATES / name).read_text())
    (templates / "first.html").write_text("{{ mine }}")
    (templates / "second.html").write_text("{{ mine is defined }}, {{ title is defined }}")
    monkeypatch.setattr(config, "TEMPLATES", templates)
    first = report.Section("first", "First", lambda artefacts: {"mine": "my own"})
    second = report.Section("second", "Second", lambda artefacts: {})
    hidden = report.Section("hidden", "Hidden", lambda artefacts: None)
    monkeypatch.setattr(report, "SECTIONS", [first, second, hidden])
    page = Page(render())
    assert page.says("first") == "First my own" and page.says("second").startswith("Second False, False ")
    assert [value for tag, key, value in page.attributes if (tag, key) == ("section", "id")] == ["first", "second"]
    links = [value for tag, key, value in page.attributes if (tag, key) == ("a", "href")]
    assert links == ["#answer", "#first", "#second"]  # the first skips to the answer


@pytest.mark.parametrize(("models", "number"), [(["scratch"], "One network on"), (None, "Three networks on")])
def test_title_counts_the_networks(home, models, number):
    html = render(models) if models else render()
    assert f"<h1>Benign or malignant? {number} dermoscopic images</h1>" in html


def test_every_network_brings_its_colours_for_light_and_dark_pages(home):
    light, dark = render().split("<style>")[1].split("prefers-color-scheme: dark")[:2]
    for name, network in config.NETWORKS.items():
        assert f"--{name}: {network.colour};" in light and f"--{name}: {network.dark_colour};" in dark

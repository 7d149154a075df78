"""The page: sound, whole in itself, and safe whatever the artefacts hold."""

import base64
import gzip
import json
import re
import subprocess
import sys

import artefacts as fake
import jinja2
import pytest
from pages import MANIFEST, METRICS, NAMES, Page, render

from lesion import __version__, config
from lesion.errors import LesionError
from lesion.report import page as report

HOSTILE = "<script>alert(1)</script>"


def test_page_loads_nothing_from_outside(drawn):
    html = render()
    loads = [value for _, key, value in Page(html).attributes if key in ("src", "href", "srcset", "data")]
    assert loads and all(value.startswith(("data:image/jpeg;", "data:image/webp;", "#")) for value in loads)
    targets = re.findall(r"url\(([^)]*)\)", re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL))
    assert all(target.startswith(("#", "data:image/")) for target in targets)
    assert not re.search(r"https?:|@import", html.replace("http://www.w3.org/2000/svg", ""))  # a name, no address


def test_page_is_sound(drawn):
    page = Page(render())  # also checks that every element is closed in order
    ids = [value for _, key, value in page.attributes if key == "id"]
    assert len(ids) == len(set(ids))
    links = {value[1:] for tag, key, value in page.attributes if (tag, key) == ("a", "href")}
    assert links <= set(ids) and {"answer", "threshold", "summary", "methods", "limitations"} <= links
    named = {value for tag, key, value in page.attributes if (tag, key) == ("section", "aria-labelledby")}
    assert named == {f"{section}-title" for section in page.sections if section} and named <= set(ids)
    pictures = sum(1 for tag, key, _ in page.attributes if (tag, key) == ("img", "src"))
    words = [value for tag, key, value in page.attributes if (tag, key) == ("img", "alt")]
    assert len(words) == pictures and all(words)
    assert ("html", "lang", "en") in page.attributes


def test_tables_are_numbered_in_their_order(home):
    page = Page(render())
    assert len(page.numbers) > 10
    assert page.numbers == [f"Table {place}. " for place in range(1, len(page.numbers) + 1)]


def test_text_from_outside_stays_text(home):
    def spoil(manifest):
        manifest["source"] |= {"description": HOSTILE, "replaced": HOSTILE + " replaced"}
        manifest["unreadable"] = [{"row": 1, "reason": HOSTILE + " reason"}]

    fake.change(home / MANIFEST, spoil)
    html = render()
    page = Page(html)
    assert HOSTILE not in html and page.says("data").count(HOSTILE) == 2
    assert HOSTILE + " replaced" in page.says("answer")
    assert embedded(html, "about")["description"] == HOSTILE


def test_class_names_stay_text(home):
    for path in (home / MANIFEST, home / METRICS):
        # In the metrics a number of malignant lesions has that name, whatever the classes are called.
        names = r'"malignant"(?!: \d)' if path.name == "metrics.json" else '"malignant"'
        path.write_text(re.sub(names, '"<script>"', path.read_text()).replace("benign", "<b>&"))
        fake.change(path)
    html = render()
    scripts = [value for tag, key, value in Page(html).attributes if (tag, key) == ("script", "id")]
    assert html.count("<script") == 2 + len(scripts)  # the first one, the program, and the embedded data
    assert "&lt;script&gt;" in html and "&lt;b&gt;&amp;" in html


def test_same_artefacts_give_the_same_bytes(drawn):
    assert render() == render()


def test_report_that_grows_too_large_is_refused(home, monkeypatch):
    size = len(render().encode())
    monkeypatch.setattr(report, "REPORT_BYTES", size)
    render()
    monkeypatch.setattr(report, "REPORT_BYTES", size - 1)
    with pytest.raises(LesionError, match=r"invoke report --model"):
        render()


def test_name_that_the_templates_do_not_get_is_an_error(home, monkeypatch):
    section = report.Section("limitations", "Limitations", lambda artefacts: {})
    monkeypatch.setattr(report, "SECTIONS", [section])
    with pytest.raises(jinja2.UndefinedError, match="limitations"):
        render()


def test_report_never_loads_tensorflow():
    code = (
        "import sys, lesion.report.page, lesion.report.reading.read; print({'tensorflow', 'keras'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=config.PROJECT, capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr


def test_template_gets_the_context_of_its_own_section_only(home, tmp_path, monkeypatch):
    templates = tmp_path / "templates"
    templates.mkdir()
    for name in ("report.html", "head.html", *report.STYLES, *report.SCRIPTS):
        (templates / name).write_text((config.TEMPLATES / name).read_text())
    (templates / "first.html").write_text('<h2 id="first-title">Mine: {{ mine }}</h2>')
    (templates / "second.html").write_text("{{ mine is defined }}, {{ title is defined }}")
    monkeypatch.setattr(config, "TEMPLATES", templates)
    first = report.Section("first", "First", lambda artefacts: {"mine": "my own"}, "In short", own_heading=True)
    second = report.Section("second", "Second", lambda artefacts: {})
    hidden = report.Section("hidden", "Hidden", lambda artefacts: None, "Hidden")
    monkeypatch.setattr(report, "SECTIONS", [first, second, hidden])
    page = Page(render())
    assert page.says("first") == "Mine: my own" and page.says("second") == "Second False, False"
    assert [value for tag, key, value in page.attributes if (tag, key) == ("section", "id")] == ["first", "second"]
    links = [value for tag, key, value in page.attributes if (tag, key) == ("a", "href")]
    assert links == ["#main", "#first"]  # the first skips to the answer


@pytest.mark.parametrize(
    ("models", "source", "title"),
    [
        (NAMES, "sample", "Which of three networks tells malignant from benign best on drawn images?"),
        (["scratch", "mobilenet"], "folder", "Which of two networks tells malignant from benign best on dermoscopic"),
        (["mobilenet"], "sample", "How well does MobileNetV2 tell malignant from benign on drawn images?"),
    ],
)
def test_title_says_how_many_networks_and_which_images(home, models, source, title):
    fake.change(home / MANIFEST, lambda manifest: manifest["source"].update(name=source))
    html = render(tuple(models))
    assert f"<h1>{title}" in html and f"<title>{title}" in html
    assert "200 test images of 100 lesions, 46 of them malignant · 6 May 2024" in html.replace("\u00a0", " ")


def test_every_network_brings_its_colours_for_light_and_dark_pages(home):
    light, dark = render().split("<style>")[1].split("prefers-color-scheme: dark")[:2]
    for name, network in config.NETWORKS.items():
        assert f"--{name}: {network.colour};" in light and f"--{name}: {network.dark_colour};" in dark


# --- what is embedded, and what is kept out -----------------------------------------------------------
def embedded(html, name):
    text = re.search(rf'<script type="[^"]*" id="{name}">(.*?)</script>', html, re.DOTALL)[1]
    return json.loads(text) if name == "about" else text


def test_data_are_embedded_unchanged(home):
    fake.change(home / METRICS, lambda metrics: metrics["missing"].update(patient="</script> \\ é"))
    html = render()
    assert gzip.decompress(base64.b64decode(embedded(html, "metrics"))) == (home / METRICS).read_bytes()
    header, *lines = embedded(html, "predictions").splitlines()
    assert header == "row,split,label,group,scratch,mobilenet,efficientnet,frame,colour"
    values = dict(zip(header.split(","), lines[0].split(","), strict=True))
    column = (home / "runs/mobilenet/predictions.csv").read_text().splitlines()
    place = column[0].split(",").index("probability")
    known = {line.split(",")[column[0].split(",").index("row")]: line.split(",")[place] for line in column[1:]}
    assert len(lines) == len(known) and values["mobilenet"] == known[values["row"]]


def test_page_says_how_it_was_made(home):
    html = render()
    about = embedded(html, "about")
    assert about["created"] == "2024-05-06 07:08:09 +0000" and about["threshold"] == 0.5
    assert about["networks"][2] == {
        "name": "efficientnet",
        "title": "EfficientNetB0",
        "marker": "^",
        "youden": 0.4321,
    }
    assert about["settings"]["train mobilenet"]["epochs"] == 12
    said = Page(html).says("provenance")
    assert all(text in said for text in (*about["command"], *about["cite"], about["licence"], f"Version {__version__}"))
    assert about["methods"] in Page(html).says("methods")


def test_citation_has_the_version_of_the_project():
    citation = (config.PROJECT / "CITATION.cff").read_text()
    assert f"\nversion: {__version__}\n" in citation


def test_no_folder_of_the_user_is_in_the_page(home):
    where = f"{home}/my photographs/ham"

    def move(manifest):
        manifest["source"] |= {"name": "folder", "description": f"12 rows: the folder {where}", "replaced": None}
        manifest["settings"].update(data=where, metadata=f"{where}/table.csv")

    fake.change(home / MANIFEST, move)
    for name in NAMES:
        run = home / f"runs/{name}/manifest.json"
        fake.change(run, lambda value: value["settings"].update(weights=f"{where}/weights"))
        fake.change(run, lambda value: value["weights"].update(asked=f"{where}/weights"))
    fake.change(home / METRICS, lambda metrics: metrics["missing"].clear())
    page = Page(html := render())
    assert str(home) not in html and "my photographs" not in html
    assert "12 rows: the folder ham" in page.says("data")
    assert "--data path/to/ham --limit 1600 --image-size 96 --metadata path/to/table.csv" in page.says("provenance")


def test_numbers_do_not_break_from_their_units(home):
    html = render()
    summary = html.split('<section id="summary"')[1].split("</section>")[0]
    assert "95%\u00a0interval" not in summary and "95%" in summary and "95 %" not in html
    assert "96\u00a0×\u00a096\u00a0pixels" in html
    text = re.sub(r"<(script|style|code)\b.*?</\1>|<[^>]*>", "", html, flags=re.DOTALL)
    assert "ROC-AUC" not in text and "ROC\u2011AUC" in text and 'aria-label="ROC-AUC' in html

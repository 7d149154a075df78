"""What readers take away, and how they sort a table."""

import csv
import io
import math
import xml.etree.ElementTree as xml

import pytest
from browser import judging

SVG = "{http://www.w3.org/2000/svg}"
SCORES = "#summary table:has(caption:has-text('Scores on the test images at'))"
BURST = 10  # files that Chromium saves at once; the next ones wait for a second


def saved(page, button):
    """Click the button and return the name and the bytes of the file that is saved."""
    with page.expect_download() as download:
        button.click()
    return download.value.suggested_filename, download.value.path().read_bytes()


def rest(page, place):
    """Wait before a file that would be one too many at once; place counts from 0."""
    if place % BURST == BURST - 1:
        page.wait_for_timeout(1100)


def test_metrics_are_saved_byte_for_byte(page, artefacts):
    name, content = saved(page, page.locator("[data-download=metrics]"))
    assert name == "metrics.json"
    assert content == (artefacts / "reports/metrics.json").read_bytes()


def test_predictions_are_saved_as_they_were_written(page, artefacts):
    models = [*judging.NETWORKS, "frame", "colour"]
    scores = [_column(artefacts / f"runs/{model}/predictions.csv", "probability") for model in models]
    index = [_column(artefacts / "data/index.csv", column) for column in ("row", "split", "label", "group")]
    lines = [["row", "split", "label", "group", *models], *zip(*index, *scores, strict=True)]
    name, content = saved(page, page.locator("[data-download=predictions]"))
    assert name == "predictions.csv"
    assert content.decode() == "".join(",".join(line) + "\n" for line in lines)


def _column(path, name):
    with path.open(newline="") as file:
        return [line[name] for line in csv.DictReader(file)]


def test_table_is_saved_with_the_exact_scores_and_their_intervals(page, artefacts):
    models = judging.read_json(artefacts, "reports/metrics.json")["models"]
    name, content = saved(page, page.locator(f"{SCORES} button.takeaway"))
    head, *lines = csv.reader(io.StringIO(content.decode()))
    assert name.endswith(".csv") and len({len(line) for line in (head, *lines)}) == 1
    table = {line[0]: dict(zip(head, line, strict=True)) for line in lines}
    for network, title in judging.TITLES.items():
        scores = models[network]["test"]
        assert float(table[title]["ROC-AUC"]) == scores["roc_auc"]
        ends = [float(table[title][f"ROC-AUC, {end}"]) for end in ("low", "high")]
        assert ends == scores["intervals"]["roc_auc"]


def test_no_cell_of_a_saved_table_is_a_formula(page):
    page.locator(f"{SCORES} tbody th").first.evaluate("cell => { cell.textContent = '=1+1'; }")
    _, content = saved(page, page.locator(f"{SCORES} button.takeaway"))
    assert [line[0] for line in csv.reader(io.StringIO(content.decode()))][1] == "'=1+1"


def test_every_table_is_saved_with_all_its_cells(page):
    page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    tables = [table for table in page.locator("main table:has(caption button)").all() if table.is_visible()]
    assert len(tables) > 10
    for place, table in enumerate(tables):
        rest(page, place)
        name, content = saved(page, table.locator("caption button"))
        lines = list(csv.reader(io.StringIO(content.decode())))
        values = table.locator("[data-value]").evaluate_all("cells => cells.map((cell) => cell.dataset.value)")
        cells = [cell for line in lines for cell in line]
        assert len(lines) == table.locator("tr").count(), name
        assert [value for value in values if value and value not in cells] == [], name


def test_every_figure_is_saved_as_a_picture_of_its_own(full_report, visit):
    page = visit(full_report)
    page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    buttons = page.locator("figcaption button").all()
    assert len(buttons) >= page.locator("figure.chart").count() > 5
    names = set()
    for place, button in enumerate(buttons):
        rest(page, place)
        name, content = saved(page, button)
        root = xml.fromstring(content)
        assert root.tag == f"{SVG}svg" and float(root.get("width")) > 100 and float(root.get("height")) > 20, name
        assert list(root.iter(f"{SVG}text")) and list(root.iter(f"{SVG}svg")), name
        names.add(name)
    assert len(names) == len(buttons)


def test_commands_are_copied_as_they_are_typed(page):
    shown = page.locator("#command").inner_text().replace("\u2011", "-").replace("\u00a0", " ")
    page.locator("[data-copy=command]").click()
    page.get_by_text("Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == shown
    assert shown.startswith("invoke ")


# --- sorting ----------------------------------------------------------------------------------------
@pytest.fixture
def table(page):
    return page.locator(SCORES)


def names(table, part):
    """Return the names of the rows above the rule of a table, part 1, or below it, without what is said of them."""
    return [text.split("\n")[0] for text in table.locator(f"tbody:nth-of-type({part}) th").all_inner_texts()]


def test_three_clicks_sort_a_table_and_restore_it(table, artefacts):
    models = judging.read_json(artefacts, "reports/metrics.json")["models"]
    before, below = names(table, 1), names(table, 2)
    areas = {judging.TITLES[name]: models[name]["test"]["roc_auc"] for name in judging.NETWORKS}
    head = table.locator("thead th", has_text="ROC")
    for state, order in (("descending", -1), ("ascending", 1)):
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == state
        assert names(table, 1) == sorted(areas, key=lambda title: order * areas[title])
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") is None
    assert (names(table, 1), names(table, 2)) == (before, below)


def test_references_stay_below_the_networks_and_the_unknown_last(table):
    head = table.locator("thead th", has_text="Accuracy").first
    for sign in (-1, 1):
        head.get_by_role("button").press("Enter")
        assert set(names(table, 1)) == set(judging.TITLES.values())
        values = table.locator("tbody:nth-of-type(2) tr").evaluate_all(
            "rows => rows.map((row) => row.querySelector('td:nth-of-type(2)')?.dataset.value ?? '')"
        )
        known = [float(value) for value in values if value]
        assert known and (known == sorted(known, key=lambda value: sign * value) or not math.isfinite(known[0]))


def test_names_are_sorted_by_the_alphabet_first(table):
    head = table.locator("thead th").first
    head.get_by_role("button").click()
    assert names(table, 1) == sorted(judging.TITLES.values())
    head.get_by_role("button").click()
    assert names(table, 1) == sorted(judging.TITLES.values(), reverse=True)

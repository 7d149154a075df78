"""Rules of accessibility, as axe-core checks them; with all folds open, since it passes over what is hidden."""

import pytest

UNFOLD = "document.querySelectorAll('details').forEach((fold) => { fold.open = true; })"


@pytest.fixture(scope="module")
def axe():
    module = pytest.importorskip(
        "axe_playwright_python.sync_playwright",
        reason="tests of accessibility need `pip install -r requirements-browser.txt`",
    )
    return module.Axe()


def violations(axe, page, inside="html", rules=None):
    """Return what breaks a rule, of all or of `rules`: the rule and the elements."""
    options = {"resultTypes": ["violations"], **({"runOnly": rules} if rules else {})}
    broken = axe.run(page, inside, options).response["violations"]
    return [(rule["id"], [node["html"][:200] for node in rule["nodes"]]) for rule in broken]


@pytest.mark.parametrize("width", [1440, 390])
def test_report(full_report, visit, axe, width):
    page = visit(full_report, width)
    page.evaluate(UNFOLD)
    assert violations(axe, page) == []
    page.emulate_media(color_scheme="dark")  # of which only the colours differ
    assert violations(axe, page, rules=["color-contrast"]) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_enlarged_image(report, visit, axe, scheme):
    page = visit(report, 390, anchor="#case-57")
    page.emulate_media(color_scheme=scheme)
    assert violations(axe, page, "#case-zoom") == []


def test_report_without_its_program(still_report, visit, axe):
    page = visit(still_report)
    page.evaluate(UNFOLD)
    assert violations(axe, page) == []


def test_print(full_report, visit, axe):
    page = visit(full_report, 768)
    page.emulate_media(media="print")
    assert violations(axe, page) == []

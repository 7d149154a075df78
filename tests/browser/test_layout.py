"""The page on every screen, on paper, and where no program runs."""

import re
import shutil
import subprocess

import pytest
from browser import judging

WIDTHS = (320, 390, 768, 1024, 1440)
UNFOLD = "document.querySelectorAll('details').forEach((fold) => { fold.open = true; })"
DISCLAIMER = "Research software, not a medical device"


def sideways(page):
    """Return by how many pixels the page can be scrolled sideways."""
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


def height(page):
    return page.evaluate("document.documentElement.scrollHeight")


# --- screens ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("width", WIDTHS)
def test_page_is_never_wider_than_the_screen(full_report, visit, width, rows):
    page = visit(full_report, width)
    assert page.evaluate("innerWidth") == width and sideways(page) <= 0
    page.evaluate(UNFOLD)
    assert sideways(page) <= 0
    page.evaluate(f"location.hash = '#case-{rows[0]}'")
    dialog = page.locator("#case-zoom")
    dialog.wait_for()
    assert sideways(page) <= 0 and dialog.evaluate("box => box.scrollWidth - box.clientWidth") <= 0


@pytest.fixture
def rows(artefacts):
    return judging.rows(judging.read_images(artefacts), dict.fromkeys(judging.NETWORKS, 0.5))


@pytest.mark.parametrize(("width", "most"), [(1440, 12000), (390, 24000)])
def test_page_is_short(report, visit, width, most):
    page = visit(report, width)
    assert height(page) <= most
    assert len(page.locator("body").inner_text().split()) <= 2600


def test_headline_is_on_the_first_screen_of_a_telephone(full_report, visit):
    page = visit(full_report, 390)
    assert page.locator("#answer-title").bounding_box()["y"] <= 450


def test_dark_page_is_dark_and_its_print_is_not(full_report, visit):
    page = visit(full_report)

    def lightness(scheme, media="screen"):
        page.emulate_media(color_scheme=scheme, media=media)
        channels = re.findall(r"\d+", page.evaluate("getComputedStyle(document.body).backgroundColor"))
        return sum(map(int, channels[:3])) / 765

    assert lightness("light") > 0.9 and lightness("dark") < 0.2
    assert lightness("dark", "print") == 1


# The focused element: its place in the document, and whether it is in the window and below the bar of contents.
FOCUSED = """() => {
    const element = document.activeElement;
    if (element === document.body) return null;
    const { top, bottom } = element.getBoundingClientRect();
    const bar = element.closest("nav") ? 0 : document.querySelector("nav").getBoundingClientRect().bottom;
    const place = [...document.querySelectorAll("*")].indexOf(element);
    return { place, inSight: bottom > bar && top < innerHeight, html: element.outerHTML.slice(0, 200) };
}"""


def test_every_stop_of_the_keyboard_is_in_sight_and_in_order(full_report, visit):
    page = visit(full_report)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the answer"
    places = []
    for _ in range(400):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused is None:
            break
        assert focused["inSight"], focused["html"]
        places.append(focused["place"])
    assert 50 < len(places) < 400
    assert places == sorted(places)


# --- no program -------------------------------------------------------------------------------------
@pytest.mark.parametrize("width", (1440, 390))
def test_without_a_program_everything_is_there_and_nothing_is_dead(full_report, visit, width):
    page = visit(full_report, width, script=False)
    assert sideways(page) <= 0
    assert page.locator("#case-list .case").count() == 12
    assert page.get_by_text("Three thresholds on the test images").is_visible()
    assert page.get_by_text("Test images by what they are and what they are called").is_visible()
    dead = page.locator("button, select, input[type=range], [name=mode], [name=prevalence], #case-zoom")
    assert [control for control in dead.all() if control.is_visible()] == []
    page.locator("#case-tools [name=view][value=off]").check(force=True)
    assert not page.locator("#case-list .lit:not([hidden])").first.is_visible()
    with_it = visit(full_report, width)
    links = [page.locator("nav a").all_inner_texts() for page in (page, with_it)]
    assert links[0] == links[1]


# --- paper ------------------------------------------------------------------------------------------
def sheets_of(content):
    return len(re.findall(rb"/Type\s*/Page\b", content))


def test_print_of_an_experiment_alone_is_short(page):
    assert 5 < sheets_of(page.pdf(prefer_css_page_size=True, format="A4")) <= 14


def test_print_fits_and_says_on_each_page_what_it_is_not(full_report, visit, tmp_path):
    page = visit(full_report)
    content = page.pdf(prefer_css_page_size=True, format="A4")
    assert 5 < sheets_of(content) <= 16  # with a study and its learning curve, a leak and a benchmark
    if shutil.which("pdftotext") is None:
        pytest.skip("the words of a print are read by pdftotext: on Debian `apt install poppler-utils`")
    path = tmp_path / "report.pdf"
    path.write_bytes(content)
    text = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True).stdout
    sheets = [" ".join(sheet.split()) for sheet in text.removesuffix("\f").split("\f")]
    assert all(DISCLAIMER in sheet and f"{place} / {len(sheets)}" in sheet for place, sheet in enumerate(sheets, 1))
    whole = " ".join(sheets)
    assert "Three thresholds on the test images" in whole and "PPV and NPV, with" in whole  # of folds
    assert "Show more" not in whole and "Copy the command" not in whole


def test_print_is_not_shrunk_to_fit_the_paper(full_report, visit):
    page = visit(full_report)
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 688, "height": 1000})  # between the margins of A4
    assert page.evaluate("document.documentElement.scrollWidth") <= 700


def test_print_shows_no_control(full_report, visit):
    page = visit(full_report)
    page.emulate_media(media="print")
    controls = page.locator("nav, button:not(th button), select, input, dialog")  # a column's name is a button too
    assert [control for control in controls.all() if control.is_visible()] == []
    assert page.locator("details p").last.is_visible()


# --- a missing network ------------------------------------------------------------------------------
def test_report_without_one_network_works_with_the_others(lacking_report, visit):
    home = lacking_report.parent.parent
    names = ("scratch", "mobilenet")
    images = judging.read_images(home, networks=names)
    page = visit(lacking_report)
    assert [box.get_attribute("data-network") for box in page.locator("#thresholds [data-network]").all()] == [*names]
    page.locator("#thresholds [data-network=mobilenet] input").fill("0.35")
    thresholds = dict.fromkeys(names, 0.35)
    page.locator("#thresholds [data-network=scratch] [data-outcome=missed]").click()
    wanted = judging.rows(images, thresholds, show="missed:scratch")
    cards = page.locator("#case-list .case")
    assert cards.evaluate_all("cards => cards.map(card => +card.id.slice(5))") == wanted[:12]
    assert "efficientnet" not in page.locator("#case-tools").inner_html()
    assert page.get_by_text("not trained: run").first.is_visible()

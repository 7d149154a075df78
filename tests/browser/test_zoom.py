"""One image, enlarged: by the keyboard, by its address, and back."""

import pytest
from browser import judging

HALF = dict.fromkeys(judging.NETWORKS, 0.5)


@pytest.fixture
def rows(artefacts):
    """The rows in the order in which the page shows them at first."""
    return judging.rows(judging.read_images(artefacts), HALF)


def link(page, row):
    return page.locator(f"#case-list #case-{row} h3 a")


def open_row(page):
    """Return the row that is enlarged, as its title and the address say, None if none is."""
    if not page.evaluate("document.getElementById('case-zoom').open"):
        assert "#case-" not in page.url
        return None
    row = int(page.locator("#case-zoom h3").inner_text().split()[-1])
    assert page.url.endswith(f"#case-{row}")
    return row


def wait_until_closed(page):
    page.wait_for_function("!document.getElementById('case-zoom').open && !location.hash.startsWith('#case-')")


def test_keys_open_step_and_close_and_the_focus_returns(page, rows):
    link(page, rows[1]).focus()
    page.keyboard.press("Enter")
    assert open_row(page) == rows[1]
    assert page.locator("#case-zoom [role=status]").inner_text() == "2 of 200 images"
    for key, row in (("ArrowRight", rows[2]), ("ArrowLeft", rows[1]), ("ArrowLeft", rows[0]), ("ArrowLeft", rows[-1])):
        page.keyboard.press(key)
        assert open_row(page) == row
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    wait_until_closed(page)
    assert page.evaluate("document.activeElement.closest('.case').id") == f"case-{rows[0]}"


def test_focus_stays_in_the_dialog(page, rows):
    link(page, rows[0]).click()
    assert page.evaluate("document.activeElement.textContent") == "Close"
    stops = set()
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "[document.body, ...document.querySelectorAll('#case-zoom *')].includes(document.activeElement)"
        )
        stops.add(
            page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent")
        )
    assert {"Close", "previous image", "next image", "Link to this image"} <= stops


def test_buttons_step_and_close(page, rows):
    page.locator(f"#case-{rows[3]} .side").first.click()
    assert open_row(page) == rows[3]
    page.get_by_role("button", name="next image").click()
    assert open_row(page) == rows[4]
    page.get_by_role("button", name="previous image").click()
    assert open_row(page) == rows[3]
    page.get_by_role("button", name="Close").click()
    wait_until_closed(page)


def test_back_closes_what_was_opened(page, rows):
    link(page, rows[0]).click()
    page.keyboard.press("ArrowRight")
    page.go_back()
    wait_until_closed(page)
    assert page.url.endswith("index.html")


def test_address_opens_an_image_at_once_and_later(report, visit, rows):
    page = visit(report, anchor=f"#case-{rows[150]}")
    assert open_row(page) == rows[150]
    page.evaluate(f"location.hash = '#case-{rows[77]}'")
    page.wait_for_function(f"document.querySelector('#case-zoom h3').textContent.endsWith(' {rows[77]}')")
    assert open_row(page) == rows[77]
    page.keyboard.press("Escape")
    wait_until_closed(page)


def test_address_of_an_image_that_is_not_here_opens_nothing(report, visit):
    page = visit(report, anchor="#case-99999")
    assert not page.evaluate("document.getElementById('case-zoom').open")


def test_image_that_the_filters_leave_out_opens_all_the_same(page, rows, artefacts):
    benign = next(image["row"] for image in judging.read_images(artefacts) if image["label"] == 0)
    page.locator("#case-tools [name=label]").select_option("1")
    page.evaluate(f"location.hash = '#case-{benign}'")
    page.locator("#case-zoom").get_by_text("Not among the images chosen").wait_for()
    assert open_row(page) == benign


def test_other_images_of_the_lesion_are_linked(page, rows, artefacts):
    images = judging.read_images(artefacts)
    group = next(image["group"] for image in images if image["row"] == rows[0])
    others = [image["row"] for image in images if image["group"] == group and image["row"] != rows[0]]
    link(page, rows[0]).click()
    assert page.locator("#case-zoom .facts a").all_inner_texts() == [f"image {row}" for row in others]
    page.locator("#case-zoom .facts a").first.click()
    assert open_row(page) == others[0]


def test_enlarged_image_shows_the_scores_and_the_maps_of_all_networks(page, rows, artefacts):
    image = next(image for image in judging.read_images(artefacts) if image["row"] == rows[0])
    link(page, rows[0]).click()
    for name, title in judging.TITLES.items():
        place = page.locator(f"#case-zoom [data-network={name}]")
        assert place.locator(".name").inner_text() == title
        assert float(place.locator("[data-score]").get_attribute("data-value")) == image["scores"][name]
        assert place.locator(".lit").is_visible()


def test_enlarged_image_tells_how_much_evidence_lies_on_the_lesion(report, visit):
    words = "Evidence on the lesion: CNN from scratch 62%, MobileNetV2 62%, EfficientNetB0 62%."
    assert words in visit(report, anchor="#case-62").locator("#case-zoom .facts").inner_text()
    unknown = visit(report, anchor="#case-65").locator("#case-zoom .facts").inner_text()  # its outline is not known
    assert "Peak of the evidence" in unknown and "on the lesion" not in unknown


def test_an_image_that_another_section_names_is_enlarged(report, visit):
    page = visit(report)
    page.locator("#looks summary", has_text="disagree most").click()
    page.locator("#looks [data-case='101'] a").click()
    assert open_row(page) == 101


def test_facts_say_that_an_image_is_unlike_the_training_images(report, visit):
    for row, said in ((41, "Unlike the training images of MobileNetV2, EfficientNetB0."), (43, None)):
        page = visit(report, anchor=f"#case-{row}")
        facts = page.locator("#case-zoom .facts").inner_text()
        assert said in facts if said else "Unlike" not in facts


@pytest.mark.parametrize("width", (1440, 390))
def test_plot_of_disturbances_is_as_wide_as_its_place(report, visit, width):
    page = visit(report, width)
    plots = page.locator("#looks .stress li svg.plot")
    assert plots.count() == 12 * 3
    widths = plots.evaluate_all("plots => plots.map((plot) => plot.getBoundingClientRect().width)")
    assert min(widths) >= 200 and max(widths) - min(widths) < 1

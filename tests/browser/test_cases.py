"""The case browser: which images are shown, in which order, and what is said of each."""

import pytest
from browser import judging

HALF = dict.fromkeys(judging.NETWORKS, 0.5)
OWN = {"scratch": 0.5, "mobilenet": 0.3, "efficientnet": 0.7}
FIRST = 12  # cards without asking for more


@pytest.fixture
def images(artefacts):
    return judging.read_images(artefacts)


def listed(page):
    return page.locator("#case-list .case").evaluate_all("cards => cards.map(card => +card.id.slice(5))")


def settle(page, read, wanted):
    """Read until it is as wanted, for five seconds at most."""
    for _ in range(100):
        if read() == wanted:
            return
        page.wait_for_timeout(50)
    assert read() == wanted


def all_of(page):
    """Return the rows of all cards, after asking for more as long as that is offered."""
    page.evaluate("() => { const more = document.getElementById('case-more'); while (!more.hidden) more.click(); }")
    return listed(page)


def select(page, **choices):
    for name, value in choices.items():
        page.locator(f"#case-tools [name={name}]").select_option(value)


def set_own(page, images):
    """Set the thresholds to OWN, and wait for the list to follow."""
    page.locator("#thresholds [name=mode][value=own]").check(force=True)
    for name, value in OWN.items():
        page.locator(f"#thresholds [data-network={name}] input").fill(str(value))
    settle(page, lambda: listed(page), judging.rows(images, OWN)[:FIRST])


def test_most_wrong_images_are_there_before_any_choice(page, images, visit, report):
    wanted = judging.rows(images, HALF)[:FIRST]
    assert listed(page) == wanted
    assert listed(visit(report, script=False)) == wanted
    assert page.locator("#case-status").inner_text().replace("\u00a0", " ") == "12 of 200 images, most wrong first"


def test_each_sort(page, images):
    set_own(page, images)
    sorts = page.locator("#case-tools [name=sort] option").evaluate_all("all => all.map(one => one.value)")
    assert len(sorts) == 6
    for sort in sorts:
        select(page, sort=sort)
        assert all_of(page) == judging.rows(images, OWN, sort), sort


def test_each_filter(page, images):
    set_own(page, images)
    groups = page.locator("#case-tools [name=show] option").evaluate_all("all => all.map(one => one.value)")
    assert len(groups) == 4 + 4 * 3  # of all networks, and each outcome of each network
    for show in groups:
        select(page, show=show)
        wanted = judging.rows(images, OWN, show=show)
        assert all_of(page) == wanted, show
        status = page.locator("#case-status").inner_text()
        assert status.startswith(f"{len(wanted)} of {len(wanted)} image" if wanted else "No such image"), show


def test_class_and_subgroup_narrow_the_choice_further(page, images):
    levels = page.locator("#case-tools [name=level] option").evaluate_all(
        "all => all.map(one => [one.value, one.text])"
    )
    assert [text for _, text in levels] == ["all", "hair or marks: none", "hair or marks: painted over"]
    for value, text in levels:
        level = text.removeprefix("hair or marks: ").replace("all", "")
        for label in ("", "0", "1"):
            select(page, sort="surest", show="any", label=label, level=value)
            assert all_of(page) == judging.rows(images, HALF, "surest", "any", label, level), (label, level)


def test_cell_of_a_confusion_matrix_leads_to_its_images(page, images):
    select(page, label="1")
    set_own_label = page.locator("#case-tools [name=label]")
    for name, outcome in (("scratch", "false-alarm"), ("mobilenet", "missed"), ("efficientnet", "found")):
        cell = page.locator(f"#thresholds [data-network={name}] [data-outcome={outcome}]")
        cell.click()
        settle(page, lambda: page.evaluate("document.activeElement.id"), "cases-title")
        rows = all_of(page)
        assert rows == judging.rows(images, HALF, show=f"{outcome}:{name}")
        assert len(rows) == int(cell.locator("b").inner_text())
        assert page.url.endswith("#cases") and set_own_label.input_value() == ""


def test_cards_follow_the_threshold(page, images):
    set_own(page, images)
    known = {image["row"]: image for image in images}
    for card in page.locator("#case-list .case").all():
        image = known[int(card.get_attribute("id").removeprefix("case-"))]
        assert (
            card.get_by_role("heading").inner_text()
            == f"{['benign', 'malignant'][image['label']]} · image {image['row']}"
        )
        for name in judging.NETWORKS:
            place = card.locator(f"[data-network={name}]")
            assert float(place.locator("[data-score]").get_attribute("data-value")) == image["scores"][name]
            assert place.locator("[data-score]").inner_text() == f"{image['scores'][name]:.3f}"
            verdict = "wrong" if judging.is_wrong(image, OWN, name) else "right"
            assert place.locator(".verdict").inner_text() == verdict


def test_more_images_are_added_below_and_the_first_of_them_has_the_focus(page, images):
    page.locator("#case-more").click()
    wanted = judging.rows(images, HALF)
    assert listed(page) == wanted[: FIRST + 24]
    assert page.evaluate("document.activeElement.closest('.case').id") == f"case-{wanted[FIRST]}"


def test_evidence_and_outline_can_be_hidden(page):
    lit, outline = page.locator("#case-list .lit:not([hidden])").first, page.locator("#case-list .outline").first
    assert lit.is_visible() and outline.is_visible()
    page.locator("#case-tools [name=view][value=off]").check(force=True)
    page.locator("#case-tools [name=outline]").uncheck(force=True)
    assert not lit.is_visible() and not outline.is_visible()

"""Choosing a threshold: what the panels say at every setting."""

import re

import pytest
from browser import judging

SAME = 0.5  # the threshold of the metrics


@pytest.fixture
def images(artefacts):
    return judging.read_images(artefacts)


@pytest.fixture
def validation(artefacts):
    return judging.read_images(artefacts, "validation")


def panel(page, name):
    return page.locator(f"#thresholds [data-network={name}]")


def choose(page, group, value):
    page.locator(f"#thresholds [name={group}][value='{value}']").check(force=True)  # the label lies above it


def move(page, name, value):
    panel(page, name).locator("input").fill(f"{value:.2f}")


def shown(page, name, what):
    return panel(page, name).locator(f"[data-show={what}]").inner_text()


def assert_shows(page, name, outcomes, prevalence=0.1):
    """Check one panel against the counts: they exactly, shares and people within their rounding."""
    box = panel(page, name)
    texts = {outcome: box.locator(f"[data-outcome={outcome}] b").inner_text() for outcome in judging.OUTCOMES}
    assert texts == {outcome: str(amount) for outcome, amount in outcomes.items()}
    rates = judging.rates(outcomes, prevalence)
    for what in ("sensitivity", "specificity", "ppv"):
        text = shown(page, name, what)
        if rates[what] != rates[what]:
            assert text == "undefined"
        else:
            assert float(text.removesuffix("%")) == pytest.approx(100 * rates[what], abs=0.05001), what
    people = [int(word) for word in re.findall(r"(\d+) (?:found|missed|false)", shown(page, name, "people"))]
    assert people == pytest.approx([1000 * rate for rate in rates["people"]], abs=1.001)
    assert people[0] + people[1] == round(1000 * prevalence)


def test_panels_begin_with_the_confusion_matrices_of_the_metrics(page, artefacts):
    for name, model in judging.read_json(artefacts, "reports/metrics.json")["models"].items():
        if name in judging.NETWORKS:
            (left_alone, alarms), (missed, found) = model["test"]["confusion"]
            outcomes = {"found": found, "missed": missed, "false-alarm": alarms, "left-alone": left_alone}
            assert_shows(page, name, outcomes)
            assert shown(page, name, "value") == str(SAME)


def test_slider_moves_all_networks_to_the_same_score(page, images):
    for place, value in enumerate((0, 0.05, 0.13, 0.29, 0.42, 0.51, 0.66, 0.8, 0.97, 1)):
        move(page, judging.NETWORKS[place % 3], value)
        for name in judging.NETWORKS:
            assert float(shown(page, name, "value")) == value
            assert_shows(page, name, judging.counts(images, name, value))


def test_score_at_the_threshold_is_called_malignant(page, images):
    exact = min(images, key=lambda image: abs(image["scores"]["scratch"] - 0.3))
    page.evaluate("document.querySelector('#thresholds input[type=range]').step = 'any'")  # a score has more decimals
    panel(page, "scratch").locator("input").fill(str(exact["scores"]["scratch"]))
    assert_shows(page, "scratch", judging.counts(images, "scratch", exact["scores"]["scratch"]))


def test_number_of_people_at_each_prevalence(page, images, artefacts):
    shares = judging.read_json(artefacts, "reports/metrics.json")["statistics"]["prevalences"]
    move(page, "scratch", 0.37)
    for share in shares:
        choose(page, "prevalence", share)
        for name in judging.NETWORKS:
            assert_shows(page, name, judging.counts(images, name, 0.37), share)


def test_same_sensitivity_is_that_of_the_validation_images(page, images, validation, artefacts):
    wanted = judging.read_json(artefacts, "reports/metrics.json")["statistics"]["screening_sensitivity"]
    choose(page, "mode", "sensitivity")
    for value in (wanted, 0.5, 0.81, 1, 0):
        if value != wanted:
            move(page, "mobilenet", value)
        for name in judging.NETWORKS:
            threshold = judging.threshold_for(validation, name, value)
            assert_shows(page, name, judging.counts(images, name, threshold))
            assert shown(page, name, "value") == f"{value:.0%}, threshold {float(f'{threshold:.3g}'):g}"


def test_youden_thresholds_are_those_of_the_metrics_and_cannot_be_moved(page, images, artefacts):
    choose(page, "mode", "youden")
    for name in judging.NETWORKS:
        model = judging.read_json(artefacts, "reports/metrics.json")["models"][name]
        threshold = model["test"]["operating"]["youden"]["threshold"]
        assert_shows(page, name, judging.counts(images, name, threshold))
        assert panel(page, name).locator("input").is_disabled()


def test_each_network_can_have_its_own_threshold(page, images):
    choose(page, "mode", "own")
    thresholds = {"scratch": 0.21, "mobilenet": 0.5, "efficientnet": 0.74}
    for name in ("scratch", "efficientnet"):
        move(page, name, thresholds[name])
    for name, threshold in thresholds.items():
        assert_shows(page, name, judging.counts(images, name, threshold))


def test_presets_and_exploration_are_told_apart(page):
    def notes():
        return [note.get_attribute("data-note") for note in page.locator("[data-note]").all() if note.is_visible()]

    assert notes() == ["score"]
    move(page, "scratch", 0.4)
    assert notes() == ["exploring"]
    for mode, note in (("sensitivity", "sensitivity"), ("youden", "youden"), ("own", "exploring"), ("score", "score")):
        choose(page, "mode", mode)
        assert notes() == [note]
    assert shown(page, "scratch", "value") == str(SAME)  # a preset again, not where the slider was


def test_arrow_keys_move_a_slider_and_what_it_shows_is_announced(page, images):
    panel(page, "scratch").locator("input").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    outcomes = judging.counts(images, "mobilenet", 0.48)
    assert_shows(page, "mobilenet", outcomes)
    words = f"MobileNetV2: {outcomes['missed']} missed, {outcomes['false-alarm']} false alarms."
    page.locator("#thresholds [role=status]").get_by_text(words).wait_for(state="attached")

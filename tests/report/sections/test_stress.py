"""The stress test in the report: its picture, its numbers and its most changed cases."""

from dataclasses import replace

import artefacts as fake
import pytest
from pages import NAMES, STRESS, Page, render

from lesion.report.reading import read
from lesion.report.sections.stress import stress

CHANGES, PARTS = "Changes by the strongest disturbances", "Without a part of the image"


@pytest.fixture
def artefacts(home):
    return read.read_artefacts(NAMES)


def test_the_table_holds_the_strongest_disturbances(home):
    shown = Page(render())
    assert len(shown.table(CHANGES)) == 12 * 3
    cells, ends = shown.values(CHANGES, "Ink marks: MobileNetV2")
    assert cells == pytest.approx([0.42, -0.21, -0.0432, -0.0543, None, 0.0123, None], nan_ok=True)
    assert ends[0] == pytest.approx([0.38, 0.47]) and ends[1] == pytest.approx([-0.2556, -0.1755])
    row = shown.table(CHANGES)["Hair: MobileNetV2"]
    assert (row[4][0], row[6][0]) == ("0 / 58", "the most of hair")


def test_what_is_left_without_the_lesion_is_in_a_table(home):
    cells, _ = Page(render()).values(PARTS, "Lesion painted over: MobileNetV2")
    assert cells[:3] == pytest.approx([0.9318 - 0.1234, -0.1234, 0.2])


def test_sentences_name_the_worst_disturbance_and_what_remedies_are_worth(home):
    says = Page(render()).says("looks")
    assert "Ink marks changed most verdicts: 42% (38% to 47%) of MobileNetV2’s, mostly to malignant;" in says
    assert "Removing hair lowers the share for CNN from scratch (18% to 6%)," in says
    assert "Correcting the colour changes the share no more than chance would." in says


def test_the_most_changed_cases_come_first_with_the_image_before(home, artefacts):
    cases = stress(artefacts, "95%")["changed"]
    assert [(case["row"], case["before"], case["after"]) for case in cases] == [
        (41, "0.120", "0.870"), (52, "0.910", "0.310"), (44, "0.345", "0.765"),
    ]  # fmt: skip
    assert all(case["unchanged"].startswith("data:image/webp") for case in cases)
    html = render()
    assert cases[0]["picture"] in html and '<span data-case="41">malignant · image 41</span>' in html
    unexplained = replace(artefacts, cases=[case for case in artefacts.cases if case.row != 41])
    assert stress(unexplained, "95%")["changed"][0]["unchanged"] == ""


def test_only_networks_that_are_shown_are_in_it(home):
    shown = Page(render(("mobilenet",)))
    assert len(shown.table(CHANGES)) == 12 and "CNN from scratch" not in shown.says("looks")


def test_text_from_the_record_stays_text(home):
    fake.change(home / STRESS, lambda record: record["strengths"]["ink"].append("<b>much</b>"))
    assert "<b>much</b>" not in render()

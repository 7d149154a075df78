"""What they look at: the skill of the maps, what is said of it by rule, and what is left out."""

from dataclasses import replace

import artefacts as fake
import pytest
from pages import EXPLANATIONS, NAMES, Page, render

from lesion.report import page
from lesion.report.reading import read
from lesion.report.sections.looks import looks

TABLE, KINDS, DIFFERENCES = "Skill of the maps", "Evidence on the lesion, by kind", "Differences in skill"


@pytest.fixture
def artefacts(home):
    return read.read_artefacts(NAMES)


def test_the_table_holds_the_skill_with_its_interval_and_the_evidence_beside_the_area(home):
    shown = Page(render())
    for name, title in NAMES.items():
        cells, ends = shown.values(TABLE, title)
        skills = [skill + fake.BETTER[name] for skill in fake.SKILLS.values()]
        energy = 0.24 + 0.3111 + skills[0] * 0.2
        assert cells == pytest.approx([*skills, energy, 0.24])
        assert ends[0] == pytest.approx([skills[0] - 0.0987, skills[0] + 0.0987])
        assert ends[3] == pytest.approx([energy - 0.0456, energy + 0.0345])
    assert shown.table(TABLE)["MobileNetV2"][2][0].startswith("0.15")
    assert shown.table(TABLE)["EfficientNetB0"][2][0].startswith("−0.46")


def test_each_kind_of_image_is_shown_and_an_empty_one_left_out(home):
    rows = Page(render()).table(KINDS)
    assert [row for row in rows if row.startswith("MobileNetV2")] == [
        "MobileNetV2: all", "MobileNetV2: benign", "MobileNetV2: malignant", "MobileNetV2: right verdicts",
    ]  # fmt: skip
    images, _, other, spot, ceiling, area, skill = Page(render()).values(KINDS, "MobileNetV2: benign")[0]
    assert (images, area) == (80, 0.21)
    assert (other, spot, ceiling, skill) == pytest.approx((0.31, 0.5211, 0.7211, 0.6421))


def test_differences_say_what_they_are_worth(home):
    rows = Page(render()).table(DIFFERENCES)
    assert len(rows) == 9
    assert rows["CNN from scratch − MobileNetV2: energy"][2][0] == "more than chance"


def test_sentences_come_from_the_intervals(home):
    says = Page(render()).says("looks")
    # 0.24 + 0.3111, and above it 0.4321, 0.6421 and 0.0321 times the room of 0.2
    assert (
        "The evidence of CNN from scratch and MobileNetV2 lies on the lesion more than a centred spot that never saw "
        "an image (64% against 55% and 68% against 55%), that of EfficientNetB0 no more (56% against 55%)." in says
    )
    assert "As much of the evidence of EfficientNetB0 would lie on the outline of another lesion." in says
    assert "MobileNetV2 than CNN from scratch and EfficientNetB0" in says
    assert "Outlines of 160 of 200 images: " in says and "from masks and" in says and "median Dice" in says


def with_coarse(artefacts, *names):
    models = []
    for model in artefacts.models:
        record = replace(model.explanation.localisation, coarse=model.name in names)
        resolution = [2, 2] if model.name in names else [4, 4]
        models.append(
            replace(model, explanation=replace(model.explanation, localisation=record, resolution=resolution))
        )
    return replace(artefacts, models=models)


def test_coarse_maps_are_said_in_one_line_and_left_out_of_the_tables(artefacts):
    context = looks(with_coarse(artefacts, "mobilenet", "efficientnet"))
    assert context["coarse"] == (
        "The maps of MobileNetV2 and EfficientNetB0 have 2 × 2 fields and cannot show where: 68% and 56% of the "
        "evidence lies on the lesion, which covers 24% of the image."
    )
    assert [row.name for row in context["table"].rows] == ["CNN from scratch"]
    assert context["differences"] is None


def test_with_coarse_maps_alone_there_is_no_table(artefacts):
    section = next(each for each in page.SECTIONS if each.id == "looks")
    html = str(page.body(section, with_coarse(artefacts, *NAMES), page.environment()))
    assert "<table" not in html and "cannot show where" in html


def test_without_outlines_there_is_no_section(home):
    def forget(record):
        for model in record["models"].values():
            model["localisation"] = None
        record["skill_differences"] = []

    fake.change(home / EXPLANATIONS, forget)
    assert 'id="looks"' not in render()


def test_a_choice_of_networks_leaves_the_others_differences_out(home):
    says = Page(render(("scratch", "mobilenet")))
    assert len(says.table(DIFFERENCES)) == 3 and "EfficientNetB0" not in says.says("looks")

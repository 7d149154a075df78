"""What they look at: the skill of the maps, what is said of it by rule, and what is left out."""

from dataclasses import replace

import artefacts as fake
import pytest
from pages import EXPLANATIONS, NAMES, STRESS, Page, render

from lesion.report import page
from lesion.report.reading import read
from lesion.report.sections.located import two_decimals
from lesion.report.sections.looks import looks

TABLE, SKILLS = "What each network’s score rests on", "Skill of the maps"
KINDS, DIFFERENCES = "Evidence on the lesion, by kind", "Differences in skill"


@pytest.fixture
def artefacts(home):
    return read.read_artefacts(NAMES)


def test_the_table_holds_for_each_network_what_was_tried_on_it(home):
    shown = Page(render())
    for name, title in NAMES.items():
        skill = fake.SKILLS["energy"] + fake.BETTER[name]
        corner = 0.0321 if name == "efficientnet" else skill - 0.1
        cells, ends = shown.values(TABLE, title)
        assert cells[6] is None and shown.table(TABLE)[title][6][0] == "Grad-CAM, 4 × 4"
        hidden = fake.AREAS[name] - 0.1234
        assert cells[:6] == pytest.approx([skill, corner, 0.8123, hidden, fake.SANITY[name], 0.0333])
        assert ends[0] == pytest.approx([skill - 0.0987, skill + 0.0987])
        assert ends[5] == [-0.0123, 0.0789]
    assert shown.table(TABLE)["MobileNetV2"][3][0] == "0.808 (−0.123)"
    assert shown.table(TABLE)["MobileNetV2"][4][0] == "changes, 0.23"
    assert shown.table(TABLE)["EfficientNetB0"][4][0] == "hardly changes, 0.90"


def test_what_random_weights_do_and_faithfulness_are_in_the_fold(home):
    shown = Page(render())
    cells, ends = shown.values("Tests of the maps", "EfficientNetB0")
    assert cells == pytest.approx([0.9234, 0.9012, 0.3333, 0.0456, 0.0333, 0.0666, -0.0789])
    assert ends[4] == [-0.0123, 0.0789]


def test_all_maps_are_scored_in_the_fold_and_better_ones_marked(home):
    rows = Page(render()).table(SKILLS)
    assert len(rows) == 9
    energy = fake.SKILLS["energy"] + fake.BETTER["mobilenet"]
    better = next(name for name in rows if name.startswith("MobileNetV2: LayerCAM, 8 × 8"))
    assert better.endswith("more skill, beyond chance")
    assert float(rows[better][0][1]) == pytest.approx(energy + 0.2)
    assert float(rows["MobileNetV2: LayerCAM, 12 × 12"][0][1]) == pytest.approx(energy - 0.1)
    assert float(rows["MobileNetV2: Grad-CAM, 4 × 4"][3][1]) == pytest.approx(0.24 + 0.3111 + energy * 0.2)


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
    assert (
        "The evidence of CNN from scratch and MobileNetV2 lies on the lesion more than a centred spot that never saw "
        "an image, that of EfficientNetB0 no more. The maps of CNN from scratch and MobileNetV2 follow the lesion into "
        "a corner; for EfficientNetB0 that could be chance. The map of EfficientNetB0 hardly changes if all weights "
        "are drawn at random: it says nothing of the network. CNN from scratch takes 75% (61% to 88%) of its score "
        "from outside the lesion, MobileNetV2 62% (40% to 80%); without the lesion EfficientNetB0 may be guessing."
        in says
    )
    assert "As much of the evidence of EfficientNetB0 would lie on the outline of another lesion." in says
    assert "MobileNetV2 than CNN from scratch and EfficientNetB0" in says
    assert "Outlines of 160 of 200 images: " in says and "from masks and" in says and "median Dice" in says


def test_the_images_with_the_least_evidence_on_the_lesion_are_shown(artefacts):
    # Their energies are row % 100 / 100 where an outline is known; all networks have the same, the first is named.
    shown = looks(artefacts)["apart"]
    assert [image["row"] for image in shown] == [101, 201, 102, 202, 103, 203]
    assert (shown[0]["share"], shown[0]["title"], shown[0]["label"]) == ("1%", "CNN from scratch", "malignant")


# --- finer and coarse maps --------------------------------------------------------------------------
def test_layercam_stands_in_where_gradcam_is_too_coarse(home):
    def replace_maps(record):
        record["models"]["mobilenet"].update(shown="layercam_16", resolution=[2, 2])

    fake.change(home / EXPLANATIONS, replace_maps)
    shown = Page(render())
    says = shown.says("looks")
    assert "Grad-CAM’s maps of MobileNetV2 have 2 × 2 fields and cannot show where; LayerCAM’s, of 8 × 8," in says
    assert shown.table(TABLE)["MobileNetV2"][6][0] == "LayerCAM, 8 × 8"
    energy = fake.SKILLS["energy"] + fake.BETTER["mobilenet"]
    assert shown.values(TABLE, "MobileNetV2")[0][0] == pytest.approx(energy + 0.2)
    rows = [row for row in shown.table(SKILLS) if row.startswith("MobileNetV2")]
    assert [row.split(": ")[1][:8] for row in rows] == ["LayerCAM", "LayerCAM"]


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
    assert context["coarse"][-1] == (
        "The maps of MobileNetV2 and EfficientNetB0 have 2 × 2 fields and cannot show where: 68% and 56% of the "
        "evidence lies on the lesion, which covers 24% of the image."
    )
    skills = [row.cells[0].text for row in context["table"].rows]
    assert skills == ["0.43", "too few fields", "too few fields"]
    assert {row.name.split(":")[0] for row in context["located"]["kinds"].rows} == {"CNN from scratch"}
    assert context["located"]["differences"] is None


def only_scores(artefacts):
    """Return what an earlier version left: scores of Grad-CAM's maps alone."""
    nothing = {"finer": {}, "beside": "", "corner": None, "sanity": None, "faithfulness": None}
    models = [replace(model, explanation=replace(model.explanation, **nothing)) for model in artefacts.models]
    return replace(artefacts, models=models, stress=None)


def test_with_coarse_maps_alone_there_is_no_table(artefacts):
    section = next(each for each in page.SECTIONS if each.id == "looks")
    html = str(page.body(section, only_scores(with_coarse(artefacts, *NAMES)), page.environment()))
    assert "<table" not in html and "cannot show where" in html


def test_what_was_not_tried_has_no_column_and_the_command_for_it_is_named(artefacts):
    context = looks(only_scores(artefacts))
    assert context["table"].columns == ["Skill", "Map"] and context["stress"] is None
    section = next(each for each in page.SECTIONS if each.id == "looks")
    html = str(page.body(section, only_scores(artefacts), page.environment()))
    assert "<code>invoke stress</code> shows what disturbs the verdicts" in html and "Verdicts changed" not in html


def test_a_network_without_a_test_says_so(artefacts):
    first, *others = artefacts.models
    models = [replace(first, explanation=replace(first.explanation, corner=None, sanity=None)), *others]
    cells = looks(replace(artefacts, models=models))["table"].rows[0].cells
    assert [cell.text for cell in cells].count("not tested") == 3


def test_without_outlines_there_is_what_needs_none(home):
    def forget(record):
        for model in record["models"].values():
            model.update(localisation=None, corner=None, beside="", finer={})
        record["skill_differences"] = []
        for image in record["images"]:
            image.update(outline="", outline_from="")

    fake.change(home / EXPLANATIONS, forget)
    fake.change(home / STRESS, lambda record: [model.update(parts={}) for model in record["models"].values()])
    shown = Page(render())
    assert [len(cells) for cells in shown.table(TABLE).values()] == [3, 3, 3]  # map, random weights, faithfulness
    says = shown.says("looks")
    assert "hardly changes if" in says and "Outlines of" not in says and "disagree most" not in says
    (home / STRESS).unlink()
    fake.change(
        home / EXPLANATIONS,
        lambda record: [model.update(sanity=None, faithfulness=None) for model in record["models"].values()],
    )
    assert 'id="looks"' not in render()


def test_a_choice_of_networks_leaves_the_others_differences_out(home):
    says = Page(render(("scratch", "mobilenet")))
    assert len(says.table(DIFFERENCES)) == 3 and "EfficientNetB0" not in says.says("looks")


def test_a_skill_of_nearly_zero_has_no_sign():
    assert [two_decimals(value) for value in (-0.001, 0.004, -0.126)] == ["0.00", "0.00", "−0.13"]

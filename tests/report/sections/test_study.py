"""Networks trained anew: figures are those of the study, and it is used only where it is of these images."""

from dataclasses import replace

import artefacts as fake
import pytest
from bodies import show
from pages import STUDY, Page, is_shown, read_json

from lesion import store

AREAS = "Expected ROC-AUC on new lesions of networks trained anew, with 95% intervals"
CURVES = "ROC-AUC by training images, with 95% intervals"
DIFFERENCES = "Differences in ROC-AUC of networks trained anew, with 95% intervals"


@pytest.fixture
def studied(home):
    """As `home`, with a study of its images."""
    store.write_record(home / STUDY, fake.study())
    return home


def test_areas_are_those_of_the_study_with_baselines_below_the_rule(studied):
    page, models = Page(show("study")), read_json(studied, STUDY)["models"]
    titles = {"mobilenet": "MobileNetV2", "together": "All networks together", "colour": "Colour alone"}
    for name, title in titles.items():
        area = models[name]["roc_auc"]
        values, ends = page.values(AREAS, title)
        assert values == [area[key] for key in ("value", "lesions", "trainings", "error")]
        assert ends[0] == area["interval"]
    row = page.table(AREAS)["MobileNetV2"]
    assert [text for text, _ in row] == ["0.908", "0.0123", "0.0057", "0.0151"]  # .9318 - .0234
    assert page.rows_below(AREAS) == ["All networks together", "All networks and colour", "Colour alone"]
    assert "CNN from scratch" not in page.says("study")


def test_failed_trainings_have_a_column_only_if_there_are_any(studied):
    assert "Failed trainings" not in Page(show("study")).says("study")
    fake.change(studied / STUDY, lambda study: study["models"]["mobilenet"].update(failed=2))
    page = Page(show("study"))
    assert "Failed trainings" in page.says("study")
    assert is_shown(page.table(AREAS)["MobileNetV2"][4], 2, "2")
    assert is_shown(page.table(AREAS)["EfficientNetB0"][4], 0, "0")


def test_differences_are_those_of_the_study_with_what_they_show_and_their_chances(studied):
    page, pairs = Page(show("study")), read_json(studied, STUDY)["differences"]
    rows = page.table(DIFFERENCES)
    assert list(rows) == ["MobileNetV2 − EfficientNetB0", "MobileNetV2 − Colour alone", "EfficientNetB0 − Colour alone"]
    for pair, row in zip(pairs, rows, strict=True):
        values, ends = page.values(DIFFERENCES, row)
        chances = pair["chances"] or {}
        numbers = [pair[key] for key in ("value", "error", "p", "p_corrected")]
        assert values == [*numbers, None, *(chances.get(key) for key in ("above", "within", "below"))]
        assert ends[0] == (pair["interval"] or [])
    texts = {name: [text for text, _ in row] for name, row in rows.items()}
    assert texts["MobileNetV2 − EfficientNetB0"] == [
        "+0.147", "0.0105", "0.021", "0.043", "a difference", "87.1%", "11.9%", "1.0%",
    ]  # fmt: skip
    assert texts["MobileNetV2 − Colour alone"][4] == "equivalence"
    assert texts["EfficientNetB0 − Colour alone"][2:] == ["undefined", "undefined", "neither", *["undefined"] * 3]


def test_margin_and_prior_are_those_that_the_study_was_made_with(studied):
    said = Page(show("study")).says("study")
    assert "Chance: above +0.012" in said and "within ±0.012" in said and "below −0.012" in said
    assert "the 88% interval lies within ±0.012" in said and "have a standard deviation of 0.034 around 0" in said


def test_a_difference_that_is_supported_and_below_the_margin_is_said_to_be_both(studied):
    fake.change(studied / STUDY, lambda study: study["differences"][0].update(equivalent=True))
    row = Page(show("study")).table(DIFFERENCES)["MobileNetV2 − EfficientNetB0"]
    assert row[4][0] == "a difference below the margin"


def test_section_says_how_the_study_was_made_and_what_it_cannot_know(studied):
    page = Page(show("study", "methods"))
    for wanted in (
        "invoke study: 6 trainings of each network, 2 folds × 3 partitions of 900 lesions (412 malignant, ",
        "1,333 images), in 2 h 03 min",
        "differ by less than 0.012 either way",
        "15% of the other lesions are kept apart for early stopping",
        "the same augmented views of an image: 5 views for MobileNetV2 and 4 views for EfficientNetB0.",
        "times 2.18, since trainings share lesions",  # 1 + (1/2) / (1/2 · .85)
        "learns from about 42% of the lesions",  # half of them without 15 % of that half: 42.5, rounded to even
        "No unbiased estimator of this variance exists (Bengio and Grandvalet, JMLR 5 (2004) 1089)",
        "checked by simulation",
        "Not in this study: Age, sex and site; Colour, age, sex and site: nothing is known of the patients.",
    ):
        assert wanted in page.says("study"), wanted


def test_report_of_some_networks_shows_only_these_and_nothing_that_the_study_says_of_all(studied):
    page = Page(show("study", models=["mobilenet"]))
    assert "EfficientNetB0" not in page.says("study") and "All networks together" not in page.says("study")
    assert page.rows_below(AREAS) == ["Colour alone"]
    assert list(page.table(DIFFERENCES)) == ["MobileNetV2 − Colour alone"]


def test_learning_curves_have_their_scores_sentences_and_what_the_last_step_is_worth(studied):
    page, curves = Page(show("study")), read_json(studied, STUDY)["curves"]
    for name, title in (("mobilenet", "MobileNetV2"), ("efficientnet", "EfficientNetB0"), ("colour", "Colour alone")):
        values, ends = page.values(CURVES, title)
        points = curves[name]["points"]
        assert values == [*(point["roc_auc"]["value"] for point in points), curves[name]["step"]["value"], None]
        assert ends[:4] == [*(point["roc_auc"]["interval"] for point in points), curves[name]["step"]["interval"]]
        assert f"{title} rose from 283 to 567 <images>." in page.says("study")
    assert page.table(CURVES)["MobileNetV2"][4][0] == "More than chance (p = 0.012)"
    assert page.table(CURVES)["Colour alone"][4][0] == "Could be chance (p = 0.345)"
    assert page.rows_below(CURVES) == ["Colour alone"]
    assert "142 images, 25%" in page.says("study") and "567 images, 100%" in page.says("study")
    alone = Page(show("study", models=["mobilenet"])).says("study")
    assert "MobileNetV2 rose" in alone and "EfficientNetB0 rose" not in alone


def test_a_study_without_fractions_has_no_learning_curve(studied):
    store.write_record(studied / STUDY, replace(fake.study(), curves={}))
    assert "Would more images help?" not in Page(show("study")).says("study")


def test_a_study_of_other_images_is_not_shown(studied):
    fake.change(studied / STUDY, lambda study: study["data"].update(fingerprint="0" * 16))
    assert show("study") == ""


def test_with_a_study_the_comparison_does_not_say_how_to_run_one(studied):
    assert "invoke study" not in Page(show("comparison")).says("comparison")


def test_study_of_one_network_has_no_table_of_differences(studied):
    study = fake.study()
    one = replace(study, models={"mobilenet": study.models["mobilenet"]}, differences=[], missing={})
    store.write_record(studied / STUDY, one)
    page = Page(show("study"))
    assert DIFFERENCES not in page.tables and page.rows_below(AREAS) == []


def test_study_of_images_one_by_one_does_not_speak_of_folds_of_lesions(studied):
    fake.change(studied / STUDY, lambda study: study["design"].update(kinds=["random"]))
    assert "The images are divided into folds" in Page(show("study")).says("study")

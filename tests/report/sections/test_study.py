"""Networks trained anew: figures are those of the study, and it is used only where it is of these images."""

import re
from dataclasses import replace
from html import escape

import artefacts as fake
import pytest
from pages import METRICS, STUDY, Page, is_shown, read_json, render

from lesion import store
from lesion.report import page as report

AREAS = "Expected ROC-AUC on new lesions of networks trained anew, with 95 % intervals"
DIFFERENCES = "Differences in ROC-AUC of networks trained anew, with 95 % intervals"


@pytest.fixture
def studied(home):
    """As `home`, with a study of its images."""
    store.write_record(home / STUDY, fake.study())
    return home


@pytest.fixture
def alone(studied, monkeypatch):
    """As `studied`, with a report that has no other section than these, which is quicker."""
    monkeypatch.setattr(report, "SECTIONS", [each for each in report.SECTIONS if each.id in ("study", "methods")])
    return studied


def headline(html):
    return re.search(r'<p class="headline">(.*?)</p>', html).group(1)


def test_areas_are_those_of_the_study_with_baselines_below_the_rule(alone):
    page, models = Page(render()), read_json(alone, STUDY)["models"]
    titles = {"mobilenet": "MobileNetV2", "together": "All networks together", "colour": "Colour alone"}
    for name, title in titles.items():
        area = models[name]["roc_auc"]
        values, ends = page.values(AREAS, title)
        assert values == [area[key] for key in ("value", "lesions", "trainings", "error")]
        assert ends[0] == area["interval"]
    row = page.table(AREAS)["MobileNetV2"]
    assert [text for text, _ in row] == ["0.908", "0.0123", "0.0057", "0.0151"]  # .9318 - .0234
    assert page.rows_below(AREAS) == ["All networks together", "Colour alone"]
    assert page.table(AREAS)["CNN from scratch"] == [["Missing: not in this study", None]]


def test_failed_trainings_have_a_column_only_if_there_are_any(alone):
    assert "Failed trainings" not in Page(render()).says("study")
    fake.change(alone / STUDY, lambda study: study["models"]["mobilenet"].update(failed=2))
    page = Page(render())
    assert "Failed trainings" in page.says("study")
    assert is_shown(page.table(AREAS)["MobileNetV2"][4], 2, "2")
    assert is_shown(page.table(AREAS)["EfficientNetB0"][4], 0, "0")


def test_differences_are_those_of_the_study_with_what_they_show_and_their_chances(alone):
    page, pairs = Page(render()), read_json(alone, STUDY)["differences"]
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


def test_margin_and_prior_are_those_that_the_study_was_made_with(alone):
    said = Page(render()).says("study")
    assert "Chance: above +0.012" in said and "within ±0.012" in said and "below −0.012" in said
    assert "the 88 % interval lies within ±0.012" in said and "have a standard deviation of 0.034 around 0" in said


def test_a_difference_that_is_supported_and_below_the_margin_is_said_to_be_both(alone):
    fake.change(alone / STUDY, lambda study: study["differences"][0].update(equivalent=True))
    row = Page(render()).table(DIFFERENCES)["MobileNetV2 − EfficientNetB0"]
    assert row[4][0] == "a difference below the margin"


def test_section_says_how_the_study_was_made_and_what_it_cannot_know(alone):
    said = Page(render()).says("study")
    for wanted in (
        "MobileNetV2 would rank better than <EfficientNetB0>.",
        "differ by less than 0.012 either way",
        "on 1,333 images of 900 lesions, 412 of them malignant, in 2 h 03 min of training",
        "2 folds of the lesions × 3 partitions, so 6 trainings of each network",
        "15 % of the other lesions are kept apart for early stopping",
        "the same augmented views of an image: 5 views for MobileNetV2 and 4 views for EfficientNetB0.",
        "times 2.18, since trainings share lesions",  # 1 + (1/2) / (1/2 · .85)
        "learns from about 42 % of the lesions",  # half of them without 15 % of that half: 42.5, rounded to even
        "No unbiased estimator of this variance exists (Bengio and Grandvalet, JMLR 5 (2004) 1089)",
        "checked by simulation",
        "Not in this study: Age, sex and site; Colour, age, sex and site: nothing is known of the patients.",
    ):
        assert wanted in said, wanted
    methods = Page(render()).says("methods")
    assert "Nadeau and Bengio, Machine Learning 52 (2003) 239" in methods and "1,234 draws" in methods


def test_answer_is_the_studys_and_what_the_split_says_follows(studied):
    html = render()
    assert headline(html) == escape(fake.study().headline)
    answer = Page(html).says("answer")
    networks, split = answer.split("This split alone")
    assert "about networks trained anew, not about one training of each: 6 trainings of each, on 2 folds" in networks
    assert "CNN from scratch is not in this study." in networks and "On this split" not in networks
    assert split.strip().startswith(read_json(studied, METRICS)["preference"]["test"][0])
    assert "ROC-AUC on 200 test images" in split and "invoke study" not in answer


def test_answer_says_how_networks_trained_anew_differ_from_colour_alone(studied):
    answer = Page(render()).says("answer").split("This split alone")[0]
    # .9318 - .8544 = .0774, give or take .0213; colour alone .8544 - .0234
    wanted = "against colour alone (ROC-AUC 0.831): MobileNetV2 +0.077 (95 % interval +0.056 to +0.099; "
    assert wanted + "corrected p = 0.469: as good as equal)." in answer
    assert "EfficientNetB0 −" not in answer  # its difference has no interval


def test_limitations_and_advice_know_of_the_study(studied):
    page = Page(render())
    limits = page.says("limitations")
    assert "All figures but those under “Trained anew” come from one split and one training" in limits
    assert "compare these trained networks, not their architectures" in limits
    assert "invoke study" not in page.says("comparison") and "study" in page.says("provenance")


def test_without_a_study_the_answer_says_so_and_the_comparison_how_to_run_one(home):
    page = Page(render())
    assert "study" not in page.sections and "Nadeau" not in page.says("methods")
    assert page.says("answer").endswith(
        "This answer is about these trainings on this split; invoke study would make it one about the networks."
    )
    said = page.says("comparison")
    assert "run invoke study with the options of these trainings" in said and "about networks" in said


@pytest.mark.parametrize("models", [None, ["mobilenet"]])
def test_study_of_other_images_is_not_used_and_a_warning_says_so(studied, models):
    fake.change(studied / STUDY, lambda study: study["data"].update(fingerprint="0" * 16))
    html = render(models) if models else render()
    page = Page(html)
    assert "study" not in page.sections and "Trained anew" not in headline(html)
    assert "Reports/study.json is a study of other images and is not used: run invoke study." in page.says("warnings")
    assert "on this split;" in page.says("answer")


def test_report_of_some_networks_shows_only_these_and_nothing_that_the_study_says_of_all(studied):
    html = render(["mobilenet"])
    page = Page(html)
    assert "EfficientNetB0" not in page.says("study") and "All networks together" not in page.says("study")
    assert list(page.table(DIFFERENCES)) == ["MobileNetV2 − Colour alone"]
    assert "Only MobileNetV2 can be judged" in headline(html)
    assert "for networks trained anew see the section on them" in page.says("answer")


def test_study_of_one_network_has_no_table_of_differences(alone):
    study = fake.study()
    one = replace(study, models={"mobilenet": study.models["mobilenet"]}, differences=[], missing={})
    store.write_record(alone / STUDY, one)
    page = Page(render())
    assert DIFFERENCES not in page.tables and page.rows_below(AREAS) == []


def test_study_of_images_one_by_one_does_not_speak_of_folds_of_lesions(alone):
    fake.change(alone / STUDY, lambda study: study["design"].update(kinds=["random"]))
    assert "2 folds of the images × 3 partitions" in Page(render()).says("study")

"""Two finished reports compared, from the data embedded in their pages."""

import json
import re
import shutil

import artefacts as fake
import pages
import pandas as pd
import pytest

from lesion.errors import LesionError
from lesion.report.compare.finished import read_report
from lesion.report.compare.page import render
from lesion.report.compare.paired import compare_reports

MOVED = {40: 0.9, 41: 0.1, 42: 0.7}  # test rows that MobileNetV2 had right, two benign and a malignant one: now wrong


@pytest.fixture
def homes(home, tmp_path):
    """Return two homes with a report each; in the second MobileNetV2 has three other verdicts and more epochs."""
    second = tmp_path / "second"
    (home / "reports/index.html").write_text(pages.render(), encoding="utf-8")
    predictions = home / "runs/mobilenet/predictions.csv"
    table = pd.read_csv(predictions)
    table["probability"] = table["row"].map(MOVED).fillna(table["probability"])
    table.to_csv(predictions, index=False)
    fake.take_predictions(home)
    fake.change(home / "runs/mobilenet/manifest.json", lambda run: run["settings"].update(epochs=77))
    shutil.copytree(home, second)
    (second / "reports/index.html").write_text(pages.render(), encoding="utf-8")
    return home, second


def compared(homes):
    return compare_reports(*(read_report(str(home)) for home in homes))


def network(comparison, title):
    return next(one for one in comparison.networks if one.title == title)


def test_differences_are_first_minus_second_over_the_same_images(homes):
    comparison = compared(homes)
    accuracy = network(comparison, "MobileNetV2").comparison.accuracy
    assert (comparison.images, comparison.lesions, comparison.left_out) == (200, 100, (0, 0))
    assert (accuracy.first, accuracy.second) == (172 / 200, 169 / 200)
    assert accuracy.difference == pytest.approx(3 / 200)
    assert (accuracy.only_first_right, accuracy.only_second_right) == (3, 0)


def test_network_that_did_not_change_has_no_difference(homes):
    unchanged = network(compared(homes), "EfficientNetB0")
    assert unchanged.comparison.roc_auc.difference == 0
    assert unchanged.changed == []


def test_images_that_changed_sides_come_with_both_scores_the_largest_change_first(homes):
    changed = network(compared(homes), "MobileNetV2").changed
    assert {case.row for case in changed} == set(MOVED)
    assert all(case.second == MOVED[case.row] for case in changed)
    assert [case.distance for case in changed] == sorted((case.distance for case in changed), reverse=True)


def test_settings_that_differ_are_named_and_others_are_not(homes):
    settings = compared(homes).settings
    assert [(one.stage, one.name, one.second) for one in settings] == [("train mobilenet", "epochs", "77")]


def test_network_that_only_one_report_has_is_named_once(homes):
    first, second = (read_report(str(home)) for home in homes)
    second.about["networks"] = [one for one in second.about["networks"] if one["name"] != "efficientnet"]
    del second.about["settings"]["train efficientnet"]
    comparison = compare_reports(first, second)
    assert comparison.cautions == ["EfficientNetB0 is in A only."]
    assert {one.stage for one in comparison.settings} == {"train mobilenet"}


def test_page_shows_what_was_compared(homes):
    page = pages.Page(render(compared(homes)))
    rows = page.table("A minus B")
    assert pages.is_shown(rows["MobileNetV2, Accuracy"][0], 172 / 200, "0.860")
    assert pages.is_shown(rows["MobileNetV2, Accuracy"][1], 169 / 200, "0.845")
    assert set(page.table("Where MobileNetV2")) == {f"image {row}" for row in MOVED}
    assert not any(caption.startswith("Where EfficientNetB0") for caption in page.tables)


def test_report_itself_may_be_given_instead_of_its_folder(homes):
    assert read_report(str(homes[1] / "reports/index.html")).networks == read_report(str(homes[1])).networks


def test_text_from_outside_stays_text(homes):
    first = read_report(str(homes[0]))
    second = read_report(str(homes[1]))
    second.about["description"] = "<script>alert(1)</script>"
    html = render(compare_reports(first, second))
    assert "<script>" not in html
    assert "The reports describe their data differently" in html


def test_other_images_are_refused(homes):
    first, second = (read_report(str(home)) for home in homes)
    second.predictions["label"] = 1 - second.predictions["label"]
    with pytest.raises(LesionError, match="are of other images: image 40 has another class"):
        compare_reports(first, second)
    second.predictions["row"] += 10_000
    with pytest.raises(LesionError, match="have no test image in common"):
        compare_reports(first, second)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "does not exist: give a report, or a folder in which `invoke report` made one"),
        ("", "holds no data of a report"),
        ('<script type="application/json" id="about">{"threshold":</script>', "holds no data of a report"),
        ('<script id="about">[]</script><script id="predictions">row\n1</script>', "holds no data of a report"),
    ],
)
def test_file_that_is_no_report_is_one_line(tmp_path, content, problem):
    path = tmp_path / "report.html"
    if content is not None:
        path.write_text(content)
    with pytest.raises(LesionError, match=problem):
        read_report(str(path))


def test_report_without_a_common_network_is_refused(homes):
    first, second = (read_report(str(home)) for home in homes)
    second.about["networks"] = [{"name": "other", "title": "Other"}]
    second.predictions["other"] = 0.5
    with pytest.raises(LesionError, match="have no network in common"):
        compare_reports(first, second)


def test_embedded_data_are_what_the_page_says(homes):
    html = (homes[0] / "reports/index.html").read_text()
    about = json.loads(re.search(r'id="about">(.*?)</script>', html, re.DOTALL)[1])
    assert read_report(str(homes[0])).about == about

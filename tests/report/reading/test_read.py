"""Reading: what is missing is named, and what does not belong together is refused."""

import re
import shutil
from dataclasses import replace

import artefacts as fake
import pytest
from pages import EXPLANATIONS, MANIFEST, METRICS, Page, render

from lesion import config
from lesion.errors import LesionError
from lesion.records.preparation import SourceRecord
from lesion.report import page as report
from lesion.report.reading.privacy import without_folders
from lesion.report.reading.read import read_artefacts


def test_missing_model_is_in_one_table_and_one_caution_and_counts_as_a_failure(home):
    why = "not trained: run `invoke train --model efficientnet`"

    def drop(metrics):
        del metrics["models"]["efficientnet"]
        metrics["missing"]["efficientnet"] = why

    fake.change(home / METRICS, drop)
    fake.compare(home / METRICS, "test")
    shutil.rmtree(home / "runs/efficientnet")
    artefacts = read_artefacts(config.NETWORKS)
    assert artefacts.failures == [("efficientnet", why)]
    page = Page(report.render(artefacts))
    shown = why.replace("`", "")
    assert page.table("Scores on the test images")["EfficientNetB0"] == [[f"Missing: {shown}", None]]
    said = [section for section in page.sections if shown.removeprefix("not trained: ") in page.says(section)]
    assert said == ["answer", "summary"]
    for section in ("threshold", "calibration", "training", "methods", "provenance"):
        assert "MobileNetV2" in page.says(section) and "EfficientNetB0" not in page.says(section), section


@pytest.mark.parametrize(
    ("file", "command"),
    [
        ("runs/mobilenet/manifest.json", "invoke train --model mobilenet"),
        ("runs/mobilenet/history.csv", "invoke train --model mobilenet"),
        ("runs/mobilenet/evaluation.json", "invoke evaluate --model mobilenet"),
        (EXPLANATIONS, "invoke explain --model mobilenet"),
    ],
)
def test_single_missing_file_is_named_once_and_the_rest_is_shown(home, file, command):
    (home / file).unlink()
    artefacts = read_artefacts(config.NETWORKS)
    assert ("mobilenet", f"{file} is missing") in [(name, why[: len(file) + 11]) for name, why in artefacts.failures]
    page = Page(report.render(artefacts))
    said = page.says("provenance")
    assert f"Missing of MobileNetV2: {file} is missing" in said and command in said
    assert page.table("Scores on the test images")["MobileNetV2"][1][1] == "0.86"


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (MANIFEST, "data/manifest.json is missing: run `invoke prepare` first"),
        (METRICS, "reports/metrics.json is missing: run `invoke evaluate` first"),
        ("reports/cases/41.webp", "reports/cases/41.webp is missing: run `invoke explain`"),
        ("data/preview/cropped_3_after.jpg", "cropped_3_after.jpg is missing: run `invoke prepare`"),
    ],
)
def test_missing_file_that_the_report_cannot_do_without(home, file, message):
    (home / file).unlink()
    with pytest.raises(LesionError, match=re.escape(message)):
        render()


@pytest.mark.parametrize(
    ("file", "edit", "message"),
    [
        (METRICS, {"data": "0"}, "reports/metrics.json was made from other data: run `invoke evaluate`"),
        (EXPLANATIONS, {"data": "0"}, "reports/explanations.json was made from other data: run `invoke explain`"),
        ("runs/scratch/manifest.json", {"data": "0"}, "other data: run `invoke train --model scratch`"),
        ("runs/scratch/manifest.json", {"digest": "0"}, "metrics.json was made from other weights: run `invoke eval"),
        ("runs/colour/manifest.json", {"data": "0"}, "colour/manifest.json was made from other data: run `invoke base"),
        ("runs/colour/manifest.json", {"digest": "0"}, "metrics.json was made from other predictions: run `invoke ev"),
        ("runs/scratch/evaluation.json", {"digest": "0"}, "evaluation.json was made from other weights: run `invoke"),
    ],
)
def test_artefacts_that_do_not_belong_together_are_refused(home, file, edit, message):
    fake.change(home / file, lambda value: value.update(edit))
    with pytest.raises(LesionError, match=re.escape(message)):
        render()


def test_explanations_of_other_weights_are_refused(home):
    fake.change(home / EXPLANATIONS, lambda value: value["models"]["mobilenet"].update(digest="0"))
    with pytest.raises(LesionError, match=r"explanations\.json was made from other weights: run `invoke explain"):
        render()


def test_artefact_without_a_figure_is_named(home):
    fake.change(home / METRICS, lambda value: value["models"]["scratch"]["test"].pop("roc_auc"))
    with pytest.raises(
        LesionError, match=r"reports/metrics\.json is not as expected .*roc_auc.*: run `invoke evaluate`"
    ):
        render()


def test_data_of_an_older_version_has_to_be_prepared_again(home):
    fake.change(home / MANIFEST, lambda manifest: manifest.update(groups={"known": False, "count": 1334}))
    with pytest.raises(LesionError, match=r"data/manifest\.json is not as expected .*origin.*: run `invoke prepare`"):
        render()


def test_report_of_one_model_reads_nothing_of_the_others(home):
    shutil.rmtree(home / "runs/mobilenet")
    artefacts = read_artefacts(["scratch"])
    assert artefacts.failures == []
    assert "MobileNetV2 " not in Page(report.render(artefacts)).says("summary")


def test_a_choice_of_networks_shows_no_row_that_others_have_a_share_in(home):
    named = ["scratch", "mobilenet"]
    page = Page(render(named))
    below = {row for rows in page.below.values() for row in rows}
    assert below.isdisjoint(["All networks together", "All networks and colour"]) and "Colour alone" in below
    said = " ".join(page.says(section) for section in page.sections)
    assert "All networks together" not in said and "All networks and colour" not in said
    everything = {row for rows in Page(render()).below.values() for row in rows}
    assert everything >= {"All networks together", "All networks and colour"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("12 rows: the folder /home/me/my photos/ham (2)", "12 rows: the folder ham (2)"),
        ("the file C:\\Users\\me\\ham.parquet", "the file ham.parquet"),
        ("used ~/weights/a.h5, or /opt/b.h5", "used a.h5, or b.h5"),
        ("ROC/AUC of </b> at https://some.where/page, 1 / 2", "ROC/AUC of </b> at https://some.where/page, 1 / 2"),
    ],
)
def test_folders_of_a_path_are_left_out_and_nothing_else(text, told):
    record = SourceRecord(name="folder", description=text, replaced=None)
    assert without_folders({"source": [record]}) == {"source": [replace(record, description=told)]}

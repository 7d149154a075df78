"""Reading: what is missing is named, and what does not belong together is refused."""

import re
import shutil

import artefacts as fake
import pytest
from pages import EXPLANATIONS, MANIFEST, METRICS, Page, render

from lesion import config
from lesion.errors import LesionError
from lesion.report import page as report
from lesion.report.read import read_artefacts


def test_missing_model_is_shown_in_its_place_and_counts_as_a_failure(home):
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
    assert page.table("Figures of each model on the test split")["EfficientNetB0"] == [[f"Missing: {shown}", None]]
    parts = ("architecture", "training", "roc", "confusion", "classes", "explanations", "provenance")
    parts += ("operating", "calibration")
    for section in ("answer", "warnings", *parts):
        assert shown in page.says(section), section


@pytest.mark.parametrize(
    ("file", "section", "command"),
    [
        ("runs/mobilenet/manifest.json", "architecture", "invoke train --model mobilenet"),
        ("runs/mobilenet/history.csv", "training", "invoke train --model mobilenet --force"),
        ("runs/mobilenet/evaluation.json", "warnings", "invoke evaluate --model mobilenet"),
        (EXPLANATIONS, "explanations", "invoke explain --model mobilenet"),
    ],
)
def test_single_missing_file_is_named_in_its_section(home, file, section, command):
    (home / file).unlink()
    artefacts = read_artefacts(config.NETWORKS)
    assert ("mobilenet", f"{file} is missing") in [(name, why[: len(file) + 11]) for name, why in artefacts.failures]
    page = Page(report.render(artefacts))
    assert file in page.says(section) and command in page.says(section)
    assert page.table("Figures of each model on the test split")["MobileNetV2"][0][1] == "0.86"


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (MANIFEST, "data/manifest.json is missing: run `invoke prepare` first"),
        (METRICS, "reports/metrics.json is missing: run `invoke evaluate` first"),
        ("reports/gradcam/41.jpg", "reports/gradcam/41.jpg is missing: run `invoke explain --force`"),
        ("data/preview/cropped_3_after.jpg", "cropped_3_after.jpg is missing: run `invoke prepare --force`"),
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
        LesionError, match=r"reports/metrics\.json is not as expected .*roc_auc.*: run `invoke evaluate --force`"
    ):
        render()


def test_data_of_an_older_version_has_to_be_prepared_again(home):
    fake.change(home / MANIFEST, lambda manifest: manifest.update(groups={"known": False, "count": 1334}))
    with pytest.raises(
        LesionError, match=r"data/manifest\.json is not as expected .*origin.*: run `invoke prepare --force`"
    ):
        render()


def test_report_of_one_model_reads_nothing_of_the_others(home):
    shutil.rmtree(home / "runs/mobilenet")
    artefacts = read_artefacts(["scratch"])
    assert artefacts.failures == []
    assert "MobileNetV2 " not in Page(report.render(artefacts)).says("summary")

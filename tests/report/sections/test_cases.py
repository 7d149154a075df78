"""The case browser: the images that it shows first, what is embedded for its script, and what it leaves out."""

import base64
import json
import re
from dataclasses import replace

import artefacts as fake
import cv2
import numpy as np
import pandas as pd
import pytest
from pages import EXPLANATIONS, NAMES

from lesion.records.explanations import AGREEMENT
from lesion.report import page
from lesion.report.embedded import case_pictures
from lesion.report.embedded.judged import Judged, judged, most_wrong
from lesion.report.reading import read
from lesion.report.reading.artefacts import Case
from lesion.report.sections.cases import cases
from lesion.tables import read_table

SECTION = next(each for each in page.SECTIONS if each.id == "cases")


def shown(artefacts) -> str:
    return str(page.body(SECTION, artefacts, page.environment()))


def embedded(html) -> dict:
    return json.loads(re.search(r'id="case-pictures">(.*?)</script>', html, re.DOTALL)[1])


def cards(html) -> dict[int, str]:
    return {
        int(row): text
        for row, text in re.findall(r'<article class="case" id="case-(\d+)"(.*?)</article>', html, re.DOTALL)
    }


@pytest.fixture
def artefacts(home):
    return read.read_artefacts(NAMES)


def scores_by_row(home) -> dict[int, dict[str, float]]:
    tables = {name: read_table(home / f"runs/{name}/predictions.csv", "") for name in NAMES}
    columns = {name: table.set_index("row")["probability"] for name, table in tables.items()}
    return {row: {name: columns[name][row] for name in NAMES} for row in fake.TEST_ROWS}


def test_cards_are_the_most_wrong_images_by_the_predictions(home, artefacts):
    def key(row):
        wrong = [abs(score - 0.5) for score in scores[row].values() if (score >= 0.5) != bool(row % 2)]
        return -len(wrong), -max(wrong, default=0), row

    scores = scores_by_row(home)
    assert list(cards(shown(artefacts))) == sorted(fake.TEST_ROWS, key=key)[:12]


def test_cards_show_the_scores_and_the_verdicts_at_the_threshold(home, artefacts):
    scores = scores_by_row(home)
    for row, text in cards(shown(artefacts)).items():
        values = dict(zip(NAMES, re.findall(r'data-value="([^"]*)">([\d.]+)<', text), strict=True))
        words = re.findall(r'class="verdict (\w+)">\1<', text)
        for (name, (value, number)), word in zip(values.items(), words, strict=True):
            assert float(value) == scores[row][name] and number == f"{scores[row][name]:.3f}"
            assert word == ("right" if (scores[row][name] >= 0.5) == bool(row % 2) else "wrong")


def test_images_with_equal_errors_are_in_the_order_of_their_rows():
    images = [
        Judged(Case(row, 1, row, {}, b"", ""), {}, errors)
        for row, errors in [
            (9, {}),
            (8, {"a": 0.2}),
            (7, {"a": 0.1, "b": 0.2}),
            (6, {"a": 0.3}),
            (5, {"a": 0.2}),
            (4, {}),
        ]
    ]
    assert [image.case.row for image in sorted(images, key=most_wrong)] == [7, 6, 5, 8, 4, 9]


def test_page_holds_every_test_image_as_it_was_explained(home, artefacts):
    content = embedded(shown(artefacts))
    assert [image[0] for image in content["cases"]] == fake.TEST_ROWS
    assert content["maps"] == {name: [4, 4] for name in NAMES} and content["classes"] == ["benign", "malignant"]
    assert content["factors"] == [["hair or marks", ["none", "painted over"]]]
    files = {name: np.load(home / f"reports/cases/{name}.npz") for name in NAMES}
    for place, (row, thumbnail, outline, levels, maps, estimated) in enumerate(content["cases"]):
        assert base64.b64decode(thumbnail) == (home / f"reports/cases/{row}.webp").read_bytes()
        assert outline == (fake.OUTLINE if row % 5 else "") and levels == [int(row % 3 == 0)]
        assert estimated == int(bool(row % 5 and row % 3))
        for file, (fields, peak, malignant, energy) in zip(files.values(), maps, strict=True):
            assert energy == (row % 100 / 100 if row % 5 else None)
            expected = file["fields"][place].tobytes()
            assert base64.b64decode(fields) == (expected if any(expected) else b"")
            assert np.float32(peak) == file["peaks"][place] and malignant == file["malignant"][place]


def test_estimated_outlines_are_dotted_and_come_with_their_agreement(artefacts):
    html = shown(artefacts)
    for row, text in cards(html).items():
        assert ('class="outline estimated"' in text) == bool(row % 5 and row % 3)
    assert "The dashed line is the lesion&#39;s outline, from a mask" in html
    assert f"The dotted line is an estimated outline, from the image&#39;s colours alone ({AGREEMENT})." in html
    assert embedded(html)["agreement"] == AGREEMENT
    known = [replace(case, outline_from="drawn") for case in artefacts.cases]
    html = shown(replace(artefacts, cases=known))
    assert "known because the project drew the image" in html and "dotted" not in html and "from a mask" not in html
    html = shown(replace(artefacts, cases=[replace(case, outline="", outline_from="") for case in known]))
    assert "No network has seen" not in html and 'name="outline"' not in html


def test_mask_is_opaque_where_the_evidence_is():
    fields = np.array([[0, 255, 7], [1, 128, 0]], np.uint8)
    png = base64.b64decode(case_pictures.mask(fields).removeprefix("data:image/png;base64,"))
    assert np.array_equal(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)[..., 3], fields)
    assert case_pictures.mask(np.zeros((4, 4), np.uint8)) == ""


def test_maps_that_are_too_coarse_are_left_out_and_named(artefacts):
    coarse = [
        replace(model, maps=replace(model.maps, fields=model.maps.fields[:, :2, :3]))
        if model.name != "scratch"
        else model
        for model in artefacts.models
    ]
    html = shown(replace(artefacts, models=coarse))
    assert "The maps of MobileNetV2 and EfficientNetB0 have 2 × 3 fields: too coarse" in html
    assert list(embedded(html)["maps"]) == ["scratch"] and all(len(image[4]) == 1 for image in embedded(html)["cases"])
    text = next(iter(cards(html).values()))
    assert text.count('class="side evidence"') == 1 and text.count("data-score") == 3
    assert "too coarse" not in shown(artefacts)


def test_network_without_maps_still_has_its_scores(artefacts):
    models = [replace(model, maps=None, explanation=None) for model in artefacts.models]
    html = shown(replace(artefacts, models=[*models[:1], *artefacts.models[1:]]))
    assert list(embedded(html)["maps"]) == ["mobilenet", "efficientnet"]
    assert all(text.count("data-score") == 3 for text in cards(html).values())
    html = shown(replace(artefacts, models=models))
    assert 'name="view"' not in html and "Grad-CAM" not in html and len(cards(html)) == 12


def test_network_without_scores_is_left_out(artefacts):
    models = [replace(artefacts.models[0], scores=None), *artefacts.models[1:]]
    html = shown(replace(artefacts, models=models))
    assert "CNN from scratch" not in html and len(cards(html)) == 12


def test_maps_of_layercam_are_named_and_have_no_peak(home):
    fake.change(home / EXPLANATIONS, lambda record: record["models"]["mobilenet"].update(shown="layercam_16"))
    html = shown(read.read_artefacts(NAMES))
    assert "The light is Grad-CAM (LayerCAM for MobileNetV2), which" in html
    maps = embedded(html)["cases"][1][4]
    assert maps[1][1] is None and maps[0][1] is not None
    assert embedded(html)["maps"]["mobilenet"] == [8, 8]


def test_images_unlike_the_training_images_are_counted_and_embedded(artefacts):
    html = shown(artefacts)
    assert "Unlike the training images: 2 for MobileNetV2 and 1 for EfficientNetB0." in html
    assert embedded(html)["unlike"] == fake.UNLIKE and "(1.0% are further away)" in html
    models = [replace(model, evaluation=replace(model.evaluation, unlike=None)) for model in artefacts.models]
    html = shown(replace(artefacts, models=models))
    assert "nlike the training images" not in html and embedded(html)["unlike"] == {}


def test_evidence_beside_the_lesion_can_be_sorted_by_only_where_it_is_known(artefacts):
    assert 'value="beside"' in shown(artefacts)
    models = [replace(model, explanation=replace(model.explanation, localisation=None)) for model in artefacts.models]
    assert 'value="beside"' not in shown(replace(artefacts, models=models))


def test_section_is_left_out_without_images(artefacts):
    assert cases(replace(artefacts, cases=[])) is None


def test_too_many_images_keep_all_errors_and_some_of_the_others(home, artefacts, monkeypatch):
    errors = {
        row for row, of in scores_by_row(home).items() if any((score >= 0.5) != bool(row % 2) for score in of.values())
    }
    monkeypatch.setattr(case_pictures, "budget", lambda artefacts: 38_000)
    html = shown(artefacts)
    rows = [image[0] for image in embedded(html)["cases"]]
    assert errors < set(rows) < set(fake.TEST_ROWS) and rows == sorted(rows)
    assert (
        f"this page holds {len(rows)} of the 200 test images: all {len(errors)} that any network gets wrong, and "
        f"{len(rows) - len(errors)} of the other {200 - len(errors)}, drawn at random." in html
    )
    assert len(json.dumps(embedded(html)["cases"], separators=(",", ":"))) <= 38_000
    assert shown(artefacts) == html
    monkeypatch.setattr(case_pictures, "budget", lambda artefacts: 4_000)
    html = shown(artefacts)
    worst = sorted(judged(artefacts), key=most_wrong)[: len(embedded(html)["cases"])]
    assert {image[0] for image in embedded(html)["cases"]} == {image.case.row for image in worst}
    assert f"the most wrong of the {len(errors)} that any network gets wrong." in html


def test_text_from_outside_stays_text(home):
    hostile = "</script><script>alert(1)</script>"
    fake.change(home / EXPLANATIONS, lambda record: record["images"][3]["levels"].update({"hair or marks": hostile}))
    html = shown(read.read_artefacts(NAMES))
    assert hostile not in html and "&lt;/script&gt;" in html
    assert embedded(html)["factors"][0][1][0] == hostile


def test_predictions_and_metrics_leave_the_rest_of_the_bytes_to_the_images(artefacts):
    space = case_pictures.budget(artefacts)
    longer = replace(artefacts, predictions=pd.concat([artefacts.predictions] * 2))
    lines = artefacts.predictions.to_csv(index=False, header=False, float_format="%.8f")
    assert case_pictures.budget(longer) == space - len(lines)
    assert case_pictures.budget(replace(artefacts, metrics_text="")) > space
    assert space < case_pictures.EMBEDDED_BYTES < page.REPORT_BYTES

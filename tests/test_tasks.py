"""Every task once, as a user types it, on a small drawn sample."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest

from lesion import options, prepared
from lesion.baselines import inputs
from lesion.networks import settings
from lesion.records.study import Design
from lesion.sources.drawn import DrawnSample
from lesion.studies import design
from lesion.studies.design import Cell
from lesion.studies.trainings import running
from lesion.studies.trainings.folders import Fitted, StudyFolder
from lesion.studies.trainings.running import Study

PROJECT = Path(__file__).resolve().parents[1]
SMALL = ["--data", "sample", "--limit", "80", "--image-size", "32"]
BRIEF = ["--weights", "none", "--epochs", "1", "--batch-size", "16"]
MODELS = ["scratch", "mobilenet", "efficientnet"]
BASELINES = ["frame", "colour"]  # the sample knows no age, sex and site


def invoke(home, *words, status=0):
    """Run `invoke WORDS` with its artefacts below `home`; return what it printed."""
    environment = os.environ | {"LESION_HOME": str(home)}
    command = [sys.executable, "-m", "invoke", *words]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=400)
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    if status == 2:
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Return a folder in which the whole experiment has run."""
    folder = tmp_path_factory.mktemp("experiment")
    printed = invoke(folder, "all", *SMALL, *BRIEF)
    assert "I0000" not in printed  # TensorFlow's start-up notes
    return folder


def state(home):
    """Return the time of change of every file but the lock."""
    return {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file() and path.name != ".lock"}


def test_all_leaves_the_artefacts_of_every_stage(home):
    with (home / "data" / "index.csv").open() as file:
        index = list(csv.DictReader(file))
    assert [int(line["row"]) for line in index] == list(range(80))
    images = np.load(home / "data" / "images.npy", mmap_mode="r")
    assert (images.shape, images.dtype) == ((80, 32, 32, 3), np.uint8)
    in_splits = {}
    for line in index:
        in_splits.setdefault(line["group"], set()).add(line["split"])
    assert all(len(splits) == 1 for splits in in_splits.values())
    metrics = json.loads((home / "reports" / "metrics.json").read_text())
    assert list(metrics["models"]) == [*MODELS, "together", *BASELINES]
    assert {path.name for path in (home / "runs").iterdir()} == {*MODELS, *BASELINES}
    assert metrics["missing"] == {}
    test_rows = sum(line["split"] == "test" for line in index)
    for name in BASELINES:
        manifest = json.loads((home / "runs" / name / "manifest.json").read_text())
        assert metrics["models"][name]["digest"] == manifest["digest"]
        with (home / "runs" / name / "predictions.csv").open() as file:
            predicted = [(line["row"], line["split"], line["label"]) for line in csv.DictReader(file)]
        assert predicted == [
            (line["row"], line["split"], line["label"]) for line in index if line["split"] in ("validation", "test")
        ]
    for name in metrics["models"]:
        assert metrics["models"][name]["test"]["rows"] == test_rows
        assert 0 <= metrics["models"][name]["test"]["roc_auc"] <= 1
    for name in MODELS:
        manifest = json.loads((home / "runs" / name / "manifest.json").read_text())
        assert manifest["weights"]["used"] == ("none needed" if name == "scratch" else "random")
        assert (home / "runs" / name / "history.csv").read_text().count("\n") == 2
        assert any((home / "runs" / name / "tensorboard").rglob("events*"))
        assert not (home / "runs" / name / "partial").exists()
    explanations = json.loads((home / "reports" / "explanations.json").read_text())
    images = explanations["images"]
    with (home / "data" / "index.csv").open() as file:
        assert [image["row"] for image in images] == [
            int(line["row"]) for line in csv.DictReader(file) if line["split"] == "test"
        ]
    assert all((home / "reports" / image["thumbnail"]).exists() and image["outline"] for image in images)
    for name in MODELS:
        with np.load(home / "reports" / explanations["models"][name]["maps"]) as maps:
            assert len(maps["fields"]) == len(maps["peaks"]) == len(maps["malignant"]) == len(images)


def test_the_report_shows_the_figures(home):
    report = (home / "reports" / "index.html").read_text()
    metrics = json.loads((home / "reports" / "metrics.json").read_text())
    for name in MODELS:
        assert f"{metrics['models'][name]['test']['roc_auc']:.3f}" in report
    assert report.count("data:image/jpeg;base64") > 12


def test_all_again_does_nothing_and_says_so(home):
    before = state(home)
    printed = invoke(home, "all", *SMALL, *BRIEF)
    assert state(home) == before
    for said in ("is prepared already", "mobilenet is trained already", "efficientnet is evaluated already"):
        assert said in printed
    assert "baseline: colour alone is trained already (--force trains it again)" in printed
    for said in ("scratch is explained already", "is up to date"):
        assert said in printed


def test_each_stage_is_a_task_of_its_own(home):
    before = state(home)
    invoke(home, "prepare", *SMALL)
    invoke(home, "train", "--model", "scratch", *BRIEF)
    invoke(home, "baseline")
    invoke(home, "evaluate", "--model", "scratch")
    invoke(home, "explain", "--model", "scratch")
    assert state(home) == before
    invoke(home, "report", "--force")
    assert {path for path, time in state(home).items() if before.get(path) != time} == {
        home / "reports" / "index.html",
        home / "reports" / "report.json",
    }


def test_other_data_makes_stale_models_unusable_and_leaves_them_as_they_were(home, tmp_path):
    before = state(home)
    manifest = home / "data" / "manifest.json"
    text = manifest.read_text()
    try:
        manifest.write_text(text.replace(json.loads(text)["data"], "0" * 16))
        said = invoke(home, "evaluate", status=2)
        assert "scratch is trained on other data than is prepared now: run `invoke train --model scratch`" in said
        assert "made from other data" in invoke(home, "report", status=2)
    finally:
        manifest.write_text(text)
    assert {path for path, time in state(home).items() if before[path] != time} == {manifest}


def test_baselines_trained_again_are_the_same_to_the_last_digit(home):
    before = {path: path.read_bytes() for path in (home / "runs").glob("*/predictions.csv")}
    printed = invoke(home, "baseline", "--force")
    assert "baseline: colour alone: validation ROC-AUC " in printed and "68 numbers for each image" in printed
    assert {path: path.read_bytes() for path in before} == before
    seconds = [
        json.loads((home / "runs" / name / "manifest.json").read_text())["provenance"]["seconds"] for name in BASELINES
    ]
    assert all(0 < each < 60 for each in seconds)


def test_evaluate_says_which_baselines_are_missing_or_stale_and_goes_on(home):
    metrics, runs = home / "reports" / "metrics.json", home / "runs"
    text, before = metrics.read_text(), json.loads(metrics.read_text())
    predictions = runs / "frame" / "predictions.csv"
    rows = predictions.read_text()
    (runs / "colour").rename(runs / "elsewhere")
    try:
        predictions.write_text(rows.replace(",0.", ",1."))
        printed = invoke(home, "evaluate")
        after = json.loads(metrics.read_text())
    finally:
        (runs / "elsewhere").rename(runs / "colour")
        predictions.write_text(rows)
        metrics.write_text(text)
    assert "evaluate: colour alone is not trained: run `invoke baseline`" in printed
    assert "evaluate: frame alone is not as it was trained, since its predictions.csv has been changed: run" in printed
    assert list(after["models"]) == [*MODELS, "together"] and set(after["missing"]) == set(BASELINES)
    assert {name: after["models"][name] for name in after["models"]} == {
        name: before["models"][name] for name in after["models"]
    }
    assert after["comparisons"] == before["comparisons"] and after["against_colour"] == {}


def test_other_groups_make_other_intervals_and_evaluate_says_how_sure_the_answer_is(home):
    metrics, index = home / "reports" / "metrics.json", home / "data" / "index.csv"
    texts = {path: path.read_text() for path in (metrics, index)}
    before = json.loads(texts[metrics])
    assert before["preference"]["test"][0] in (home / "reports" / "index.html").read_text()
    try:
        with index.open() as file:
            lines = list(csv.DictReader(file))
        for line in lines:
            line["group"] = line["label"]  # as if all images of a class showed one lesion: nothing can be said
        with index.open("w") as file:
            writer = csv.DictWriter(file, list(lines[0]))
            writer.writeheader()
            writer.writerows(lines)
        printed = invoke(home, "evaluate")
        after = json.loads(metrics.read_text())
    finally:
        for path, text in texts.items():
            path.write_text(text)
    assert f"evaluate: {after['preference']['test'][0]}" in printed
    assert all("cannot be compared" in sentence for sentence in after["preference"]["test"][1:])
    for name in MODELS:
        old, new = (value["models"][name]["test"] for value in (before, after))
        assert new["roc_auc"] == old["roc_auc"] and new["groups"] == 2 < old["groups"]
        assert set(new["intervals"].values()) == {None}
        assert f"{name}: test ROC-AUC {new['roc_auc']:.3f} (95% interval undefined), accuracy" in printed
        for warning in new["collapsed"]:
            assert f"warning: {name} collapsed on the test split: {warning}" in printed


def test_predict_judges_a_folder_and_reports_what_it_cannot_read(home, tmp_path):
    photograph = np.random.default_rng(0).integers(90, 220, (60, 80, 3), np.uint8)
    cv2.imwrite(str(tmp_path / 'a <b>mole&"x".png'), photograph)
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    (tmp_path / "notes.txt").write_text("not looked at")
    printed = invoke(home, "predict", "--image", str(tmp_path), "--model", "mobilenet", status=1)
    assert "broken.jpg: cannot be read" in printed
    with (home / "reports" / "predictions" / "predictions.csv").open() as file:
        (line,) = csv.DictReader(file)
    assert line["verdict"] == ("malignant" if float(line["probability"]) >= 0.5 else "benign")
    assert f"probability of malignancy {float(line['probability']):.3f}, {line['verdict']} (mobilenet)" in printed
    overlay = cv2.imread(str(home / "reports" / "predictions" / line["overlay"]))
    assert overlay.shape == (32, 32, 3)
    best = invoke(home, "predict", "--image", str(tmp_path / 'a <b>mole&"x".png'))
    aucs = {
        name: json.loads((home / "runs" / name / "manifest.json").read_text())["best"]["val_auc"] for name in MODELS
    }
    assert f"({max(aucs, key=aucs.get)})" in best


def test_frozen_layers_run_once_and_no_cache_activations_runs_them_in_each_step(home, tmp_path):
    keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(32, 32, 3)).save_weights(
        tmp_path / "mobilenet_v2_notop.weights.h5"
    )
    (tmp_path / "home").mkdir()
    shutil.copytree(home / "data", tmp_path / "home" / "data")
    words = ["train", "--model", "mobilenet", "--weights", str(tmp_path), "--epochs", "2", "--tune-epochs", "1"]
    run = tmp_path / "home" / "runs" / "mobilenet"
    printed = invoke(tmp_path / "home", *words, "--views", "2")
    assert "2 views go through the frozen layers once" in printed
    assert [line.split(",")[0] for line in (run / "history.csv").read_text().split()[1:]] == [
        "frozen",
        "frozen",
        "tune",
    ]
    kept = sorted(path.name for path in (run / "activations").glob("*.npy"))
    assert [name.split("-")[1] for name in kept] == ["validation.npy", "view0.npy", "view1.npy"] * 2
    activations = json.loads((run / "manifest.json").read_text())["activations"]
    assert activations["views"] == 2
    assert activations["bytes"] == sum((run / "activations" / name).stat().st_size for name in kept)
    assert "is trained already" in invoke(tmp_path / "home", *words, "--views", "2")
    invoke(tmp_path / "home", *words, "--no-cache-activations")
    assert json.loads((run / "manifest.json").read_text())["activations"] is None
    invoke(tmp_path / "home", "clean")
    assert not run.exists()


def guessed(home, stage, own, baselines, left):
    """Finish by guessing all trainings of a study of the scratch network by `stage`, but for those `left`, by name."""
    data = prepared.open_data(home / "data")
    brief = {"weights": "none", "epochs": 1, "batch_size": 16}
    values = {name: option.default for name, option in options.TRAIN.items()}
    asked = {"scratch": settings.resolve("scratch", values | brief, data.record)}
    files = StudyFolder(home / stage)
    plan = running.make_plan(files, home / "data", data, own, asked, baselines(data), 1)
    study = Study(stage, files, data, plan)
    random = np.random.default_rng(0)
    for cell, wanted in study.wanted.items():
        if cell.name not in left:
            divided = design.divide(data, own, cell)
            positions = np.flatnonzero(np.isin(divided.splits, ("validation", "test")))
            weights = "none needed" if cell.model == "scratch" else ""
            fitted = Fitted(positions, random.uniform(size=len(positions)), weights)
            study.folder(cell).finish(wanted, fitted, divided, design.training_seed(own, cell), 60.0)
    return study


def test_study_trains_what_is_not_trained_yet_and_says_what_all_trainings_show(home):
    own = Design(["grouped"], folds=2, tested=2, repeats=3, seed=0)
    study = guessed(home, "study", own, inputs.fingerprints, ["scratch-grouped-0-1", "colour-grouped-2-0"])
    words = ["study", "--model", "scratch", "--folds", "2", "--repeats", "3", *BRIEF]
    printed = invoke(home, *words)
    assert printed.count("test ROC-AUC") == 2 and "17 of 18 done" in printed and "18 of 18 done" in printed
    assert "study: CNN from scratch, partition 1 of 3, fold 2 of 2: test ROC-AUC " in printed
    written = json.loads((home / "reports" / "study.json").read_text())
    assert written["headline"] in printed
    assert list(written["models"]) == ["scratch", *BASELINES]
    for name, model in written["models"].items():
        areas = [[study.area(Cell(name, "grouped", repeat, fold)) for fold in (0, 1)] for repeat in (0, 1, 2)]
        assert model["cells"] == [pytest.approx(row) for row in areas]
        assert model["roc_auc"]["value"] == pytest.approx(np.mean(areas)) and model["failed"] == 0
    (pair,) = written["differences"]
    assert (pair["first"], pair["second"], pair["supported"]) == ("scratch", "colour", False)
    assert 0 < pair["p"] <= 1 and pair["interval"][0] < pair["value"] < pair["interval"][1]
    assert written["weights"] == {"scratch": "none needed"} and written["shared_views"] == {}
    before = state(home)
    assert "study: all trainings are done and reports/study.json is up to date" in invoke(home, *words)
    assert state(home) == before
    shutil.rmtree(home / "study" / "cells" / "frame-grouped-1-1")
    assert invoke(home, *words).count("test ROC-AUC") == 1
    manifest = home / "data" / "manifest.json"
    text = manifest.read_text()
    try:
        manifest.write_text(text.replace(json.loads(text)["data"], "0" * 16))
        said = invoke(home, *words, status=2)
    finally:
        manifest.write_text(text)
    assert "study/ holds 18 trainings of other data or settings than now: set LESION_HOME to keep them, or" in said


def test_leak_trains_on_both_splits_and_the_report_shows_what_the_random_one_adds(home):
    own = Design(["grouped", "random"], folds=5, tested=1, repeats=2, seed=0)
    guessed(home, "leak", own, lambda data: {}, ["scratch-random-1-0"])
    before, words = state(home), ["leak", "--model", "scratch", "--epochs", "1", "--weights", "none", "--seeds", "2"]
    printed = invoke(home, *words)
    assert printed.count("test ROC-AUC") == 1 and "random split, partition 2 of 2, fold 1 of 5: test ROC-AUC" in printed
    measured = json.loads((home / "reports" / "leak.json").read_text())
    trials = {(trial["seed"], trial["split"]): trial for trial in measured["trials"]}
    assert set(trials) == {(seed, split) for seed in (0, 1) for split in ("grouped", "random")}
    for metric in ("roc_auc", "accuracy"):
        mean = sum(trials[seed, "random"][metric] - trials[seed, "grouped"][metric] for seed in (0, 1)) / 2
        assert measured["difference"][metric]["mean"] == pytest.approx(mean)
    for (_, split), trial in trials.items():
        assert (trial["with_sibling"] > 0) == (split == "random")
    between = state(home)
    assert "it is measured already" in invoke(home, *words)
    assert state(home) == between
    assert all(between[path] == time for path, time in before.items())
    invoke(home, "report")
    assert measured["sentence"] in (home / "reports" / "index.html").read_text()


def test_leak_prepares_other_images_beside_those_of_the_experiment(copies, tmp_path):
    weights, home = tmp_path / "weights", tmp_path / "home"
    weights.mkdir()
    (weights / "mobilenet_v2_notop.weights.h5").write_text("no weights")
    said = invoke(home, "leak", "--data", str(copies), "--weights", str(weights), status=2)
    assert "mobilenet cannot start from" in said
    assert (home / "leak" / "data" / "manifest.json").exists()
    assert not (home / "data").exists()
    invoke(home, "clean")
    assert not state(home)


def test_bench_measures_a_part_and_the_report_shows_it(home):
    invoke(home, "bench", "--part", "gradcam", "--repeats", "1")
    measured = json.loads((home / "reports" / "bench.json").read_text())["parts"]["gradcam"]["models"]
    for name in MODELS:
        assert measured[name]["trained"]
        assert measured[name]["ratio"] == pytest.approx(measured[name]["predict"][0] / measured[name]["gradcam"][0])
    invoke(home, "report")
    assert "Grad-CAM against prediction of the same images" in (home / "reports" / "index.html").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--views", "0"], "--views 0 does not work"),
        (["--views", "4", "--epochs", "2", "--tune-epochs", "1"], "so 1 to 3 make sense for 3 epochs"),
        (["--views", "2", "--no-cache-activations"], "exclude each other"),
    ],
)
def test_views_that_make_no_sense_are_refused(home, words, said):
    before = state(home)
    assert said in invoke(home, "train", "--model", "mobilenet", *words, status=2)
    assert state(home) == before


def test_clean_removes_what_the_stages_wrote_and_nothing_else(home):
    mine = [home / "data" / "mine.csv", home / "runs" / "notes.txt", home / "reports" / "cases" / "mine.png"]
    for path in mine:
        path.write_text("mine")
    invoke(home, "clean")
    assert sorted(state(home)) == sorted(mine)
    assert "nothing to remove" in invoke(home, "clean")


def test_unreadable_images_are_counted_and_too_many_of_them_stop_the_run(tmp_path):
    folder, random = tmp_path / "images", np.random.default_rng(0)
    for label in ("benign", "malignant"):
        (folder / label).mkdir(parents=True)
        for number in range(60):
            cv2.imwrite(str(folder / label / f"{number:02}.png"), random.integers(90, 220, (40, 50, 3), np.uint8))
    home, words = tmp_path / "home", ["prepare", "--data", str(folder), "--image-size", "32"]
    broken = folder / "benign" / "07.png"
    broken.write_bytes(broken.read_bytes()[:2000])
    assert "row 7 is left out: image file is truncated" in invoke(home, *words)
    manifest = json.loads((home / "data" / "manifest.json").read_text())
    assert [image["row"] for image in manifest["unreadable"]] == [7]
    assert sum(sum(counts.values()) for counts in manifest["counts"].values()) == 119
    with (home / "data" / "index.csv").open() as file:
        assert [line["row"] for line in csv.DictReader(file) if line["split"] == "unreadable"] == ["7"]
    before = state(home)
    (folder / "malignant" / "00.png").write_bytes(b"no image")
    said = invoke(home, *words, status=2)
    assert "2 of 120 images cannot be read, more than 1% (the first is row 7: image file is truncated" in said
    assert state(home) == before


@pytest.fixture(scope="module")
def copies(tmp_path_factory):
    """Return a folder of 24 lesions in `train`, each there a second time turned and mirrored, and 4 in `test`.

    Two of the latter are copies of lesions in `train`.
    """
    folder = tmp_path_factory.mktemp("copies")
    sample = DrawnSample(120, seed=5)
    _, first = np.unique(sample.groups, return_index=True)
    first = np.concatenate([first[sample.labels[first] == label][:13] for label in (0, 1)])
    for number, image in enumerate(sample.draw(first)[0]):
        label, known = ("benign", "malignant")[number // 13], number % 13 < 12
        turned = np.ascontiguousarray(np.rot90(image)[::-1])
        kept = {"train": [image, turned]} if known else {"test": [image]}
        if number % 13 == 0:
            kept["test"] = [np.ascontiguousarray(np.rot90(image, 2))]
        for split, images in kept.items():
            (folder / split / label).mkdir(parents=True, exist_ok=True)
            for copy, each in enumerate(images):
                cv2.imwrite(str(folder / split / label / f"{number:02}{'ab'[copy]}.png"), each[..., ::-1])
    return folder


def groups_of(home):
    """Return the manifest's audit, and the splits of each group of the index."""
    with (home / "data" / "index.csv").open() as file:
        index = list(csv.DictReader(file))
    splits = {}
    for line in index:
        splits.setdefault(line["group"], []).append(line["split"])
    return json.loads((home / "data" / "manifest.json").read_text())["groups"], splits


def test_copies_are_found_from_pixels_kept_in_one_split_and_audited(copies, tmp_path):
    words = ["prepare", "--data", str(copies), "--image-size", "32"]
    printed = invoke(tmp_path, *words)
    assert "52 images show 26 lesions, as far as their pixels tell; the largest group has 3; found in" in printed
    groups, splits_of = groups_of(tmp_path)
    assert groups["origin"] == "pixels"
    assert (groups["count"], groups["sizes"]) == (26, {"1": 2, "2": 22, "3": 2})
    assert all(len(set(splits) - {"external"}) <= 1 for splits in splits_of.values())
    assert groups["shared"] == {"train/validation": 0, "train/test": 0, "validation/test": 0}
    assert groups["siblings"]["grouped"]["with_sibling"] == 0 < groups["siblings"]["random"]["with_sibling"]
    assert groups["external"] == {"rows": 4, "with_sibling": 2}
    assert groups["checked"] >= groups["links"] >= 26 and groups["dropped"] == 0
    assert [group["size"] for group in groups["largest"]] == [3, 3, 2]
    for group in groups["largest"]:
        assert len(group["rows"]) == group["size"]
        assert [cv2.imread(str(tmp_path / "data" / path)).shape for path in group["pictures"]] == [(32, 32, 3)] * len(
            group["rows"]
        )
    assert not (tmp_path / "data" / ".keypoints").exists()
    with (tmp_path / "data" / "index.csv").open() as file:
        grouped = file.read()
    invoke(tmp_path, *words, "--force")
    assert (tmp_path / "data" / "index.csv").read_text() == grouped


def test_a_table_of_lesions_makes_the_groups_and_spares_the_search(copies, tmp_path):
    table, home = tmp_path / "table.csv", tmp_path / "home"
    names = sorted(path.stem for path in copies.rglob("*.png"))
    lines = [f"{name},L{int(name[:2])},{50 + int(name[:2])},male,back" for name in names]
    heading = "image_id,lesion_id,age,sex,localization"
    table.write_text("\n".join([heading, *lines]))
    words = ["prepare", "--data", str(copies), "--image-size", "32"]
    printed = invoke(home, *words, "--metadata", str(table))
    assert "table.csv knows 48 of 52 images: 26 lesions; unknown: age 0, sex 0, site 0" in printed
    groups, _ = groups_of(home)
    assert groups["origin"] == "table and pixels", "00a and 13a are names of two images each: no telling which"
    lines = [f"{row},L{row},50,male,back" for row in range(52)]
    table.write_text("\n".join(["row,lesion_id,age,sex,localization", *lines]))
    printed = invoke(home, *words, "--metadata", str(table))
    assert "52 images show 52 lesions, as the table says (--search looks in the pixels as well)" in printed
    groups, splits = groups_of(home)
    assert (groups["origin"], groups["origins"], groups["checked"]) == ("table", {"table": 52}, None)
    assert len(splits) == 52 and "prepared already" in invoke(home, *words, "--metadata", str(table))
    with (home / "data" / "index.csv").open() as file:
        line = next(csv.DictReader(file))
    assert list(line)[-4:] == ["group_origin", "age", "sex", "site"]
    assert (line["group_origin"], line["age"], line["sex"], line["site"]) == ("table", "50.0", "male", "back")
    manifest = json.loads((home / "data" / "manifest.json").read_text())
    assert manifest["settings"]["metadata"] == "table.csv" and manifest["metadata"]["matched"] == 52
    table.write_text("\n".join(["row,lesion_id", *(f"{row},L{row}" for row in range(52))]))
    assert "prepared already" not in invoke(home, *words, "--metadata", str(table), "--search")
    groups, splits = groups_of(home)
    assert (groups["origin"], len(splits)) == ("table and pixels", 26)
    assert groups["origins"]["pixels"] == 50 and groups["origins"]["table"] == 2
    table.write_text("photo,lesion_id\n1,L1\n")
    before = state(home)
    said = invoke(home, *words, "--metadata", str(table), status=2)
    assert "table.csv has no column that names a row or an image, only photo, lesion_id: expected is" in said
    assert state(home) == before


def test_the_random_split_tears_lesions_apart_and_the_audit_says_so(tmp_path):
    invoke(tmp_path, "prepare", *SMALL)
    before, _ = groups_of(tmp_path)
    invoke(tmp_path, "prepare", *SMALL, "--split", "random")
    groups, splits_of = groups_of(tmp_path)
    assert json.loads((tmp_path / "data" / "manifest.json").read_text())["settings"]["split"] == "random"
    assert groups["origin"] == "source" and groups["checked"] is None
    torn = [splits for splits in splits_of.values() if {"train", "test"} <= set(splits)]
    assert len(torn) == groups["shared"]["train/test"] > 0
    assert groups["siblings"] == before["siblings"]
    assert sum(splits.count("test") for splits in torn) == groups["siblings"]["random"]["with_sibling"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "--model", "resnet"], "--model 'resnet' is not known: give one of scratch, mobilenet, efficientnet"),
        (["prepare", "--data", "nowhere"], "'nowhere' does not exist"),
        (["prepare", "--data", "sample", "--image-size", "4"], "--image-size 4 does not work"),
        (["prepare", "--metadata", "nowhere.csv"], "--metadata 'nowhere.csv' is not a file: give a CSV table"),
        (["prepare", "--split", "half"], "--split 'half' is not known: give one of grouped, random"),
        (["prepare", "--data", "sample", "--limit", "6"], "too few"),
        (["bench", "--part", "lunch"], "--part 'lunch' is not known: give one of training, pipeline, gradcam, prepare"),
        (["leak", "--model", "resnet"], "--model 'resnet' is not known"),
        (["leak", "--seeds", "1"], "--seeds 1 is too small: give at least 2, 3 are usual"),
        (["leak", "--data", "nowhere"], "'nowhere' does not exist"),
        (["study"], "data/manifest.json is missing: run `invoke prepare` first"),
        (["study", "--repeats", "2"], "--repeats 2 is too small: give at least 3, 3 are usual"),
        (["leak"], "data/manifest.json is missing: run `invoke prepare` first"),
        (["bench", "--part", "gradcam"], "data/manifest.json is missing: run `invoke prepare` first"),
        (["train"], "data/manifest.json is missing: run `invoke prepare` first"),
        (["evaluate"], "data/manifest.json is missing: run `invoke prepare` first"),
        (["baseline"], "data/manifest.json is missing: run `invoke prepare` first"),
        (["explain"], "data/manifest.json is missing: run `invoke prepare` first"),
        (["report"], "data/manifest.json is missing: run `invoke prepare` first"),
        (["predict", "--image", "nothing.jpg"], "--image 'nothing.jpg' is neither a file nor a folder"),
        (["predict", "--image", "README.md"], "no model is trained yet"),
        (["all", "--model", "nope"], "--model 'nope' is not known: give one of scratch, mobilenet, efficientnet"),
        (["all", "--data", "sample", "--epochs", "0"], "--epochs 0 is too small: give at least 1"),
        (["all", "--data", "sample", "--weights", "nowhere"], "--weights 'nowhere' is neither a folder nor one of"),
    ],
)
def test_what_cannot_be_done_is_one_line_that_says_what_to_do(tmp_path, words, said):
    assert said in invoke(tmp_path, *words, status=2)
    assert not state(tmp_path)


def test_the_list_of_tasks_reads_like_documentation(tmp_path):
    printed = invoke(tmp_path, "--list")
    stages = ("prepare", "train", "baseline", "evaluate", "explain", "report")
    for name in ("all", *stages, "predict", "study", "leak", "bench", "clean", "test"):
        assert f"\n  {name} " in printed
    help_text = invoke(tmp_path, "--help", "train")
    for option in (
        "--model",
        "--weights",
        "--epochs",
        "--tune-epochs",
        "--batch-size",
        "--learning-rate",
        "--views",
        "--seed",
    ):
        assert option in help_text

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

PROJECT = Path(__file__).resolve().parents[1]
SMALL = ["--data", "sample", "--limit", "80", "--image-size", "32"]
BRIEF = ["--weights", "none", "--epochs", "1", "--batch-size", "16"]
MODELS = ["scratch", "mobilenet", "efficientnet"]


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
    assert list(metrics["models"]) == MODELS
    test_rows = sum(line["split"] == "test" for line in index)
    for name in MODELS:
        assert metrics["models"][name]["test"]["rows"] == test_rows
        assert 0 <= metrics["models"][name]["test"]["roc_auc"] <= 1
        manifest = json.loads((home / "runs" / name / "manifest.json").read_text())
        assert manifest["weights"]["used"] == ("none needed" if name == "scratch" else "random")
        assert (home / "runs" / name / "history.csv").read_text().count("\n") == 2
        assert any((home / "runs" / name / "tensorboard").rglob("events*"))
        assert not (home / "runs" / name / "partial").exists()
    explanations = json.loads((home / "reports" / "explanations.json").read_text())
    shown = [[one["row"] for one in explanations["models"][name]["maps"]] for name in MODELS]
    assert shown[0] == shown[1] == shown[2] == [image["row"] for image in explanations["images"]]


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
    for said in ("scratch is explained already", "is up to date"):
        assert said in printed


def test_each_stage_is_a_task_of_its_own(home):
    before = state(home)
    invoke(home, "prepare", *SMALL)
    invoke(home, "train", "--model", "scratch", *BRIEF)
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
        (["--views", "4", "--epochs", "2", "--tune-epochs", "1"], "so 1 to 3 make sense for 3 epochs, and 3 are usual"),
        (["--views", "2", "--no-cache-activations"], "exclude each other"),
    ],
)
def test_views_that_make_no_sense_are_refused(home, words, said):
    before = state(home)
    assert said in invoke(home, "train", "--model", "mobilenet", *words, status=2)
    assert state(home) == before


def test_clean_removes_what_the_stages_wrote_and_nothing_else(home):
    mine = [home / "data" / "mine.csv", home / "runs" / "notes.txt", home / "reports" / "gradcam" / "mine.png"]
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


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "--model", "resnet"], "--model 'resnet' is not known: give one of scratch, mobilenet, efficientnet"),
        (["prepare", "--data", "nowhere"], "'nowhere' does not exist"),
        (["prepare", "--data", "sample", "--image-size", "4"], "--image-size 4 does not work"),
        (["prepare", "--data", "sample", "--limit", "6"], "too few"),
        (["bench", "--part", "lunch"], "--part 'lunch' is not known: give one of training, pipeline, gradcam, prepare"),
        (["bench", "--part", "gradcam"], "data/manifest.json is missing: run `invoke prepare` first"),
        (["train"], "data/manifest.json is missing: run `invoke prepare` first"),
        (["evaluate"], "data/manifest.json is missing: run `invoke prepare` first"),
        (["explain"], "data/manifest.json is missing: run `invoke prepare` first"),
        (["report"], "data/manifest.json is missing: run `invoke prepare` first"),
        (["predict", "--image", "nothing.jpg"], "no model is trained yet"),
    ],
)
def test_what_cannot_be_done_is_one_line_that_says_what_to_do(tmp_path, words, said):
    assert said in invoke(tmp_path, *words, status=2)
    assert not state(tmp_path)


def test_the_list_of_tasks_reads_like_documentation(tmp_path):
    printed = invoke(tmp_path, "--list")
    for name in ("all", "bench", "clean", "evaluate", "explain", "predict", "prepare", "report", "test", "train"):
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

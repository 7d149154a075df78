"""The whole experiment and each of its stages, as a user types them, on a small drawn sample."""

import csv
import json
from types import SimpleNamespace

import artefacts as fake
import cv2
import keras
import numpy as np
import pytest
from invoking import BASELINES, MODELS, SMALL, invoke, state

from lesion import config

BACKBONES = {
    "mobilenet_v2_notop": keras.applications.MobileNetV2,
    "efficientnetb0_notop": keras.applications.EfficientNetB0,
}


@pytest.fixture(scope="module")
def experiment(tmp_path_factory):
    """Run the whole experiment; return its `folder`, what it `printed`, and the `words` of the command.

    The backbones begin with given weights, so that frozen layers, stored activations and fine-tuning are part of it.
    """
    weights = tmp_path_factory.mktemp("weights")
    for name, backbone in BACKBONES.items():
        model = backbone(include_top=False, weights=None, input_shape=(32, 32, 3))
        model.save_weights(weights / f"{name}.weights.h5")
    training = ["--weights", str(weights), "--epochs", "1", "--tune-epochs", "1", "--views", "2", "--batch-size", "16"]
    folder = tmp_path_factory.mktemp("experiment")
    printed = invoke(folder, "all", *SMALL, *training)
    return SimpleNamespace(folder=folder, printed=printed, training=training)


@pytest.fixture(scope="module")
def home(experiment):
    """Return a folder in which the whole experiment has run."""
    return experiment.folder


def test_all_says_in_few_lines_which_stage_runs_and_how_the_networks_did(experiment):
    lines = experiment.printed.splitlines()
    assert len(lines) <= 40
    assert "I0000" not in experiment.printed  # TensorFlow's start-up notes
    stages = [line.split()[0] for line in lines if line[:1].isdigit()]
    assert list(dict.fromkeys(stages)) == ["1/7", "2/7", "3/7", "4/7", "5/7", "6/7", "7/7"] and stages == sorted(stages)
    assert "\r" not in experiment.printed and "\x1b" not in experiment.printed
    models = json.loads((experiment.folder / "reports" / "metrics.json").read_text())["models"]
    for name in MODELS:
        test = models[name]["test"]
        (line,) = [line for line in lines if line.startswith(f"{config.title(name)}  ")]
        (benign, alarms), (missed, malignant) = test["confusion"]
        right = f"{benign + malignant}/{test['rows']}"
        scores = f"{right} {missed}/{missed + malignant} {alarms}/{alarms + benign} "
        assert f" {test['roc_auc']:.3f} " in line and scores in " ".join(line.split())
    assert lines[-1].startswith("reports/index.html (") and lines[-1].endswith("Open it: invoke report --open")


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
    assert list(metrics["models"]) == [*MODELS, *config.COMBINATIONS, *BASELINES]
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
        weights = {"scratch": "none needed", "mobilenet": "mobilenet_v2_notop", "efficientnet": "efficientnetb0_notop"}
        assert manifest["weights"]["used"].removesuffix(".weights.h5") == weights[name]
        history = [line.split(",")[0] for line in (home / "runs" / name / "history.csv").read_text().split()[1:]]
        assert history == (["whole"] if name == "scratch" else ["frozen", "tune"])
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
    stress = json.loads((home / "reports" / "stress.json").read_text())
    assert list(stress["models"]) == list(MODELS) and stress["images"] == test_rows
    for name in MODELS:
        with (home / "reports" / stress["models"][name]["probabilities"]).open() as file:
            assert [int(line["row"]) for line in csv.DictReader(file)] == [image["row"] for image in images]


def test_frozen_layers_run_once_for_each_view(experiment):
    said = "train: MobileNetV2: 2 augmented views of each image go through the frozen layers once"
    assert said in experiment.printed
    run = experiment.folder / "runs" / "mobilenet"
    kept = sorted(path.name for path in (run / "activations").glob("*.npy"))
    assert [name.split("-")[1] for name in kept] == ["validation.npy", "view0.npy", "view1.npy"] * 2
    activations = json.loads((run / "manifest.json").read_text())["activations"]
    assert activations["views"] == 2
    assert activations["bytes"] == sum((run / "activations" / name).stat().st_size for name in kept)


def test_the_report_shows_the_figures(home):
    report = (home / "reports" / "index.html").read_text()
    metrics = json.loads((home / "reports" / "metrics.json").read_text())
    for name in MODELS:
        assert f"{metrics['models'][name]['test']['roc_auc']:.3f}" in report
    assert report.count("data:image/jpeg;base64") > 12


def test_all_again_does_nothing_and_says_so(experiment):
    home = experiment.folder
    before = state(home)
    printed = invoke(home, "all", *SMALL, *experiment.training)
    assert state(home) == before
    for said in ("is prepared already", "MobileNetV2 is trained already", "EfficientNetB0 is evaluated already"):
        assert said in printed
    assert "baseline: colour alone is trained already (--force trains it again)" in printed
    for said in ("scratch is explained already", "scratch is tested already", "is up to date"):
        assert said in printed


def test_each_stage_is_a_task_of_its_own(experiment):
    home = experiment.folder
    before = state(home)
    invoke(home, "prepare", *SMALL)
    invoke(home, "train", "--model", "scratch", *experiment.training)
    invoke(home, "baseline")
    invoke(home, "evaluate", "--model", "scratch")
    invoke(home, "explain", "--model", "scratch")
    invoke(home, "stress", "--model", "scratch")
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
        fake.change(manifest, lambda record: record.update(data="0" * 16))
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
    assert "frame alone is not usable, since runs/frame/predictions.csv is not as it was written: run" in printed
    assert list(after["models"]) == [*MODELS, "together"] and set(after["missing"]) == set(BASELINES)
    assert {name: after["models"][name] for name in after["models"]} == {
        name: before["models"][name] for name in after["models"]
    }
    assert after["comparisons"] == before["comparisons"] and after["against_colour"] == {}


def test_other_groups_make_other_intervals_and_evaluate_says_how_sure_the_answer_is(home):
    metrics, index = home / "reports" / "metrics.json", home / "data" / "index.csv"
    manifest = home / "data" / "manifest.json"
    texts = {path: path.read_text() for path in (metrics, index, manifest)}
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
        fake.change(manifest)
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
    assert "broken.jpg: cannot be read" in printed and "1 of 2 files could not be judged" in printed
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


def test_bench_measures_a_part_and_the_report_shows_it(home):
    invoke(home, "bench", "--part", "gradcam", "--repeats", "1")
    measured = json.loads((home / "reports" / "bench.json").read_text())["parts"]["gradcam"]["models"]
    for name in MODELS:
        assert measured[name]["trained"]
        assert measured[name]["ratio"] == pytest.approx(measured[name]["predict"][0] / measured[name]["gradcam"][0])
    invoke(home, "report")
    assert "Passes over the test images against prediction of them" in (home / "reports" / "index.html").read_text()


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

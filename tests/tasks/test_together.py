"""What all networks say together of images of one's own."""

import csv
import sys
from types import SimpleNamespace

import cv2
import keras
import numpy as np
import predict
import pytest
from keras import layers

from lesion import config, store
from lesion.errors import LesionError
from lesion.integrity import seals
from lesion.judging import judges, verdicts
from lesion.networks import models
from lesion.records.training import ImageSettings
from lesion.runs import Run

SIZE = 16
# Logit = slope · brightness + bias, brightness from 0 to 1: of .6 it is 4 and -5, of .2 it is 2 and -1.
NETWORKS = {"scratch": (5.0, 1.0), "mobilenet": (-10.0, 1.0)}
RECORD = SimpleNamespace(data="0" * 16, preprocessing=ImageSettings(image_size=SIZE, clean=False))


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Make a folder with two trained networks, which are not evaluated; the third is missing."""
    monkeypatch.setattr(config, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(verdicts, "FOLDER", tmp_path / "predictions")
    monkeypatch.setattr(Run, "record", lambda run: RECORD)
    monkeypatch.setattr(Run, "evaluated", lambda run: False)
    for name, (slope, bias) in NETWORKS.items():
        run = Run(name)
        run.folder.mkdir(parents=True)
        save_network(name, slope, bias)
        store.write_json(run.manifest, seals.with_seal({}, seals.of_files(run.folder, [run.model.name])))
    return tmp_path


def save_network(name, slope, bias):
    """Save a network that goes by the mean brightness of the image alone."""
    image = keras.Input((SIZE, SIZE, 3))
    x = layers.AveragePooling2D(4)(image)
    x = layers.GlobalAveragePooling2D(name=models.POOLING)(x)
    logit = layers.Dense(1, name=models.LOGIT)
    model = keras.Model(image, layers.Activation("sigmoid", name=models.PROBABILITY)(logit(x)))
    logit.set_weights([np.full((3, 1), slope / 3), np.array([bias])])
    model.save(Run(name).model)


@pytest.fixture
def photographs(tmp_path):
    """Make a folder with two images, of brightness .6 and .2."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    for name, value in (("bright", 153), ("dark", 51)):
        cv2.imwrite(str(folder / f"{name}.png"), np.full((SIZE, SIZE, 3), value, np.uint8))
    return folder


def judge(folder, monkeypatch):
    """Let all networks together judge the images in `folder`; return the lines of the table."""
    monkeypatch.setattr(sys, "argv", ["predict", "--image", str(folder), "--model", "together"])
    assert predict.main()
    with (verdicts.FOLDER / "predictions.csv").open() as file:
        return {(line["file"].rsplit("/")[-1], line["model"]): line for line in csv.DictReader(file)}


def test_together_is_the_mean_logit_below_what_each_network_says(home, photographs, monkeypatch, capsys):
    lines = judge(photographs, monkeypatch)
    logits = {
        ("bright.png", "scratch"): 4.0, ("bright.png", "mobilenet"): -5.0, ("bright.png", "together"): -0.5,
        ("dark.png", "scratch"): 2.0, ("dark.png", "mobilenet"): -1.0, ("dark.png", "together"): 0.5,
    }  # fmt: skip
    assert list(lines) == list(logits)
    for key, logit in logits.items():
        assert float(lines[key]["probability"]) == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-4)
        assert lines[key]["verdict"] == ("malignant" if logit > 0 else "benign")
    overlays = {line["overlay"] for (_, model), line in lines.items() if model != "together"}
    assert {path.name for path in verdicts.FOLDER.glob("*.jpg")} == overlays and len(overlays) == 4
    assert lines["dark.png", "together"]["overlay"] == "", "a map explains one network"
    assert "dark.png: probability of malignancy 0.622, malignant (together)" in capsys.readouterr().out


def test_an_image_that_is_unlike_for_one_network_gets_no_verdict_of_all(home, photographs, monkeypatch, capsys):
    ratios = {"scratch": [0.5, 1.5], "mobilenet": [0.7, 0.9]}
    evaluation = SimpleNamespace(unlike=SimpleNamespace(distance=1.0))
    monkeypatch.setattr(Run, "evaluated", lambda run: True)
    monkeypatch.setattr(Run, "evaluation_record", lambda run: evaluation)

    def reference(path, distance, command):
        return SimpleNamespace(ratios=lambda means: np.array(ratios[path.parent.name]))

    monkeypatch.setattr(judges.Reference, "read", reference)
    lines = judge(photographs, monkeypatch)
    said = {key: (line["verdict"], line["unlike"]) for key, line in lines.items()}
    assert said["bright.png", "together"] == ("benign", "0.70")
    assert said["dark.png", "together"] == ("", "1.50")
    assert said["dark.png", "mobilenet"] == ("benign", "0.90"), "each network keeps its own verdict"
    assert "1 of 2 images is unlike the training images: no verdict" in capsys.readouterr().out


def test_a_single_network_is_no_company(home, photographs, monkeypatch):
    Run("mobilenet").manifest.unlink()
    with pytest.raises(LesionError, match=r"only scratch is trained, .*: run `invoke train`"):
        judge(photographs, monkeypatch)


def test_networks_of_different_data_are_not_taken_together(home, photographs, monkeypatch):
    monkeypatch.setattr(Run, "record", lambda run: SimpleNamespace(data=run.name))
    with pytest.raises(LesionError, match=r"scratch, mobilenet were trained on different data: run `invoke train`"):
        judge(photographs, monkeypatch)


def test_a_network_that_was_changed_judges_nothing(home, photographs, monkeypatch):
    save_network("mobilenet", 3.0, 1.0)
    with pytest.raises(
        LesionError, match=r"model\.keras is not as it was written: run `invoke train --model mobilenet`"
    ):
        judge(photographs, monkeypatch)


def test_a_second_run_says_the_same_without_loading_a_network(home, photographs, monkeypatch, capsys):
    lines = judge(photographs, monkeypatch)
    printed = [line for line in capsys.readouterr().out.splitlines() if "probability" in line]
    monkeypatch.setattr(judges, "Judge", None)
    assert judge(photographs, monkeypatch) == lines
    assert [line for line in capsys.readouterr().out.splitlines() if "probability" in line] == printed


def test_odd_files_are_counted_and_said_by_the_exit_status(home, photographs, monkeypatch, capsys):
    (photographs / "odd.png").mkdir()
    monkeypatch.setattr(sys, "argv", ["predict", "--image", str(photographs), "--model", "together"])
    assert not predict.main()
    printed = capsys.readouterr().out
    assert "odd.png: cannot be read: it is a folder" in printed and "1 of 3 files could not be judged" in printed

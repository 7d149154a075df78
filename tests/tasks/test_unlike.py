"""Images unlike the training images, from `evaluate` to `predict`, with a small network."""

import csv
import dataclasses
import shutil
import sys

import artefacts as fake
import cv2
import evaluate
import numpy as np
import pandas as pd
import predict
import prepare
import pytest
import train

from lesion import config, prepared, runs
from lesion.judging import verdicts
from lesion.networks import models, training


def run(script, *words):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [script.__name__, *words])
        return script.main()


@pytest.fixture(scope="module")
def home():
    """Train and evaluate the CNN from scratch on a few drawn images, few as they are enough to tell unlike ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(config, "UNLIKE", dataclasses.replace(config.UNLIKE, least=20))
        assert run(prepare, "--data", "sample", "--limit", "160", "--image-size", "32")
        assert run(train, "--model", "scratch", "--epochs", "1")
        assert run(evaluate, "--model", "scratch")
        yield
    for folder in (config.DATA, config.RUNS, config.REPORTS):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def shown(home, tmp_path):
    """Return a folder with one of the training images, and one of noise."""
    data = prepared.open_data()
    known = data.images[data.of_split("train")[0][0]]
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    for name, image in (("known", known), ("noise", noise)):
        cv2.imwrite(str(tmp_path / f"{name}.png"), image[..., ::-1])
    return tmp_path


def judge(folder):
    """Let `predict` judge the images in `folder`; return the lines of its table by the name of the image."""
    assert run(predict, "--image", str(folder), "--model", "scratch")
    with (verdicts.FOLDER / "predictions.csv").open() as file:
        table = csv.DictReader(file)
        lines = {line["file"].rsplit("/")[-1]: line for line in table}
    columns = ["file", "model", "probability", "verdict", "unlike", "overlay", "note", "image", "check"]
    assert table.fieldnames == columns
    return lines


def test_the_record_says_how_many_images_are_unlike_the_training_images(home):
    record = runs.Run("scratch").evaluation_record().unlike
    data = prepared.open_data()
    assert record.trained == len(data.of_split("train")[0])
    assert record.validation_share == 0  # 1% of so few is less than one
    assert set(record.test_rows) < set(data.rows[data.splits == "test"].tolist())


def test_the_predictions_are_those_of_the_network_alone_in_all_views(home, tmp_path):
    data = prepared.open_data()
    positions = np.flatnonzero(np.isin(data.splits, config.SCORED))
    network = runs.Run("scratch")
    probabilities = training.predict(models.load(network.model), data.images, positions, config.TEST_VIEWS.number)
    runs.write_predictions(tmp_path / "predictions.csv", data, positions, probabilities)
    assert (tmp_path / "predictions.csv").read_bytes() == network.predictions.read_bytes()


def test_noise_gets_a_probability_and_no_verdict(shown, capsys):
    lines = judge(shown)
    assert lines["noise.png"]["verdict"] == "" and float(lines["noise.png"]["unlike"]) > 1
    assert lines["known.png"]["verdict"] in config.CLASSES and 0 < float(lines["known.png"]["unlike"]) < 1
    printed = capsys.readouterr().out
    probability = float(lines["noise.png"]["probability"])
    verdict = "no verdict: unlike the training images (scratch)"
    assert f"noise.png: probability of malignancy {probability:.3f}, {verdict}" in printed
    assert "1 of 2 images is unlike the training images: no verdict" in printed


def test_predict_goes_on_where_evaluate_has_not_run(shown, capsys):
    network = runs.Run("scratch")
    record = network.evaluation.read_text()
    try:
        fake.change(network.evaluation, lambda value: value.update(fingerprint="of an older version"))
        lines = judge(shown)
        printed = capsys.readouterr().out
    finally:
        network.evaluation.write_text(record)
    assert [line["unlike"] for line in lines.values()] == ["", ""]
    assert all(line["verdict"] in config.CLASSES for line in lines.values())
    assert printed.count("run `invoke evaluate --model scratch`") == 1


def test_evaluate_writes_what_is_missing_and_says_nothing_of_too_few_images(shown, monkeypatch, capsys):
    network = runs.Run("scratch")
    before = pd.read_csv(network.predictions)
    network.unlike.unlink()
    assert run(evaluate, "--model", "scratch") and network.unlike.exists()
    monkeypatch.setattr(config, "UNLIKE", dataclasses.replace(config.UNLIKE, least=100))
    assert run(evaluate, "--model", "scratch")
    assert network.evaluation_record().unlike is None and not network.unlike.exists()
    assert pd.read_csv(network.predictions).equals(before)
    judge(shown)
    assert "had fewer than 100 images to train or to validate on" in capsys.readouterr().out

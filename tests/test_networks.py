"""A fourth network: one entry in the registry and one builder, and every stage knows it."""

import json
import shutil
import sys

import evaluate
import explain
import keras
import numpy as np
import pandas as pd
import prepare
import pytest
import report
import train
from keras import layers

from lesion import config, runs
from lesion.networks import models

TITLE = "Tiny network"


def build_tiny(size, weights=None):
    """Return a network of one convolution, with the names that all networks share."""
    image = keras.Input((size, size, config.CHANNELS), name="image")
    x = layers.Conv2D(4, 3, activation="relu", name="block1_conv")(image)
    x = layers.GlobalAveragePooling2D(name=models.POOLING)(x)
    x = layers.Dense(1, name=models.LOGIT)(x)
    return keras.Model(image, layers.Activation("sigmoid", name=models.PROBABILITY)(x), name="tiny")


@pytest.fixture
def tiny(monkeypatch):
    entry = config.Network(title=TITLE, colour="#123456", dark_colour="#abcdef", line=":", marker="x")
    monkeypatch.setitem(config.NETWORKS, "tiny", entry)
    monkeypatch.setitem(models.BUILDERS, "tiny", build_tiny)


@pytest.fixture
def home():
    """Leave nothing behind in the folder that all tests of a session share."""
    yield
    for folder in (config.DATA, config.RUNS, config.REPORTS):
        shutil.rmtree(folder, ignore_errors=True)


def run(script, monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", [script.__name__, *words])
    return script.main()


def test_a_fourth_network_goes_through_every_stage(tiny, home, monkeypatch):
    assert run(prepare, monkeypatch, "--data", "sample", "--limit", "80", "--image-size", "32")
    assert run(train, monkeypatch, "--model", "tiny", "--epochs", "1")
    assert run(evaluate, monkeypatch, "--model", "tiny")
    assert run(explain, monkeypatch, "--model", "tiny")
    assert run(report, monkeypatch, "--model", "tiny")
    scores = json.loads(runs.METRICS.read_text())["models"]["tiny"]["test"]
    predictions = pd.read_csv(runs.Run("tiny").predictions)
    assert scores["rows"] == np.sum(predictions["split"] == "test")
    maps = json.loads(runs.EXPLANATIONS.read_text())["models"]["tiny"]["maps"]
    assert (config.REPORTS / maps).exists()
    page = runs.REPORT.read_text()
    assert TITLE in page
    assert f"{scores['roc_auc']:.3f}" in page
    assert "--tiny: #123456" in page and "--tiny: #abcdef" in page

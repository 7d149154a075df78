"""`study` and `leak` as a user types them, most of their trainings guessed."""

import json
import shutil

import artefacts as fake
import numpy as np
import pytest
from guessing import guessed
from invoking import BASELINES, BRIEF, SMALL, invoke, state

from lesion.baselines import inputs
from lesion.records.study import Design
from lesion.studies.design import Cell


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Return a folder in which the images are prepared."""
    folder = tmp_path_factory.mktemp("prepared")
    invoke(folder, "prepare", *SMALL)
    return folder


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
        fake.change(manifest, lambda record: record.update(data="0" * 16))
        said = invoke(home, *words, status=2)
    finally:
        manifest.write_text(text)
    assert "study/ holds 18 trainings of other data or settings than now: set LESION_HOME to keep them, or" in said


def test_leak_trains_on_both_splits_and_measures_what_the_random_one_adds(home):
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
    assert measured["sentence"] in printed

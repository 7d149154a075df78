"""The files of networks and baselines, and whether they can be used."""

import json
from dataclasses import replace
from types import SimpleNamespace

import artefacts as fake
import numpy as np
import pytest

from lesion import config, runs, store
from lesion.errors import LesionError
from lesion.records.baseline import BaselineRecord
from lesion.tables import write_table

WANTED = "f" * 16


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a trained baseline with predictions of two rows."""
    monkeypatch.setattr(config, "RUNS", tmp_path)
    run = runs.BaselineRun("colour")
    data = SimpleNamespace(
        rows=np.array([4, 7, 9]), splits=np.array(["train", "validation", "test"]), labels=np.array([0, 1, 0])
    )
    runs.write_predictions(run.predictions, data, np.array([1, 2]), np.array([0.25, 1 / 3]))
    record = BaselineRecord(
        name="colour",
        fingerprint=WANTED,
        data="some",
        digest=store.digest(run.predictions),
        method=store.blocks(config.BASELINES),
        numbers=68,
        unknown=0,
        seconds=1.0,
        provenance=store.provenance(1.0),
    )
    run.write_record(record)
    return run


def test_predictions_are_read_as_they_were_written(run):
    assert run.predictions.read_text().splitlines() == [
        "row,split,label,probability", "7,validation,1,0.25000000", "9,test,0,0.33333333",
    ]  # fmt: skip
    predictions = run.read_predictions()
    assert predictions.rows.tolist() == [7, 9] and predictions.splits.tolist() == ["validation", "test"]
    assert predictions.labels.tolist() == [1, 0] and predictions.probabilities.tolist() == [0.25, 0.33333333]


def test_a_baseline_can_be_used_if_it_is_the_one_wanted_and_as_it_was_trained(run):
    assert run.why_missing(WANTED) is None
    assert run.why_missing("0" * 16) == (
        "trained on other data, or with other settings, than there are now: run `invoke baseline`"
    )
    run.predictions.write_text(run.predictions.read_text().replace("0.25", "0.75"))
    assert run.why_missing(WANTED) == (
        f"not usable, since {run.predictions} is not as it was written: run `invoke baseline`"
    )


@pytest.mark.parametrize("file", ["manifest", "predictions"])
def test_a_baseline_without_one_of_its_files_is_not_trained(run, file):
    getattr(run, file).unlink()
    assert run.why_missing(WANTED) == "not trained: run `invoke baseline`"


def test_a_manifest_of_another_shape_is_an_error_that_says_what_to_do(run):
    content = json.loads(run.manifest.read_text())
    del content["numbers"]
    run.manifest.write_text(json.dumps(content))
    with pytest.raises(LesionError, match=r"is not as expected .*numbers.*: run `invoke baseline`"):
        run.record()


def test_baselines_and_networks_have_folders_of_their_own():
    folders = [run.folder for run in (*runs.all_runs().values(), *runs.all_baselines().values())]
    assert len(set(folders)) == len(config.NETWORKS) + len(config.BASELINE_NAMES)


def test_a_network_is_used_as_long_as_its_files_are_those_that_were_trained(tmp_path, monkeypatch):
    monkeypatch.setattr(config, "RUNS", tmp_path)
    network = runs.Run("scratch")
    assert runs.missing(fake.DATA)["scratch"] == "not trained: run `invoke train --model scratch`"
    store.write_bytes(network.model, b"auto")
    write_table(network.history, fake.history("scratch"))
    network.write_record(fake.trained("scratch"))
    assert "scratch" not in runs.missing(fake.DATA)
    assert runs.missing("0" * 16)["scratch"].startswith("trained on other data than is prepared now")
    for path in (network.model, network.manifest):
        content = path.read_bytes()
        path.write_bytes(content.replace(b"auto", b"none"))
        assert runs.missing(fake.DATA)["scratch"] == (
            f"not usable, since {path} is not as it was written: run `invoke train --model scratch`"
        )
        path.write_bytes(content)


def test_predictions_of_another_evaluation_are_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(config, "RUNS", tmp_path)
    network = runs.Run("scratch")
    write_table(network.predictions, fake.predictions("scratch"), decimals=8)
    network.write_evaluation(replace(fake.evaluated("scratch"), unlike=None))
    assert len(network.read_predictions().rows) == len(fake.index())
    write_table(network.predictions, fake.predictions("mobilenet"), decimals=8)
    with pytest.raises(LesionError, match=r"is not as it was written: run `invoke evaluate --model scratch`$"):
        network.read_predictions()

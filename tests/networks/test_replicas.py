"""Training on two GPUs, for which two halves of the CPU stand, against training on one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics

NETWORKS = ("scratch", "mobilenet", "efficientnet")
SCRIPT = Path(__file__).with_name("two_devices.py")


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    """Run everything in a process of its own; return its results and its words."""
    folder = tmp_path_factory.mktemp("replicas")
    environment = {**os.environ, "LESION_HOME": str(folder / "home")}
    ran = subprocess.run([sys.executable, SCRIPT, folder], env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-3000:]
    return json.loads((folder / "results.json").read_text()), ran.stdout


@pytest.fixture(scope="module")
def results(process):
    return process[0]


def column(run, name):
    return [epoch[name] for epoch in run["epochs"]]


@pytest.mark.parametrize("network", NETWORKS)
def test_two_replicas_learn_what_one_learns(results, network):
    """The same batches, and no dropout: what differs is the order of sums.

    Adam turns that into more, step by step: after the first epoch the losses agree to a thousandth, later to a
    thirtieth. The last epoch of MobileNetV2, which is killed and resumed before it, is not compared.
    """
    known = 3 if network == "mobilenet" else None
    one, two = results[f"one {network}"], results[f"two {network}"]
    assert column(two, "loss")[0] == pytest.approx(column(one, "loss")[0], rel=0.001)
    for name in ("loss", "val_loss"):
        assert column(two, name)[:known] == pytest.approx(column(one, name)[:known], rel=0.03)
    assert two["phases"] == one["phases"]


@pytest.mark.parametrize("network", NETWORKS)
def test_the_journal_holds_the_scores_of_all_validation_images(results, network):
    two = results[f"two {network}"]
    best = min(two["epochs"], key=lambda epoch: epoch["val_loss"])
    labels, probabilities = np.array(two["labels"]), np.array(two["validation"])
    assert best["val_loss"] == pytest.approx(metrics.log_loss(labels, probabilities), rel=0.005)  # half precision
    assert best["val_accuracy"] == pytest.approx(np.mean((probabilities > 0.5) == labels), abs=1e-6)
    # Keras tells apart what one of its 200 thresholds, 1/199 from each other, parts.
    assert best["val_auc"] == pytest.approx(metrics.roc_auc_score(labels, np.ceil(probabilities * 199)), abs=0.03)


def test_a_killed_run_resumes_on_two_replicas(process):
    results, said = process
    resumed = results["two mobilenet"]
    assert "train: MobileNetV2 resumes after epoch 3" in said.splitlines()
    assert column(resumed, "phase") == ["frozen", "frozen", "tune", "tune"]
    assert resumed["phases"] == [["frozen", 2], ["tune", 2]]
    best = min(column(resumed, "val_loss"))
    assert metrics.log_loss(resumed["labels"], resumed["validation"]) == pytest.approx(best, rel=0.005)


def test_early_stopping_and_plateaus_count_epochs_and_a_left_over_image_harms_nothing(results):
    still = results["still"]
    assert len(still["epochs"]) == 4  # 3 without progress
    assert still["epochs"][-1]["learning_rate"] < still["epochs"][0]["learning_rate"]
    assert np.isfinite(column(still, "loss") + column(still, "val_loss") + still["test"]).all()


def test_each_epoch_leaves_out_another_of_the_images_that_cannot_be_shared(results):
    assert all(len(set(drawn)) == len(drawn) == 4 for drawn in results["drawn"])
    assert {image for drawn in results["drawn"] for image in drawn} == {0, 1, 2, 3, 4}


def test_replicas_draw_their_dropout_apart_and_the_first_as_one_alone(results):
    (alone,), (first, second) = results["seeds"]
    assert alone == first != second


def test_a_batch_that_cannot_be_shared_is_refused(results):
    assert results["refused"].startswith("--batch-size 15 does not work: 2 GPUs share each batch equally")


def test_the_number_of_replicas_is_said_and_noted(process):
    results, said = process
    assert results["device"] == "2 × half a CPU"
    line = "train: MobileNetV2 is trained on 2 × half a CPU: each gets 8 of the 16 images of a batch"
    assert line in said.splitlines()

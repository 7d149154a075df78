"""What cannot be done, and the list of tasks."""

import runpy
import sys

import pytest
from invoking import PROJECT, invoke, state

from lesion import config, options


def run_here(monkeypatch, capsys, stage, *words):
    """Run the script of `stage` in this process, which saves the start of another one; return its words, as one line.

    The exit status must be 2, and nothing may be written into the folder of this test session but the lock.
    """
    monkeypatch.setattr(sys, "argv", [stage, *words])
    before = state(config.HOME)
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(PROJECT / "scripts" / f"{stage}.py"), run_name="__main__")
    (line,) = capsys.readouterr().err.splitlines()
    assert ended.value.code == 2 and state(config.HOME) == before
    return line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "--model", "resnet"], "--model 'resnet' is not known: give one of scratch, mobilenet, efficientnet"),
        (["prepare", "--data", "nowhere"], "'nowhere' does not exist"),
        (["prepare", "--data", "sample", "--image-size", "4"], "--image-size 4 does not work"),
        (
            ["prepare", "--metadata", "nowhere.csv"],
            "--metadata 'nowhere.csv' is not a file: give a CSV table",
        ),
        (["prepare", "--split", "half"], "--split 'half' is not known: give one of grouped, random"),
        (["prepare", "--data", "sample", "--limit", "6"], "too few"),
        (["bench", "--part", "lunch"], "--part 'lunch' is not known: give one of training, pipeline, gradcam, prepare"),
        (["leak", "--model", "resnet"], "--model 'resnet' is not known"),
        (["leak", "--seeds", "1"], "--seeds 1 does not work: give a whole number from 2 to 1000; 3 are usual"),
        (["leak", "--data", "nowhere"], "'nowhere' does not exist"),
        (["study"], "data/manifest.json is missing: run `invoke prepare` first"),
        (["study", "--repeats", "2"], "--repeats 2 does not work: give a whole number from 3 to 1000; 3 are usual"),
        (["leak"], "data/manifest.json is missing: run `invoke prepare` first"),
        (["bench", "--part", "gradcam"], "data/manifest.json is missing: run `invoke prepare` first"),
        (["train"], "data/manifest.json is missing: run `invoke prepare` first"),
        (["evaluate"], "data/manifest.json is missing: run `invoke prepare` first"),
        (["baseline"], "data/manifest.json is missing: run `invoke prepare` first"),
        (["explain"], "data/manifest.json is missing: run `invoke prepare` first"),
        (["report"], "data/manifest.json is missing: run `invoke prepare` first"),
        (["predict", "--image", "nothing.jpg"], "--image 'nothing.jpg' is neither a file nor a folder"),
        (["predict", "--image", "README.md"], "no model is trained yet"),
    ],
)
def test_what_cannot_be_done_is_one_line_that_says_what_to_do(monkeypatch, capsys, words, said):
    assert said in run_here(monkeypatch, capsys, *words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train"], "data/manifest.json is missing: run `invoke prepare` first; `invoke all` runs everything"),
        (["train", "--epochs", "abc"], "--epochs abc does not work: give a whole number from 1 to 10,000"),
        (["train", "--weights", ""], "--weights '' is empty: give one of auto, imagenet, none, or a FOLDER"),
        (["prepare", "--data", "nowhere"], "'nowhere' does not exist"),
        (["prepare", "--data", "-x"], "--data '-x' does not exist"),
        (["prepare", "--image-size", "-1"], "--image-size -1 does not work: give a number of pixels from 32 to 1024"),
        (["predict", "README.md"], "no model is trained yet"),
        (["all", "--model", "nope"], "--model 'nope' is not known: give one of scratch, mobilenet, efficientnet"),
        (
            ["all", "--data", "sample", "--epochs", "0"],
            "--epochs 0 does not work: give a whole number from 1",
        ),
        (["all", "--data", "sample", "--weights", "nowhere"], "--weights 'nowhere' is neither a folder nor one of"),
    ],
)
def test_what_a_user_types_wrong_is_one_line_and_leaves_nothing(tmp_path, words, said):
    assert said in invoke(tmp_path, *words, status=2)
    assert not state(tmp_path)


@pytest.mark.parametrize("stage", [*options.CHAIN[1:], "predict"])
def test_in_an_empty_folder_every_stage_advises_to_run_all(monkeypatch, capsys, stage):
    words = ["--image", "README.md"] if stage == "predict" else []
    line = run_here(monkeypatch, capsys, stage, *words)
    assert line.endswith("; `invoke all` runs everything that is missing")


def test_the_list_of_tasks_reads_like_documentation(tmp_path):
    printed = invoke(tmp_path, "--list")
    stages = ("prepare", "train", "baseline", "evaluate", "explain", "stress", "report")
    for name in ("all", *stages, "predict", "compare", "study", "leak", "bench", "clean", "test"):
        assert f"\n  {name} " in printed
    for number, name in enumerate(stages, 1):
        assert [line for line in printed.splitlines() if line.split()[:5] == [name, "Stage", str(number), "of", "7:"]]
    assert "Run all stages: prepare, train, baseline, evaluate, explain" in printed
    assert "\n  invoke all --data " in invoke(tmp_path, "--help", "all")
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

"""Options: what a stage cannot work with is refused in one line, and every way to start a stage knows the same ones."""

import subprocess
import sys

import pytest

from lesion import config, options
from lesion.errors import LesionError


def values(stage, **changed):
    """Return the defaults of `stage` with some of them changed."""
    return {name: option.default for name, option in options.STAGES[stage].items()} | changed


@pytest.mark.parametrize(
    ("stage", "changed", "said"),
    [
        ("train", {"model": "resnet"}, "--model 'resnet' is not known: give one of scratch, mobilenet, efficientnet"),
        ("train", {"epochs": 0}, "--epochs 0 is too small: give at least 1"),
        ("train", {"tune_epochs": -2}, "--tune-epochs -2 is too small: give at least 0"),
        ("train", {"batch_size": 0}, "--batch-size 0 is too small: give at least 1"),
        ("train", {"learning_rate": 0.0}, "--learning-rate 0.0 must be above 0: 0.001 is usual"),
        ("train", {"learning_rate": float("inf")}, "--learning-rate inf must be above 0"),
        ("train", {"views": 0}, "--views 0 does not work"),
        ("train", {"views": 2, "no_cache_activations": True}, "--no-cache-activations exclude each other"),
        ("train", {"seed": -1}, "--seed -1 is negative: give 0 or more"),
        ("train", {"weights": "nowhere"}, "--weights 'nowhere' is neither a folder nor one of auto, imagenet, none"),
        ("prepare", {"data": "nowhere"}, "'nowhere' does not exist"),
        ("prepare", {"data": __file__}, "is neither a folder nor a .parquet file"),
        ("prepare", {"data": "~nosuchuser/data"}, "does not exist"),
        ("prepare", {"masks": __file__}, "is not a folder: give one of pictures that are white on the lesion"),
        ("prepare", {"limit": -1}, "--limit must be 0 (all rows) or a number of rows; got -1"),
        ("prepare", {"image_size": 31}, "--image-size 31 does not work: give 32 to 1024 pixels"),
        ("prepare", {"image_size": 1025}, "--image-size 1025 does not work"),
        ("prepare", {"split": "half"}, "--split 'half' is not known: give one of grouped, random"),
        ("all", {"split": "half"}, "--split 'half' is not known"),
        ("all", {"model": "resnet"}, "--model 'resnet' is not known"),
        ("leak", {"seeds": 1}, "--seeds 1 is too small: give at least 2, 3 are usual"),
        ("leak", {"data": "nowhere"}, "'nowhere' does not exist"),
        ("study", {"folds": 1}, "--folds 1 is too small: give at least 2, 5 are usual"),
        ("study", {"repeats": 2}, "--repeats 2 is too small: give at least 3, 3 are usual"),
        ("study", {"threads": 0}, "--threads 0 is too small: give at least 1"),
        ("study", {"workers": -1}, "--workers -1 is too small: give at least 0"),
        ("study", {"views": 0}, "--views 0 does not work: give at least 1"),
        ("study", {"cluster": "host:8786"}, "--cluster 'host:8786' is no address: give tcp://HOST:PORT"),
        ("study", {"workers": 2, "cluster": "tcp://host:8786"}, "--workers and --cluster exclude each other"),
        ("bench", {"part": "lunch"}, "--part 'lunch' is not known: give one of training, pipeline, gradcam, prepare"),
        ("bench", {"repeats": 0}, "--repeats 0 is too small: give at least 1, 5 is usual"),
        ("predict", {"image": "nothing.jpg"}, "--image 'nothing.jpg' is neither a file nor a folder"),
    ],
)
def test_a_value_no_stage_can_work_with_is_refused(stage, changed, said):
    with pytest.raises(LesionError) as caught:
        options.check(stage, values(stage, **changed))
    assert said in str(caught.value)


@pytest.mark.parametrize("stage", [stage for stage in options.STAGES if stage != "predict"])
def test_the_defaults_of_every_stage_are_accepted(stage):
    options.check(stage, values(stage))


def test_a_folder_of_weights_must_have_the_files_of_the_chosen_networks(tmp_path):
    options.check("train", values("train", weights=str(tmp_path), model="scratch"))
    with pytest.raises(
        LesionError, match=r"has no mobilenet_v2_notop\.weights\.h5, which mobilenet needs: put it there"
    ):
        options.check("train", values("train", weights=str(tmp_path), model="mobilenet"))
    (tmp_path / "mobilenet_v2_notop.weights.h5").touch()
    options.check("train", values("train", weights=str(tmp_path), model="mobilenet"))
    with pytest.raises(LesionError, match="which efficientnet needs"):
        options.check("all", values("all", weights=str(tmp_path)))


def test_a_command_carries_just_what_differs_from_the_defaults():
    words = options.command("train", values("all", model="scratch", epochs=3, no_cache_activations=True, limit=80))
    assert words[0] == sys.executable
    assert words[1].endswith("train.py")
    assert words[2:] == ["--model", "scratch", "--epochs", "3", "--no-cache-activations"]


@pytest.mark.parametrize("stage", [stage for stage in options.STAGES if stage not in ("all", "cell")])
def test_invoke_and_the_script_offer_the_same_options_with_the_same_help(stage):
    commands = [
        [sys.executable, "-m", "invoke", "--help", stage],
        [sys.executable, f"scripts/{stage}.py", "--help"],
    ]
    for command in commands:
        printed = subprocess.run(command, cwd=config.PROJECT, capture_output=True, text=True, check=True).stdout
        shown = "".join(printed.split())  # both break lines where they like
        for name, option in options.STAGES[stage].items():
            assert options.flag(name) in shown
            assert "".join(option.help.split()) in shown

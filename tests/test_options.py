"""Options: what a stage cannot work with is refused in one line, and every way to start a stage knows the same ones."""

import subprocess
import sys

import pytest

from lesion import config, options
from lesion.errors import LesionError

RANGE = "does not work: give a whole number from"


def defaults(stage):
    """Return what `stage` gets if every option is left out."""
    return {name: option.default for name, option in options.STAGES[stage].items()}


@pytest.mark.parametrize(
    ("stage", "typed", "said"),
    [
        ("train", {"model": "resnet"}, "--model 'resnet' is not known: give one of scratch, mobilenet, efficientnet"),
        ("train", {"model": "scratch,"}, "--model '' is not known"),
        ("train", {"model": ""}, "--model '' is empty: give one of scratch, mobilenet, efficientnet, or more"),
        ("train", {"epochs": "0"}, f"--epochs 0 {RANGE} 1 to 10,000"),
        ("train", {"epochs": "abc"}, f"--epochs abc {RANGE} 1 to 10,000"),
        ("train", {"epochs": "-1"}, f"--epochs -1 {RANGE} 1 to 10,000"),
        ("train", {"epochs": " 5"}, f"--epochs ' 5' {RANGE} 1 to 10,000"),
        ("train", {"epochs": "1_0"}, f"--epochs '1_0' {RANGE} 1 to 10,000"),
        ("train", {"epochs": "٣"}, f"--epochs '٣' {RANGE} 1 to 10,000"),
        ("train", {"tune_epochs": "-1"}, f"--tune-epochs -1 {RANGE} 0 to 10,000"),
        ("train", {"batch_size": "0"}, f"--batch-size 0 {RANGE} 1 to 8192; 32 is usual"),
        ("train", {"batch_size": "9" * 25}, f"--batch-size {'9' * 25} {RANGE} 1 to 8192"),
        ("train", {"batch_size": "9" * 9999}, f"--batch-size '{'9' * 200}…' {RANGE} 1 to 8192"),
        ("train", {"learning_rate": "0"}, "--learning-rate 0 does not work: give a number from 1e-09 to 10; 0.001 is"),
        ("train", {"learning_rate": "inf"}, "--learning-rate inf does not work"),
        ("train", {"learning_rate": "nan"}, "--learning-rate nan does not work"),
        ("train", {"learning_rate": "1e38"}, "--learning-rate 1e38 does not work"),
        ("train", {"learning_rate": ""}, "--learning-rate '' is empty: give a number from 1e-09 to 10; 0.001 is usual"),
        ("train", {"views": "0"}, "--views 0 does not work"),
        ("train", {"views": "2", "no_cache_activations": True}, "--no-cache-activations exclude each other"),
        ("train", {"seed": "-1"}, f"--seed -1 {RANGE} 0 to 4,294,967,295"),
        ("train", {"seed": "4294967296"}, f"--seed 4294967296 {RANGE} 0 to 4,294,967,295"),
        ("prepare", {"seed": "4294967296"}, f"--seed 4294967296 {RANGE} 0 to 4,294,967,295"),
        ("train", {"weights": "nowhere"}, "--weights 'nowhere' is neither a folder nor one of auto, imagenet, none"),
        ("train", {"weights": "~nosuchuser/x"}, "cannot be used (there is no user 'nosuchuser')"),
        ("train", {"weights": "x" * 5000}, "cannot be used (file name too long)"),
        (
            "train",
            {"weights": ""},
            "--weights '' is empty: give one of auto, imagenet, none, or a FOLDER, or leave the",
        ),
        (
            "prepare",
            {"data": "nowhere"},
            "--data 'nowhere' does not exist: give auto, isic, sample, a FOLDER or a FILE",
        ),
        ("prepare", {"data": "-x"}, "--data '-x' does not exist"),
        ("prepare", {"data": ""}, "--data '' is empty: give auto, isic, sample, a FOLDER or a FILE.parquet, or leave"),
        ("prepare", {"data": __file__}, "is neither a folder nor a .parquet file"),
        ("prepare", {"data": "~nosuchuser/data"}, "cannot be used (there is no user 'nosuchuser')"),
        ("prepare", {"data": "a\0b"}, "cannot be used (it has a character that no path can have)"),
        ("prepare", {"data": "a\x1b]0;b\n"}, r"--data 'a\x1b]0;b\n' does not exist"),
        ("prepare", {"masks": __file__}, "is not a folder: give one of pictures that are white on the lesion"),
        ("prepare", {"metadata": "nowhere.csv"}, "is not a file: give a CSV table"),
        ("prepare", {"metadata": " "}, "--metadata ' ' is empty: give a CSV table"),
        (
            "prepare",
            {"limit": "-1"},
            "--limit -1 does not work: give 0 (all rows) or a number of rows from 0 to 1,000,0",
        ),
        ("prepare", {"limit": ""}, "--limit '' is empty"),
        ("prepare", {"limit": "1.5"}, "--limit 1.5 does not work"),
        ("prepare", {"limit": "9" * 20}, f"--limit {'9' * 20} does not work"),
        (
            "prepare",
            {"image_size": "31"},
            "--image-size 31 does not work: give a number of pixels from 32 to 1024; 224",
        ),
        ("prepare", {"image_size": "1025"}, "--image-size 1025 does not work"),
        ("prepare", {"image_size": "-1"}, "--image-size -1 does not work"),
        ("prepare", {"split": "half"}, "--split 'half' is not known: give one of grouped, random"),
        ("prepare", {"split": ""}, "--split '' is empty: give one of grouped, random, or leave the option out"),
        ("all", {"split": "half"}, "--split 'half' is not known"),
        ("all", {"model": "resnet"}, "--model 'resnet' is not known"),
        ("leak", {"seeds": "1"}, f"--seeds 1 {RANGE} 2 to 1000; 3 are usual"),
        ("leak", {"data": "nowhere"}, "'nowhere' does not exist"),
        ("leak", {"model": "scratch,mobilenet"}, "is more than one: give one of scratch, mobilenet, efficientnet"),
        ("study", {"folds": "1"}, f"--folds 1 {RANGE} 2 to 100; 5 are usual"),
        ("study", {"repeats": "2"}, f"--repeats 2 {RANGE} 3 to 1000; 3 are usual"),
        (
            "study",
            {"fractions": ".5"},
            "--fractions '.5' does not work: give numbers from 0.01 to 1 that rise, 1 as the last, with commas between",
        ),
        ("study", {"fractions": "1,.5"}, "--fractions '1,.5' does not work"),
        ("study", {"fractions": ".5,.5,1"}, "--fractions '.5,.5,1' does not work"),
        ("study", {"fractions": "0,1"}, "--fractions '0,1' does not work"),
        ("study", {"fractions": "0.5,1,2"}, "--fractions '0.5,1,2' does not work"),
        ("study", {"fractions": "half,1"}, "--fractions 'half,1' does not work"),
        ("study", {"threads": "0"}, f"--threads 0 {RANGE} 1 to 1024"),
        ("study", {"workers": "-1"}, f"--workers -1 {RANGE} 0 to 1024"),
        ("study", {"views": "0"}, "--views 0 does not work"),
        ("study", {"cluster": "host:8786"}, "--cluster 'host:8786' is no address: give tcp://HOST:PORT"),
        ("study", {"cluster": "tcp://host:65536"}, "--cluster 'tcp://host:65536' is no address"),
        ("study", {"workers": "2", "cluster": "tcp://host:8786"}, "--workers and --cluster exclude each other"),
        ("bench", {"part": "lunch"}, "--part 'lunch' is not known: give one of training, pipeline, gradcam, prepare"),
        ("bench", {"repeats": "0"}, f"--repeats 0 {RANGE} 1 to 1000; 5 are usual"),
        ("predict", {}, "--image is missing: give a photograph, or a folder of them"),
        ("predict", {"image": ""}, "--image '' is empty: give a photograph, or a folder of them"),
        (
            "predict",
            {"image": "nothing.jpg"},
            "--image 'nothing.jpg' is neither a file nor a folder: give a photograph",
        ),
        ("predict", {"image": "/dev/null"}, "--image '/dev/null' is neither a file nor a folder"),
        ("predict", {"image": "\udcff.jpg"}, r"--image '\udcff.jpg' is neither a file nor a folder"),
        (
            "train",
            {"model": "together"},
            "--model 'together' is not known: give one of scratch, mobilenet, efficientnet",
        ),
        (
            "leak",
            {"model": "together"},
            "--model 'together' is not known: give one of scratch, mobilenet, efficientnet",
        ),
        (
            "predict",
            {"image": __file__, "model": "all"},
            "--model 'all' is not known: give one of scratch, mobilenet, efficientnet, or together for all of them",
        ),
        ("predict", {"image": __file__, "model": "scratch,mobilenet"}, "is more than one: give one of scratch, mob"),
        ("predict", {"image": __file__, "model": "scratch,together"}, "'together' is not known: give one of"),
        ("compare", {"first": "nowhere", "second": "."}, "--first 'nowhere' is neither a file nor a folder"),
    ],
)
def test_a_value_no_stage_can_work_with_is_refused_and_what_is_accepted_is_said(stage, typed, said):
    with pytest.raises(LesionError) as caught:
        options.read(stage, typed)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 400 and "\n" not in str(caught.value)


def test_fractions_are_read_as_numbers():
    assert options.read("study", {"fractions": ".25,0.5,1"})["fractions"] == (0.25, 0.5, 1.0)
    assert options.read("study", {})["fractions"] == (1.0,)


@pytest.mark.parametrize(
    "stage", [stage for stage in options.STAGES if stage not in ("predict", "cell", "speed", "compare")]
)
def test_what_is_left_out_takes_its_default(stage):
    assert options.read(stage, {}) == options.read(stage, dict.fromkeys(options.STAGES[stage])) == defaults(stage)


def test_numbers_and_flags_get_their_types():
    typed = {"epochs": "007", "learning_rate": "5e-4", "seed": "4294967295", "no_cache_activations": True}
    known = options.read("train", typed)
    assert known == defaults("train") | {
        "epochs": 7,
        "learning_rate": 0.0005,
        "seed": 2**32 - 1,
        "no_cache_activations": True,
    }
    assert isinstance(known["epochs"], int) and isinstance(known["learning_rate"], float)


def test_a_folder_of_weights_must_have_the_files_of_the_chosen_networks(tmp_path):
    folder = str(tmp_path)
    options.read("train", {"weights": folder, "model": "scratch"})
    with pytest.raises(
        LesionError, match=r"has no mobilenet_v2_notop\.weights\.h5, which mobilenet needs: put it there"
    ):
        options.read("train", {"weights": folder, "model": "mobilenet"})
    (tmp_path / "mobilenet_v2_notop.weights.h5").touch()
    options.read("train", {"weights": folder, "model": "mobilenet"})
    with pytest.raises(LesionError, match="which efficientnet needs"):
        options.read("all", {"weights": folder})


def fill(folder):
    """Make 15 files in each of two folders, with links that lead round in circles: 34 entries."""
    for name in ("er", "est"):
        (folder / name).mkdir(parents=True)
        for number in range(15):
            (folder / name / f"{number}.txt").touch()
    (folder / "loop").symlink_to(folder)
    (folder / "to itself").symlink_to(folder / "to itself")


def test_a_huge_folder_that_is_no_data_set_is_refused(tmp_path, monkeypatch):
    fill(tmp_path)
    monkeypatch.setattr(options.places, "ENTRIES", 34)
    assert options.read("prepare", {"data": str(tmp_path)})["data"] == str(tmp_path)
    monkeypatch.setattr(options.places, "ENTRIES", 33)
    with pytest.raises(LesionError, match="more than 33 files and folders without one called benign or malignant, "):
        options.read("prepare", {"data": str(tmp_path)})


@pytest.mark.parametrize("mark", ["benign/1.jpg", "Malignant/1.jpg", "1.parquet", "metadata.csv"])
def test_a_huge_data_set_is_taken_and_what_is_beside_it_counts(tmp_path, monkeypatch, mark):
    monkeypatch.setattr(options.places, "ENTRIES", 33)
    fill(tmp_path / "train")
    (tmp_path / "train" / mark).parent.mkdir(exist_ok=True)
    (tmp_path / "train" / mark).touch()
    options.read("prepare", {"data": str(tmp_path / "train")})
    options.read("prepare", {"data": str(tmp_path)})
    fill(tmp_path / "letters")
    with pytest.raises(LesionError, match="has more than 33 files and folders"):
        options.read("prepare", {"data": str(tmp_path)})


def test_a_command_carries_just_what_was_typed_each_in_one_word():
    typed = {"model": "scratch", "epochs": "-3", "no_cache_activations": True, "limit": "80", "seed": None, "views": ""}
    words = options.command("train", typed)
    assert words[0] == sys.executable
    assert words[1].endswith("train.py")
    assert words[2:] == ["--model=scratch", "--epochs=-3", "--views=", "--no-cache-activations"]


@pytest.mark.parametrize("stage", [stage for stage in options.STAGES if stage not in ("all", "cell", "speed")])
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

"""The whole experiment: which of three networks tells malignant from benign dermoscopic images best?

`invoke all` runs it and writes reports/index.html; `invoke --help TASK` shows a task's options.
"""

import signal
import subprocess
import sys
from pathlib import Path

from invoke import Exit, task

from lesion import config

HERE = Path(__file__).resolve().parent
CHILD_GRACE = 5.0  # seconds a stage has to end by itself after Ctrl-C, which a terminal sends to it as well

FORCE = {"force": "do it again though it is done"}
MODEL = {"model": f"one of {', '.join(config.MODELS)}; default: all three"}
PREPARE = {
    "data": "auto (the public data, or the drawn sample without a network), isic, sample, a FOLDER, a FILE.parquet",
    "limit": "take this many rows, both classes in proportion; default: all (sample: its profile)",
    "image-size": "pixels, square; default: 224 (sample: its profile)",
    "seed": "of everything random; same seed, same figures",
    "split": "grouped: images of one lesion stay together; random: each by itself, as the original did",
    "no-clean": "leave hair and ruler marks in the images",
}
TRAIN = {
    "weights": "of the backbones: auto (ImageNet, or random without a network), imagenet, none, a FOLDER of files",
    "epochs": "at most; default: as fits the data",
    "tune-epochs": "of fine-tuning, at most; default: as fits the data",
    "batch-size": "images a training step; default: as fits the data",
    "learning-rate": "of Adam; fine-tuning takes a fraction of it, as the model needs",
    "views": "augmented views of each image that pass a frozen backbone once; default: as the model needs",
    "no-cache-activations": "run frozen layers anew in each step: 5 to 10 times slower",
    "seed": PREPARE["seed"],
}


def run_stage(name, **options):
    """Run scripts/NAME.py with this interpreter; return its exit status, or leave when it was stopped.

    An option is passed on when it is set: True as a bare flag, False and "" not at all.
    """
    command = [sys.executable, str(HERE / "scripts" / f"{name}.py")]
    for option, value in options.items():
        if value is True:
            command.append(f"--{option.replace('_', '-')}")
        elif value is not False and value != "":
            command += [f"--{option.replace('_', '-')}", str(value)]
    child = subprocess.Popen(command)
    try:
        return child.wait()
    except KeyboardInterrupt:
        raise Exit(code=_stopped(child)) from None


def _stopped(child):
    """Wait for a stage to end by itself after Ctrl-C; return the exit status."""
    try:
        child.wait(CHILD_GRACE)
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGINT)  # only this process was interrupted, or the stage is slow
        child.wait()
    return 2


def finish(status):
    """Leave with the exit status of a stage unless it is 0; the stage has said why."""
    if status:
        raise Exit(code=status if status in (1, 2) else 2)


@task(auto_shortflags=False, help=PREPARE | FORCE)
def prepare(
    c,
    data="auto",
    limit=0,
    image_size=config.AS_PROFILE,
    seed=config.SEED,
    split="grouped",
    no_clean=False,
    force=False,
):
    """Fetch the images, clean them, split them 70/15/15: writes data/."""
    options = {"data": data, "limit": limit, "image_size": image_size, "split": split, "no_clean": no_clean}
    finish(run_stage("prepare", **options, seed=seed, force=force))


@task(auto_shortflags=False, help=MODEL | TRAIN | FORCE)
def train(
    c,
    model="",
    weights="auto",
    epochs=config.AS_PROFILE,
    tune_epochs=config.AS_PROFILE,
    batch_size=config.AS_PROFILE,
    learning_rate=config.LEARNING_RATE,
    views=config.AS_PROFILE,
    no_cache_activations=False,
    seed=config.SEED,
    force=False,
):
    """Train the networks; a run that was stopped goes on: writes runs/."""
    options = {"weights": weights, "epochs": epochs, "tune_epochs": tune_epochs, "batch_size": batch_size}
    options |= {"learning_rate": learning_rate, "views": views, "no_cache_activations": no_cache_activations}
    finish(run_stage("train", model=model, **options, seed=seed, force=force))


@task(auto_shortflags=False, help=MODEL | FORCE)
def evaluate(c, model="", force=False):
    """Measure them on test images: writes reports/metrics.json."""
    finish(run_stage("evaluate", model=model, force=force))


@task(auto_shortflags=False, help=MODEL | FORCE)
def explain(c, model="", force=False):
    """Show what they look at, by Grad-CAM: writes reports/gradcam/."""
    finish(run_stage("explain", model=model, force=force))


@task(auto_shortflags=False, help=MODEL | FORCE | {"open": "show it in the web browser"})
def report(c, model="", open=False, force=False):
    """Put everything into one HTML file: writes reports/index.html."""
    finish(run_stage("report", model=model, open=open, force=force))


@task(name="all", auto_shortflags=False, help=MODEL | PREPARE | TRAIN | FORCE)
def all_stages(
    c,
    model="",
    data="auto",
    limit=0,
    image_size=config.AS_PROFILE,
    split="grouped",
    no_clean=False,
    weights="auto",
    epochs=config.AS_PROFILE,
    tune_epochs=config.AS_PROFILE,
    batch_size=config.AS_PROFILE,
    learning_rate=config.LEARNING_RATE,
    views=config.AS_PROFILE,
    no_cache_activations=False,
    seed=config.SEED,
    force=False,
):
    """Run the whole experiment; what is done already is skipped."""
    data_options = {"data": data, "limit": limit, "image_size": image_size, "split": split, "no_clean": no_clean}
    training = {"weights": weights, "epochs": epochs, "tune_epochs": tune_epochs, "batch_size": batch_size}
    training |= {"learning_rate": learning_rate, "views": views, "no_cache_activations": no_cache_activations}
    stages = {
        "prepare": {**data_options, "seed": seed},
        "train": {"model": model, **training, "seed": seed},
        "evaluate": {"model": model},
        "explain": {"model": model},
        "report": {"model": model},
    }
    worst = 0
    for name, options in stages.items():
        status = run_stage(name, **options, force=force)
        if status not in (0, 1):  # 1: some of it failed; the later stages go on and show that
            finish(status)
        worst = max(worst, status)
    finish(worst)


@task(
    auto_shortflags=False,
    help={"image": "an image file, or a folder of them", "model": "default: the best by validation ROC-AUC"},
)
def predict(c, image, model=""):
    """Judge images of your own: prints the verdicts, writes reports/predictions/."""
    finish(run_stage("predict", image=image, model=model))


@task(
    auto_shortflags=False,
    help={
        "part": "one of training, pipeline, gradcam, prepare; default: all",
        "weights": TRAIN["weights"],
        "repeats": "measurements of each way; the median counts",
    },
)
def bench(c, part="", weights="auto", repeats=5):
    """Measure how fast the project is on this machine: writes reports/bench.json."""
    finish(run_stage("bench", part=part, weights=weights, repeats=repeats))


@task(
    auto_shortflags=False,
    help={
        "model": f"one of {', '.join(config.MODELS)}",
        "data": "as for prepare; default: the data that is prepared",
        "weights": TRAIN["weights"],
        "epochs": TRAIN["epochs"],
        "tune-epochs": TRAIN["tune-epochs"],
        "seeds": "number of them; each splits and trains anew, on both splits",
    },
)
def leak(
    c,
    model=config.LEAK_MODEL,
    data="",
    weights="auto",
    epochs=config.AS_PROFILE,
    tune_epochs=config.AS_PROFILE,
    seeds=config.LEAK_SEEDS,
):
    """Measure how much a random split flatters a model: writes reports/leak.json."""
    options = {"model": model, "data": data, "weights": weights, "epochs": epochs, "tune_epochs": tune_epochs}
    finish(run_stage("leak", **options, seeds=seeds))


@task
def clean(c):
    """Remove what the stages wrote, and nothing else."""
    finish(run_stage("clean"))


@task
def test(c):
    """Run the tests; they need no network."""
    finish(subprocess.call([sys.executable, "-m", "pytest"], cwd=HERE))

"""The whole experiment: which network tells malignant from benign dermoscopic images best?

`invoke all` runs it and writes reports/index.html; `invoke --help TASK` shows a task's options.
"""

import inspect
import signal
import subprocess
import sys

from invoke import Exit, task

from lesion import config, options
from lesion.errors import LesionError

CHILD_GRACE = 5.0  # seconds a stage has to end by itself after Ctrl-C, which a terminal sends to it as well


def run_stage(name, values):
    """Run scripts/NAME.py with this interpreter; return its exit status, or leave when it was stopped."""
    child = subprocess.Popen(options.command(name, values))
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


def run_all(values):
    """Run the stages of the experiment in order, once every option is checked; return the worst exit status."""
    try:
        options.check("all", values)
    except LesionError as error:
        raise Exit(f"error: {error}", code=2) from None
    worst = 0
    for name in options.CHAIN:
        status = run_stage(name, values)
        if status not in (0, 1):  # 1: some of it failed; the later stages go on and show that
            return status
        worst = max(worst, status)
    return worst


def stage(name, summary, run=None):
    """Return the task `name` with the options of its stage; Invoke reads them from the signature."""

    def body(c, **values):
        finish(run(values) if run else run_stage(name, values))

    keyword = inspect.Parameter.POSITIONAL_OR_KEYWORD
    declared = options.STAGES[name]
    parameters = [inspect.Parameter("c", keyword)]
    for option, value in declared.items():
        default = inspect.Parameter.empty if value.default is None else value.default
        parameters.append(inspect.Parameter(option, keyword, default=default))
    body.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    body.__doc__ = summary
    texts = {option.replace("_", "-"): value.help for option, value in declared.items()}
    return task(name=name, auto_shortflags=False, help=texts)(body)


prepare = stage("prepare", "Fetch the images, clean them, split them 70/15/15: writes data/.")
train = stage("train", "Train the networks; a run that was stopped resumes: writes runs/.")
baseline = stage("baseline", "Learn from colour alone what networks must beat: writes runs/colour/ and others.")
evaluate = stage("evaluate", "Measure them on test images: writes reports/metrics.json.")
explain = stage("explain", "Show what they look at, by Grad-CAM: writes reports/gradcam/.")
report = stage("report", "Put everything into one HTML file: writes reports/index.html.")
all_stages = stage("all", "Run the whole experiment; what is done already is skipped.", run_all)
predict = stage("predict", "Judge images of your own: prints the verdicts, writes reports/predictions/.")
bench = stage("bench", "Measure how fast the project is on this machine: writes reports/bench.json.")
study = stage("study", "Train anew on several divisions of the lesions: writes reports/study.json.")
leak = stage("leak", "Measure how much a random split flatters a model: writes reports/leak.json.")
clean = stage("clean", "Remove what the stages wrote, and nothing else.")


@task
def test(c):
    """Run the tests; they need no network."""
    finish(subprocess.call([sys.executable, "-m", "pytest"], cwd=config.PROJECT))

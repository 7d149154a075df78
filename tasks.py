"""The whole experiment: which network tells malignant from benign dermoscopic images best?

`invoke all` runs it and writes reports/index.html; `invoke --help TASK` shows a task's options.
"""

import contextlib
import inspect
import signal
import subprocess
import sys
import time

from invoke import Exit, task

from lesion import config, options, streams
from lesion.console import SHARES, Whole
from lesion.errors import ENDING, RESUMES, LesionError

WORTH_TELLING = 20.0  # seconds of a training: a shorter one says nothing of the other stages
NEEDS_LESS = {  # memory, by the option
    "batch_size": "take fewer images at once (--batch-size)",
    "workers": "fewer --workers",
    "image_size": "take a smaller --image-size",
}
CHILD_GRACE = 5.0  # seconds a stage has to end by itself after Ctrl-C, which a terminal sends to it as well

ALL = f"""Run all stages: {", ".join(options.CHAIN)}; what is done already is skipped.

invoke all --data my-photographs --epochs 30
invoke all --data sample --model scratch,mobilenet --limit 600
"""


def run_stage(name, values, whole=None):
    """Run scripts/NAME.py with this interpreter; return its exit status, or leave when it was stopped.

    `whole`: where the stage stands in `invoke all`. A stage that was killed has said nothing, so that is said here.
    """
    with _signals_passed_on() as pass_to:
        child = subprocess.Popen(options.command(name, values), env=whole.environment() if whole else None)
        pass_to(child)
        try:
            status = child.wait()
        except KeyboardInterrupt:
            raise Exit(code=_stopped(child)) from None
    if status < 0:
        raise Exit(f"error: {killed(name, -status)}", code=2)
    return status


@contextlib.contextmanager
def _signals_passed_on():
    """Yield a function that takes the process to which signals of ENDING are passed on, those from before as well."""
    children: list[subprocess.Popen] = []
    received: list[int] = []

    def pass_on(number, frame):
        received.append(number)
        for child in children:
            child.send_signal(number)

    def pass_to(child):
        children.append(child)
        for number in received:
            child.send_signal(number)

    before = {number: signal.getsignal(number) for number in ENDING}
    for number, handler in before.items():
        if handler != signal.SIG_IGN:  # as after nohup: the stage ignores it, too
            signal.signal(number, pass_on)
    try:
        yield pass_to
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def killed(name, number):
    """Return what to say of the stage `name` that the signal `number` ended before it could say anything."""
    known = signal.Signals(number).name if number in set(signal.Signals) else ""
    if number in (signal.SIGINT, *ENDING):  # it came before the stage listened
        return f"{name}: stopped by {known}; {RESUMES}"
    end = f"{name}: ended by signal {number}" + (f" ({known})" if known else "")
    if known != "SIGKILL":
        return f"{end}; {RESUMES}"
    less = [words for option, words in NEEDS_LESS.items() if option in options.STAGES[name]]
    remedies = ["close other programs", *less]
    return f"{end}, perhaps because memory ran out: {' or '.join(remedies)}; {RESUMES}"


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
    """Run the stages in order, once every option is checked, and say the result; return the worst exit status."""
    streams.use_safe_streams()
    try:
        options.read("all", values)
    except LesionError as error:
        raise _failure(error) from None
    begin = time.time()
    seconds: dict[str, float] = {}
    worst = 0
    for number, name in enumerate(options.CHAIN, 1):
        whole = Whole(number, len(options.CHAIN), begin, seconds_after(number, seconds.get("train", 0.0)))
        start = time.time()
        status = run_stage(name, values, whole)
        seconds[name] = time.time() - start
        if status not in (0, 1):  # 1: some of it failed; the later stages go on and show that
            return status
        worst = max(worst, status)
    _say_results(time.time() - begin)
    return worst


def _say_results(seconds):
    from lesion import home  # they need packages that other tasks can do without
    from lesion.report import closing

    try:
        closing.say_results(seconds)
    except BrokenPipeError:
        streams.forget_output()  # nobody reads it, and everything is done
    except LesionError as error:
        raise _failure(error) from None
    except OSError as error:
        raise _failure(home.advice(error, "all")) from None


def _failure(reason):
    return Exit(f"error: {streams.printable(str(reason))}", code=2)


def seconds_after(number, training):
    """Return about how long the stages after stage `number` take, if the training took `training` seconds.

    None if that is not known: before the training, and if nothing was left to train.
    """
    if training < WORTH_TELLING:
        return None
    return training * sum(SHARES[name] for name in options.CHAIN[number:])


def stage(name, summary, run=None):
    """Return the task `name` with the options of its stage; Invoke reads them from the signature.

    To Invoke a value is text, whatever it should be: the stage reads it, and says what it accepts.
    """

    def body(c, **values):
        finish(run(values) if run else run_stage(name, values))

    keyword = inspect.Parameter.POSITIONAL_OR_KEYWORD
    declared = options.STAGES[name]
    parameters = [inspect.Parameter("c", keyword)]
    for option, value in declared.items():
        left_out = None if value.kind else False
        required = value.default is None
        default = inspect.Parameter.empty if required else left_out
        parameters.append(inspect.Parameter(option, keyword, default=default))
    body.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    body.__doc__ = summary
    texts = {option.replace("_", "-"): value.help for option, value in declared.items()}
    return task(name=name, auto_shortflags=False, help=texts)(body)


def experiment_stage(name, summary):
    """Return the task of a stage of `invoke all`; Invoke lists tasks by their names, so the text says its place."""
    return stage(name, f"Stage {options.CHAIN.index(name) + 1} of {len(options.CHAIN)}: {summary}")


prepare = experiment_stage("prepare", "fetch the images, clean them, split them 70/15/15: writes data/.")
train = experiment_stage("train", "train the networks; a run that was stopped resumes: writes runs/.")
baseline = experiment_stage(
    "baseline", "learn from colour alone what networks must beat: writes runs/colour/ and others."
)
evaluate = experiment_stage("evaluate", "score the networks on the test images: writes reports/metrics.json.")
explain = experiment_stage("explain", "show what the networks look at, by Grad-CAM: writes reports/cases/.")
stress = experiment_stage("stress", "disturb the test images and see what changes: writes reports/stress.json.")
report = experiment_stage("report", "put everything into one HTML file: writes reports/index.html.")
all_stages = stage("all", ALL, run_all)
predict = stage("predict", "Judge images of your own: prints the verdicts, writes reports/predictions/.")
compare = stage("compare", "Compare two finished reports over the same test images: writes reports/compare.html.")
bench = stage("bench", "Measure how fast the project is on this machine: writes reports/bench.json.")
study = stage("study", "Train anew on several divisions of the lesions: writes reports/study.json.")
leak = stage("leak", "Measure how much a random split flatters a model: writes reports/leak.json.")
clean = stage("clean", "Remove what the stages wrote, and nothing else.")


@task(auto_shortflags=False, help={"faults": "faults put in on purpose instead, with those that take many minutes"})
def test(c, faults=False):
    """Run the tests; they need no network."""
    which = ["-m", "", "tests/faults"] if faults else []
    finish(subprocess.call([sys.executable, "-m", "pytest", *which], cwd=config.PROJECT))

"""What else could be run and how long it would take here: a study, or the full experiment: for report and console."""

from collections.abc import Mapping, Sequence

from lesion import config
from lesion.console import estimate
from lesion.evaluation.words.cut import cut
from lesion.options import FOLDS, REPEATS
from lesion.records.preparation import ProfilePlan
from lesion.records.training import TrainingRecord


def advice(runs: Sequence[TrainingRecord], counts: Mapping[str, Mapping[str, int]]) -> str:
    """Say how to run a study, about how long it would take at the speed of `runs`, and what it would add.

    `counts` are the images by split and class. Without runs the time is left out.
    """
    slowed = any(run.at_once > 1 for run in runs)  # by each other, which the trainings of a study are not
    time = f", {'at most ' if slowed else ''}about {estimate(seconds(runs, counts))}" if runs else ""
    return (
        "`invoke study`, with the same options, compares the networks instead of one training of each: "
        f"{FOLDS * REPEATS} trainings each ({FOLDS} folds × {REPEATS} partitions{time}), almost three times as finely."
    )


def cut_for_time(plan: ProfilePlan, command: str) -> str:
    """Say what the profile `quick` has cut, and how to run the full experiment, whose `command` takes so long."""
    return (
        f"the profile quick cut the experiment so that it ends soon here ({plan.reason}): {cut(plan)}; the full "
        f"experiment would take up to about {estimate(plan.full_seconds)} on the same machine: `{command}`"
    )


def seconds(runs: Sequence[TrainingRecord], counts: Mapping[str, Mapping[str, int]]) -> float:
    """Return about how many seconds a study of the networks of `runs` takes, its trainings one after the other.

    The epochs of a run count once for each training of the study. What is computed of the frozen layers counts once
    in all, and is then of all images instead of those of the run. Start-up and baselines are left out.
    """
    sizes = {split: sum(counts[split].values()) for split in config.SPLITS}
    return sum(_epochs(run) + _passes(run, sizes) for run in runs)


def _epochs(run: TrainingRecord) -> float:
    return FOLDS * REPEATS * sum(phase.seconds for phase in run.phases)


def _passes(run: TrainingRecord, sizes: Mapping[str, int]) -> float:
    """Return the seconds of the frozen layers: every view, and the plain image, of all images."""
    if run.activations is None:
        return 0.0
    views = run.activations.views
    passed = views * sizes["train"] + sizes["validation"]
    return run.activations.seconds * (views + 1) * sum(sizes.values()) / passed

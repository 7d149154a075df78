"""What the profile takes of the experiment: for `prepare`, which decides it, and `train`, which adds networks to it."""

import argparse
import tempfile
import time
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

import stage

from lesion import config, options, store
from lesion.console import estimate, say, screen
from lesion.errors import LesionError
from lesion.groups import keypoints
from lesion.images.stream import prepare_images
from lesion.networks.planned import forecast, planning
from lesion.networks.planned.forecast import Speed
from lesion.options import profile
from lesion.records.preparation import ProfilePlan
from lesion.sources.source import Source
from lesion.studies.trainings import children

TIMED_IMAGES = 48  # enough to tell how long an image takes
QUICK_ENDS = f"`--profile quick` ends in about {estimate(config.QUICK.seconds)}"


def make(values: argparse.Namespace, source: Source) -> ProfilePlan | None:
    """Return what the profile `quick` takes of the source, and say how long it takes; None if all of it is taken.

    In `invoke all` the full experiment is timed as well, so that nobody waits for hours unawares.
    """
    if source.record.drawn or not forecast.worth_planning(len(source.rows), usual_size(values, source)):
        return None
    chosen, reason = _profile(values.profile)
    if chosen == profile.FULL and screen.whole is None:
        return None
    asked = vars(values)
    images = planning.Images.of(len(source.rows), int(source.external.sum()), asked)
    say(f"prepare: {reason}, so the profile is {chosen}; measuring for a minute or two how fast it goes here")
    request = planning.Request(asked, _seconds_to_read(values, source, images.sizes[0]), reason)
    if chosen == profile.FULL:
        seconds = planning.full_experiment(request, images, measured(values))
        say(f"prepare: all of it takes up to about {estimate(seconds)} here; {QUICK_ENDS}")
        return None
    plan = planning.plan_experiment(request, images, measured(values))
    for sentence in planning.sentences(plan, _full_command(asked)):
        say(f"prepare: {sentence}")
    return plan


def _profile(asked: str) -> tuple[str, str]:
    """Return the profile, and why it is that one."""
    chosen = profile.effective(asked)
    if asked != profile.AUTO:
        return chosen, "as asked"
    if chosen == profile.QUICK:
        return chosen, "no GPU is visible"
    stage.import_tensorflow()
    from lesion.networks import replicas

    if replicas.processors():
        return chosen, "there is a GPU"
    return profile.QUICK, "TensorFlow cannot use the GPU"


def measured(values: argparse.Namespace) -> planning.Measure:
    """Return the function that times networks at a size."""
    batch_size = config.FULL.batch_size if values.batch_size == options.AS_PROFILE else values.batch_size

    def measure(names: Sequence[str], size: int) -> list[Speed]:
        asked = {"weights": values.weights, "image_size": size, "batch_size": batch_size}
        return [_speed({**asked, "model": name}) for name in names]

    return measure


def _speed(asked: Mapping[str, options.Value]) -> Speed:
    """Return what a process of its own measures, so that its memory is free again; raises LesionError as that does."""
    with tempfile.TemporaryDirectory(prefix=".speed-", dir=config.HOME) as folder:
        result = Path(folder, "speed.json")
        log = Path(folder, "log")
        command = options.command("speed", {**asked, "result": str(result)})
        status, _ = children.run_child(command[1:], str(log), {})
        if status:
            raise LesionError(_why_failed(log.read_text(errors="replace"), status))
        return store.read_record(result, Speed, "the same command")


def _why_failed(words: str, status: int) -> str:
    """Return what a measurement said at its end; one that was killed could say nothing."""
    if status < 0:
        return (
            f"measuring how fast it goes here was ended by signal {-status}, perhaps because memory ran out: close "
            "other programs, or take fewer images at once (--batch-size)"
        )
    said = [line.removeprefix("error: ") for line in words.splitlines() if line.strip()]
    return said[-1] if said else f"measuring how fast it goes here ended with status {status}"


def _seconds_to_read(values: argparse.Namespace, source: Source, size: int) -> float:
    """Return about how long it takes to prepare one image, the search for images of one lesion included."""
    search = values.search or not (values.metadata or source.groups is not None)
    begin = time.monotonic()
    photographs = prepare_images(
        islice(source.originals(), TIMED_IMAGES), size, not values.no_clean, keypoints.describe if search else None
    )
    count = sum(1 for _ in photographs)
    return (time.monotonic() - begin) / count * (forecast.SEARCHING if search else 1)


def _full_command(asked: Mapping[str, options.Value]) -> str:
    """Return what to type for the full experiment, with the options that were given here."""
    known = {**options.PREPARE, **options.TRAIN}
    given = {name: asked[name] for name, option in known.items() if asked[name] != option.default}
    return options.typed("all", {**given, "profile": profile.FULL})


def usual_size(values: argparse.Namespace, source: Source) -> int:
    """Return the size of the images unless it is planned."""
    usual = config.SAMPLE if source.record.drawn else config.FULL
    return usual.image_size if values.image_size == options.AS_PROFILE else values.image_size

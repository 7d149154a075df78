"""The profile `quick`: what it takes of the full experiment, decided once and noted in data/manifest.json.

    plan = plan_experiment(Request(values, reading, "no GPU is visible"), images, measure)
    settings = lengths(plan, "mobilenet", values)

Nothing here needs TensorFlow at its import; how fast networks are trained comes from `measure`, see `speed`.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from lesion import config
from lesion.console import estimate
from lesion.evaluation.words.cut import cut
from lesion.evaluation.words.wording import listed
from lesion.networks.planned import forecast
from lesion.networks.planned.forecast import Extent, Speed, Work
from lesion.options import AS_PROFILE, Value, chosen_networks
from lesion.options.profile import FULL, QUICK
from lesion.records.preparation import PlannedTraining, PreparationRecord, ProfilePlan

TRAINING_SHARE = 0.75  # of the time of all stages: for the trainings of all networks together
ALL_FITS = 1.0  # the share of the full training that is the full training

Measure = Callable[[Sequence[str], int], list[Speed]]  # of networks, on images of so many pixels


@dataclass(frozen=True)
class Request:
    """What the user asked for, by the names of options, and what is known before a network is timed."""

    values: Mapping[str, Value]
    reading: float  # seconds to prepare one image
    reason: str  # why the profile is what it is


@dataclass(frozen=True)
class Images:
    """The images that could be taken, those among them that are published for testing, and their size."""

    rows: int
    external: int
    sizes: Sequence[int]  # pixels that may be chosen, the full size first
    rows_asked: bool  # the user said how many

    @classmethod
    def of(cls, rows: int, external: int, values: Mapping[str, Value]) -> "Images":
        """Return the images of a source, with what the user asked of their number and size."""
        asked = values["image_size"]
        sizes = config.QUICK.image_sizes if asked == AS_PROFILE else (asked,)
        return cls(rows, external, sizes, values["limit"] != AS_PROFILE)

    @property
    def full(self) -> Extent:
        """Return all of them in full size."""
        return Extent(self.rows, self.sizes[0], self.external)


def plan_experiment(request: Request, images: Images, measure: Measure) -> ProfilePlan:
    """Return what of `images` and of the trainings fits into config.QUICK.seconds, timed networks included.

    The networks are timed at full size, and again at the size that is taken: small maps cost more than their area.
    """
    begin = time.monotonic()
    names = chosen_networks(request.values["model"])
    first = Work(measure(names, images.sizes[0]), request.values, request.reading, time.monotonic() - begin)
    size = forecast.choose_size(first, images.full, images.sizes)
    chosen = first
    if size != images.sizes[0]:
        chosen = replace(first, speeds=measure(names, size), spent=time.monotonic() - begin)
    extent = replace(images.full, image_size=size)
    if not images.rows_asked:
        extent = forecast.choose_rows(chosen, images.full, size)
    shares = forecast.choose_shares(chosen, extent)
    return ProfilePlan(
        reason=request.reason,
        rows=extent.rows,
        of=images.rows,
        image_size=size,
        full_image_size=images.sizes[0],
        seconds=round(chosen.seconds(extent, shares), 1),
        full_seconds=round(full_seconds(first, images), 1),
        trainings=[
            _planned(chosen, speed, extent, share, first.training(whole, images.full, ALL_FITS))
            for speed, share, whole in zip(chosen.speeds, shares, first.speeds, strict=True)
        ],
    )


def full_seconds(work: Work, images: Images) -> float:
    """Return about how long the full experiment takes; the plan itself does not count."""
    return replace(work, spent=0.0).seconds(images.full, [ALL_FITS] * len(work.speeds))


def full_experiment(request: Request, images: Images, measure: Measure) -> float:
    """Return the same if nothing is timed yet."""
    names = chosen_networks(request.values["model"])
    return full_seconds(Work(measure(names, images.sizes[0]), request.values, request.reading), images)


def _planned(work: Work, speed: Speed, extent: Extent, share: float, full: float) -> PlannedTraining:
    length = work.length(speed, share)
    return PlannedTraining(
        model=speed.model,
        weights=speed.weights,
        epochs=length.epochs,
        tune_epochs=length.tune_epochs if speed.frozen else 0,
        views=length.views,
        seconds=round(work.training(speed, extent, share), 1),
        full_seconds=round(full, 1),
        shortened=length != work.length(speed, ALL_FITS),
    )


# --- for `train` -----------------------------------------------------------------------------------
def is_quick(profile: str, data: PreparationRecord) -> bool:
    """Tell whether trainings on `data` follow the profile `quick`; `auto` is that with which the data were prepared."""
    if data.source.drawn or profile == FULL:
        return False
    return data.plan is not None or (profile == QUICK and forecast.worth_planning(data.rows, data.settings.image_size))


def unplanned(names: Sequence[str], weights: str, data: PreparationRecord) -> list[str]:
    """Return those of the networks that the plan of `data` does not hold with these weights."""
    return [name for name in names if data.plan is None or _of(data.plan, name, weights) is None]


def extended(data: PreparationRecord, values: Mapping[str, Value], speeds: Sequence[Speed]) -> PreparationRecord:
    """Return `data` with a plan for the networks of `speeds` as well, on the images as they are.

    Each gets an equal share of the time: it is not known which of the others the user will train.
    """
    size = data.settings.image_size
    plan = data.plan or ProfilePlan("it was asked for", data.rows, data.rows, size, size, 0.0, 0.0, [])
    outside = sum(data.counts.get(config.EXTERNAL, {}).values())
    extent = Extent(data.rows, size, outside)
    work = Work(speeds, values, reading=0.0)
    seconds = TRAINING_SHARE * config.QUICK.seconds / len(config.NETWORKS)
    trainings = []
    for speed in speeds:
        share = forecast.choose_share(work, speed, extent, seconds)
        full = Extent(plan.of, plan.full_image_size, outside)
        trainings.append(_planned(work, speed, extent, share, work.training(speed, full, ALL_FITS)))
    return replace(data, plan=replace(plan, trainings=[*plan.trainings, *trainings]))


def lengths(plan: ProfilePlan, name: str, values: Mapping[str, Value]) -> dict[str, Value]:
    """Return the options of `train`: those of `values`, and the planned ones where the user left them out."""
    training = _of(plan, name, values["weights"])
    if training is None:
        raise KeyError(name)
    taken = dict(values)
    for option in ("epochs", "tune_epochs"):
        if values[option] == AS_PROFILE:
            taken[option] = getattr(training, option)
    if values["views"] == AS_PROFILE and training.views and not values["no_cache_activations"]:
        taken["views"] = min(training.views, taken["epochs"] + taken["tune_epochs"])
    return taken


def _of(plan: ProfilePlan, name: str, weights: str) -> PlannedTraining | None:
    fitting = [each for each in plan.trainings if (each.model, each.weights) == (name, weights)]
    return fitting[0] if fitting else None


# --- in words --------------------------------------------------------------------------------------
def sentences(plan: ProfilePlan, full_command: str) -> list[str]:
    """Say what will run, how long it takes, how long the full experiment would take here, and how to run that."""
    trained = listed([training_words(training) for training in plan.trainings])
    taken = f"{_rows(plan)}, {plan.image_size} × {plan.image_size} pixels; {trained}"
    limit = "" if plan.seconds <= config.QUICK.seconds else ", the least that makes sense"
    here = f"at most about {estimate(plan.seconds)} for all stages"
    if not cut(plan):
        return [f"all of it fits: {taken}", here]
    full = f"the full experiment would take up to about {estimate(plan.full_seconds)} here: {full_command}"
    return [f"quick takes {taken}{limit}", f"{here}; {full}"]


def training_words(training: PlannedTraining) -> str:
    """Return how long a network is trained: MobileNetV2 at most 20 + 3 epochs."""
    tuned = f" + {training.tune_epochs}" if training.views and training.tune_epochs else ""
    return f"{config.title(training.model)} at most {training.epochs}{tuned} epochs"


def _rows(plan: ProfilePlan) -> str:
    return f"all {plan.rows:,} images" if plan.rows == plan.of else f"{plan.rows:,} of {plan.of:,} images"

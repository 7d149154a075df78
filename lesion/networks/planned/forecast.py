"""How long an experiment takes at a speed that was measured, and how much of it fits into the time of `quick`.

    work = Work(speeds, asked, reading)
    size = choose_size(work, full, sizes)
    extent = choose_rows(work, full, size)
    shares = choose_shares(work, extent)

Nothing here is random, and nothing needs TensorFlow; see `speed` for what is measured.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lesion import config
from lesion.options import AS_PROFILE, Value

# What the stages after the training take, as far as it depends on little: their start, baselines, bootstrap, report.
LATER_SECONDS = 90.0
BOOTSTRAP_SECONDS = 0.03  # for each test image, of all intervals together
# Images that a network judges in these stages: 39 changes of 120 images in `stress`, what it takes to probe its maps in
# `explain`, and the images from which `evaluate` learns what is unlike them.
JUDGED = 10_000
JUDGED_FOR_EACH_TEST_IMAGE = 16  # views in `evaluate`, maps and their probes in `explain`
VIEWS_OF_VALIDATION = 8  # of a validation or external image in `evaluate`, at most
SEARCHING = 2.0  # times the reading, if images of one lesion are searched in the pixels
STEPS = 100  # of the time, and of the way from the least to the full training, in a search


@dataclass(frozen=True)
class Speed:
    """Seconds for one image by the kind of step, at `image_size`.

    judge: a prediction. Of a network that is trained whole there is `whole`, a training step. Of one with frozen layers
    there are `view`, the pass of an augmented image through them, and `head` and `tune`, training steps of the layers
    above. `start` is the time to build the network and its graphs.
    """

    model: str
    weights: str  # as --weights asks
    frozen: bool
    image_size: int
    steps: Mapping[str, float]
    start: float

    def at(self, image_size: int) -> "Speed":
        """Return the speed at another size, as all but the head work on maps, in proportion to their area."""
        factor = (image_size / self.image_size) ** 2
        steps = {name: seconds * (1 if name == "head" else factor) for name, seconds in self.steps.items()}
        return replace(self, image_size=image_size, steps=steps)


@dataclass(frozen=True)
class Extent:
    """How many images of which size: those of the three splits, and those that the source publishes for testing."""

    rows: int
    image_size: int
    external: int = 0

    @property
    def train(self) -> float:
        """Return the number of training images."""
        return (self.rows - self.external) * config.PREPARATION.train

    @property
    def validation(self) -> float:
        """Return the number of validation images."""
        return (self.rows - self.external) * config.PREPARATION.validation

    @property
    def test(self) -> float:
        """Return the number of test images."""
        return (self.rows - self.external) * config.PREPARATION.test


@dataclass(frozen=True)
class Length:
    """How long one network is trained."""

    epochs: int
    tune_epochs: int
    views: int


@dataclass(frozen=True)
class Work:
    """The networks that are trained, with what the user asked for, and the images before that."""

    speeds: Sequence[Speed]
    asked: Mapping[str, Value]  # the options of `train` by name
    reading: float  # seconds to prepare one image
    spent: float = 0.0  # seconds that the plan itself took

    def seconds(self, extent: Extent, shares: Sequence[float]) -> float:
        """Return about how long all stages take.

        `shares` are those of the way from the least to the full training of each network, 0 to 1.
        """
        each = zip(self.speeds, shares, strict=True)
        trainings = sum(self.training(speed, extent, share) for speed, share in each)
        later = LATER_SECONDS + BOOTSTRAP_SECONDS * extent.test
        judged = sum(speed.at(extent.image_size).steps["judge"] for speed in self.speeds) * _judged(extent)
        return self.spent + self.reading * extent.rows + trainings + later + judged

    def training(self, speed: Speed, extent: Extent, share: float) -> float:
        """Return about how long one training takes, if it does not stop early."""
        length = self.length(speed, share)
        steps = speed.at(extent.image_size).steps
        train, validation = extent.train, extent.validation
        if not speed.frozen:
            return speed.start + length.epochs * (train * steps["whole"] + validation * steps["judge"])
        above = (length.epochs * steps["head"] + length.tune_epochs * steps["tune"]) * (train + validation / 3)
        passes = length.views or length.epochs + length.tune_epochs  # without a cache, one in each epoch
        plain = 1 if length.views else passes
        return speed.start + above + passes * train * steps["view"] + plain * validation * steps["judge"]

    def length(self, speed: Speed, share: float) -> Length:
        """Return how long a network is trained; what the user asked for stays as it is."""
        least, full = config.QUICK, config.FULL
        shortest = least.frozen_epochs if speed.frozen else least.epochs
        epochs = self._asked("epochs", _between(min(shortest, full.epochs), full.epochs, share))
        tune_epochs = self._asked("tune_epochs", _between(least.tune_epochs, full.tune_epochs, share))
        if not speed.frozen or self.asked["no_cache_activations"]:
            return Length(epochs, tune_epochs, 0)
        views = self._asked("views", _between(least.views, config.NETWORKS[speed.model].views, share))
        return Length(epochs, tune_epochs, min(views, epochs + tune_epochs))

    def _asked(self, option: str, planned: int) -> int:
        value = self.asked[option]
        return planned if value == AS_PROFILE else value


def _judged(extent: Extent) -> float:
    seen = extent.validation + extent.external
    return JUDGED + JUDGED_FOR_EACH_TEST_IMAGE * extent.test + VIEWS_OF_VALIDATION * seen


def _between(least: int, full: int, share: float) -> int:
    return min(full, round(least + share * (full - least)))


def choose_size(work: Work, full: Extent, sizes: Sequence[int]) -> int:
    """Return the largest of `sizes`, largest first, at which all images fit in the time; else the smallest."""
    fitting = [size for size in sizes if _fits(work, replace(full, image_size=size))]
    return fitting[0] if fitting else sizes[-1]


def choose_rows(work: Work, full: Extent, image_size: int) -> Extent:
    """Return as many rows of `full`, in whole hundreds, as fit in the time, but not fewer than config.QUICK.rows."""
    least = min(config.QUICK.rows, full.rows)
    numbers = [full.rows, *range(full.rows // 100 * 100, least, -100), least]
    extents = [_smaller(full, rows, image_size) for rows in numbers]
    return next((extent for extent in extents if _fits(work, extent)), extents[-1])


def choose_shares(work: Work, extent: Extent) -> list[float]:
    """Return how far each training goes from the least to the full one, 0 to 1, in the time.

    All networks may take equally long; a quick one that is done before leaves its time to the others.
    """
    for step in range(STEPS, 0, -1):
        longest = config.QUICK.seconds * step / STEPS
        shares = [choose_share(work, speed, extent, longest) for speed in work.speeds]
        if work.seconds(extent, shares) <= config.QUICK.seconds:
            return shares
    return [0.0] * len(work.speeds)


def choose_share(work: Work, speed: Speed, extent: Extent, seconds: float) -> float:
    """Return how far the training of one network goes if it may take so many `seconds`."""
    shares = (step / STEPS for step in range(STEPS, 0, -1))
    return next((share for share in shares if work.training(speed, extent, share) <= seconds), 0.0)


def _fits(work: Work, extent: Extent) -> bool:
    """Tell whether all of an extent can be done with the least training."""
    return work.seconds(extent, [0.0] * len(work.speeds)) <= config.QUICK.seconds


def _smaller(full: Extent, rows: int, image_size: int) -> Extent:
    """Return `rows` of an extent, the published test images in proportion."""
    return Extent(rows, image_size, round(full.external * rows / full.rows))


def worth_planning(rows: int, image_size: int) -> bool:
    """Tell whether so many images are too many to be done within minutes whatever the machine."""
    return rows * (image_size / config.FULL.image_size) ** 2 > config.QUICK.unplanned

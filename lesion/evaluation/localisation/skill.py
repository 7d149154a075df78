"""Skill of maps: their scores on a scale from a spot that knows nothing (0) to the outline itself (1), with intervals.

The mean scores are put on this scale, not those of each image, where the spot may be as good as the outline. All
networks share the draws of one bootstrap over lesions, so that their differences are paired.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from scipy.stats import t as student

from lesion import config
from lesion.evaluation import correction, intervals
from lesion.evaluation.figures import or_none
from lesion.evaluation.localisation.comparison import ROLES, Located
from lesion.evaluation.localisation.scores import SCORES
from lesion.records.common import Interval
from lesion.records.localisation import LocatedImages, LocatedScore, SkillDifference
from lesion.records.metrics import Estimate

SUBSETS = ("all", *config.CLASSES, "right", "wrong")  # images of a class, and verdicts
ROOM = 1e-6  # by which the ceiling must exceed the spot
UNBOUNDED = (-np.inf, np.inf)


class Skills:
    """The scores and skill of several networks on the same images."""

    def __init__(self, networks: Mapping[str, Located], labels: np.ndarray, groups: np.ndarray) -> None:
        """Draw the replicates; `labels` (N,) of 0 and 1, `groups` (N,) numbers of the lesions."""
        self.networks = networks
        self.groups = groups
        self.members = {name: _members(each, labels) for name, each in networks.items()}
        self.means = self._weighted(np.ones((1, len(labels))))
        self.replicates = intervals.bootstrap(labels, groups, self._weighted)

    def _weighted(self, weights: np.ndarray) -> dict[str, np.ndarray]:
        """Return for each network the mean scores (R, SUBSETS, SCORES, ROLES) of each weighting (R, N)."""
        return {name: _means(each.values, self.members[name], weights) for name, each in self.networks.items()}

    def describe(self, network: str) -> dict[str, LocatedImages]:
        """Return a network's scores on each of SUBSETS."""
        return {subset: self._described(network, place) for place, subset in enumerate(SUBSETS)}

    def _described(self, network: str, subset: int) -> LocatedImages:
        chosen = self.members[network][subset]
        images = int(chosen.sum())
        return LocatedImages(
            images=images,
            lesions=len(np.unique(self.groups[chosen])),
            area=float(self.networks[network].areas[chosen].mean()) if images else 0.0,
            scores={score: self._score(network, subset, place) for place, score in enumerate(SCORES)} if images else {},
        )

    def _score(self, network: str, subset: int, score: int) -> LocatedScore:
        chosen = self.members[network][subset]
        means = self.means[network][0, subset, score]
        drawn = self.replicates[network][:, subset, score]
        errors = reach(self.groups[chosen])
        value = dict(zip(ROLES, means.tolist(), strict=True))
        bounds = intervals.spread(value["map"], drawn[:, 0], errors, (0, 1), int(chosen.sum()))
        skill = float(scaled(means))
        skill_bounds = intervals.symmetric(skill, scaled(drawn), errors, UNBOUNDED)
        return LocatedScore(
            value=Estimate(value["map"], bounds),
            spot=value["spot"],
            ceiling=value["ceiling"],
            other=value["other"],
            skill=Estimate(or_none(skill), skill_bounds),
        )

    def follows(self, network: str) -> Estimate:
        """Return by how much more of a network's evidence lies on the lesion than would lie on another one."""
        value, drawn = (_energy_gain(each[network]) for each in (self.means, self.replicates))
        return Estimate(float(value[0]), intervals.symmetric(value[0], drawn, reach(self.groups), (-1, 1)))

    def differences(self, networks: Sequence[str]) -> list[SkillDifference]:
        """Return the difference in skill on all images of each two `networks`; each score is a question of its own."""
        pairs = list(combinations(networks, 2))
        return [line for score in SCORES for line in self.compare(score, pairs)]

    def compare(self, score: str, pairs: Sequence[tuple[str, str]]) -> list[SkillDifference]:
        """Return the differences of `pairs` in the skill in one score, corrected for the number of pairs.

        A pair is left out if the skill of one of them is undefined.
        """
        lines = [line for pair in pairs if (line := self._difference(score, *pair))]
        values = [line.p for line in lines]
        return [
            replace(line, p_corrected=p, adjusted=correction.adjusted(self._bounds(line, confidence), p))
            for line, p, confidence in zip(lines, correction.holm(values), correction.confidences(values), strict=True)
        ]

    def _difference(self, score: str, first: str, second: str) -> SkillDifference | None:
        value = float(_skill(self.means, score, first)[0] - _skill(self.means, score, second)[0])
        if np.isnan(value):
            return None
        line = SkillDifference(score, first, second, value, interval=None, p=None)
        return replace(line, interval=self._bounds(line, config.STATISTICS.confidence), p=self._p(line))

    def _drawn(self, line: SkillDifference) -> np.ndarray:
        return _skill(self.replicates, line.score, line.first) - _skill(self.replicates, line.score, line.second)

    def _bounds(self, line: SkillDifference, confidence: float | None) -> Interval:
        errors = None if confidence is None else reach(self.groups, confidence)
        return intervals.symmetric(line.difference, self._drawn(line), errors, UNBOUNDED)

    def _p(self, line: SkillDifference) -> float | None:
        """Return the two-sided p of Student's t, with the error that also makes the interval; None without one."""
        confidence = config.STATISTICS.confidence
        bounds = self._bounds(line, confidence)
        if bounds is None:
            return None
        freedom = len(np.unique(self.groups)) - 1
        error = (bounds[1] - bounds[0]) / 2 / student.ppf((1 + confidence) / 2, freedom)
        return float(2 * student.sf(abs(line.difference) / error, freedom))


def scaled(scores: np.ndarray) -> np.ndarray:
    """Return the skill (...) of mean scores (..., ROLES); NaN where the ceiling leaves no room above the spot."""
    value, spot, ceiling = scores[..., 0], scores[..., 1], scores[..., 2]
    room = ceiling - spot
    return np.divide(value - spot, room, out=np.full_like(room, np.nan), where=room > ROOM)


def reach(groups: np.ndarray, confidence: float | None = None) -> float | None:
    """Return by how many of the bootstrap's standard errors the interval of a mean reaches to either side.

    As `intervals.reach`, but for images of whatever class: n is the number of all lesions, (N,) in `groups`.
    """
    count = len(np.unique(groups))
    if count < config.STATISTICS.minimum_groups:
        return None
    confidence = confidence or config.STATISTICS.confidence
    return float(student.ppf((1 + confidence) / 2, count - 1) * np.sqrt(count / (count - 1)))


def _members(network: Located, labels: np.ndarray) -> np.ndarray:
    """Return which images are in each of SUBSETS, (SUBSETS, N) bool."""
    right = network.verdicts == (labels == 1)
    classes = [labels == label for label in range(len(config.CLASSES))]
    return np.stack([np.ones(len(labels), bool), *classes, right, ~right])


def _means(values: np.ndarray, members: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return weighted means (R, SUBSETS, SCORES, ROLES) of `values` (N, SCORES, ROLES); NaN without any weight."""
    flat = values.reshape(len(values), -1)
    columns = (members.T[:, :, np.newaxis] * flat[:, np.newaxis]).reshape(len(values), -1)
    shape = (len(weights), len(members), *values.shape[1:])
    totals = (weights @ members.T)[..., np.newaxis, np.newaxis]
    sums = (weights @ columns).reshape(shape)
    return np.divide(sums, totals, out=np.full(shape, np.nan), where=totals > 0)


def _skill(means: Mapping[str, np.ndarray], score: str, network: str) -> np.ndarray:
    """Return a network's skill (R,) on all images."""
    return scaled(means[network][:, SUBSETS.index("all"), list(SCORES).index(score)])


def _energy_gain(means: np.ndarray) -> np.ndarray:
    energies = means[:, SUBSETS.index("all"), list(SCORES).index("energy")]
    return energies[:, ROLES.index("map")] - energies[:, ROLES.index("other")]

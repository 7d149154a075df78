"""How probabilities, verdicts and scores change when the same images are changed, at the unchanged threshold.

All changes share the draws of one bootstrap over lesions, so that before and after are paired.
"""

from collections.abc import Mapping

import numpy as np

from lesion import config
from lesion.evaluation import figures, intervals
from lesion.evaluation.areas import rank, roc_area
from lesion.evaluation.figures import or_none
from lesion.evaluation.localisation import skill
from lesion.records.metrics import Estimate
from lesion.records.stress import Stressed

SCORES = ("roc_auc", "recall", "specificity")  # by their names in `figures`
COLUMNS = (*SCORES, "flips")
GUESSING = 0.5  # the ROC-AUC of it
BEFORE = ""  # name of the unchanged images


class Changes:
    """One network's probabilities of the same images before and after each of several changes."""

    def __init__(
        self, labels: np.ndarray, groups: np.ndarray, before: np.ndarray, after: Mapping[str, np.ndarray]
    ) -> None:
        """Draw the replicates.

        `labels` (N,) of 0 and 1, `groups` (N,) numbers of the lesions, N at least 1; `before` (N,) probabilities of
        malignancy in 0 to 1, `after` the same of each change by its name.
        """
        self.labels = labels
        self.groups = groups
        self.probabilities = {BEFORE: before, **after}
        self.verdicts = {name: each >= config.DECISION.threshold for name, each in self.probabilities.items()}
        self.rankings = {name: rank(labels, each) for name, each in self.probabilities.items()}
        self.values = {name: scores[0] for name, scores in self._weighted(np.ones((1, len(labels)))).items()}
        self.replicates = intervals.bootstrap(labels, groups, self._weighted)
        self.errors = intervals.reach(labels, groups)

    def _weighted(self, weights: np.ndarray) -> dict[str, np.ndarray]:
        """Return COLUMNS (R, 4) of each change for each weighting (R, N); NaN where undefined."""
        return {name: self._columns(name, weights) for name in self.probabilities}

    def _columns(self, name: str, weights: np.ndarray) -> np.ndarray:
        verdicts = self.verdicts[name]
        rates = figures.rates(*figures.outcomes(self.labels, verdicts, weights))
        flips = weights @ (verdicts != self.verdicts[BEFORE]) / weights.sum(axis=1)
        area = roc_area(self.rankings[name], weights)
        return np.column_stack([area, rates["recall"], rates["specificity"], flips])

    def describe(self, name: str) -> Stressed:
        """Return what the change `name` did."""
        flipped = self.verdicts[name] != self.verdicts[BEFORE]
        to_malignant = int(np.sum(flipped & self.verdicts[name]))
        scores = self._scores(name)
        return Stressed(
            images=len(self.labels),
            median_change=float(np.median(self.probabilities[name] - self.probabilities[BEFORE])),
            flips=self._flips(name),
            to_malignant=to_malignant,
            to_benign=int(flipped.sum()) - to_malignant,
            roc_auc=scores["roc_auc"],
            roc_auc_change=self._change(name, "roc_auc"),
            sensitivity=scores["recall"],
            sensitivity_change=self._change(name, "recall"),
            specificity=scores["specificity"],
            specificity_change=self._change(name, "specificity"),
        )

    def roc_auc(self) -> Estimate:
        """Return the ROC-AUC of the unchanged images."""
        return self._scores(BEFORE)["roc_auc"]

    def outside(self, hidden: str) -> Estimate:
        """Return the share of the ROC-AUC above guessing that is left after the change `hidden`, of the lesion itself.

        Undefined if the interval of the ROC-AUC before it reaches down to guessing: there is nothing to share then.
        """
        whole = self.roc_auc()
        if whole.interval is None or whole.interval[0] <= GUESSING:
            return Estimate(None, None)
        area = COLUMNS.index("roc_auc")
        value = float(_share(self.values[hidden][area], self.values[BEFORE][area]))
        drawn = _share(self.replicates[hidden][:, area], self.replicates[BEFORE][:, area])
        return Estimate(or_none(value), intervals.symmetric(value, drawn, self.errors, skill.UNBOUNDED))

    def _scores(self, name: str) -> dict[str, Estimate]:
        count = len(SCORES)
        values = dict(zip(SCORES, self.values[name][:count].tolist(), strict=True))
        drawn = dict(zip(SCORES, self.replicates[name][:, :count].T, strict=True))
        bounds = intervals.around(values, drawn, self.labels, self.groups)
        return {score: Estimate(or_none(value), bounds[score]) for score, value in values.items()}

    def _change(self, name: str, score: str) -> Estimate:
        column = COLUMNS.index(score)
        value = float(self.values[name][column] - self.values[BEFORE][column])
        drawn = self.replicates[name][:, column] - self.replicates[BEFORE][:, column]
        return Estimate(or_none(value), intervals.symmetric(value, drawn, self.errors, (-1, 1)))

    def _flips(self, name: str) -> Estimate:
        """Return the share of verdicts that change, with an interval by all lesions, of whatever class."""
        column = COLUMNS.index("flips")
        value = float(self.values[name][column])
        errors = skill.reach(self.groups)
        if errors is None:
            return Estimate(value, None)
        if value in (0.0, 1.0):
            return Estimate(value, intervals.at_limit(value, len(np.unique(self.groups))))
        return Estimate(
            value, intervals.spread(value, self.replicates[name][:, column], errors, (0, 1), len(self.labels))
        )


def stressed(labels: np.ndarray, groups: np.ndarray, before: np.ndarray, after: np.ndarray) -> Stressed:
    """Return what one change did; the arguments are those of Changes, `after` (N,) is of this change alone."""
    return Changes(labels, groups, before, {"after": after}).describe("after")


def _share(hidden: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Return the share of a ROC-AUC above guessing that another one reaches; NaN where there is nothing above it."""
    above = np.asarray(whole - GUESSING)
    return np.divide(hidden - GUESSING, above, out=np.full(above.shape, np.nan), where=above > 0)

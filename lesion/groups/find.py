"""Groups of rows that show the same lesion, from keypoints alone: candidates, a check of each, no chains.

    grouping = find_groups(store, seed=0)
    split.split_groups(labels, grouping.groups, seed=0)

Candidates are the rows of the most similar signatures (`groups.candidates`); a link is a candidate pair that
`groups.matching` confirms. Links, strongest first, join rows to groups, but one link never joins groups on its own:
other pairs across the two must be confirmed as well, so that a wrong link cannot chain groups together.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from lesion import config
from lesion.groups import matching
from lesion.groups.candidates import Item, Progress, nearest, signatures
from lesion.groups.keypoints import KeypointStore


@dataclass(frozen=True)
class Linking:
    """Which pairs are compared, and when groups are joined."""

    candidates: int = 20  # most similar rows of other groups that a row is compared with, in each round
    step: int = 5  # of them at a time: rows joined by then need no further comparison
    rounds: int = 3  # the rows of a group are not compared again: hundreds of copies need several rounds
    witnesses: int = 6  # other pairs that are compared before groups are joined
    agreement: float = 0.5  # share of the witnesses that must be links: nearly all are for copies, none for strangers


LINKING = Linking()
BATCH = 64  # pairs that a thread takes at a time

Pair = tuple[int, int]  # row numbers, the smaller one first


@dataclass(frozen=True)
class Grouping:
    """The group of each row, and how the groups were found."""

    groups: np.ndarray  # (N,) int64, the smallest row number among the rows of a group
    checked: int  # pairs of rows that were compared
    links: int  # of these, pairs that show the same lesion
    dropped: int  # links between rows of different groups in the end, since the groups' other rows did not agree

    @property
    def sizes(self) -> np.ndarray:
        """Return the number of rows of each group, largest first."""
        return np.sort(np.unique(self.groups, return_counts=True)[1])[::-1]


def _silent(items: Iterable[Item], total: int, label: str) -> Iterator[Item]:
    return iter(items)


def find_groups(store: KeypointStore, seed: int, progress: Progress = _silent) -> Grouping:
    """Return the groups of the rows of `store`, the same for the same store and seed; `progress` may show progress.

    Rows without keypoints stay alone. Memory grows with the rows, not with their square.
    """
    if not store.counts.any():
        return Grouping(np.arange(len(store)), checked=0, links=0, dropped=0)
    plain, mirror = signatures(store, seed, progress)

    def check(pairs: list[Pair]) -> list[int]:
        return _compare(store, pairs, progress)

    linker = Linker(len(store), check, seed)
    for _ in range(LINKING.rounds):
        before = linker.groups.copy()
        candidates = nearest(plain, mirror, before, LINKING.candidates)
        for first in range(0, candidates.shape[1], LINKING.step):
            linker.try_pairs(_pairs(candidates[:, first : first + LINKING.step]))
        if (linker.groups == before).all():
            break
    return linker.result()


def _compare(store: KeypointStore, pairs: list[Pair], progress: Progress) -> list[int]:
    """Return the inliers of each pair, in order, counted in one thread for each core."""

    def count(batch: list[Pair]) -> list[int]:
        return [matching.inliers(store.read(one), store.read(other)) for one, other in batch]

    batches = [pairs[start : start + BATCH] for start in range(0, len(pairs), BATCH)]
    # The matrix products are small: threads of their own would only compete with these.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(config.CORES) as pool:
        counts = pool.map(count, batches)
        if len(batches) > 1:  # not for a handful of witnesses, compared thousands of times
            counts = progress(counts, len(batches), "prepare: pairs compared")
        return [number for batch in counts for number in batch]


def _pairs(candidates: np.ndarray) -> list[Pair]:
    """Return each pair of a row and one of its candidates (N, k; -1 for none) once, in order of rows."""
    rows = np.repeat(np.arange(len(candidates)), candidates.shape[1])
    pairs = np.stack([rows, candidates.ravel()], axis=1)[candidates.ravel() >= 0]
    return [(one, other) for one, other in np.unique(np.sort(pairs, axis=1), axis=0).tolist()]


class Linker:
    """Joins rows to groups, pair by pair.

    groups: (N,) int64, the smallest row number among the rows of each row's group.
    """

    def __init__(self, rows: int, check: Callable[[list[Pair]], list[int]], seed: int) -> None:
        """Start with each row alone; `check` returns the inliers of pairs, `seed` decides which witnesses are asked."""
        self.groups = np.arange(rows)
        self._members = {row: [row] for row in range(rows)}
        self._check = check
        self._seed = seed
        self._inliers: dict[Pair, int] = {}  # of every pair compared so far
        self._open: list[Pair] = []  # links between different groups

    def try_pairs(self, pairs: list[Pair]) -> None:
        """Compare the pairs that are not in one group yet, and join what they link."""
        apart = [pair for pair in pairs if not self._joined(pair)]
        new = [pair for pair in apart if pair not in self._inliers]
        self._ask(new)
        self._open += [pair for pair in new if self._linked(pair)]
        while True:  # a join may give another link the witnesses that it needs
            links = sorted(self._open, key=lambda pair: (-self._inliers[pair], pair))
            joined = [self._join(pair) for pair in links if not self._joined(pair)]
            self._open = [pair for pair in links if not self._joined(pair)]
            if not any(joined):
                return

    def result(self) -> Grouping:
        """Return the groups as they are now."""
        linked = [pair for pair in self._inliers if self._linked(pair)]
        dropped = sum(not self._joined(pair) for pair in linked)
        return Grouping(self.groups.copy(), len(self._inliers), len(linked), dropped)

    def _ask(self, pairs: list[Pair]) -> None:
        self._inliers.update(zip(pairs, self._check(pairs) if pairs else [], strict=True))

    def _linked(self, pair: Pair) -> bool:
        return self._inliers[pair] >= matching.MATCHING.enough_inliers

    def _joined(self, pair: Pair) -> bool:
        return bool(self.groups[pair[0]] == self.groups[pair[1]])

    def _join(self, link: Pair) -> bool:
        """Join the groups of the two rows if enough witnesses agree; tell whether they do."""
        small, large = sorted(int(self.groups[row]) for row in link)
        witnesses = self._witnesses(link, small, large)
        self._ask([pair for pair in witnesses if pair not in self._inliers])
        if witnesses and np.mean([self._linked(pair) for pair in witnesses]) < LINKING.agreement:
            return False
        moved = self._members.pop(large)
        self._members[small] += moved
        self.groups[moved] = small
        return True

    def _witnesses(self, link: Pair, one: int, other: int) -> list[Pair]:
        """Return some pairs across two groups, without the link itself."""
        ours = self._members[one]
        theirs = self._members[other]
        rng = np.random.default_rng((self._seed, *link))
        count = len(ours) * len(theirs)
        chosen = rng.choice(count, min(count, LINKING.witnesses + 1), replace=False)
        across = [(ours[place // len(theirs)], theirs[place % len(theirs)]) for place in chosen.tolist()]
        pairs = [(min(pair), max(pair)) for pair in across]
        return [pair for pair in pairs if pair != link][: LINKING.witnesses]

"""How far a study is: a line for each training that ends, and the time that the others will take."""

import time
from dataclasses import dataclass, field

from lesion.config import title
from lesion.console import duration, estimate, say
from lesion.records.study import CellRecord, Design
from lesion.studies.design import Cell


@dataclass
class Progress:
    """The trainings of a study, some of them finished."""

    stage: str
    plan: Design
    cells: list[Cell]  # all of them
    seconds: dict[Cell, float]  # how long each took that is finished
    workers: int  # trainings at a time; 0: not known
    begin: float = field(default_factory=time.monotonic)
    busy: float = 0.0  # seconds of the trainings that ended since then
    failures: set[Cell] = field(default_factory=set)

    def finished(self, cell: Cell, area: float, record: CellRecord) -> None:
        """Say that a training is finished, with its test ROC-AUC and what it left."""
        own = record.provenance.seconds
        self.seconds[cell] = own
        self.busy += own + record.shared_seconds
        say(f"{self.stage}: {self._name(cell)}: test ROC-AUC {area:.3f}, {duration(own)}; {self._rest()}")

    def failed(self, cell: Cell, reason: str) -> None:
        """Say that a training failed, and why."""
        self.failures.add(cell)
        say(f"{self.stage}: {self._name(cell)} failed: {reason}; {self._rest()}")

    def _name(self, cell: Cell) -> str:
        kind = f", {cell.kind} split" if len(self.plan.kinds) > 1 else ""
        partition = f"partition {cell.repeat + 1} of {self.plan.repeats}"
        part = "" if cell.fraction == 1 else f", {100 * cell.fraction:g}% of the training lesions"
        return f"{title(cell.model)}{kind}, {partition}, fold {cell.fold + 1} of {self.plan.folds}{part}"

    def _rest(self) -> str:
        done = f"{len(self.seconds)} of {len(self.cells)} done"
        left = self.left()
        return done if left is None else f"{done}, about {estimate(left)} left"

    def left(self) -> float | None:
        """Return the seconds until all trainings are done; None if that is not known of some model, or none is left.

        A model's trainings take as long as the mean of its finished ones on the same fraction of the training lesions;
        without any, as that of all its finished ones, in proportion to the fraction.
        """
        seconds = 0.0
        waiting = [cell for cell in self.cells if cell not in self.seconds and cell not in self.failures]
        for cell in waiting:
            own = [value for other, value in self.seconds.items() if _alike(other) == _alike(cell)]
            others = [
                value * cell.fraction / other.fraction
                for other, value in self.seconds.items()
                if other.model == cell.model
            ]
            known = own or others
            if not known:
                return None
            seconds += sum(known) / len(known)
        at_a_time = self.workers or max(1.0, self.busy / max(1e-9, time.monotonic() - self.begin))
        return seconds / at_a_time if waiting else None


def _alike(cell: Cell) -> tuple[str, float]:
    """Return what trainings that take about equally long have in common."""
    return cell.model, cell.fraction

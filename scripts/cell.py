"""Train one cell of a study: a network or baseline on one division of the images.

    python scripts/cell.py --study study --cell mobilenet-grouped-0-3

`study.py` and `leak.py` start it for each training, and write what it needs into STUDY/plan.json. It writes
STUDY/cells/CELL/{predictions.csv, manifest.json}, and ends when its standard input ends.
"""

import sys
from pathlib import Path

import stage

from lesion import config, options
from lesion.records.study import Plan
from lesion.studies.design import Cell
from lesion.studies.trainings import cells, children
from lesion.studies.trainings.cells import Task, TrainingFailed
from lesion.studies.trainings.folders import Fitted, StudyFolder


def main() -> bool:
    """Train the cell unless it is finished; return False if the training came to nothing."""
    children.leave_with_parent()
    values = options.parse("cell", __doc__)
    study = StudyFolder(Path(values.study).resolve())
    try:
        cells.train(study, Cell.of(values.cell), _fit)
    except TrainingFailed as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        return False
    return True


def _fit(task: Task, plan: Plan) -> Fitted:
    """Train a network or a baseline, whichever `task` asks for."""
    if task.cell.model in config.NETWORKS:
        stage.import_tensorflow()
        from lesion.studies.trainings import fit_network

        return fit_network.fit(task, plan)
    from lesion.studies.trainings import fit_baseline

    return fit_baseline.fit(task, plan)


if __name__ == "__main__":
    stage.run("the same command", main, exclusive=False)

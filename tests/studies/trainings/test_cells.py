"""One training of a study, with a function in place of the network; tests/tasks trains for it."""

import dataclasses
import multiprocessing

import numpy as np
import pytest
from filelock import FileLock

from lesion import store
from lesion.errors import LesionError
from lesion.records.study import Design, Plan
from lesion.records.training import TrainingSettings
from lesion.studies import design
from lesion.studies.design import Cell
from lesion.studies.trainings import cells
from lesion.studies.trainings.cells import TrainingFailed
from lesion.studies.trainings.folders import Fitted, StudyFolder
from lesion.tables import read_table

SETTINGS = TrainingSettings("scratch", "none", 1, 0, 16, 2, 0.001, 0, 0, None, True)
PLAN = Plan("some", "../data", Design(["grouped"], 5, 5, 3, 0), {"scratch": SETTINGS}, {"colour": "1" * 16}, 1)
CELL = Cell("scratch", "grouped", 1, 2)


@pytest.fixture
def study(tmp_path, divisible, monkeypatch):
    """Return the folder of a study whose plan is written and whose images are `divisible`."""
    folder = StudyFolder(tmp_path / "study")
    store.write_record(folder.plan, PLAN)
    monkeypatch.setattr("lesion.prepared.open_data", lambda path: divisible)
    return folder


def guess(task, plan):
    """Return .25 for every row."""
    return Fitted(task.predicted, np.full(len(task.predicted), 0.25), "none needed", 3, warnings=["is lazy"])


def test_a_finished_training_has_its_predictions_and_record_and_is_not_made_again(study, divisible):
    cells.train(study, CELL, guess)
    folder, wanted = study.cell(CELL.name), cells.fingerprint(PLAN, CELL)
    assert folder.finished(wanted) and not folder.holds_other(wanted) and not folder.partial.exists()
    record = folder.record()
    assert (record.weights, record.epochs, record.warnings) == ("none needed", 3, ["is lazy"])
    assert record.seed == design.training_seed(PLAN.design, CELL)
    table = read_table(folder.predictions, "invoke study")
    divided = design.divide(divisible, PLAN.design, CELL)
    expected = np.flatnonzero(np.isin(divided.splits, ("validation", "test")))
    assert table["row"].tolist() == expected.tolist()
    assert table["split"].tolist() == divided.splits[expected].tolist() and set(table["probability"]) == {0.25}

    def fit(task, plan):
        raise AssertionError("it is finished")

    cells.train(study, CELL, fit)


def test_changed_predictions_are_not_taken_for_finished(study):
    cells.train(study, CELL, guess)
    folder, wanted = study.cell(CELL.name), cells.fingerprint(PLAN, CELL)
    folder.predictions.write_text(folder.predictions.read_text().replace("0.25", "0.75"))
    assert not folder.finished(wanted) and not folder.holds_other(wanted)
    assert not folder.finished("0" * 16) and folder.holds_other("0" * 16)


def test_a_training_that_failed_leaves_the_reason_and_nothing_else_until_it_succeeds(study):
    def fail(task, plan):
        (task.partial / "state").touch()
        raise TrainingFailed("the loss was never a number")

    folder, wanted = study.cell(CELL.name), cells.fingerprint(PLAN, CELL)
    with pytest.raises(TrainingFailed, match="the loss was never a number"):
        cells.train(study, CELL, fail)
    assert {path.name for path in folder.folder.iterdir()} == {".lock", "failed.txt"}
    assert folder.failure(wanted) == "the loss was never a number" and folder.failure("0" * 16) is None
    cells.train(study, CELL, guess)
    assert folder.failure(wanted) is None and folder.finished(wanted)


def test_a_training_that_was_stopped_keeps_its_state_for_the_same_settings_only(study):
    def stop(task, plan):
        (task.partial / "state").touch()
        raise LesionError("the disk is full")

    def look(task, plan):
        seen.append((task.partial / "state").exists())
        raise LesionError("stop")

    seen = []
    for fit, message in ((stop, "the disk"), (look, "stop")):
        with pytest.raises(LesionError, match=message):
            cells.train(study, CELL, fit)
    store.write_record(study.plan, dataclasses.replace(PLAN, threads=2))
    with pytest.raises(LesionError, match="stop"):
        cells.train(study, CELL, look)
    assert seen == [True, False]


def test_images_that_changed_since_the_study_began_are_refused(study):
    store.write_record(study.plan, dataclasses.replace(PLAN, data="other"))
    with pytest.raises(LesionError, match="have changed since the study began: begin it again"):
        cells.train(study, CELL, guess)


def test_two_processes_do_not_work_on_one_training(study, monkeypatch):
    monkeypatch.setattr(cells, "LOCK_SECONDS", 0.1)
    folder = study.cell(CELL.name)
    folder.folder.mkdir(parents=True)
    with (
        FileLock(folder.lock),
        pytest.raises(LesionError, match=r"another process is at work in .*scratch-grouped-1-2"),
    ):
        cells.train(study, CELL, guess)
    cells.train(study, CELL, guess)


def _count(folder, begun):
    """Add a letter to a shared file unless it is there."""
    begun.wait()
    with StudyFolder(folder).once("colour") as shared:
        if not (shared / "done").exists():
            shared.mkdir(exist_ok=True)
            with (shared / "done").open("a") as file:
                file.write("x")


def test_what_trainings_share_is_made_once(tmp_path):
    context = multiprocessing.get_context("fork")
    begun = context.Barrier(3)
    processes = [context.Process(target=_count, args=(tmp_path, begun)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert (tmp_path / "shared" / "colour" / "done").read_text() == "x"


def test_a_training_is_another_one_with_other_images_division_seed_settings_or_threads():
    plans = [
        PLAN,
        dataclasses.replace(PLAN, data="other"),
        dataclasses.replace(PLAN, design=dataclasses.replace(PLAN.design, seed=1)),
        dataclasses.replace(PLAN, design=dataclasses.replace(PLAN.design, folds=4, tested=4)),
        dataclasses.replace(PLAN, settings={"scratch": dataclasses.replace(SETTINGS, epochs=2)}),
        dataclasses.replace(PLAN, threads=2),
    ]
    assert len({cells.fingerprint(plan, CELL) for plan in plans}) == len(plans)
    more = dataclasses.replace(PLAN, design=dataclasses.replace(PLAN.design, repeats=5))
    assert cells.fingerprint(more, CELL) == cells.fingerprint(PLAN, CELL)
    names = [cells.fingerprint(PLAN, Cell("scratch", "grouped", 0, fold)) for fold in range(5)]
    assert len(set(names)) == 5
    colour = Cell("colour", "grouped", 0, 0)
    other = dataclasses.replace(PLAN, baselines={"colour": "2" * 16})
    assert cells.fingerprint(PLAN, colour) != cells.fingerprint(other, colour)

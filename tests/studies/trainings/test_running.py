"""Running the trainings of a study, with a function in place of child processes."""

import dataclasses

import artefacts as fake
import numpy as np
import pytest

from lesion import store
from lesion.errors import LesionError
from lesion.records.study import Design, Plan
from lesion.records.training import TrainingSettings
from lesion.studies import design
from lesion.studies.design import Cell
from lesion.studies.trainings import cells, progress, running
from lesion.studies.trainings.children import Outcome
from lesion.studies.trainings.folders import Fitted, StudyFolder
from lesion.studies.trainings.running import Study

SETTINGS = TrainingSettings("scratch", "none", 1, 0, 16, 2, 0.001, 0, 0, None, True)
PLAN = Plan("some", "../data", Design(["grouped"], 2, 2, 3, 0), {"scratch": SETTINGS}, {"colour": "1" * 16}, 1)


@pytest.fixture
def study(tmp_path, divisible, monkeypatch):
    monkeypatch.setattr("lesion.prepared.open_data", lambda path: divisible)
    return Study("study", StudyFolder(tmp_path / "study"), divisible, PLAN)


def engine(study, endings, ran):
    """Return an engine that finishes each training, or ends it as `endings`, by name, say: (status, words)."""

    def fit(task, plan):
        labels = task.data.labels[task.predicted]
        return Fitted(task.predicted, labels * 0.8)

    def run(jobs):
        for job in jobs:
            ran.append(job.name)
            status, words = endings.get(job.name, (0, ""))
            if status == 0:
                cells.train(study.files, Cell.of(job.name), fit)
            with open(job.log, "a") as log:
                log.write(words)
            yield Outcome(job.name, status, 1.0)

    return run


def test_what_is_finished_is_not_run_again_and_a_missing_one_runs_alone(study, capsys):
    ran = []
    assert running.run(study, engine(study, {}, ran), 1) == {}
    assert ran == [f"{model}-grouped-{i}-{j}" for i in range(3) for j in range(2) for model in ("scratch", "colour")]
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("study: CNN from scratch, partition 1 of 3, fold 1 of 2: test ROC-AUC 1.000, ")
    assert (
        said[0].endswith("; 1 of 12 done")
        and "; 2 of 12 done, about " in said[1]
        and said[11].endswith("12 of 12 done")
    )
    assert store.read_record(study.files.plan, Plan, "") == PLAN
    study.folder(Cell.of("colour-grouped-1-0")).predictions.unlink()
    running.run(study, engine(study, {}, ran), 1)
    assert ran[12:] == ["colour-grouped-1-0"]


def test_a_study_is_extended_by_fractions_and_nothing_is_trained_twice(study):
    running.run(study, engine(study, {}, []), 1)
    parts = dataclasses.replace(PLAN.design, fractions=[0.5, 1.0])
    more = dataclasses.replace(study, plan=dataclasses.replace(PLAN, design=parts))
    failed = {"colour-grouped-0-1-0.5": (1, "error: no number")}
    failures = running.run(more, engine(more, failed, added := []), 1)
    assert added == [
        f"{model}-grouped-{i}-{j}-0.5" for i in range(3) for j in range(2) for model in ("scratch", "colour")
    ]
    assert store.read_record(study.files.plan, Plan, "") == more.plan
    for fraction, guessing in ((1.0, 0), (0.5, 1)):
        probabilities = running.predictions(more, "grouped", failures, fraction)["colour"].probabilities
        assert ((probabilities == 0.5).all(axis=1) | (more.folds["grouped"] == 0).all(axis=1)).sum() == 0
        assert len(np.unique(more.folds["grouped"][probabilities == 0.5])) == guessing
    assert running.run(study, engine(study, {}, again := []), 1) == {} and not again


def test_a_child_has_the_threads_of_the_plan_and_words_of_its_own(study):
    seen = []

    def look(jobs):
        seen.extend(jobs)
        yield from ()

    running.run(study, look, 1)
    assert seen[0].arguments[0].endswith("cell.py") and seen[0].arguments[-1] == "--cell=scratch-grouped-0-0"
    names = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
    assert [seen[0].environment[name] for name in names] == ["1", "1", "1"]
    assert len({job.log for job in seen}) == 12


def test_trainings_that_fail_are_named_and_the_others_go_on(study, capsys):
    endings = {
        "scratch-grouped-0-0": (1, "loading\nerror: the loss was never a number\nbye\n"),
        "scratch-grouped-0-1": (-9, "error: of before\n"),
        "colour-grouped-2-1": (1, "Traceback ...\nValueError: no idea\n"),
    }
    failures = running.run(study, engine(study, endings, ran := []), 1)
    assert len(ran) == 12
    assert {cell.name: reason for cell, reason in failures.items()} == {
        "scratch-grouped-0-0": "the loss was never a number",
        "scratch-grouped-0-1": "ended by signal 9, perhaps out of memory",
        "colour-grouped-2-1": "ValueError: no idea",
    }
    assert "partition 1 of 3, fold 1 of 2 failed: the loss was never a number; 0 of 12 done" in capsys.readouterr().out
    assert not running.usable(study, failures)
    said = capsys.readouterr().out
    assert "no result, since 3 of 12 trainings failed (scratch-grouped-0-0, scratch-grouped-0-1, colour" in said
    assert "the same command tries them again, and --count-failed counts them as guessing (ROC-AUC .5)" in said
    assert running.usable(study, failures, count_failed=True)
    scored = running.predictions(study, "grouped", failures)
    guessed = scored["scratch"].probabilities == 0.5
    assert guessed[0].all() and not guessed[1:].all()
    assert not np.isnan(scored["scratch"].probabilities).any()
    assert running.run(study, engine(study, {}, ran), 1) == {} and len(ran) == 15


def test_a_training_that_failed_by_itself_is_tried_again_unless_failures_are_counted(study):
    cell = Cell.of("scratch-grouped-0-0")
    running.run(study, engine(study, {cell.name: (1, "error: no number")}, []), 1)
    study.folder(cell).fail(study.wanted[cell], "no number")
    assert running.run(study, engine(study, {}, ran := []), 1, again=False) == {cell: "no number"} and not ran
    assert running.run(study, engine(study, {}, ran), 1) == {} and ran == [cell.name]


def test_what_the_user_must_mend_stops_all_trainings(study):
    endings = {"colour-grouped-0-0": (2, "error: the disk is full: free some space\n")}
    with pytest.raises(LesionError, match=r"^the disk is full: free some space$"):
        running.run(study, engine(study, endings, ran := []), 1)
    assert ran == ["scratch-grouped-0-0", "colour-grouped-0-0"]
    with pytest.raises(LesionError, match=r"could not say why in .*log\.txt: is the disk full"):
        running.run(study, engine(study, {"colour-grouped-0-0": (2, "")}, []), 1)


def test_trainings_of_other_data_or_settings_are_refused_and_kept(study):
    running.run(study, engine(study, {}, []), 1)
    for change, number in (
        ({"data": "other"}, 12),
        ({"settings": {"scratch": dataclasses.replace(SETTINGS, epochs=2)}}, 6),
    ):
        other = dataclasses.replace(study, plan=dataclasses.replace(PLAN, **change))
        with pytest.raises(
            LesionError, match=f"holds {number} trainings of other data or settings than now: set LESION"
        ):
            running.run(other, engine(other, {}, ran := []), 1)
        assert not ran
    assert all(study.finished(cell) for cell in study.wanted)
    study.begin_anew()
    assert not any(study.finished(cell) for cell in study.wanted)


def test_the_time_left_is_the_mean_of_each_model_and_divided_by_the_trainings_at_a_time():
    own = Design(["grouped"], 2, 2, 3, 0)
    all_cells = design.cells(own, ["scratch", "colour"])
    first = {cell: 10.0 + 20 * cell.fold if cell.model == "scratch" else 1.0 for cell in all_cells if cell.repeat == 0}
    # Left: 4 trainings of 20 s on average and 4 of 1 s.
    assert progress.Progress("study", own, all_cells, dict(first), workers=1).left() == 84
    assert progress.Progress("study", own, all_cells, dict(first), workers=2).left() == 42
    halves = design.cells(dataclasses.replace(own, fractions=[0.5, 1.0]), ["scratch", "colour"])
    # As many again on half of the lesions, none of them done: 6 of 10 s and 6 of half a second.
    assert progress.Progress("study", own, halves, dict(first), workers=1).left() == 84 + 63
    first_half = dict.fromkeys([Cell("scratch", "grouped", 0, 0, 0.5)], 4.0)
    assert progress.Progress("study", own, halves, first | first_half, workers=1).left() == 84 + 5 * 4 + 3
    only = {cell: value for cell, value in first.items() if cell.model == "scratch"}
    assert progress.Progress("study", own, all_cells, only, workers=1).left() is None


def test_trainings_that_began_with_different_weights_are_no_study(study, monkeypatch):
    running.run(study, engine(study, {}, []), 1)
    assert running.weights(study) == {"scratch": ""}
    manifest = study.folder(Cell.of("scratch-grouped-0-0")).manifest
    fake.change(manifest, lambda record: record.update(weights="ImageNet"))
    with pytest.raises(
        LesionError, match=r"scratch began with different weights \(, ImageNet\): give --weights imagenet"
    ):
        running.weights(study)

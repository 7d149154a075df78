"""Train the networks and baselines anew on several divisions of the lesions.

    python scripts/study.py --folds 5 --repeats 3 --fractions .25,.5,1

Reads data/; each training is a process of its own (cell.py) that works in study/cells/. Trainings that are finished are
not made again; one that was stopped resumes. Writes reports/study.json.
"""

import argparse
import functools

import stage

from lesion import config, options, prepared, runs, store
from lesion.baselines import inputs
from lesion.console import duration, say
from lesion.networks import settings
from lesion.records.study import Design, StudyRecord
from lesion.records.training import TrainingSettings
from lesion.studies.design import Cell
from lesion.studies.trainings import children, running
from lesion.studies.trainings.children import Engine
from lesion.studies.trainings.folders import StudyFolder
from lesion.studies.trainings.running import Study


def main() -> bool:
    """Train what is not trained yet, and write what the trainings say together; return False if some failed."""
    values = options.parse("study", __doc__)
    data = prepared.open_data()
    training = {**vars(values), "no_cache_activations": False}
    asked = {name: settings.resolve(name, training, data.record) for name in options.chosen_networks(values.model)}
    design = Design(
        kinds=["grouped"],
        folds=values.folds,
        tested=values.folds,
        repeats=values.repeats,
        seed=values.seed,
        fractions=list(values.fractions),
    )
    files = StudyFolder(config.STUDY)
    plan = running.make_plan(files, config.DATA, data, design, asked, inputs.fingerprints(data), values.threads)
    study = Study("study", files, data, plan)
    if values.force:
        study.begin_anew()
    workers = 0 if values.cluster else values.workers or 1
    failures = running.run(study, _engine(values), workers, again=not values.count_failed)
    if not running.usable(study, failures, values.count_failed):
        return False
    _write(study, failures, asked)
    return True


def _engine(values: argparse.Namespace) -> Engine:
    """Return the way to run the trainings that the options ask for."""
    if not (values.workers or values.cluster):
        return children.one_after_the_other
    from lesion.studies.trainings import cluster  # it needs packages that only these options need

    if values.workers:
        return functools.partial(cluster.on_this_machine, workers=values.workers)
    return functools.partial(cluster.at, address=values.cluster, folder=config.STUDY)


def _write(study: Study, failures: dict[Cell, str], asked: dict[str, TrainingSettings]) -> None:
    """Write what the trainings say together, unless it is there, and say the answer."""
    from lesion.studies import summary

    fingerprint = summary.fingerprint(study, failures)
    if store.finished(runs.STUDY, fingerprint):
        record = store.read_record(runs.STUDY, StudyRecord, "invoke study")
        say("study: all trainings are done and reports/study.json is up to date (--force begins anew)")
    else:
        record = summary.summarise(study, failures, asked)
        store.write_record(runs.STUDY, record)
        say(f"study: {len(study.wanted)} trainings took {duration(record.seconds)} in all")
    say(f"study: {record.headline}")


if __name__ == "__main__":
    stage.run("study", main)

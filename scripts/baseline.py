"""Learn from colour alone, and from age, sex and site where they are known: what the networks must beat.

    python scripts/baseline.py

Reads data/; writes runs/BASELINE/{predictions.csv, manifest.json} for frame, colour, patient and colour_patient. Each
trains on the train split alone and predicts the rows that `evaluate` measures.
"""

import functools
import time
from collections.abc import Callable

import numpy as np
import stage

from lesion import config, options, prepared, runs, store
from lesion.baselines import features, inputs
from lesion.console import say
from lesion.prepared import PreparedData
from lesion.records.baseline import BaselineRecord
from lesion.runs import BaselineRun


def main() -> bool:
    """Train the baselines that the data allow and that are not trained yet."""
    values = options.parse("baseline", __doc__)
    data = prepared.open_data()
    positions = np.flatnonzero(np.isin(data.splits, ("train", *config.SCORED)))
    describe_all = functools.cache(functools.partial(features.of_images, data.images, positions))
    for name, fingerprint in inputs.fingerprints(data).items():
        run = BaselineRun(name)
        if not values.force and run.why_missing(fingerprint) is None:
            say(f"baseline: {config.in_sentence(name)} is trained already (--force trains it again)")
        else:
            _train(run, fingerprint, data, positions, describe_all)
    return True


def _train(
    run: BaselineRun,
    fingerprint: str,
    data: PreparedData,
    positions: np.ndarray,
    describe_all: Callable[[inputs.Describe], np.ndarray],
) -> None:
    """Train one baseline on the rows at `positions` that are in the train split, and write what it says of the others.

    `describe_all` as in `inputs.numbers`.
    """
    from lesion.baselines import trees

    begin = time.monotonic()
    numbers = inputs.numbers(run.name, data, positions, describe_all)
    trained = data.splits[positions] == "train"
    probabilities = trees.probabilities(numbers, data.labels[positions], trained)
    run.manifest.unlink(missing_ok=True)
    runs.write_predictions(run.predictions, data, positions[~trained], probabilities[~trained])
    seconds = time.monotonic() - begin
    record = BaselineRecord(
        name=run.name,
        fingerprint=fingerprint,
        data=data.fingerprint,
        digest=store.digest(run.predictions),
        method=store.blocks(config.BASELINES),
        numbers=numbers.values.shape[1],
        unknown=int(np.isnan(numbers.values).any(axis=1).sum()),
        seconds=round(seconds, 2),
        provenance=store.provenance(seconds),
    )
    run.write_record(record)
    area = _validation_area(run)
    name = config.in_sentence(run.name)
    say(f"baseline: {name}: validation ROC-AUC {area}, from {record.numbers} numbers for each image")


def _validation_area(run: BaselineRun) -> str:
    from lesion.evaluation import figures

    predictions = run.read_predictions()
    validation = predictions.splits == "validation"
    scores = figures.values(
        predictions.labels[validation], predictions.probabilities[validation], config.DECISION.threshold
    )
    area = figures.or_none(scores["roc_auc"])
    return "undefined" if area is None else f"{area:.3f}"


if __name__ == "__main__":
    stage.run("baseline", main)

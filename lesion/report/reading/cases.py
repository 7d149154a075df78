"""Reading of the cases: every test image with its pictures, its maps and its scores."""

from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np

from lesion import config, prepared, runs, store
from lesion.errors import LesionError
from lesion.records.explanations import GRADCAM, ExplanationsRecord, ModelExplanations
from lesion.records.lines import IndexLine, PredictionLine
from lesion.records.metrics import MetricsRecord
from lesion.records.preparation import PreparationRecord
from lesion.report.reading.artefacts import Case, Maps
from lesion.report.reading.checks import require_same, stale
from lesion.runs import RunFolder
from lesion.tables import read_table

if TYPE_CHECKING:  # it takes half a second to import
    import pandas as pd

COMMAND = "invoke explain"
ROW_COLUMNS = ["row", "split", "label", "group"]  # of the predictions, before the models


def read_explanations(data: PreparationRecord) -> ExplanationsRecord | None:
    """Read the explanations; None if there are none. Raises LesionError if they are of other data."""
    if not runs.EXPLANATIONS.exists():
        return None
    record = store.read_record(runs.EXPLANATIONS, ExplanationsRecord, COMMAND)
    require_same(record.data, data.data, "data", runs.EXPLANATIONS, COMMAND)
    store.require_intact(runs.EXPLANATIONS, [image.thumbnail for image in record.images], COMMAND)
    return record


def read_cases(explanations: ExplanationsRecord | None) -> list[Case]:
    """Read every test image with its thumbnail; none without explanations."""
    images = explanations.images if explanations else []
    return [
        Case(
            row=image.row,
            label=image.label,
            group=image.group,
            levels=image.levels,
            thumbnail=(config.REPORTS / image.thumbnail).read_bytes(),
            outline=image.outline,
            outline_from=image.outline_from,
        )
        for image in images
    ]


def of_model(
    name: str, digest: str, explanations: ExplanationsRecord | None, absent: dict[str, str]
) -> ModelExplanations | None:
    """Return what is known of a network's maps, which must be of the weights with this digest.

    None if there are none; `absent` then says why.
    """
    path = runs.EXPLANATIONS
    command = f"{COMMAND} --model {name}"
    if explanations is None or name not in explanations.models:
        problem = "is missing" if explanations is None else f"has no {name}"
        absent["explanation"] = f"{store.shown(path)} {problem}: run `{command}`"
        return None
    record = explanations.models[name]
    require_same(record.digest, digest, "weights", path, command)
    if record.explained != len(explanations.images):
        raise stale(path, "images", command)
    return record


def read_maps(explanation: ModelExplanations) -> Maps:
    """Read a network's maps of the method that the report shows."""
    path = config.REPORTS / explanation.maps
    is_gradcam = explanation.shown == GRADCAM
    store.require_intact(runs.EXPLANATIONS, [explanation.maps], COMMAND)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            fields = arrays["fields" if is_gradcam else explanation.shown]
            maps = Maps(fields, arrays["peaks"] if is_gradcam else None, arrays["malignant"])
    except (OSError, KeyError, ValueError, BadZipFile) as error:
        raise LesionError(f"{store.shown(path)} cannot be read ({error}): run `{COMMAND} --force`") from None
    if len(maps.fields) != explanation.explained:
        raise stale(path, "images", f"{COMMAND} --force")
    return maps


def read_predictions(metrics: MetricsRecord) -> "pd.DataFrame":
    """Return every scored row: row, split, label, group, and the probabilities of each model that was measured.

    The probability is missing (nan) where a model has none. The combination of all networks is left out.
    """
    index = read_table(config.DATA / prepared.INDEX.name, prepared.MADE_BY, IndexLine)[ROW_COLUMNS]
    table = index[index["split"].isin(config.SCORED)].reset_index(drop=True)
    for name in metrics.models:
        path = RunFolder(name).predictions
        if name not in config.NETWORKS and name not in config.BASELINE_NAMES:
            continue
        predictions = read_table(path, "invoke evaluate", PredictionLine)
        require_same(store.digest(path), metrics.predictions.get(name), "predictions", runs.METRICS, "invoke evaluate")
        scores = predictions.set_index("row")["probability"]
        table[name] = table["row"].map(scores)
    return table

"""Reading of the stress test, which must be of the data and the weights that were measured."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace

from lesion import config, runs, store
from lesion.records.metrics import ModelScores
from lesion.records.preparation import PreparationRecord
from lesion.records.stress import StressRecord
from lesion.report.reading.checks import require_same

COMMAND = "invoke stress"


def read_stress(data: PreparationRecord, measured: Mapping[str, ModelScores]) -> StressRecord | None:
    """Read the stress test of the networks that were `measured`, its pictures as data URIs; None if there is none.

    Raises LesionError if it is of other data or weights, or if a picture is missing.
    """
    if not runs.STRESS.exists():
        return None
    record = store.read_record(runs.STRESS, StressRecord, COMMAND)
    require_same(record.data, data.data, "data", runs.STRESS, COMMAND)
    models = {name: model for name, model in record.models.items() if name in measured}
    for name, model in models.items():
        require_same(model.digest, measured[name].digest, "weights", runs.STRESS, f"{COMMAND} --model {name}")
    store.require_intact(runs.STRESS, [case.picture for case in record.changed], COMMAND)
    shown = [case for case in record.changed if case.network in models]
    return replace(record, models=models, changed=[replace(case, picture=_data_uri(case.picture)) for case in shown])


def _data_uri(name: str) -> str:
    """Return a WebP file below reports/ as a data URI."""
    content = (config.REPORTS / name).read_bytes()
    return f"data:image/webp;base64,{b64encode(content).decode('ascii')}"

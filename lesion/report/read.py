"""Reads what the stages left behind into the dataclasses of results.py, and checks that it belongs together."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from lesion import config, store
from lesion.errors import LesionError
from lesion.records import Artefacts, Comparison, Data, Evaluation, Explanation, Groups, Map, Model, Run, Scores

Record = TypeVar("Record")


def read_artefacts(models: Sequence[str]) -> Artefacts:
    """Read what the stages wrote about `models` (keys of config.NETWORKS), in that order.

    What a single model lacks is None there, with the reason in its `absent`. Raises LesionError when the
    data's manifest or the metrics are missing or damaged, and when artefacts do not belong together.
    """
    data = _read_data()
    metrics = store.read_json(config.REPORTS / "metrics.json", "invoke evaluate")
    _require_same(metrics, data.data, "data", config.REPORTS / "metrics.json", "invoke evaluate")
    explanations = _read_explanations(data)
    return Artefacts(
        data=data,
        threshold=metrics["threshold"],
        models=[_read_model(name, data, metrics, explanations) for name in models],
        comparison=_read_comparison(metrics, models),
        images=explanations["images"] if explanations else [],
        bench=_read_optional("bench"),
        leak=_read_optional("leak"),
    )


def _read_optional(task: str) -> dict[str, Any] | None:
    """Read what `bench` or `leak` measured, on whatever data that was."""
    path = config.REPORTS / f"{task}.json"
    return store.read_json(path, f"invoke {task}") if path.exists() else None


def _read_data() -> Data:
    path = config.DATA / "manifest.json"
    record = store.read_json(path, "invoke prepare")
    groups = _pick(Groups, record.get("groups", {}), path, "invoke prepare")
    data = _pick(Data, {**record, "groups": groups}, path, "invoke prepare")
    for group in data.groups.largest:
        group["pictures"] = [_data_uri(config.DATA / name, "invoke prepare") for name in group["pictures"]]
    for pairs, names in (
        (data.examples, ("before", "after")),
        (data.augmentation, ("original", "augmented")),
    ):
        _embed(pairs, names, config.DATA, "invoke prepare")
    return data


def _read_explanations(data: Data) -> dict[str, Any] | None:
    path = config.REPORTS / "explanations.json"
    if not path.exists():
        return None
    record = store.read_json(path, "invoke explain")
    _require_same(record, data.data, "data", path, "invoke explain")
    _embed(record["images"], ["photograph"], config.REPORTS, "invoke explain")
    return record


def _read_model(name: str, data: Data, metrics: Mapping, explanations: Mapping | None) -> Model:
    """Read one model's artefacts, which must be of the weights that were measured.

    Of a model that was not measured nothing is read: what lies in its folder may be of an earlier run.
    """
    path = config.REPORTS / "metrics.json"
    if name not in metrics["models"]:
        unknown = f"not in {store.shown(path)}: run `invoke evaluate --model {name}`"
        parts = ("scores", "run", "history", "evaluation", "explanation")
        why = dict.fromkeys(parts, metrics["missing"].get(name, unknown))
        return Model(name, None, None, None, None, None, why)
    measured, absent = metrics["models"][name], {}
    run = _read_run(name, data, absent)
    if run is not None:
        _require_same(measured, run.digest, "digest", path, "invoke evaluate")
    return Model(
        name,
        run,
        _read_history(name, absent),
        _read_evaluation(name, data, measured["digest"], absent),
        _read_scores(measured, path),
        _read_explanation(name, measured["digest"], explanations, absent),
        absent,
    )


def _read_comparison(metrics: Mapping[str, Any], models: Sequence[str]) -> Comparison:
    """Read how the models differ; what is said of all of them does not hold for a choice of `models`."""
    found = _pick(Comparison, metrics, config.REPORTS / "metrics.json", "invoke evaluate")
    return found if set(metrics["models"]) <= set(models) else Comparison(found.statistics, {}, {})


def _read_scores(measured: Mapping[str, Any], path: Path) -> dict[str, Scores]:
    splits = {key: part for key, part in measured.items() if isinstance(part, dict)}
    return {split: _pick(Scores, part, path, "invoke evaluate") for split, part in splits.items()}


def _read_run(name: str, data: Data, absent: dict[str, str]) -> Run | None:
    path, command = config.RUNS / name / "manifest.json", f"invoke train --model {name}"
    if not path.exists():
        absent["run"] = f"{store.shown(path)} is missing: run `{command}`"
        return None
    record = store.read_json(path, command)
    _require_same(record, data.data, "data", path, command)
    return _pick(Run, record, path, command)


def _read_history(name: str, absent: dict[str, str]) -> list[dict[str, Any]] | None:
    path, command = config.RUNS / name / "history.csv", f"invoke train --model {name} --force"
    lines = store.read_table(path, command) if path.exists() else []
    if not lines:
        absent["history"] = f"{store.shown(path)} is missing or empty: run `{command}`"
        return None
    try:
        return [
            {key: value if key == "phase" else float(value or "nan") for key, value in line.items()} for line in lines
        ]
    except (TypeError, ValueError) as error:
        raise LesionError(f"{store.shown(path)} is damaged ({error}): run `{command}`") from None


def _read_evaluation(name: str, data: Data, digest: str, absent: dict[str, str]) -> Evaluation | None:
    path, command = config.RUNS / name / "evaluation.json", f"invoke evaluate --model {name}"
    if not path.exists():
        absent["evaluation"] = f"{store.shown(path)} is missing: run `{command}`"
        return None
    record = store.read_json(path, command)
    _require_same(record, data.data, "data", path, command)
    _require_same(record, digest, "digest", path, command)
    return _pick(Evaluation, record, path, command)


def _read_explanation(
    name: str, digest: str, explanations: Mapping | None, absent: dict[str, str]
) -> Explanation | None:
    path, command = config.REPORTS / "explanations.json", f"invoke explain --model {name}"
    if explanations is None or name not in explanations["models"]:
        lack = "is missing" if explanations is None else f"has no {name}"
        absent["explanation"] = f"{store.shown(path)} {lack}: run `{command}`"
        return None
    record = explanations["models"][name]
    _require_same(record, digest, "digest", path, command)
    _embed(record["maps"], ("map", "overlay"), config.REPORTS, command)
    maps = [_pick(Map, one, path, command) for one in record["maps"]]
    if [one.row for one in maps] != [image["row"] for image in explanations["images"]]:
        raise _stale(path, "images", command)
    return _pick(Explanation, {**record, "maps": maps}, path, command)


def _pick(kind: type[Record], record: Mapping[str, Any], path: Path, command: str) -> Record:
    """Make `kind` of the entries of `record` that it has fields for."""
    try:
        return kind(**{each.name: record[each.name] for each in fields(kind)})
    except (KeyError, TypeError) as error:
        raise LesionError(f"{store.shown(path)} lacks {error}: run `{command} --force`") from None


def _require_same(record: Mapping[str, Any], wanted: str, key: str, path: Path, command: str) -> None:
    """Raise LesionError unless `record`, of the file `path`, is of the `wanted` data or digest."""
    if record.get(key) != wanted:
        raise _stale(path, {"data": "data", "digest": "weights"}[key], command)


def _stale(path: Path, what: str, command: str) -> LesionError:
    return LesionError(f"{store.shown(path)} was made from other {what}: run `{command}`")


def _embed(records: Sequence[dict[str, Any]], names: Sequence[str], folder: Path, command: str) -> None:
    """Replace the JPEG file names in `records`, relative to `folder`, by data URIs."""
    for record in records:
        for name in names:
            record[name] = _data_uri(folder / record[name], command)


def _data_uri(path: Path, command: str) -> str:
    try:
        content = path.read_bytes()
    except OSError:
        raise LesionError(f"{store.shown(path)} is missing: run `{command} --force`") from None
    return "data:image/jpeg;base64," + base64.b64encode(content).decode("ascii")

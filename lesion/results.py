"""What the stages left behind, read into dataclasses and checked to belong together."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from lesion import config, store
from lesion.errors import LesionError

Record = TypeVar("Record")


@dataclass(frozen=True)
class Groups:
    """Which images show one lesion, as in `data/manifest.json`; the pictures of `largest` as data URIs."""

    origin: str  # source or pixels: who says so
    count: int
    largest: list[dict[str, Any]]
    sizes: dict[str, int]  # images in a group -> number of such groups
    checked: int | None  # pairs of images that were compared; None where the source knows
    links: int | None
    dropped: int | None
    shared: dict[str, int]  # train/test and so on -> number of groups in both
    siblings: dict[str, dict[str, int] | None]  # kind of split -> test images, and those with a sibling in training
    external: dict[str, int] | None


@dataclass(frozen=True)
class Data:
    """`data/manifest.json`; the pictures of `examples` and `augmentation` as data URIs."""

    data: str
    fingerprint: str
    settings: dict[str, Any]
    source: dict[str, Any]
    classes: list[str]
    rows: int
    counts: dict[str, dict[str, int]]
    groups: Groups
    unreadable: list[dict[str, Any]]
    preprocessing: dict[str, float]
    examples: list[dict[str, Any]]
    augmentation: list[dict[str, Any]]
    warnings: list[str]
    provenance: dict[str, Any]


@dataclass(frozen=True)
class Run:
    """`runs/M/manifest.json`."""

    data: str
    fingerprint: str
    digest: str
    settings: dict[str, Any]
    weights: dict[str, Any]
    parameters: dict[str, int]
    architecture: list[dict[str, Any]]
    phases: list[dict[str, Any]]
    activations: dict[str, Any] | None
    best: dict[str, Any]
    seconds: float
    size_bytes: int
    warnings: list[str]
    provenance: dict[str, Any]


@dataclass(frozen=True)
class Evaluation:
    """`runs/M/evaluation.json`: what of the evaluation differs from machine to machine."""

    data: str
    fingerprint: str
    digest: str
    seconds_per_image: float
    provenance: dict[str, Any]


@dataclass(frozen=True)
class Scores:
    """One model on one split, as in `reports/metrics.json`; None where a figure is undefined."""

    rows: int
    groups: int
    positives: int
    accuracy: float
    precision: float | None
    recall: float | None
    specificity: float | None
    f1: float | None
    roc_auc: float | None
    average_precision: float | None
    partial_auc: float | None
    balanced_accuracy: float | None
    mcc: float | None
    brier: float
    intervals: dict[str, list[float] | None]  # metric -> [low, high]
    confusion: list[list[int]]  # [true][called]
    per_class: dict[str, dict[str, float | None]]
    roc: dict[str, list[float]] | None
    operating: dict[str, dict[str, Any] | None]  # fixed, youden, sensitive -> what `operating.measure` gives
    calibration: dict[str, Any]  # what `calibration.before_and_after` gives
    sentinel: list[str]  # how the predictions have collapsed, in sentences


@dataclass(frozen=True)
class Comparison:
    """How the models differ, as in `reports/metrics.json`, by split; empty where not all of them are shown."""

    statistics: dict[str, Any]  # the settings of intervals and tests
    comparisons: dict[str, list[dict[str, Any]]]  # what `comparison.compare_all` gives
    preference: dict[str, list[str]]  # what `preference.sentences` gives


@dataclass(frozen=True)
class Map:
    """One Grad-CAM map of one model; `map` and `overlay` as data URIs."""

    row: int
    probability: float
    explains: str
    correct: bool
    peak: float
    empty: bool
    map: str
    overlay: str


@dataclass(frozen=True)
class Explanation:
    """One model's maps, in the order of the images, and how many of all maps were empty."""

    fingerprint: str
    digest: str
    layer: str
    resolution: list[int]  # height and width of the layer's activations
    empty: int
    explained: int
    maps: list[Map]
    provenance: dict[str, Any]


@dataclass(frozen=True)
class Model:
    """One model's artefacts; None where one is missing, and `absent` then says why."""

    name: str
    run: Run | None
    history: list[dict[str, Any]] | None  # the lines of history.csv, numbers as floats
    evaluation: Evaluation | None
    scores: dict[str, Scores] | None  # split -> scores
    explanation: Explanation | None
    absent: dict[str, str] = field(default_factory=dict)  # name of a field above -> why it is None


@dataclass(frozen=True)
class Artefacts:
    """All that the report shows. `images` are those explained: row, label, photograph (data URI)."""

    data: Data
    threshold: float
    models: list[Model]
    comparison: Comparison
    images: list[dict[str, Any]]
    bench: dict[str, Any] | None  # `reports/bench.json`: machine, parts
    leak: dict[str, Any] | None  # `reports/leak.json`, perhaps of other images

    @property
    def failures(self) -> list[tuple[str, str]]:
        """(model, why something of it is missing), each reason once."""
        return [(model.name, why) for model in self.models for why in dict.fromkeys(model.absent.values())]


def read_artefacts(models: Sequence[str]) -> Artefacts:
    """Read what the stages wrote about `models` (keys of config.MODELS), in that order.

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

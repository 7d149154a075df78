"""The report's tables of what `bench` measured: each ratio beside the two figures it comes from."""

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lesion.console import duration
from lesion.report import plots
from lesion.report.tables import Cell, Row, cell, count, megabytes


@dataclass(frozen=True)
class Table:
    """One table with how to read it."""

    caption: str
    first: str
    columns: list[str]
    rows: list[Row]
    reading: str


def tables(parts: Mapping[str, Any]) -> list[Table]:
    """Return a table for each of `parts`, those of `reports/bench.json`, that was measured."""
    made = {"training": [_training, _epochs], "pipeline": [_pipeline], "gradcam": [_gradcam]}
    made |= {"prepare": [_cores, _growth]}
    found = [(make, parts[name]) for name, makers in made.items() if name in parts for make in makers]
    return [table for make, part in found if (table := make(part)) is not None]


def _times(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def _cells(*values: tuple[float | None, Callable[[float], str]]) -> list[Cell]:
    return [cell(value, show, lacking="not measured") for value, show in values]


def _name(model: str) -> str:
    return config.NETWORKS[model].title


def _training(part: Mapping[str, Any]) -> Table:
    rows = [
        Row(
            f"{_name(model)}, {whole['epochs']} + {whole['tune_epochs']} epochs",
            _cells(
                (whole["straightforward_seconds"], duration),
                (whole["cached_seconds"], duration),
                (whole["ratio"], _times),
            ),
        )
        for model, measured in part["models"].items()
        for whole in measured["whole"]
    ]
    reading = (
        f"A whole training on {part['images']['train']:,} images of {part['image_size']} pixels, epochs of the frozen "
        "phase + epochs of fine-tuning, added up from the medians in the next table; the passes that compute the "
        "activations are counted. Early stopping would shorten both."
    )
    columns = ["Straightforward", "Cached activations", "Times faster"]
    return Table("Training with cached activations against the straightforward way", "Training", columns, rows, reading)


def _epochs(part: Mapping[str, Any]) -> Table:
    rows = []
    for model, measured in part["models"].items():
        for phase, ways in measured["epochs"].items():
            slow, fast = (statistics.median(ways[way]) for way in ("straightforward", "cached"))
            shown = _cells((slow, duration), (fast, duration), (slow / fast, _times))
            rows.append(Row(f"{_name(model)}, {'fine-tuning' if phase == 'tune' else 'frozen'} epoch", shown))
        passes = _cells((None, duration), (statistics.median(measured["passes"]["view"]), duration), (None, _times))
        rows.append(Row(f"{_name(model)}, one view of all training images", passes))
    reading = "Medians of epochs that were run in turn, one in each way, validation and writing to the disk included."
    columns = ["Straightforward", "Cached activations", "Times faster"]
    return Table("One epoch of training, and one pass for the activations", "Unit", columns, rows, reading)


def _pipeline(part: Mapping[str, Any]) -> Table:
    rates = [part["images"] / statistics.median(part[way]) for way in ("pipeline", "step")]
    row = Row("images a second", _cells((rates[0], count), (rates[1], count), (part["ratio"], _times)))
    reading = "How fast augmented images come when nothing else runs, and how fast the scratch CNN trains on them."
    columns = ["Input pipeline alone", "Training step alone", "Times faster"]
    return Table("Input pipeline against training step of the scratch CNN", "Unit", columns, [row], reading)


def _gradcam(part: Mapping[str, Any]) -> Table:
    rows = []
    for model, measured in part["models"].items():
        rates = [measured["images"] / statistics.median(measured[way]) for way in ("predict", "gradcam")]
        rows.append(Row(_name(model), _cells((rates[0], count), (rates[1], count), (measured["ratio"], _times))))
    columns = ["Prediction, images/s", "Grad-CAM, images/s", "Grad-CAM : prediction"]
    return Table("Grad-CAM against prediction of the same images", "Model", columns, rows, "1 is the same speed.")


def _cores(part: Mapping[str, Any]) -> Table | None:
    if "cores" not in part:
        return None
    cores = part["cores"]
    rates = [cores["images"] / statistics.median(cores[way]) for way in ("one_core", "all_cores")]
    row = Row("images a second", _cells((rates[0], count), (rates[1], count), (cores["ratio"], _times)))
    reading = f"Drawn photographs, {cores['images']:,} at a time, the start of the program included."
    columns = ["On one core", "On all cores", "Times faster"]
    return Table("prepare on one core and on all", "Unit", columns, [row], reading)


def _growth(part: Mapping[str, Any]) -> Table:
    rows = [
        Row(
            f"{each['images']:,} images",
            _cells(
                (each["seconds"], duration),
                (each["images"] / each["seconds"], count),
                (each["peak_bytes"], megabytes),
            ),
        )
        for each in part["growth"]
    ]
    reading = "Time grows with the number of images, memory does not: they are streamed."
    columns = ["Time", "Images a second", "Peak memory"]
    return Table("prepare as the number of images grows", "Size", columns, rows, reading)

"""Section on speed: what `bench` measured, each ratio beside the two speeds that it comes from."""

from collections.abc import Sequence
from statistics import median

from lesion.config import title
from lesion.records.bench import (
    BenchParts,
    ExplanationTimes,
    GradcamBench,
    Machine,
    PipelineBench,
    PrepareBench,
    TrainingBench,
)
from lesion.report.reading.artefacts import Artefacts, Context
from lesion.report.writing.tables import Cell, Row, Show, Table, cell, count, duration, megabytes

Reading = tuple[Table, str]  # a table, and how to read it
EPOCHS = {"frozen": "frozen epoch", "tune": "fine-tuning epoch"}


def speed(artefacts: Artefacts) -> Context | None:
    """Return the machine and a table for each measurement; None if nothing was measured."""
    record = artefacts.bench
    if record is None:
        return None
    return {"machine": _machine(record.machine), "tables": _tables(record.parts)}


def _machine(machine: Machine) -> str:
    memory = f", {machine.memory_bytes / 2**30:.0f} GiB of memory" if machine.memory_bytes else ""
    return f"{machine.processor}, {machine.cores} cores{memory}, {machine.system}"


def _tables(parts: BenchParts) -> list[Reading]:
    tables = []
    if parts.training:
        tables += [_training(parts.training), _epochs(parts.training)]
    if parts.pipeline:
        tables.append(_pipeline(parts.pipeline))
    if parts.gradcam:
        tables.append(_gradcam(parts.gradcam))
    if parts.prepare:
        tables += [*_cores(parts.prepare), _growth(parts.prepare)]
    return tables


def _times(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def _cells(*values: tuple[float | None, Show]) -> list[Cell]:
    return [cell(value, show, missing="not measured") for value, show in values]


def _rates(images: int, one: Sequence[float], other: Sequence[float], ratio: float) -> list[Cell]:
    """Return images per second of two ways, from their seconds, and how much faster the second is."""
    return _cells((images / median(one), count), (images / median(other), count), (ratio, _times))


def _training(record: TrainingBench) -> Reading:
    rows = [
        Row(
            f"{title(model)}, {whole.epochs} + {whole.tune_epochs} epochs",
            _cells((whole.straightforward_seconds, duration), (whole.cached_seconds, duration), (whole.ratio, _times)),
        )
        for model, times in record.models.items()
        for whole in times.whole
    ]
    reading = (
        f"A whole training on {record.images['train']:,} images of {record.image_size} pixels, epochs of the frozen "
        "phase + epochs of fine-tuning, added up from the medians in the next table; the passes that compute the "
        "activations are counted. Early stopping would shorten both."
    )
    columns = ("Straightforward", "Cached activations", "Times faster")
    caption = "Training with cached activations against the straightforward way"
    return Table(caption, columns, rows, first="Training"), reading


def _epochs(record: TrainingBench) -> Reading:
    rows = []
    for model, times in record.models.items():
        for phase, ways in times.epochs.items():
            slow, fast = median(ways["straightforward"]), median(ways["cached"])
            cells = _cells((slow, duration), (fast, duration), (slow / fast, _times))
            rows.append(Row(f"{title(model)}, {EPOCHS[phase]}", cells))
        cells = _cells((None, duration), (median(times.passes["view"]), duration), (None, _times))
        rows.append(Row(f"{title(model)}, one view of all training images", cells))
    reading = "Medians of epochs that were run in turn, one in each way, validation and writing to the disk included."
    columns = ("Straightforward", "Cached activations", "Times faster")
    return Table("One epoch of training, and one pass for the activations", columns, rows, first="Unit"), reading


def _pipeline(record: PipelineBench) -> Reading:
    row = Row("images per second", _rates(record.images, record.pipeline, record.step, record.ratio))
    reading = "How fast augmented images come when nothing else runs, and how fast the scratch CNN trains on them."
    columns = ("Input pipeline alone", "Training step alone", "Times faster")
    return Table("Input pipeline against training step of the scratch CNN", columns, [row], first="Unit"), reading


def _gradcam(record: GradcamBench) -> Reading:
    rows = [
        Row(title(model), [*_rates(times.images, times.predict, times.gradcam, times.ratio), *_more(times)])
        for model, times in record.models.items()
    ]
    columns = (
        *("Prediction, images/s", "Grad-CAM, images/s", "Grad-CAM : prediction"),
        *("With LayerCAM : prediction", "Disturbed : prediction"),
    )
    reading = (
        "1 is the same speed. With LayerCAM a pass gives three maps of each image. Disturbed images are drawn over and "
        "predicted, as in the stress test."
    )
    return Table("Passes over the test images against prediction of them", columns, rows), reading


def _more(times: ExplanationTimes) -> list[Cell]:
    return _cells((times.finer_ratio, _times), (times.disturbed_ratio, _times))


def _cores(record: PrepareBench) -> list[Reading]:
    """Return the table of one core and all, in a list that is empty if it was not measured."""
    cores = record.cores
    if cores is None:
        return []
    row = Row("images per second", _rates(cores.images, cores.one_core, cores.all_cores, cores.ratio))
    reading = f"Drawn photographs, {cores.images:,} at a time, the start of the program included."
    columns = ("On one core", "On all cores", "Times faster")
    return [(Table("prepare on one core and on all", columns, [row], first="Unit"), reading)]


def _growth(record: PrepareBench) -> Reading:
    rows = [
        Row(
            f"{run.images:,} images",
            _cells((run.seconds, duration), (run.images / run.seconds, count), (run.peak_bytes, megabytes)),
        )
        for run in record.growth
    ]
    reading = "Time grows with the number of images, memory does not: they are streamed."
    columns = ("Time", "Images per second", "Peak memory")
    return Table("prepare as the number of images grows", columns, rows, first="Size"), reading

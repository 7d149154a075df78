"""What `invoke all` says at its end: the scores of the networks, what to beware of, and where the report is."""

from collections.abc import Mapping, Sequence

from lesion import config, prepared, runs, store
from lesion.console import bold, duration, say
from lesion.evaluation.words.cut import cut
from lesion.evaluation.words.headline import headline
from lesion.evaluation.words.wording import listed
from lesion.records.metrics import MetricsRecord, Scores
from lesion.records.preparation import PreparationRecord
from lesion.records.training import TrainingRecord

UNDEFINED = "undefined"


def say_results(seconds: float) -> None:
    """Say how the experiment came out, from what the stages wrote; `seconds`: how long all of it took."""
    metrics = store.read_record(runs.METRICS, MetricsRecord, "invoke evaluate")
    trainings = {name: run.record() for name, run in runs.all_runs().items() if name in metrics.models}
    say("")
    heading, *rows = table(metrics, trainings)
    say(bold(heading))
    for row in rows:
        say(row)
    say(headline(metrics))
    if warnings := cautions(metrics, trainings, prepared.read_manifest(config.DATA)):
        say(f"Cautions: {'; '.join(warnings)}.")
    size = runs.REPORT.stat().st_size / 1e6
    say(f"{store.shown(runs.REPORT)} ({size:.1f} MB), in {duration(seconds)}. Open it: invoke report --open")


def table(metrics: MetricsRecord, trainings: Mapping[str, TrainingRecord]) -> list[str]:
    """Return a heading and a line for each network of `trainings` with its scores on the test images."""
    interval = f"{100 * metrics.statistics.confidence:g}% interval"
    cells = [["", "ROC-AUC", interval, "right", "missed", "false alarms", "trained in"]]
    for name, record in trainings.items():
        cells.append([config.title(name), *_scores(metrics.models[name].test), duration(record.seconds)])
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    lines = []
    for first, *others in cells:
        columns = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *columns]))
    return lines


def _scores(scores: Scores) -> list[str]:
    """Return the cells of one network, from its ROC-AUC to its false alarms."""
    (benign_right, false_alarms), (missed, malignant_right) = scores.confusion
    bounds = scores.intervals["roc_auc"]
    return [
        UNDEFINED if scores.roc_auc is None else f"{scores.roc_auc:.3f}",
        UNDEFINED if bounds is None else f"{bounds[0]:.3f} to {bounds[1]:.3f}",
        f"{benign_right + malignant_right:,}/{scores.rows:,}",
        f"{missed:,}/{missed + malignant_right:,}",
        f"{false_alarms:,}/{false_alarms + benign_right:,}",
    ]


def cautions(
    metrics: MetricsRecord, trainings: Mapping[str, TrainingRecord], preparation: PreparationRecord
) -> list[str]:
    """Return in a few words each what a reader of the scores must know."""
    transfer = {name: record for name, record in trainings.items() if config.NETWORKS[name].pretrained}
    random = [name for name, record in transfer.items() if record.weights.used == "random"]
    limited = [name for name, record in trainings.items() if record.ended_at_limit]
    missing = [name for name in metrics.missing if name in config.NETWORKS]
    lacking = cut(preparation.plan) if preparation.plan else ""
    slowed = any(record.at_once > 1 for record in trainings.values())
    sentences = [
        "drawn images, so nothing here holds for real lesions" if preparation.source.drawn else "",
        "images of one lesion are in different splits" if preparation.settings.split == "random" else "",
        f"{_names(missing)} not measured" if missing else "",
        f"no pretrained weights for {_names(random)}" if random else "",
        f"cut for time (profile quick): {lacking}" if lacking else "",
        f"training of {_names(limited)} ended at the epoch limit" if limited else "",
        "networks were trained at once, so each took longer" if slowed else "",
    ]
    for name in trainings:
        test = metrics.models[name].test
        sentences += [f"{config.title(name)} collapsed: {sentence}" for sentence in test.collapsed]
        sentences += [f"{config.title(name)} {sentence}" for sentence in test.cautions]
    return [sentence for sentence in sentences if sentence]


def _names(networks: Sequence[str]) -> str:
    """Return the titles as in a sentence; all networks together need no names."""
    if len(networks) == len(config.NETWORKS):
        return "all networks"
    return listed([config.title(name) for name in networks])

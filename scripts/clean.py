"""Remove what the stages wrote, and nothing else.

    python scripts/clean.py

Files of your own in data/, runs/ or reports/ stay.
"""

import shutil
from pathlib import Path

import stage

from lesion import config, options, prepared, preview, runs, store
from lesion.console import say
from lesion.explain import cases, stress
from lesion.runs import BaselineRun, Run

TEMPORARY = ".[0-9]*-*"  # files that a run which was stopped had not finished
PREPARED = (
    prepared.IMAGES.name,
    prepared.OUTLINES.name,
    prepared.INDEX.name,
    prepared.MANIFEST.name,
    f"{preview.FOLDER}/*.jpg",
    ".keypoints",
    TEMPORARY,
    f"{preview.FOLDER}/{TEMPORARY}",
)
TRAINED = (*config.NETWORKS, *config.BASELINE_NAMES)
STUDY = (
    "plan.json",
    *(f"cells/{model}-{kind}-[0-9]*" for model in TRAINED for kind in config.SPLIT_KINDS),
    *(f"shared/{name}" for name in TRAINED),
    "shared/.*.lock",
    ".shared-*",  # with which a cluster was checked
    TEMPORARY,
)


def main() -> bool:
    """Remove the artefacts, and the folders that are empty then."""
    options.parse("clean", __doc__)
    paths = [path for folder, patterns in _written().items() for pattern in patterns for path in folder.glob(pattern)]
    for path in paths:
        _remove(path)
    for folder in _written():
        _remove_empty(folder)
    say(f"clean: {len(paths)} files and folders removed" if paths else "clean: there was nothing to remove")
    return True


def _remove(path: Path) -> None:
    """Remove a file, a folder, or a link; what a stage wrote into the folder that it leads to goes with it."""
    if path.is_symlink():
        if path.is_dir() and store.owner(path) is not None:
            for each in path.iterdir():
                _remove(each)
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _written() -> dict[Path, list[str]]:
    """Return what the stages write below each folder, as glob patterns."""
    every_run: list[Run | BaselineRun] = [*runs.all_runs().values(), *runs.all_baselines().values()]
    return {
        config.DATA: [*PREPARED],
        config.STUDY: [*STUDY],
        config.LEAK: [*STUDY, *(f"{config.DATA.name}/{name}" for name in PREPARED), config.LOCK.name],
        config.RUNS: [f"{run.name}/{name}" for run in every_run for name in (*run.written, TEMPORARY)],
        config.REPORTS: [
            *(path.name for path in runs.REPORT_FILES),
            *(*cases.WRITTEN, *stress.WRITTEN, "predictions/*.jpg", "predictions/predictions.csv", "predictions/.lock"),
            *(TEMPORARY, f"{cases.FOLDER}/{TEMPORARY}", f"{cases.FORMER}/{TEMPORARY}", f"{stress.FOLDER}/{TEMPORARY}"),
            f"predictions/{TEMPORARY}",
        ],
    }


def _remove_empty(folder: Path) -> None:
    below = sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True)
    for path in [*below, folder]:
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


if __name__ == "__main__":
    stage.run("clean", main)

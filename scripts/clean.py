"""Remove what the stages wrote, and nothing else.

    python scripts/clean.py

Files of your own in data/, runs/ or reports/ stay.
"""

import argparse
import shutil
from pathlib import Path

import stage

from lesion import config
from lesion.console import say

PREPARED = ("images.npy", "index.csv", "manifest.json", "preview/*.jpg", ".keypoints", ".[0-9]*-*", "preview/.[0-9]*-*")
WRITTEN = {  # below each folder, as glob patterns; names that start with a dot are of stopped runs
    config.DATA: PREPARED,
    config.LEAK: (
        *(f"{config.DATA.name}/{name}" for name in PREPARED),
        *(f"{config.RUNS.name}/{model}-{split}-[0-9]*" for model in config.NETWORKS for split in config.SPLIT_KINDS),
        "activations",
        config.LOCK.name,
    ),
    config.RUNS: tuple(
        f"{model}/{name}"
        for model in config.NETWORKS
        for name in (
            "model.keras", "history.csv", "manifest.json", "predictions.csv", "evaluation.json",
            "tensorboard", "partial", "activations", ".[0-9]*-*",
        )
    ),
    config.REPORTS: (
        "metrics.json", "explanations.json", "report.json", "bench.json", "leak.json", "index.html", "gradcam/*.jpg",
        "predictions/*.jpg", "predictions/predictions.csv", ".[0-9]*-*", "gradcam/.[0-9]*-*", "predictions/.[0-9]*-*",
    ),
}  # fmt: skip


def main() -> bool:
    """Remove the artefacts, and the folders that are empty then."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    found = [path for folder, patterns in WRITTEN.items() for pattern in patterns for path in folder.glob(pattern)]
    for path in found:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for folder in WRITTEN:
        _remove_empty(folder)
    say(f"clean: {len(found)} files and folders removed" if found else "clean: there was nothing to remove")
    return True


def _remove_empty(folder: Path) -> None:
    below = sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True)
    for path in [*below, folder]:
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


if __name__ == "__main__":
    stage.run("clean", main)

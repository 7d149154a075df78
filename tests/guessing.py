"""Trainings of a study that are guessed instead of trained."""

import numpy as np

from lesion import options, prepared
from lesion.networks import settings
from lesion.studies import design
from lesion.studies.trainings import running
from lesion.studies.trainings.folders import Fitted, StudyFolder
from lesion.studies.trainings.running import Study


def guessed(home, stage, own, baselines, left):
    """Finish by guessing all trainings of a study of the scratch network by `stage`, but for those `left`, by name."""
    data = prepared.open_data(home / "data")
    brief = {"weights": "none", "epochs": 1, "batch_size": 16}
    values = {name: option.default for name, option in options.TRAIN.items()}
    asked = {"scratch": settings.resolve("scratch", values | brief, data.record)}
    files = StudyFolder(home / stage)
    plan = running.make_plan(files, home / "data", data, own, asked, baselines(data), 1)
    study = Study(stage, files, data, plan)
    random = np.random.default_rng(0)
    for cell, wanted in study.wanted.items():
        if cell.name not in left:
            divided = design.divide(data, own, cell)
            positions = np.flatnonzero(np.isin(divided.splits, ("validation", "test")))
            weights = "none needed" if cell.model == "scratch" else ""
            fitted = Fitted(positions, random.uniform(size=len(positions)), weights)
            study.folder(cell).finish(wanted, fitted, divided, design.training_seed(own, cell), 60.0)
    return study

"""Neither a model nor a file of numbers runs code that somebody has put into it."""

import os
from pathlib import Path

import keras
import numpy as np
import pytest

from lesion import config, prepared, store
from lesion.errors import LesionError
from lesion.evaluation.unlike import Reference
from lesion.integrity import seals
from lesion.networks import models
from lesion.runs import Run


class Hostile:
    """An object that makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.fixture
def marker(tmp_path):
    return tmp_path / "code has run"


def test_a_model_with_code_in_it_is_not_loaded(tmp_path, monkeypatch, marker):
    monkeypatch.setattr(config, "RUNS", tmp_path)
    image = keras.Input((4,))
    path = str(marker)
    model = keras.Model(image, keras.layers.Lambda(lambda x: (os.close(os.open(path, os.O_CREAT)), x)[1])(image))
    marker.unlink()  # building it has run the code
    run = Run("scratch")
    run.folder.mkdir()
    model.save(run.model)
    store.write_json(run.manifest, seals.with_seal({}, seals.of_files(run.folder, [run.model.name])))
    with pytest.raises(LesionError, match=r"model\.keras cannot be read .*: run `invoke train --model scratch"):
        models.load(run.model)
    assert not marker.exists()


@pytest.mark.parametrize("kind", ["unlike.npz", "images.npy"])
def test_arrays_hold_numbers_and_no_objects(tmp_path, marker, kind):
    objects = np.array([Hostile(marker)], dtype=object)
    if kind == "images.npy":
        np.save(tmp_path / kind, objects, allow_pickle=True)
    else:
        np.savez(tmp_path / kind, means=objects, whitening=objects)
    with pytest.raises(LesionError, match="cannot be read"):
        if kind == "images.npy":
            prepared._open_array(tmp_path / kind)
        else:
            Reference.read(tmp_path / kind, 1.0, "invoke evaluate")
    assert not marker.exists()


def test_no_part_of_the_project_unpickles_or_evaluates_but_the_processes_of_a_study_among_themselves():
    words = (
        "import pickle",
        "cloudpickle",
        "eval(",
        "exec(",
        "shell=True",
        "allow_pickle=True",
        "os.system",
        "import yaml",
    )
    files = [*(config.PROJECT / "lesion").rglob("*.py"), *(config.PROJECT / "scripts").glob("*.py")]
    lines = {(file.stem, word) for file in files for word in words if word in file.read_text(encoding="utf-8")}
    assert lines == {("cluster", "cloudpickle")}

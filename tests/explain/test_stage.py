"""The stage `explain`: maps and thumbnails of every test image, one network at a time, and nothing done twice."""

import sys
from types import SimpleNamespace

import explain
import keras
import numpy as np
import pytest
from keras import layers

from lesion import config, prepared, runs, store
from lesion.explain import located, probing
from lesion.explain.mapper import Mapper
from lesion.integrity import seals
from lesion.networks import models
from lesion.records.explanations import ExplanationsRecord
from lesion.records.preparation import SourceRecord
from lesion.report.reading import cases
from lesion.runs import Run

ROWS, SIZE = 12, 32
TESTED = [3, 6, 9]  # the rows 6, 12, 18


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Make a folder with prepared images and two networks that were never trained; the third is missing."""
    for name in ("DATA", "RUNS", "REPORTS"):
        monkeypatch.setattr(config, name, tmp_path / name.lower())
    monkeypatch.setattr(runs, "EXPLANATIONS", config.REPORTS / "explanations.json")
    monkeypatch.setattr(prepared, "open_data", lambda: DATA)
    monkeypatch.setattr(runs, "missing", lambda data: {"efficientnet": "not trained: run `invoke train`"})
    monkeypatch.setattr(
        Run, "record", lambda run: SimpleNamespace(data=DATA.fingerprint, digest=store.digest(run.model))
    )
    for seed, name in enumerate(("scratch", "mobilenet")):
        (config.RUNS / name).mkdir(parents=True)
        save_network(name, seed)
    return tmp_path


DATA = prepared.PreparedData(
    images=np.random.default_rng(0).integers(0, 256, (ROWS, SIZE, SIZE, 3), np.uint8),
    rows=np.arange(ROWS) * 2,
    labels=(np.arange(ROWS) % 2).astype(np.int8),
    splits=np.where(np.isin(np.arange(ROWS), TESTED), "test", "train"),
    groups=np.arange(ROWS),
    ages=np.full(ROWS, np.nan),
    sexes=np.full(ROWS, ""),
    sites=np.full(ROWS, ""),
    cropped=np.zeros(ROWS, bool),
    cleaned_shares=np.zeros(ROWS),
    record=SimpleNamespace(source=SourceRecord("sample", "", None, "drawn")),
    fingerprint="0" * 16,
    outlines=np.packbits(np.ones((ROWS, SIZE * SIZE), bool), axis=1),
)


def save_network(name, seed):
    """Save a small network of random weights, whose maps have 4 × 4 fields."""
    keras.utils.set_random_seed(seed)
    image = keras.Input((SIZE, SIZE, 3))
    x = layers.Conv2D(3, 8, strides=8, activation="relu")(image)
    x = layers.GlobalAveragePooling2D(name=models.POOLING)(x)
    logit = layers.Dense(1, name=models.LOGIT)(x)
    keras.Model(image, layers.Activation("sigmoid", name=models.PROBABILITY)(logit)).save(Run(name).model)
    store.write_record(Run(name).manifest, {}, seals.of_files(Run(name).folder, [Run(name).model.name]))


def run(monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["explain", *words])
    return explain.main()


def written():
    return {path.name: path.stat().st_mtime_ns for path in config.REPORTS.rglob("*") if path.is_file()}


def record():
    return store.read_record(runs.EXPLANATIONS, ExplanationsRecord, "invoke explain")


def test_every_test_image_of_each_network_is_kept(home, monkeypatch):
    assert run(monkeypatch, "--model", "scratch,mobilenet")
    assert set(written()) == {
        "explanations.json", "scratch.npz", "mobilenet.npz", "6.webp", "12.webp", "18.webp",
    }  # fmt: skip
    explanations = record()
    assert explanations.located == located.method()
    assert [(image.row, image.label) for image in explanations.images] == [(6, 1), (12, 0), (18, 1)]
    assert len(cases.read_cases(explanations)) == 3 and all(image.outline for image in explanations.images)
    for name, explanation in explanations.models.items():
        maps = cases.read_maps(explanation)
        again = list(Mapper(keras.models.load_model(Run(name).model), []).explain(DATA.images, np.array(TESTED)))
        assert explanation.resolution == [4, 4] and maps.fields.shape == (3, 4, 4) and maps.fields.dtype == np.uint8
        assert (maps.fields == [one.fields for one in again]).all()
        assert maps.peaks == pytest.approx([one.peak for one in again]) and maps.peaks.dtype == np.float32
        assert maps.malignant.tolist() == [one.malignant for one in again]
        assert explanation.empty == sum(not one.fields.any() for one in again)
        assert explanation.localisation.energies == [1.0] * 3, "the outlines cover the whole images"
        assert explanation.shown == "gradcam" and explanation.sanity.images == explanation.faithfulness.images == 3
        assert explanation.corner.located.images == 3 and 0 <= explanation.corner.same_verdict.value <= 1


def test_a_network_explained_anew_leaves_the_others_and_the_thumbnails_alone(home, monkeypatch):
    run(monkeypatch, "--model", "scratch,mobilenet")
    before = written()
    maps = (config.REPORTS / "cases/scratch.npz").read_bytes()
    run(monkeypatch)
    assert written() == before, "nothing to do"
    save_network("scratch", seed=4)
    assert not run(monkeypatch), "efficientnet is missing"
    changed = {name for name, time in written().items() if before.get(name) != time}
    assert changed == {"explanations.json", "scratch.npz"}
    assert list(record().models) == ["scratch", "mobilenet"]
    assert (config.REPORTS / "cases/scratch.npz").read_bytes() != maps
    run(monkeypatch, "--model", "scratch", "--force")
    once = (config.REPORTS / "cases/scratch.npz").read_bytes()
    run(monkeypatch, "--model", "scratch", "--force")
    assert (config.REPORTS / "cases/scratch.npz").read_bytes() == once, "the same maps are the same bytes"


def test_what_is_missing_is_made_again_and_what_is_old_removed(home, monkeypatch):
    run(monkeypatch, "--model", "scratch")
    (config.REPORTS / "gradcam").mkdir()
    (config.REPORTS / "cases/mine.txt").write_bytes(b"mine")
    for name in ("gradcam/6.jpg", "gradcam/scratch_6_map.jpg", "cases/99.webp", "cases/mobilenet.npz"):
        (config.REPORTS / name).write_bytes(b"old")
    (config.REPORTS / "cases/12.webp").unlink()
    (config.REPORTS / "cases/scratch.npz").unlink()
    run(monkeypatch, "--model", "scratch")
    assert set(written()) == {"explanations.json", "scratch.npz", "6.webp", "12.webp", "18.webp", "mine.txt"}
    assert not (config.REPORTS / "gradcam").exists()


def test_what_a_stopped_run_has_finished_is_kept(home, monkeypatch):
    def stop(name, *rest):
        if name == "mobilenet":
            raise KeyboardInterrupt
        return explain_network(name, *rest)

    explain_network = probing.explain_network
    monkeypatch.setattr(probing, "explain_network", stop)
    with pytest.raises(KeyboardInterrupt):
        run(monkeypatch, "--model", "scratch,mobilenet")
    assert list(record().models) == ["scratch"]
    assert record().located is None and record().models["scratch"].localisation is None
    monkeypatch.setattr(probing, "explain_network", explain_network)
    before = written()
    run(monkeypatch, "--model", "scratch,mobilenet")
    assert list(record().models) == ["scratch", "mobilenet"]
    assert written()["scratch.npz"] == before["scratch.npz"]


def test_other_settings_of_the_scores_need_no_network(home, monkeypatch):
    run(monkeypatch, "--model", "scratch")
    before = written()
    monkeypatch.setattr(located, "method", lambda: {"localisation": {"spot": 0.2}})
    run(monkeypatch, "--model", "scratch")
    assert {name for name, time in written().items() if before[name] != time} == {"explanations.json"}
    after = written()
    run(monkeypatch, "--model", "scratch")
    assert written() == after, "nothing to do"


def test_a_factor_that_is_divided_otherwise_needs_no_network(home, monkeypatch):
    run(monkeypatch, "--model", "scratch")
    before = written()
    monkeypatch.setattr(explain.cases.subgroups, "factors", lambda data: {"size": np.full(ROWS, "large")})
    run(monkeypatch, "--model", "scratch")
    assert {name for name, time in written().items() if before[name] != time} == {"explanations.json"}
    assert [image.levels for image in record().images] == [{"size": "large"}] * 3

"""The stage `stress`: every change of every test image, one network at a time, and nothing done twice."""

import json
import sys
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import stress as stage
from keras import layers

from lesion import config, prepared, runs, store
from lesion.errors import LesionError
from lesion.explain import passes, stress
from lesion.explain.distortions import disturb
from lesion.integrity import seals
from lesion.networks import models, training
from lesion.records.preparation import SourceRecord
from lesion.records.stress import StressRecord
from lesion.runs import Run

ROWS, SIZE = 26, 32
TESTED = np.arange(2, ROWS)  # the rows 20, 30, ...
UNKNOWN = (5, 6)  # positions of flat images, on which no outline is known and none can be estimated
CHANGES = 36 + 3


def photographs():
    """Return pictures of skin with a dark disc, whose darkness is the only thing that differs."""
    across = np.arange(SIZE) - SIZE / 2
    disc = across[:, None] ** 2 + across**2 < (SIZE / 5) ** 2
    images = np.full((ROWS, SIZE, SIZE, 3), (220, 170, 150), np.uint8)
    images[:, disc] = np.linspace(30, 200, ROWS)[:, None, None]
    images[list(UNKNOWN)] = 128
    return images, disc


IMAGES, DISC = photographs()
OUTLINES = np.packbits(np.broadcast_to(DISC, (ROWS, SIZE, SIZE)).reshape(ROWS, -1), axis=1)
OUTLINES[list(UNKNOWN)] = 0
DATA = prepared.PreparedData(
    images=IMAGES,
    rows=np.arange(ROWS) * 10,
    labels=(np.arange(ROWS) % 2).astype(np.int8),
    splits=np.where(np.arange(ROWS) >= 2, "test", "train"),
    groups=np.arange(ROWS),
    ages=np.full(ROWS, np.nan),
    sexes=np.full(ROWS, ""),
    sites=np.full(ROWS, ""),
    cropped=np.zeros(ROWS, bool),
    cleaned_shares=np.zeros(ROWS),
    record=SimpleNamespace(source=SourceRecord("sample", "", None, "drawn")),
    fingerprint="0" * 16,
    outlines=OUTLINES,
)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Make a folder with prepared images and two trained networks; the third is missing."""
    for name in ("DATA", "RUNS", "REPORTS"):
        monkeypatch.setattr(config, name, tmp_path / name.lower())
    monkeypatch.setattr(runs, "STRESS", config.REPORTS / "stress.json")
    monkeypatch.setattr(prepared, "open_data", lambda: DATA)
    monkeypatch.setattr(runs, "missing", lambda data: {"efficientnet": "not trained: run `invoke train`"})
    monkeypatch.setattr(Run, "record", lambda run: SimpleNamespace(data="0" * 16, digest=store.digest(run.model)))
    for name, slope in (("scratch", -18.0), ("mobilenet", 9.0)):
        (config.RUNS / name).mkdir(parents=True)
        save_network(name, slope)
    return tmp_path


def save_network(name, slope):
    """Save a network that goes by the mean brightness of the image alone."""
    image = keras.Input((SIZE, SIZE, 3))
    x = layers.GlobalAveragePooling2D(name=models.POOLING)(image)
    logit = layers.Dense(1, name=models.LOGIT)
    model = keras.Model(image, layers.Activation("sigmoid", name=models.PROBABILITY)(logit(x)))
    logit.set_weights([np.full((3, 1), slope / 3), np.array([-slope * 0.66])])
    model.save(Run(name).model)
    store.write_record(Run(name).manifest, {}, seals.of_files(Run(name).folder, [Run(name).model.name]))


def run(monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["stress", *words])
    return stage.main()


def written():
    return {path.name: path.stat().st_mtime_ns for path in config.REPORTS.rglob("*") if path.is_file()}


def record():
    return store.read_record(runs.STRESS, StressRecord, "invoke stress")


def table(name):
    return stress.read_probabilities(config.REPORTS / f"stress/{name}.csv")


def test_every_change_of_every_test_image_is_judged(home, monkeypatch, capsys):
    assert run(monkeypatch, "--model", "scratch,mobilenet")
    assert (
        "stress: 40 passes over 24 of 24 test images for CNN from scratch and MobileNetV2 (" in capsys.readouterr().out
    )
    tested = record()
    assert (tested.data, tested.images, tested.of, list(tested.models)) == ("0" * 16, 24, 24, ["scratch", "mobilenet"])
    assert tested.strengths["jpeg"][0] == "quality 70"
    columns = table("mobilenet")
    assert len(columns) == 2 + CHANGES and columns["row"].tolist() == DATA.rows[TESTED].tolist()
    changed = np.stack([disturb("brightness", 2, DATA.images[position], 10 * position) for position in TESTED])
    expected = training.predict(keras.models.load_model(Run("mobilenet").model), changed, np.arange(len(changed)))
    assert columns["brightness_2"] == pytest.approx(expected, abs=1e-6)
    network = tested.models["mobilenet"]
    assert network.probabilities == "stress/mobilenet.csv"
    assert [len(network.disturbed[kind]) for kind in stress.KINDS] == [3] * len(stress.KINDS)
    before = training.predict(keras.models.load_model(Run("mobilenet").model), DATA.images, TESTED)
    assert columns["unchanged"] == pytest.approx(before, abs=1e-6), "as it is, in one view"
    flips = np.mean((before >= 0.5) != (expected >= 0.5))
    assert network.disturbed["brightness"][2].flips.value == pytest.approx(flips) and flips > 0


def test_a_network_that_only_sees_the_lesion_sees_nothing_without_it(home, monkeypatch):
    run(monkeypatch, "--model", "scratch")
    columns = table("scratch")
    known = ~np.isin(TESTED, UNKNOWN)
    for part in stress.PARTS:
        assert (np.isnan(columns[part]) == ~known).all(), "no outline is known of two images"
        assert record().models["scratch"].parts[part].images == known.sum()
    before = columns["unchanged"][known]
    assert np.ptp(before) > 0.2
    assert np.ptp(columns["lesion_hidden"][known]) < 0.01 and np.ptp(columns["frame_alone"][known]) < 0.01
    assert np.corrcoef(before, columns["lesion_alone"][known])[0, 1] > 0.99


def test_without_any_outline_there_are_no_parts(home, monkeypatch, capsys):
    flat = np.full((ROWS, SIZE, SIZE, 3), 128, np.uint8)
    unknown = prepared.PreparedData(**{**vars(DATA), "outlines": None, "images": flat})
    monkeypatch.setattr(prepared, "open_data", lambda: unknown)
    run(monkeypatch, "--model", "scratch")
    network = record().models["scratch"]
    assert (network.parts, network.parts_roc_auc.value, network.outside.value) == ({}, None, None)
    assert "37 passes" in capsys.readouterr().out and not set(stress.PARTS) & set(table("scratch"))


def test_pictures_show_the_most_changed_images_as_the_network_saw_them(home, monkeypatch):
    run(monkeypatch, "--model", "scratch,mobilenet")
    cases = record().changed
    assert 0 < len(cases) <= 12 and len({(case.network, case.kind) for case in cases}) == len(cases)
    sizes = [abs(case.after - case.before) for case in cases]
    assert sizes == sorted(sizes, reverse=True)
    for case in cases:
        place = case.row // 10 - 2
        assert case.strength == 2 and (case.before >= 0.5) != (case.after >= 0.5)
        assert case.after == table(case.network)[f"{case.kind}_2"][place]
        assert case.before == table(case.network)["unchanged"][place]
        assert (config.REPORTS / case.picture).read_bytes()[8:12] == b"WEBP"
    (config.REPORTS / cases[0].picture).unlink()
    (config.REPORTS / "stress/ruler_2_9990.webp").write_bytes(b"old")
    (config.REPORTS / "stress/mine.webp").write_bytes(b"mine")
    before = written()
    run(monkeypatch, "--model", "scratch,mobilenet")
    after = written()
    assert set(after) == set(before) - {"ruler_2_9990.webp"} | {cases[0].picture.split("/")[1]}
    assert after["scratch.csv"] == before["scratch.csv"] and record().changed == cases


def test_what_is_done_is_not_done_again(home, monkeypatch, capsys):
    run(monkeypatch, "--model", "scratch,mobilenet")
    before = written()
    run(monkeypatch, "--model", "scratch,mobilenet")
    assert written() == before
    assert "stress: MobileNetV2 is tested already (--force does it again)" in capsys.readouterr().out
    save_network("scratch", slope=-12.0)
    run(monkeypatch, "--model", "mobilenet")
    assert list(record().models) == ["mobilenet"], "what was said of other weights is gone"
    run(monkeypatch, "--model", "scratch,mobilenet")
    after = written()
    assert after["mobilenet.csv"] == before["mobilenet.csv"] and list(record().models) == ["scratch", "mobilenet"]
    content = (config.REPORTS / "stress/scratch.csv").read_bytes()
    run(monkeypatch, "--model", "scratch", "--force")
    assert written()["scratch.csv"] != after["scratch.csv"]
    assert (config.REPORTS / "stress/scratch.csv").read_bytes() == content, "the same test gives the same bytes"


def test_what_a_stopped_run_has_finished_is_kept(home, monkeypatch):
    test_network = stage._test_network

    def stop(name, tested, wanted):
        if name == "mobilenet":
            raise KeyboardInterrupt
        return test_network(name, tested, wanted)

    monkeypatch.setattr(stage, "_test_network", stop)
    with pytest.raises(KeyboardInterrupt):
        run(monkeypatch, "--model", "scratch,mobilenet")
    assert list(record().models) == ["scratch"]
    monkeypatch.setattr(stage, "_test_network", test_network)
    before = written()
    run(monkeypatch, "--model", "scratch,mobilenet")
    assert list(record().models) == ["scratch", "mobilenet"] and written()["scratch.csv"] == before["scratch.csv"]


def test_a_network_that_is_missing_is_said(home, monkeypatch, capsys):
    assert not run(monkeypatch)
    assert "stress: EfficientNetB0 is not trained: run `invoke train`" in capsys.readouterr().out
    assert list(record().models) == ["scratch", "mobilenet"]
    with pytest.raises(LesionError, match=r"efficientnet is not trained"):
        run(monkeypatch, "--model", "efficientnet")


def test_at_most_so_many_images_are_tested_and_whole_lesions_of_them(monkeypatch):
    monkeypatch.setattr(passes, "CHOSEN", SimpleNamespace(photographs=7, drawn=7, seed=0))
    data = prepared.PreparedData(**{**vars(DATA), "groups": np.arange(ROWS) // 2})
    tested = stress.Tested(data)
    assert (len(tested.rows), tested.of) == (6, 24)
    assert set(np.unique(tested.groups, return_counts=True)[1]) == {2}


def test_damaged_results_are_made_again(home, monkeypatch):
    run(monkeypatch, "--model", "scratch")
    whole = record()
    runs.STRESS.write_text(json.dumps({"data": 3}))
    run(monkeypatch, "--model", "scratch")
    assert record().models["scratch"].disturbed == whole.models["scratch"].disturbed

"""Activations of a model of three layers, computed once and read many times."""

import dataclasses
import shutil

import keras
import numpy as np
import pytest
from keras import layers

from lesion import config
from lesion.errors import LesionError
from lesion.networks import models
from lesion.networks.activations import Rows
from lesion.networks.batches import Draws
from lesion.networks.stored import cache as stored
from lesion.networks.stored.cache import Cache
from lesion.prepared import PreparedData

SIZE = 8
TRAIN, VALIDATION = 20, 6


@pytest.fixture
def data():
    images = np.random.default_rng(0).integers(0, 256, (30, SIZE, SIZE, 3), np.uint8)
    splits = np.array(["test"] * 4 + ["train"] * TRAIN + ["validation"] * VALIDATION)
    labels = np.arange(30, dtype=np.int8) % 2
    unread = [np.zeros(30)] * 5  # ages, sexes, sites, cropped, cleaned shares
    return PreparedData(images, np.arange(30), labels, splits, np.arange(30), *unread, None, fingerprint="some images")


@pytest.fixture
def model(monkeypatch):
    named = dataclasses.replace(config.NETWORKS["scratch"], title="Small network")
    monkeypatch.setattr(config, "NETWORKS", {**config.NETWORKS, "small": named})
    keras.utils.set_random_seed(0)
    image = keras.Input((SIZE, SIZE, 3), name="image")
    x = layers.Conv2D(4, 3, activation="relu", name="convolution")(image)
    x = layers.GlobalAveragePooling2D(name=models.POOLING)(x)
    x = layers.Dense(1, name=models.LOGIT)(x)
    return keras.Model(image, layers.Activation("sigmoid", name=models.PROBABILITY)(x), name="small")


def cache(model, data, folder, views=2, seed=0):
    return Cache(model, ["convolution", models.POOLING], data, Rows.of(data), folder, views, seed)


def collect(batches):
    pairs = [(values.numpy(), labels.numpy()) for values, labels in batches]
    return np.concatenate([pair[0] for pair in pairs]), np.concatenate([pair[1] for pair in pairs])[:, 0]


def test_validation_images_are_kept_as_the_layer_gives_them_and_maps_in_half_precision(model, data, tmp_path):
    computed = cache(model, data, tmp_path).compute()
    images = data.images[-VALIDATION:] / np.float32(255)
    expected = model.get_layer("convolution")(images).numpy()
    assert computed["convolution"].validation.dtype == np.float16
    assert computed["convolution"].validation == pytest.approx(expected, rel=1e-3, abs=1e-6)
    assert computed[models.POOLING].validation.dtype == np.float32
    assert computed[models.POOLING].validation == pytest.approx(expected.mean(axis=(1, 2)), rel=1e-5)
    values, labels = collect(computed["convolution"].validation_batches(data.of_split("validation")[1], 4))
    assert values == pytest.approx(expected, rel=1e-3, abs=1e-6)
    assert labels.tolist() == data.labels[-VALIDATION:].tolist()


def test_every_view_is_augmented_in_its_own_way_and_fits_its_image(model, data, tmp_path):
    first, second = cache(model, data, tmp_path).compute()["convolution"].views
    assert first.shape == second.shape == (TRAIN, SIZE - 2, SIZE - 2, 4)
    assert (first != second).any(axis=(1, 2, 3)).all()
    data.images[...] = np.arange(30, dtype=np.uint8)[:, None, None, None] * 8  # each image one grey: found by it
    grey = cache(model, data, tmp_path / "grey").compute()[models.POOLING].views[0]
    expected = keras.Model(model.input, model.get_layer(models.POOLING).output)(data.images[4:24] / np.float32(255))
    assert grey == pytest.approx(expected.numpy(), abs=0.02)  # brightness moves by under 1 %


def test_each_epoch_draws_every_image_once_in_one_of_its_views(model, data, tmp_path):
    computed = cache(model, data, tmp_path, views=3).compute()[models.POOLING]
    rows = np.arange(TRAIN)  # as labels, so that a value can be traced to its image
    draws = Draws(0, TRAIN, views=3)
    batches = computed.training_batches(rows, 8, draws)
    drawn = []
    for epoch in range(6):
        draws.begin(epoch)
        values, traced = collect(batches)
        assert sorted(traced) == rows.tolist()
        views = [
            [(view[int(row)] == value).all() for view in computed.views]
            for value, row in zip(values, traced, strict=True)
        ]
        assert (np.sum(views, axis=1) == 1).all()
        drawn.append(np.argmax(views, axis=1)[np.argsort(traced)])
    assert len(np.unique(np.stack(drawn), axis=0)) == 6  # no two epochs alike
    assert set(np.concatenate(drawn)) == {0, 1, 2}
    again, _ = collect(computed.training_batches(rows, 8, Draws(0, TRAIN, views=3)))
    draws.begin(0)
    first, _ = collect(batches)
    other, _ = collect(computed.training_batches(rows, 8, Draws(1, TRAIN, views=3)))
    assert (first == again).all()
    assert (first != other).any()


def test_finished_passes_are_used_again_and_more_views_only_need_the_new_passes(model, data, tmp_path, monkeypatch):
    done = []
    run = Cache._run
    monkeypatch.setattr(Cache, "_run", lambda self, name: (done.append(name), run(self, name)))
    cache(model, data, tmp_path).compute()
    assert done == ["view0", "view1", "validation"]
    cache(model, data, tmp_path).compute()
    cache(model, data, tmp_path, views=3).compute()
    assert done[3:] == ["view2"]
    summary = cache(model, data, tmp_path, views=3).summary()
    assert (summary.views, summary.layers) == (3, ["convolution", models.POOLING])
    assert summary.seconds > 0
    maps = (3 * TRAIN + VALIDATION) * 6 * 6 * 4 * 2  # of float16
    vectors = (3 * TRAIN + VALIDATION) * 4 * 4  # of float32
    assert maps + vectors < summary.bytes < maps + vectors + 8 * 256  # and a header in each of 8 files


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("view0.json", None),  # killed after the arrays and before the time
        ("view0.json", b""),
        ("convolution-view0.npy", b""),
        ("pooling-view0.npy", "cut"),
        ("pooling-view0.npy", "other shape"),
    ],
)
def test_a_pass_that_is_incomplete_or_damaged_is_computed_again(model, data, tmp_path, capsys, name, content):
    cache(model, data, tmp_path, views=1).compute()
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.npy")}
    path = tmp_path / name
    if content is None:
        path.unlink()
    else:
        changed = {"cut": before.get(name, b"")[:-1], "other shape": before.get(name, b"").replace(b"(20,", b"(02,")}
        path.write_bytes(changed.get(content, content))
    capsys.readouterr()
    cache(model, data, tmp_path, views=1).compute()
    said = capsys.readouterr().out
    assert f"{tmp_path}: what is incomplete or damaged (view0) is computed again" in said
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.npy")} == before
    cache(model, data, tmp_path, views=1).compute()
    assert capsys.readouterr().out == ""


def test_a_folder_on_another_disk_is_followed_and_never_used_for_other_settings(model, data, tmp_path, monkeypatch):
    done = []
    run = Cache._run
    monkeypatch.setattr(Cache, "_run", lambda self, name: (done.append(name), run(self, name)))
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "activations"
    link.symlink_to("elsewhere")
    for seed in (0, 0, 5):
        cache(model, data, link, views=1, seed=seed).compute()
    assert done == ["view0", "validation"] * 2
    assert link.is_symlink() and (tmp_path / "elsewhere" / "view0.json").exists()


def test_a_selection_gives_the_rows_asked_for_in_their_order(model, data, tmp_path):
    whole = cache(model, data, tmp_path).compute()["convolution"]
    chosen = whole.select(np.array([7, 2, 11]), np.array([5, 0]))
    values, traced = collect(chosen.training_batches(np.arange(3), 2, Draws(0, 3, views=2)))
    for value, row in zip(values, np.array([7, 2, 11])[traced.astype(int)], strict=True):
        assert any((view[row] == value).all() for view in whole.views)
    values, _ = collect(chosen.validation_batches(np.arange(2), 2))
    assert (values == whole.validation[[5, 0]]).all()


def test_exact_views_of_the_validation_images_are_what_the_layer_gives_for_them(
    model, data, tmp_path, monkeypatch, capsys
):
    rows = dataclasses.replace(Rows.of(data), sides=3)
    plain = cache(model, data, tmp_path).compute()["convolution"]
    assert len(plain.exact_views()) == 1
    done = []
    run = Cache._run
    monkeypatch.setattr(Cache, "_run", lambda self, name: (done.append(name), run(self, name)))
    computed = Cache(model, ["convolution"], data, rows, tmp_path, 2, 0).compute()["convolution"]
    assert done == ["side1", "side2"], "the plain passes are there already"
    plain_views, all_views = (line for line in capsys.readouterr().out.splitlines() if "frozen layers once" in line)
    assert "Small network: 2 augmented views of each image" in plain_views
    assert "Small network: 2 augmented views and 3 exact ones of each image" in all_views
    images = data.images[-VALIDATION:] / np.float32(255)
    flipped = [images, images[:, :, ::-1], images[:, ::-1]]
    chosen = np.array([4, 1])
    for seen, side in zip(flipped, computed.select(np.arange(2), chosen).exact_views(), strict=True):
        values, _ = collect(side.validation_batches(np.zeros(2), 2))
        assert values == pytest.approx(model.get_layer("convolution")(seen[chosen]).numpy(), rel=1e-3, abs=1e-6)


def test_rows_other_than_those_of_the_splits_can_be_computed(model, data, tmp_path):
    everything = np.arange(4, 30)
    computed = Cache(model, ["convolution"], data, Rows(everything, everything), tmp_path, 1, 0).compute()
    expected = model.get_layer("convolution")(data.images[4:] / np.float32(255)).numpy()
    assert computed["convolution"].validation == pytest.approx(expected, rel=1e-3, abs=1e-6)
    assert computed["convolution"].views[0].shape == expected.shape


@pytest.mark.parametrize("change", ["seed", "weights", "images", "rows"])
def test_stale_activations_are_removed(model, data, tmp_path, change):
    cache(model, data, tmp_path, views=3).compute()
    if change == "weights":
        model.get_layer("convolution").set_weights([np.ones((3, 3, 3, 4)), np.zeros(4)])
    if change == "images":
        data = dataclasses.replace(data, fingerprint="others")
    if change == "rows":
        data = dataclasses.replace(data, splits=np.roll(data.splits, 1))
    fresh = cache(model, data, tmp_path, views=1, seed=int(change == "seed"))
    assert not list(tmp_path.glob("*.npy"))
    assert fresh.compute()["convolution"].validation.any()


def test_a_pass_that_is_stopped_leaves_only_whole_files(model, data, tmp_path, monkeypatch):
    forward, stop = Cache._forward, [True]

    def stopped(self, name):
        yield from forward(self, name)
        if name == "view1" and stop:
            raise KeyboardInterrupt

    monkeypatch.setattr(Cache, "_forward", stopped)
    with pytest.raises(KeyboardInterrupt):
        cache(model, data, tmp_path).compute()
    assert sorted(path.name for path in tmp_path.glob("*.npy")) == ["convolution-view0.npy", "pooling-view0.npy"]
    stop.clear()
    assert len(cache(model, data, tmp_path).compute()["convolution"].views) == 2


def test_a_disk_that_is_too_small_stops_before_the_work_with_the_figure(model, data, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(stored.store.shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(LesionError, match=r"0 MB are needed for the activations of 2 augmented views, and 0"):
        cache(model, data, tmp_path).compute()
    assert not list(tmp_path.glob("*.npy"))


def test_passes_that_would_take_too_long_stop_before_the_work_with_the_figure(model, data, tmp_path, monkeypatch):
    monkeypatch.setattr(stored, "MOST_SECONDS", 0)
    with pytest.raises(
        LesionError, match=r"2 augmented views .* about .* s to compute here, more than 0\.0 s: give fewer"
    ):
        cache(model, data, tmp_path).compute()
    assert not list(tmp_path.glob("*.npy"))


def test_activations_beyond_half_precision_are_an_error_that_says_what_to_do(model, data, tmp_path):
    model.get_layer("convolution").set_weights([np.full((3, 3, 3, 4), 1e5), np.zeros(4)])
    with pytest.raises(LesionError, match="too large for float16: give --no-cache-activations"):
        cache(model, data, tmp_path).compute()
    assert not list(tmp_path.glob("*.npy"))

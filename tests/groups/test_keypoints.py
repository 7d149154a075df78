import shutil
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from lesion import prepared
from lesion.errors import LesionError
from lesion.groups.keypoints import (
    DETECTION,
    LENGTH,
    KeypointStore,
    bytes_needed,
    describe,
    mirrored,
    rooted,
    temporary_store,
)
from lesion.sources.drawn import DrawnSample


@pytest.fixture(scope="module")
def image():
    return DrawnSample(4, seed=0).draw(np.array([1]))[0][0]


@pytest.mark.parametrize("size", [(8, 8), (8, 300), (64, 64), (150, 200), (600, 450)])
def test_shapes_and_limits_for_any_size(image, size):
    keypoints = describe(cv2.resize(image, size))
    assert len(keypoints) <= DETECTION.most
    assert keypoints.points.shape == (len(keypoints), 2) and keypoints.points.dtype == np.float32
    assert keypoints.descriptors.shape == (len(keypoints), LENGTH) and keypoints.descriptors.dtype == np.uint8
    assert (keypoints.points >= 0).all() and (keypoints.points < DETECTION.side).all()


def test_the_same_image_gives_the_same_keypoints(image):
    first, again = describe(image), describe(image.copy())
    assert len(first) > 100
    assert (first.points == again.points).all() and (first.descriptors == again.descriptors).all()


@pytest.mark.parametrize("value", [0, 128, 255])
def test_flat_images_have_no_keypoints(value):
    assert len(describe(np.full((224, 224, 3), value, np.uint8))) == 0


def test_mirrored_descriptors_are_those_of_the_mirrored_image(image):
    keypoints = describe(image)
    flipped = describe(image[:, ::-1].copy())
    similar = rooted(mirrored(keypoints.descriptors)) @ rooted(flipped.descriptors).T
    unlike = rooted(keypoints.descriptors) @ rooted(flipped.descriptors).T
    assert np.median(similar.max(axis=1)) > 0.98
    assert np.median(unlike.max(axis=1)) < 0.95
    assert (mirrored(mirrored(keypoints.descriptors)) == keypoints.descriptors).all()


def test_rooted_descriptors_have_length_one_and_empty_ones_stay_zero(image):
    values = rooted(np.concatenate([describe(image).descriptors, np.zeros((1, LENGTH), np.uint8)]))
    assert np.linalg.norm(values[:-1], axis=1) == pytest.approx(1, abs=1e-4)
    assert (values[-1] == 0).all()


def test_a_store_gives_back_what_was_written(image, tmp_path):
    store = KeypointStore(tmp_path, rows=3)
    keypoints = describe(image)
    store.write(2, keypoints)
    store.write(0, describe(np.zeros((50, 50, 3), np.uint8)))
    assert len(store) == 3 and store.counts.tolist() == [0, 0, len(keypoints)]
    assert len(store.read(0)) == len(store.read(1)) == 0
    assert (store.read(2).points == keypoints.points).all()
    assert (store.read(2).descriptors == keypoints.descriptors).all()
    on_disk = sum(file.stat().st_size for file in tmp_path.iterdir())
    assert bytes_needed(2) < on_disk <= bytes_needed(3)


def test_a_temporary_store_starts_empty_and_is_removed_also_after_an_error(image, tmp_path):
    folder = tmp_path / "below" / "keypoints"
    folder.mkdir(parents=True)
    (folder / "keypoints.bin").write_bytes(b"left by a run that was killed")
    with pytest.raises(RuntimeError, match="stop"), temporary_store(folder, 2) as store:
        store.write(1, describe(image))
        assert len(store.read(0)) == 0 < len(store.read(1))
        raise RuntimeError("stop")
    assert not folder.exists()


def test_room_for_images_and_keypoints_is_asked_for_before_the_work(monkeypatch):
    needed = 10 * 64 * 64 * 3 + bytes_needed(10)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=needed - 1))
    with (
        pytest.raises(LesionError, match=r"are needed for the prepared images"),
        prepared.new_images(10, 64, beside=bytes_needed(10)),
    ):
        pass

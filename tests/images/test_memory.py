"""The memory that threads share: large images wait for each other, and none is decoded that can never fit."""

import threading

import numpy as np
import pytest
from photographs import encoded

from lesion.errors import LesionError
from lesion.images import memory, preprocess, stream
from lesion.images.memory import BYTES_PER_PIXEL, Room
from lesion.sources.original import Original


def test_a_thread_waits_until_its_share_is_free():
    room = Room(10 * BYTES_PER_PIXEL)
    order = []

    def take(pixels):
        with room.taken(pixels):
            order.append(pixels)

    with room.taken(7):
        small, large = (threading.Thread(target=take, args=(pixels,)) for pixels in (3, 4))
        small.start()
        small.join()
        large.start()
        large.join(0.1)
        assert order == [3] and large.is_alive()
    large.join()
    take(1000)  # more than there is counts as all
    assert order == [3, 4, 1000]


def test_images_that_fill_the_memory_are_prepared_one_by_one(monkeypatch):
    side = 40
    room = Room(side * side * BYTES_PER_PIXEL)
    monkeypatch.setattr(memory, "room", lambda: room)
    monkeypatch.setattr(stream.config, "CORES", 4)
    at_work = []
    most = []
    decode = preprocess.decode

    def watched(content):
        at_work.append(content)
        most.append(len(at_work))
        threading.Event().wait(0.01)  # the others have time to begin as well
        at_work.remove(content)
        return decode(content)

    monkeypatch.setattr(preprocess, "decode", watched)
    images = [np.full((side, side, 3), level, np.uint8) for level in range(100, 112)]
    photographs = list(stream.prepare_images((Original(encoded(image)) for image in images), 16, clean=False))
    assert [photograph.prepared.image[0, 0, 0] for photograph in photographs] == list(range(100, 112))
    assert max(most) == 1
    small = (Original(encoded(image[: side // 2, : side // 2])) for image in images)
    list(stream.prepare_images(small, 16, clean=False))
    assert max(most) > 1


def test_an_image_that_never_fits_is_refused_with_the_reason(monkeypatch):
    room = Room(399 * BYTES_PER_PIXEL)
    monkeypatch.setattr(memory, "room", lambda: room)
    with pytest.raises(LesionError, match=r"image of 20×20 pixels is too large for the 0\.0 GB of memory"):
        preprocess.decode(encoded(np.zeros((20, 20, 3), np.uint8)))
    assert preprocess.decode(encoded(np.zeros((19, 20, 3), np.uint8))).shape == (19, 20, 3)


def test_a_container_may_have_less_memory_than_the_machine(tmp_path, monkeypatch):
    whole = memory.free_memory()
    for name, content in (("LIMIT", "3000000\n"), ("USED", "1000000\n")):
        (tmp_path / name).write_text(content)
        monkeypatch.setattr(memory, name, tmp_path / name)
    assert memory.free_memory() == 2_000_000 < whole
    (tmp_path / "LIMIT").write_text("max\n")
    assert memory.free_memory() > 2_000_000

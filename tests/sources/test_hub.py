"""The public data set from a Hub on the loopback interface, from its cache, and through the Hub's faults."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hub import Hub
from tables import TEST, TRAIN, images, write

from lesion import config

CLIENT = """
import hashlib, json, sys
from lesion import config
from lesion.errors import LesionError
from lesion.sources import source as sources
config.HUB_STALL = float(sys.argv[1])
for data in sys.argv[2:]:
    try:
        source = sources.open_source(data, limit=4, seed=0)
        digests = [hashlib.sha256(image).hexdigest() for image in source.encoded()]
        record = source.record.name, source.record.description, source.record.replaced
        columns = source.labels.tolist(), source.external.tolist()
        print(json.dumps([*record, digests, *columns]))
    except LesionError as error:
        print(json.dumps(["error", str(error)]))
"""


def client(hub, home, *data, stall=60):
    """Open each source in a process of its own: the Hub's libraries read their settings at import."""
    settings = {"HF_ENDPOINT": hub.url, "HF_HOME": str(home), "PYTHONPATH": str(config.PROJECT)}
    unset = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    command = [sys.executable, "-c", CLIENT, str(stall), *map(str, data)]
    done = subprocess.run(command, env={**unset, **settings}, capture_output=True, text=True, timeout=60)
    assert (done.stderr, done.returncode) == ("", 0)
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def published(tmp_path):
    """A folder in the Hub's layout, and the same files as a Hub serves them."""
    folder = tmp_path / "published"
    write(folder / TRAIN, images(1, 2, 3), [0, 1, 1])
    write(folder / TEST, images(4), [1])
    return folder, {name: Path(folder, name).read_bytes() for name in (TEST, TRAIN)}


def test_the_hub_gives_what_the_folder_gives_and_its_cache_outlives_it(published, tmp_path):
    folder, files = published
    with Hub(files) as hub:
        isic, local = client(hub, tmp_path / "home", "isic", folder)
        assert isic[0] == "isic" and isic[2:] == local[2:]
        assert isic[4:] == [[0, 1, 1, 1], [False, False, False, True]]
    (cached,) = client(hub, tmp_path / "home", "auto")
    assert cached[2:] == isic[2:] and "from the local cache" in cached[1]
    strict, sample = client(hub, tmp_path / "other", "isic", "auto")
    assert strict[0] == "error" and "refused" in strict[1] and "--data sample" in strict[1]
    assert sample[0] == "sample" and "this run uses drawn images instead" in sample[2] and "refused" in sample[2]


def test_a_faulty_hub_costs_one_line_and_leaves_a_sound_cache(published, tmp_path):
    folder, files = published
    with Hub(files) as hub:
        for fault, data, stall, said in (
            ("down", "auto", 60, "503"),
            ("busy", "isic", 60, "503"),
            ("mute", "auto", 1, "hardly any data"),
            ("cut", "isic", 1, "could not fetch the data set"),
        ):
            hub.fault = fault
            ((name, *told),) = client(hub, tmp_path / "home", data, stall=stall)
            assert name == ("sample" if data == "auto" else "error")
            line = told[1] if data == "auto" else told[0]
            assert said in line and "\n" not in line
        hub.fault = None
        isic, local = client(hub, tmp_path / "home", "isic", folder)
        assert isic[0] == "isic" and isic[2:] == local[2:]

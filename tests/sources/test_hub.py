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
import hashlib, json, os, sys, urllib.request
from pathlib import Path
from lesion import config
from lesion.errors import LesionError
from lesion.sources import hub, source as sources
config.HUB_STALL, hub.PATIENCE = map(float, sys.argv[1:3])
for data in sys.argv[3:]:
    step, _, which = data.partition(":")
    if step == "fault":
        address = os.environ["HF_ENDPOINT"] + "/fault/" + which
        urllib.request.urlopen(urllib.request.Request(address, method="PUT")).close()
    elif step == "halve":
        for file in Path(os.environ["HF_HOME"]).glob(which):
            content = file.read_bytes()
            file.unlink()  # the old one may still be mapped into memory
            file.write_bytes(content[: len(content) // 2])
    else:
        try:
            source = sources.open_source(data, limit=4, seed=0)
            digests = [hashlib.sha256(image).hexdigest() for image in source.encoded()]
            record = source.record.name, source.record.description, source.record.replaced
            columns = source.labels.tolist(), source.external.tolist()
            print(json.dumps([*record, digests, *columns]))
        except LesionError as error:
            print(json.dumps(["error", str(error)]))
"""
ARROWS, DOWNLOADS = "datasets/*/*/*/*/*.arrow", "hub/*/blobs/*"  # in HF_HOME


def client(hub, home, *steps, stall=60, patience=0, said=None):
    """Take each step in a process of its own: the Hub's libraries read their settings at import.

    A step is a source to open, a fault of the Hub ("fault:busy"), or files to cut short ("halve:PATTERN"). The lines
    that are no results are appended to `said`.
    """
    settings = {"HF_ENDPOINT": hub.url, "HF_HOME": str(home), "PYTHONPATH": str(config.PROJECT)}
    unset = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    command = [sys.executable, "-c", CLIENT, str(stall), str(patience), *map(str, steps)]
    done = subprocess.run(command, env={**unset, **settings}, capture_output=True, text=True, timeout=120)
    assert (done.stderr, done.returncode) == ("", 0)
    lines = done.stdout.splitlines()
    if said is not None:
        said += [line for line in lines if line.startswith("prepare: ")]
    return [json.loads(line) for line in lines if not line.startswith("prepare: ")]


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


QUICK_FAULTS = {
    "503": ("auto", "the Hub is busy (503)"),
    "busy": ("isic", "the Hub is busy (503)): try again later"),
    "401": ("isic", "(401: private, or gone): log in by `hf auth login` if"),
    "403": ("isic", "(403: not for everyone): ask for access"),
    "404": ("isic", "(404: gone, or renamed): look on the Hub"),
    "page": ("isic", "perhaps the page of a network that asks for a login): check the connection"),
}
STALLS = {  # for a second; a slow machine takes that long for the others
    "cut": ("isic", "could not fetch the data set"),
    "mute": ("auto", "hardly any data"),
}


def test_a_faulty_hub_costs_one_line_that_fits_and_leaves_a_sound_cache(published, tmp_path):
    folder, files = published
    home = tmp_path / "home"
    with Hub(files) as hub:
        for faults, stall in ((QUICK_FAULTS, 60), (STALLS, 1)):
            steps = [step for fault, (data, _) in faults.items() for step in (f"fault:{fault}", data)]
            results = client(hub, home, *steps, stall=stall)
            for (fault, (data, said)), (name, *told) in zip(faults.items(), results, strict=True):
                assert name == ("sample" if data == "auto" else "error"), fault
                line = told[1] if data == "auto" else told[0]
                assert said in line and "\n" not in line
        hub.fault = None
        isic, local = client(hub, home, "isic", folder)
        assert isic[0] == "isic" and isic[2:] == local[2:]


def test_a_busy_hub_is_asked_again_when_it_wants_and_a_cut_copy_is_mended(published, tmp_path):
    _, files = published
    home = tmp_path / "home"
    said = []
    with Hub(files) as hub:
        hub.refusals = [(503, "0"), (429, "1")]
        opened = client(hub, home, "isic", f"halve:{ARROWS}", "isic", patience=30, said=said)
        assert opened[0] == opened[1] and opened[0][0] == "isic"
        assert said[0] == "prepare: the Hub is busy (503), trying again in 0 s"
        assert said[1] == "prepare: the Hub is busy (429), trying again in 1 s"
        assert "is damaged" in said[2] and said[2].endswith("making it anew from the downloaded files")
        assert hub.downloads == len(files) + 2 and len(said) == 3
        halves = [f"halve:{ARROWS}", f"halve:{DOWNLOADS}"]
        assert client(hub, home, *halves, "isic", said=said) == opened[:1]
        assert said[-1].endswith("downloading it anew") and hub.downloads == 2 * len(files) + 2
    (refused,) = client(hub, home, halves[0], "isic")  # nobody listens any longer
    copy = home / "datasets" / "ahishamm___isic_binary_augmented"
    assert f"the local copy in {copy} is damaged" in refused[1] and f"delete {copy} and the same command" in refused[1]

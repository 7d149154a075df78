"""Every file that a run leaves, damaged at random: nothing is believed, and what mends it is said or done."""

import json
import random
import re
import shutil

import artefacts as fake
import pages
import pytest
from faults.campaign import Campaign, times
from faults.mutating import KINDS, mutate, same
from invoking import invoke

from lesion import config, store
from lesion.errors import LesionError
from lesion.report.reading.read import read_artefacts

SEED = 20
RECORDS = ("manifest.json", "evaluation.json", "metrics.json", "explanations.json", "stress.json", "report.json")
ADVICE = re.compile(r"run `invoke ([a-z]+)( --model [a-z]+)?`(?: first)?$")
PICTURES = (".jpg", ".webp")


def sampled(home, amount):
    """Return the files below `home`, of the pictures only some of each folder, as all are treated alike."""
    files = sorted(path for path in home.rglob("*") if path.is_file() and path.name != ".lock")
    pictures = {}
    for path in files:
        if path.suffix in PICTURES:
            pictures.setdefault(path.parent, []).append(path)
    chosen = {path for paths in pictures.values() for path in random.Random(SEED).sample(paths, amount)}
    return [path for path in files if path.suffix not in PICTURES or path in chosen]


def others(path, files):
    """Return the files that could be mistaken for `path`: other content, and the same kind if there are any."""
    unlike = [other for other in files if other.read_bytes() != path.read_bytes()]
    return [other for other in unlike if other.suffix == path.suffix] or unlike


def is_noticed(path, before):
    """Tell whether the stage that wrote `path`, with the content `before`, would do its work again."""
    if path.name in RECORDS:
        value = json.loads(before)
        if "fingerprint" in value:
            return not store.finished(path, value["fingerprint"])
        return not value["files"].keys() <= store.intact(path)
    for record in (*path.parent.glob("*.json"), *path.parents[1].glob("*.json")):
        name = path.relative_to(record.parent).as_posix()
        if name in store.sealed_files(record, ""):
            return name not in store.intact(record)
    raise AssertionError(f"no record seals {path}")


@pytest.fixture
def home(tmp_path, monkeypatch):
    fake.write_all(tmp_path)
    pages.point_to(tmp_path, monkeypatch)
    return tmp_path


def outcome():
    """Return what reading all artefacts says: the error, or what is missing; empty if all is well."""
    try:
        artefacts = read_artefacts(pages.NAMES)
    except LesionError as error:
        return str(error)
    return "\n".join(why for _, why in artefacts.failures)


def test_no_damaged_file_is_read_and_the_stage_that_wrote_it_does_its_work_again(home):
    chance = random.Random(SEED)
    files = sampled(home, 1)
    assert len(files) > 25 and outcome() == ""
    for path in files:
        content = path.read_bytes()
        read = chance.choice(KINDS)  # reading everything takes most of the time
        for kind in KINDS:
            mutate(path, kind, chance, chance.choice(others(path, files)))
            case = (str(path.relative_to(home)), kind)
            if not path.exists() or not same(path.read_bytes(), content):
                assert is_noticed(path, content), case
                if kind == read:
                    said = outcome()
                    optional = kind == "delete" and path.name == "stress.json"
                    assert optional or (said and all(map(ADVICE.search, said.splitlines()))), (case, said)
            path.write_bytes(content)
    assert outcome() == ""


@pytest.mark.long
def test_whatever_is_damaged_all_or_what_it_advises_mends_it(tmp_path):
    """Of each small file some twenty mutations, of the pictures one of each kind for some of them."""
    values = {"data": "sample", "limit": "60", "image_size": "32", "model": "mobilenet", "weights": "none"}
    values |= {"epochs": "1", "profile": "full"}
    words = [word for name, value in values.items() for word in (f"--{name.replace('_', '-')}", value)]
    invoke(config.HOME, "all", *words)
    kept = tmp_path / "kept"
    shutil.copytree(config.HOME, kept)
    campaign = Campaign(kept, values, random.Random(SEED))
    assert campaign.all()[1] == ""
    for path in sampled(kept, 2):
        name = path.relative_to(kept)
        if name in campaign.files:
            for kind in times(name, light=1 if path.suffix in PICTURES else 4, heavy=1):
                campaign.damage(name, kind)

"""Every field of every block of settings: a change makes the stages that use it run again, and no others."""

import argparse
import dataclasses
from types import SimpleNamespace

import evaluate
import explain
import leak
import numpy as np
import prepare
import pytest
import stress

from lesion import config, options, preview, runs, store
from lesion.baselines import inputs
from lesion.evaluation.localisation import settings as localisation
from lesion.evaluation.stress import settings as stress_settings
from lesion.explain import distortions, faithfulness, passes
from lesion.groups import candidates, find, keypoints, matching
from lesion.images import colour, crop, hair, outline, painting, preprocess
from lesion.networks import settings
from lesion.prepared import PreparedData
from lesion.records.preparation import SourceRecord
from lesion.records.study import Design, Plan
from lesion.studies import design, summary
from lesion.studies.trainings import cells

BLOCKS = [  # where the block is, its name, and the stages that use it
    (config, "PREPARATION", {"prepare", "study", "leak"}),
    (config, "QUICK", {"prepare"}),
    (config, "AUGMENTATION", {"prepare", "train", "study", "leak"}),
    (config, "TRAINING", {"train", "study", "leak"}),
    (config, "COLLAPSE", {"train", "evaluate", "study", "leak"}),
    (config, "DECISION", {"train", "evaluate", "explain", "stress", "study", "leak"}),
    (config, "STATISTICS", {"evaluate", "explain", "stress", "study", "leak"}),
    (config, "BASELINES", {"baseline", "stress", "study"}),
    (config, "DECISIONS", {"evaluate"}),
    (config, "FOLDS", {"study", "leak"}),
    (config, "MARGIN", {"study"}),
    (config, "THUMBNAILS", {"explain", "stress"}),
    (config, "UNLIKE", {"predictions"}),
    (config, "TEST_VIEWS", {"predictions", "evaluate", "study", "leak"}),
    (outline, "OUTLINE", {"explain", "stress"}),
    (crop, "CROPPING", {"prepare"}),
    (hair, "HAIR", {"prepare", "stress"}),
    (preprocess, "PREPROCESSING", {"prepare"}),
    (keypoints, "DETECTION", {"prepare"}),
    (candidates, "SIGNATURE", {"prepare"}),
    (matching, "MATCHING", {"prepare"}),
    (find, "LINKING", {"prepare"}),
    (preview, "PREVIEW", {"prepare"}),
    (stress_settings, "STRESS", {"stress"}),
    (distortions, "DISTORTIONS", {"stress"}),
    (colour, "CONSTANCY", {"stress"}),
    (painting, "PAINTING", {"explain", "stress"}),
    (localisation, "LOCALISATION", {"explain"}),
    (passes, "CHOSEN", {"explain", "stress"}),
    (localisation, "SANITY", {"explain"}),
    (faithfulness, "FAITHFULNESS", {"explain"}),
]
PROFILE = {"image_size": "prepare", "limit": "prepare"}  # all other fields of a profile: train, study and leak
CONTENT = PreparedData(
    images=np.zeros((3, 32, 32, 3), np.uint8),
    rows=np.arange(3),
    labels=np.array([0, 1, 0], np.int8),
    splits=np.array(["train", "validation", "test"]),
    groups=np.arange(3),
    ages=np.array([50.0, np.nan, 60.0]),
    sexes=np.array(["male", "", "female"]),
    sites=np.array(["back", "face", ""]),
    cropped=np.array([True, False, False]),
    cleaned_shares=np.array([0.0, 0.1, 0.0]),
    record=None,
    fingerprint="0" * 16,
)
NETWORK = ("views", "tune_factor", "head_decay", "half_precision")  # the fields of a network that a training depends on


def trainings(kinds, resolved, baselines):
    """Return the fingerprint of each training of a study of the networks `resolved` and of `baselines`."""
    own = Design(kinds, folds=2, tested=2, repeats=3, seed=0)
    plan = Plan("0" * 16, "../data", own, {each.model: each for each in resolved}, baselines, 1)
    return [cells.fingerprint(plan, cell) for cell in design.cells(own, [*plan.settings, *baselines])]


def fingerprints():
    """Return the fingerprint of each stage on the drawn sample, as it would be with the settings as they are now."""
    defaults = {
        stage: {name: option.default for name, option in options.STAGES[stage].items()}
        for stage in ("prepare", "train")
    }
    data = SimpleNamespace(source=SourceRecord("sample", "some images", None))
    resolved = [settings.resolve(name, defaults["train"] | {"weights": "none"}, data) for name in config.NETWORKS]
    return {
        "prepare": prepare.fingerprint(argparse.Namespace(**defaults["prepare"] | {"data": "sample"})),
        "train": [settings.fingerprint("train", each, "0" * 16) for each in resolved],
        "baseline": inputs.fingerprints(CONTENT),
        "predictions": runs.evaluation_fingerprint(runs.Run("scratch").record()),
        "evaluate": evaluate.metrics_fingerprint(CONTENT, {"scratch": "1" * 16}, {"scratch": "4" * 16}, {}),
        "explain": explain.fingerprint("scratch", CONTENT),
        "stress": stress.fingerprint("scratch", CONTENT),
        "study": [trainings(["grouped"], resolved, inputs.fingerprints(CONTENT)), summary.method()],
        "leak": [trainings(list(config.SPLIT_KINDS), resolved, {}), leak.method()],
    }


@pytest.fixture
def before(monkeypatch):
    monkeypatch.setattr(runs.Run, "record", lambda run: SimpleNamespace(data="0" * 16, digest="1" * 16))
    monkeypatch.setattr(store, "digest", lambda path: "3" * 16)
    return fingerprints()


def changed(value):
    """Return another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value * 0.9
    if isinstance(value, tuple):
        return (*value[:-1], changed(value[-1]))
    raise TypeError(value)


def stages_that_change(before):
    after = fingerprints()
    return {stage for stage in before if after[stage] != before[stage]}


@pytest.mark.parametrize(
    ("module", "name", "field", "users"),
    [
        pytest.param(module, name, field.name, users, id=f"{name}.{field.name}")
        for module, name, users in BLOCKS
        for field in dataclasses.fields(getattr(module, name))
    ],
)
def test_a_changed_setting_makes_just_the_stages_that_use_it_run_again(module, name, field, users, before, monkeypatch):
    block = getattr(module, name)
    monkeypatch.setattr(module, name, dataclasses.replace(block, **{field: changed(getattr(block, field))}))
    assert stages_that_change(before) == users


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(config.Profile)])
def test_a_changed_profile_changes_what_is_left_to_it(field, before, monkeypatch):
    profile = dataclasses.replace(config.SAMPLE, **{field: changed(getattr(config.SAMPLE, field))})
    monkeypatch.setattr(config, "SAMPLE", profile)
    users = {PROFILE[field]} if field in PROFILE else {"train", "study", "leak"}
    assert stages_that_change(before) == users


@pytest.mark.parametrize("field", NETWORK)
def test_a_changed_entry_of_a_network_makes_it_train_again_and_no_other(field, before, monkeypatch):
    network = config.NETWORKS["mobilenet"]
    entry = dataclasses.replace(network, **{field: changed(getattr(network, field))})
    monkeypatch.setitem(config.NETWORKS, "mobilenet", entry)
    assert stages_that_change(before) == {"train", "study", "leak"}
    trained = zip(config.NETWORKS, before["train"], fingerprints()["train"], strict=True)
    assert [name for name, old, new in trained if old != new] == ["mobilenet"]


@pytest.mark.parametrize(
    ("column", "other", "users"),
    [
        ("groups", np.zeros(3, int), {"evaluate", "stress"}),
        ("ages", np.array([51.0, np.nan, 60.0]), {"evaluate", "baseline", "study"}),
        ("sexes", np.array(["", "", "female"]), {"evaluate", "baseline", "study"}),
        ("sites", np.array(["back", "face", "foot"]), {"evaluate", "baseline", "study"}),
        ("cropped", np.zeros(3, bool), {"evaluate"}),
        ("cleaned_shares", np.zeros(3), {"evaluate"}),
        ("fingerprint", "2" * 16, {"evaluate", "baseline", "stress", "study"}),
        ("outlines_digest", "2" * 16, {"explain", "stress"}),
    ],
)
def test_what_is_known_of_the_images_makes_just_the_stages_that_use_it_run_again(
    column, other, users, before, monkeypatch
):
    monkeypatch.setitem(globals(), "CONTENT", dataclasses.replace(CONTENT, **{column: other}))
    assert stages_that_change(before) == users


def test_no_block_of_settings_is_left_out():
    """A new block must be listed above, with the stages that use it."""
    listed = {type(getattr(module, name)) for module, name, _ in BLOCKS}
    images = (outline, crop, hair, preprocess, keypoints, colour, painting)
    modules = (config, *images, candidates, find, matching, preview, stress_settings, distortions)
    blocks = {
        type(value)
        for module in modules
        for name, value in vars(module).items()
        if name.isupper() and dataclasses.is_dataclass(value)
    }
    assert blocks - listed == {config.Profile, keypoints.Keypoints}

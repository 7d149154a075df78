import dataclasses
from types import SimpleNamespace

import pytest

from lesion import config, options
from lesion.errors import LesionError
from lesion.networks import settings
from lesion.records.preparation import SourceRecord


def resolve(model, source="isic", **changes):
    values = {name: option.default for name, option in options.TRAIN.items()}
    data = SimpleNamespace(source=SourceRecord(source, "some images", None))
    return settings.resolve(model, {**values, **changes}, data)


@pytest.mark.parametrize(
    ("source", "profile"), [("isic", config.FULL), ("folder", config.FULL), ("sample", config.SAMPLE)]
)
def test_options_left_out_come_from_the_profile_of_the_data(source, profile):
    resolved = resolve("scratch", source)
    assert (resolved.epochs, resolved.tune_epochs) == (profile.epochs, profile.tune_epochs)
    assert (resolved.batch_size, resolved.plateau_patience) == (profile.batch_size, profile.plateau_patience)
    assert resolved.weights == "auto"


def test_given_options_are_taken():
    resolved = resolve("mobilenet", epochs=7, tune_epochs=0, batch_size=3, learning_rate=0.5, views=2, seed=9)
    assert (resolved.epochs, resolved.tune_epochs, resolved.batch_size) == (7, 0, 3)
    assert (resolved.learning_rate, resolved.views, resolved.seed) == (0.5, 2, 9)


def test_fine_tuning_takes_a_fraction_of_the_learning_rate_and_a_network_from_scratch_has_none():
    assert resolve("mobilenet", learning_rate=0.1).tune_learning_rate == pytest.approx(0.003)
    assert resolve("efficientnet", learning_rate=0.1).tune_learning_rate == pytest.approx(0.03)
    assert resolve("scratch").tune_learning_rate is None


def test_only_the_network_from_scratch_is_trained_in_half_precision():
    assert [name for name in config.NETWORKS if resolve(name).half_precision] == ["scratch"]


def test_views_are_the_networks_own_but_never_more_than_epochs():
    assert resolve("mobilenet").views == 5
    assert resolve("efficientnet").views == 4
    assert resolve("mobilenet", epochs=2, tune_epochs=1).views == 3
    assert resolve("mobilenet", no_cache_activations=True).views == 0
    assert resolve("scratch", views=3).views == 0


@pytest.mark.parametrize("model", ["scratch", "mobilenet"])
def test_more_views_than_epochs_are_an_error_that_says_why(model):
    assert resolve("mobilenet", epochs=2, tune_epochs=2, views=4).views == 4
    with pytest.raises(LesionError, match=r"--views 5 does not work: .* 1 to 4 make sense for 4 epochs"):
        resolve(model, epochs=2, tune_epochs=2, views=5)


def test_a_fingerprint_changes_with_every_setting_with_the_data_and_with_a_block_of_settings(monkeypatch):
    before = resolve("mobilenet", weights="none")
    fingerprints = [
        settings.fingerprint("train", before, "data"),
        settings.fingerprint("train", before, "other data"),
        settings.fingerprint("leak", before, "data"),
    ]
    others = {"model": "efficientnet", "weights": "imagenet"}
    for field in dataclasses.fields(before):
        changed = dataclasses.replace(before, **{field.name: others.get(field.name, 77)})
        fingerprints.append(settings.fingerprint("train", changed, "data"))
    monkeypatch.setattr(config, "AUGMENTATION", dataclasses.replace(config.AUGMENTATION, zoom=0.2))
    fingerprints.append(settings.fingerprint("train", before, "data"))
    assert len(set(fingerprints)) == len(fingerprints)

"""The registry of networks: an entry that lacks something is an error at once, not in the last stage."""

import dataclasses

import pytest

from lesion import config
from lesion.networks.models import BUILDERS

PLAIN = {"title": "Tiny", "colour": "#000000", "dark_colour": "#ffffff", "line": ":", "marker": "x"}


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"weight_file": "tiny.h5"}, "Tiny: a pretrained network needs views and a tune_factor above 0"),
        ({"weight_file": "tiny.h5", "views": 3}, "needs views and a tune_factor above 0"),
        ({"views": 3, "tune_factor": 0.1}, "Tiny: views, tune_factor and head_decay need a weight_file"),
    ],
)
def test_an_incomplete_entry_is_refused(entry, said):
    with pytest.raises(ValueError, match=said):
        config.Network(**PLAIN, **entry)


@pytest.mark.parametrize("name", PLAIN)
def test_an_entry_without_a_look_is_refused(name):
    with pytest.raises(TypeError, match=name):
        config.Network(**{key: value for key, value in PLAIN.items() if key != name})


def test_every_network_has_a_builder_and_a_look_of_its_own():
    assert list(BUILDERS) == list(config.NETWORKS)
    for look in ("title", "colour", "dark_colour", "line", "marker"):
        assert len({getattr(network, look) for network in config.NETWORKS.values()}) == len(config.NETWORKS)


def test_the_shares_of_the_splits_add_up():
    assert sum(getattr(config.PREPARATION, split) for split in config.SPLITS) == pytest.approx(1)


def test_the_threshold_as_a_logit():
    assert config.Decision(0.5).logit == 0
    assert config.Decision(0.8).logit == pytest.approx(1.3862943611)  # ln 4


def test_a_block_of_settings_cannot_be_changed_in_passing():
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.TRAINING.patience = 3

"""Distances from the training images, worked out on paper, and the distance that is too far."""

import dataclasses

import numpy as np
import pytest

from lesion import config
from lesion.errors import LesionError
from lesion.evaluation import unlike
from lesion.evaluation.unlike import Reference

# Around each mean 30 times the points (±1, 0) and (0, ±1): variance 1/2 in every direction, whatever the shrinkage.
AROUND = np.tile([[1.0, 0], [-1, 0], [0, 1], [0, -1]], (30, 1))
MEANS = np.array([[0.0, 0], [10, 0]])


def features(points):
    """Return the features whose roots are `points`."""
    return np.sign(points) * np.square(points)


TRAINING = features(np.concatenate([AROUND + mean for mean in MEANS]))
LABELS = np.repeat([0, 1], len(AROUND))
VALIDATION = features(np.stack([np.zeros(100), np.arange(1, 101)], axis=1))  # √2, 2√2 ... 100√2 away


def learned():
    return unlike.learn(TRAINING, LABELS, np.random.default_rng(0).permutation(VALIDATION))


def test_the_distance_is_that_from_the_nearer_class_in_its_standard_deviations():
    reference = learned()
    far = unlike.distances(np.array([[3.0, 0], [6, 0], [10, 2], [0, 0]]), reference.means, reference.whitening)
    assert far == pytest.approx(np.array([3, 4, 2, 0]) * np.sqrt(2), abs=1e-5)


def test_a_direction_in_which_the_training_images_vary_more_counts_less():
    random = np.random.default_rng(0)
    turned = np.array([[np.sqrt(0.5), np.sqrt(0.5)], [-np.sqrt(0.5), np.sqrt(0.5)]])
    points = random.normal(size=(20000, 2)) * [3, 1] @ turned  # standard deviation 3 along one diagonal, 1 across it
    reference = unlike.learn(features(points), np.zeros(len(points)), features(points))
    far = unlike.distances(np.array([[6.0, 0], [0, 6]]) @ turned, reference.means, reference.whitening)
    assert far == pytest.approx([2, 6], rel=0.05)


def test_one_percent_of_the_validation_images_are_further_away_than_the_threshold():
    reference = learned()
    assert reference.distance == pytest.approx(99 * np.sqrt(2), rel=1e-6)
    ratios = reference.ratios(VALIDATION)
    assert np.flatnonzero(ratios > 1).tolist() == [99]
    assert ratios[[0, 98, 99]] == pytest.approx([1 / 99, 1, 100 / 99])


@pytest.mark.parametrize(("count", "lowest"), [(100, 99), (199, 198), (200, 198), (1000, 990)])
def test_the_threshold_is_the_lowest_distance_that_few_enough_images_exceed(count, lowest):
    distances = np.random.default_rng(0).permutation(np.arange(1.0, count + 1))
    assert unlike.threshold(distances) == lowest


@pytest.mark.parametrize(("training", "validation"), [(99, 200), (200, 99)])
def test_too_few_images_say_nothing(training, validation):
    assert unlike.learn(TRAINING[:training], LABELS[:training], TRAINING[:validation]) is None


def test_a_network_that_answers_the_same_to_all_images_says_nothing():
    assert unlike.learn(np.ones((200, 3)), LABELS[:200], np.ones((200, 3))) is None


def test_channels_that_never_answer_make_no_image_of_the_training_unlike():
    silent = np.concatenate([TRAINING, np.zeros((len(TRAINING), 5))], axis=1)
    reference = unlike.learn(silent, LABELS, silent)
    assert np.all(np.isfinite(reference.ratios(silent))) and reference.distance > 0
    answering = silent[:1] + np.array([0, 0, 1, 0, 0, 0, 0])
    assert reference.ratios(answering) > 1


def test_at_most_so_many_training_images_are_drawn_and_always_the_same(monkeypatch):
    positions = np.arange(1000, 1500)
    assert unlike.drawn(positions) is positions
    monkeypatch.setattr(config, "UNLIKE", dataclasses.replace(config.UNLIKE, most=200))
    some = unlike.drawn(positions)
    assert len(some) == 200 and np.all(np.diff(some) > 0) and np.isin(some, positions).all()
    assert (some == unlike.drawn(positions)).all()


def test_what_is_written_is_read_again_and_a_damaged_file_is_named(tmp_path):
    path = tmp_path / "unlike.npz"
    reference = learned()
    reference.write(path)
    again = Reference.read(path, reference.distance, "invoke evaluate")
    assert (again.ratios(TRAINING) == reference.ratios(TRAINING)).all()
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(LesionError, match=r"unlike.npz cannot be read .*: run `invoke evaluate`"):
        Reference.read(path, 1.0, "invoke evaluate")

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import scale

from lesion.sources.drawn import NUISANCES, SIGNS, DrawnSample


@pytest.fixture(scope="module")
def drawn():
    sample = DrawnSample(count=300, seed=4, size=64)
    return sample, *sample.draw(np.arange(300))


@pytest.fixture(scope="module")
def large():
    return DrawnSample(count=20_000, seed=1)


def held_out_auc(features, labels):
    """ROC-AUC of a logistic regression, fitted on the first half of the rows, on the second."""
    half, features = len(labels) // 2, scale(features)
    model = LogisticRegression(max_iter=1000).fit(features[:half], labels[:half])
    return roc_auc_score(labels[half:], model.decision_function(features[half:]))


def originals(sample):
    """The first row of each group of one: photographs as taken, no augmented copy among them."""
    _, first, count = np.unique(sample.groups, return_index=True, return_counts=True)
    return first[count == 1]


def test_same_seed_draws_the_same_pictures_and_another_seed_does_not():
    rows = np.array([0, 7])
    images, outlines = DrawnSample(20, seed=3).draw(rows)
    again, outlines_again = DrawnSample(20, seed=3).draw(rows)
    other, _ = DrawnSample(20, seed=5).draw(rows)
    assert (images == again).all() and (outlines == outlines_again).all()
    assert (images != other).mean() > 0.5
    assert (images[0] != images[1]).mean() > 0.5


def test_a_picture_does_not_depend_on_the_rows_drawn_with_it():
    sample = DrawnSample(20, seed=3)
    alone, outline_alone = sample.draw(np.array([5]))
    together, outlines_together = sample.draw(np.array([3, 5]))
    assert (alone[0] == together[1]).all() and (outline_alone[0] == outlines_together[1]).all()


@pytest.mark.parametrize("size", [32, 224, 300])
def test_shapes_and_types(size):
    images, outlines = DrawnSample(4, seed=0, size=size).draw(np.array([3, 1]))
    assert images.shape == (2, size, size, 3) and images.dtype == np.uint8
    assert outlines.shape == (2, size, size) and outlines.dtype == bool


def test_no_rows_give_empty_arrays():
    images, outlines = DrawnSample(4, seed=0).draw(np.array([], int))
    assert images.shape == (0, 224, 224, 3) and outlines.shape == (0, 224, 224)


@pytest.mark.parametrize("count", [1, 2, 31, 20_000])
def test_labels_are_balanced(count):
    labels = DrawnSample(count, seed=0).labels
    assert labels.shape == (count,) and labels.dtype == np.int8
    assert set(np.unique(labels)) <= {0, 1}
    assert abs(labels.mean() - 0.5) <= 0.5 / np.sqrt(count) * 4


def test_groups_are_one_to_four_rows_of_one_lesion_scattered_over_the_sample(large):
    _, count = np.unique(large.groups, return_counts=True)
    assert set(count) == {1, 2, 3, 4}
    order = np.argsort(large.groups, kind="stable")
    same = large.groups[order][1:] == large.groups[order][:-1]
    assert (large.labels[order][1:] == large.labels[order][:-1])[same].all()
    for values in large.traits.values():
        assert (values[order][1:] == values[order][:-1])[same].all()
    assert np.median(np.diff(order)[same]) > 1000  # neighbours in the sample are not neighbours in a group


def test_copies_show_the_same_lesion_changed(drawn):
    sample, images, outlines = drawn
    inside = (sample.traits["radius"] < 0.45) & ~sample.traits["frame"] & ~sample.traits["corners"]
    groups = [np.flatnonzero(inside & (sample.groups == group)) for group in np.unique(sample.groups)]
    pairs = [rows[:2] for rows in groups if len(rows) > 1]
    assert len(pairs) > 5
    for one, other in pairs:
        assert (images[one] != images[other]).mean() > 0.5
        # zoom is 0.85 to 1.15 in each, so the areas differ at most by (1.15 / 0.85)², and by the pixels' size
        assert 0.5 < outlines[one].sum() / outlines[other].sum() < 2


def test_outlines_have_plausible_areas_and_hold_what_differs_from_the_skin(drawn):
    sample, images, outlines = drawn
    area = outlines.mean(axis=(1, 2))
    assert 0.01 < area.min() < 0.1 and 0.4 < area.max() < 0.9
    rows = [row for row in originals(sample) if not (sample.traits["frame"] | sample.traits["corners"])[row]]
    darker = [images[row][outlines[row]].mean() < images[row][~outlines[row]].mean() for row in rows]
    assert np.mean(darker) > 0.95


def test_the_outline_leaves_out_what_a_black_frame_or_dark_corner_hides(drawn):
    sample, images, outlines = drawn
    hidden = images.max(axis=3) < 16
    bars = hidden.all(axis=1).sum(axis=1) + hidden.all(axis=2).sum(axis=1)  # black columns and rows
    single = np.isin(np.arange(300), originals(sample))
    framed = single & sample.traits["frame"]
    assert framed.sum() > 5 and (bars[framed] >= 2).all()
    assert (bars[single & ~sample.traits["frame"] & ~sample.traits["corners"]] == 0).all()
    edges = np.zeros_like(hidden)
    edges |= hidden.all(axis=1, keepdims=True) | hidden.all(axis=2, keepdims=True)
    assert not (edges & outlines).any()
    round_field = single & sample.traits["corners"]
    assert round_field.sum() > 5
    dark = images[round_field][:, [0, 0, -1, -1], [0, -1, 0, -1]].max(axis=-1) < 60
    assert dark.any(axis=1).all()  # a field that is not in the middle may light a corner
    assert not (dark & outlines[round_field][:, [0, 0, -1, -1], [0, -1, 0, -1]]).any()


def test_a_frame_never_hides_the_lesions_centre():
    sample = DrawnSample(600, seed=2)
    rows = np.array([row for row in originals(sample) if sample.traits["frame"][row] or sample.traits["corners"][row]])
    _, outlines = sample.draw(rows)
    x, y = (((sample.traits[axis][rows] + 1) / 2 * 223).round().astype(int) for axis in "xy")
    assert len(rows) > 20 and outlines[np.arange(len(rows)), y, x].all()


@pytest.mark.parametrize("name", NUISANCES)
def test_nuisances_are_as_frequent_in_one_class_as_in_the_other(large, name):
    expected = {"hair": 0.35, "ruler": 0.10, "bubbles": 0.10, "frame": 0.08, "corners": 0.10}[name]
    _, first = np.unique(large.groups, return_index=True)
    present, malignant = large.traits[name][first], large.labels[first] == 1
    spread = np.sqrt(expected * (1 - expected) / malignant.sum())
    assert abs(present[malignant].mean() - expected) < 4 * spread
    assert abs(present[~malignant].mean() - expected) < 4 * spread


def test_traits_that_are_not_signs_of_malignancy_tell_nothing_about_the_class(large):
    others = np.column_stack([values for name, values in large.traits.items() if name not in SIGNS])
    _, first = np.unique(large.groups, return_index=True)
    assert abs(held_out_auc(others[first], large.labels[first]) - 0.5) < 0.03


def test_the_classes_differ_and_overlap(large):
    signs = np.column_stack([large.traits[name] for name in SIGNS])
    _, first = np.unique(large.groups, return_index=True)
    assert 0.96 < held_out_auc(signs[first], large.labels[first]) < 0.995


def test_mean_colours_alone_do_not_separate_the_classes(drawn):
    sample, images, _ = drawn
    pixels = images.reshape(len(images), -1, 3)
    statistics = np.concatenate([pixels.mean(axis=1), pixels.std(axis=1)], axis=1)
    assert held_out_auc(statistics, sample.labels) < 0.88

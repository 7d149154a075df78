import numpy as np
import pytest
from photographs import changed

from lesion.groups.find import Linker, find_groups
from lesion.groups.keypoints import KeypointStore, describe


def stored(folder, images):
    folder.mkdir(exist_ok=True)
    store = KeypointStore(folder, len(images))
    for row, image in enumerate(images):
        store.write(row, describe(image))
    return store


@pytest.fixture(scope="module")
def mixed(photographs, tmp_path_factory):
    """Return a store of 8 lesions, each as 4 rows in a known order, 3 flat images and 3 exact copies more."""
    changes = [(0, 1, False, 1), (75, 0.85, False, 1.15), (160, 1.15, True, 0.85), (-110, 1.0, True, 1.2)]
    images = [changed(image, *how) for how in changes for image in photographs]
    images += [np.full((224, 224, 3), value, np.uint8) for value in (0, 128, 128)]
    images += [images[0]] * 3
    truth = [*range(8)] * 4 + [32, 33, 34] + [0] * 3
    return stored(tmp_path_factory.mktemp("mixed"), images), np.array(truth)


@pytest.fixture(scope="module")
def grouping(mixed):
    return find_groups(mixed[0], seed=0)


def test_copies_land_in_one_group_and_different_lesions_do_not(mixed, grouping):
    _, truth = mixed
    assert grouping.groups.tolist() == truth.tolist()
    assert grouping.groups.dtype == np.int64
    assert grouping.sizes.tolist() == [7] + [4] * 7 + [1] * 3
    assert grouping.checked >= grouping.links >= 3 * 8 + 3 and grouping.dropped == 0


def test_same_seed_gives_the_same_grouping_and_progress_is_shown(mixed, grouping):
    store, _ = mixed
    seen = []

    def progress(items, total, label):
        items = list(items)
        seen.append((label, total, len(items)))
        return iter(items)

    again = find_groups(store, seed=0, progress=progress)
    assert (grouping.groups == again.groups).all()
    assert (grouping.checked, grouping.links, grouping.dropped) == (again.checked, again.links, again.dropped)
    assert seen and all(total == count for _, total, count in seen)


def test_a_hundred_exact_copies_are_one_group(photographs, tmp_path):
    keypoints = describe(photographs[3])
    store = KeypointStore(tmp_path, rows=100)
    for row in range(100):
        store.write(row, keypoints)
    assert find_groups(store, seed=0).sizes.tolist() == [100]


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_few_rows_and_flat_images_stay_alone(tmp_path, count):
    store = stored(tmp_path, [np.full((64, 64, 3), 90, np.uint8)] * count)
    grouping = find_groups(store, seed=0)
    assert grouping.groups.tolist() == list(range(count))
    assert grouping.checked == grouping.links == grouping.dropped == 0


def linked(truth, wrong=()):
    """Return a check that confirms the pairs of one value of `truth`, and the `wrong` ones more strongly still."""

    def check(pairs):
        return [99 if pair in wrong else 40 if truth[pair[0]] == truth[pair[1]] else 3 for pair in pairs]

    return check


@pytest.mark.parametrize("seed", range(5))
def test_a_wrong_link_does_not_chain_groups(seed):
    linker = Linker(12, linked(np.repeat([0, 1, 2], 4)), seed)
    linker.try_pairs([(row, row + 1) for row in range(12) if row % 4 < 3])
    assert linker.groups.tolist() == [0] * 4 + [4] * 4 + [8] * 4
    linker._check = linked(np.repeat([0, 1, 2], 4), wrong={(3, 4), (7, 8)})
    linker.try_pairs([(3, 4), (7, 8)])
    assert linker.groups.tolist() == [0] * 4 + [4] * 4 + [8] * 4
    assert linker.result().dropped == 2


@pytest.mark.parametrize("seed", range(5))
def test_a_wrong_link_that_comes_first_costs_its_own_rows_at_most(seed):
    truth = np.repeat([0, 1], 5)
    linker = Linker(10, linked(truth, wrong={(4, 5)}), seed)
    linker.try_pairs([(row, row + 1) for row in range(9)])
    for row in range(4):
        assert not np.isin(linker.groups[6:], linker.groups[row]).any()


def test_links_without_contradiction_join_in_any_order():
    truth = np.repeat([0, 1, 2], 30)
    linker = Linker(90, linked(truth), seed=0)
    rng = np.random.default_rng(0)
    linker.try_pairs([tuple(sorted(pair)) for pair in rng.permutation(90).repeat(2)[1:-1].reshape(-1, 2).tolist()])
    linker.try_pairs([(row, row + 1) for row in range(89)])
    assert linker.groups.tolist() == (truth * 30).tolist()
    assert linker.result().dropped == 0

"""Which trainings a study has, and how each divides the images."""

import numpy as np
import pytest

from lesion import config, store
from lesion.errors import LesionError
from lesion.records.study import Design
from lesion.studies import design
from lesion.studies.design import Cell

GROUPED = Design(kinds=["grouped"], folds=5, tested=5, repeats=3, seed=0)
BOTH = Design(kinds=["grouped", "random"], folds=5, tested=1, repeats=2, seed=0)
PARTS = Design(kinds=["grouped"], folds=5, tested=5, repeats=1, seed=0, fractions=[0.25, 0.5, 1.0])
OWN = 480


def test_every_lesion_is_tested_once_in_a_partition_and_always_whole(divisible):
    for repeat in range(GROUPED.repeats):
        tested = np.zeros(len(divisible.labels), int)
        for fold in range(GROUPED.folds):
            divided = design.divide(divisible, GROUPED, Cell("scratch", "grouped", repeat, fold))
            tested += divided.splits == "test"
            for group in range(120):
                assert len(set(divided.splits[:OWN][divisible.groups[:OWN] == group])) == 1
        assert tested.tolist() == [1] * OWN + [0] * 10


def test_a_division_has_all_classes_in_proportion_and_leaves_external_rows_alone(divisible):
    divided = design.divide(divisible, GROUPED, Cell("scratch", "grouped", 1, 2))
    assert divided.images is divisible.images
    assert (divided.splits[OWN:] == divisible.splits[OWN:]).all() and (divisible.splits[:OWN] == "train").all()
    counts = {name: np.bincount(divided.labels[divided.splits == name]).tolist() for name in ("validation", "test")}
    assert counts["test"] == [64, 32]  # a fifth of 80 benign and 40 malignant lesions of 4 rows
    # 15 % of 64 and of 32 lesions are 9.6 and 4.8: rounded up or down
    assert counts["validation"][0] in (36, 40) and counts["validation"][1] in (16, 20)


def test_a_random_division_tears_lesions_apart(divisible):
    divided = design.divide(divisible, BOTH, Cell("scratch", "random", 0, 0))
    torn = [set(divided.splits[:OWN][divisible.groups[:OWN] == group]) for group in range(120)]
    assert sum(len(splits) > 1 for splits in torn) > 60
    assert np.sum(divided.splits == "test") == OWN / 5


def test_divisions_differ_and_are_the_same_for_all_models_and_when_made_again(divisible):
    cells = design.cells(GROUPED, ["scratch"])
    divided = [design.divide(divisible, GROUPED, cell) for cell in cells]
    assert len({each.fingerprint for each in [divisible, *divided]}) == 16
    assert len({tuple(each.splits) for each in divided}) == 15
    again = design.divide(divisible, GROUPED, Cell("mobilenet", "grouped", 0, 0))
    assert (again.splits == divided[0].splits).all() and again.fingerprint == divided[0].fingerprint


def test_trainings_come_division_by_division_and_each_has_a_seed_of_its_own():
    cells = design.cells(BOTH, ["scratch", "colour"])
    assert [cell.name for cell in cells] == [
        f"{model}-{kind}-{repeat}-0"
        for repeat in (0, 1)
        for kind in ("grouped", "random")
        for model in ("scratch", "colour")
    ]
    assert [Cell.of(cell.name) for cell in cells] == cells
    seeds = [design.training_seed(GROUPED, cell) for cell in design.cells(GROUPED, ["scratch", "mobilenet"])]
    assert len(set(seeds)) == 30 and all(0 <= seed < 2**31 for seed in seeds)


def test_fractions_are_whole_lesions_of_both_classes_each_part_of_the_next(divisible):
    whole = design.divide(divisible, PARTS, Cell("scratch", "grouped", 0, 3))
    training = whole.splits == "train"
    smaller = np.zeros(len(training), bool)
    for fraction in (0.25, 0.5):
        divided = design.divide(divisible, PARTS, Cell("scratch", "grouped", 0, 3, fraction))
        used = divided.splits == "train"
        assert (smaller <= used).all() and (used <= training).all()
        assert (divided.splits[~training] == whole.splits[~training]).all()
        assert not set(divided.groups[:OWN][used[:OWN]]) & set(divided.groups[:OWN][(training & ~used)[:OWN]])
        counts, full = (np.bincount(divided.labels[rows]) for rows in (used, training))
        # Dealt 20 lesions at a time: of 4 runs each a lesion more or less than the fraction, at most.
        assert np.abs(counts - fraction * full).max() <= 4 * 4 and counts.min() > 0
        assert divided.fingerprint != whole.fingerprint
        smaller = used


def test_what_was_trained_without_fractions_is_what_a_fraction_of_one_is(divisible):
    cell = Cell("mobilenet", "grouped", 0, 3)
    method = store.blocks(config.PREPARATION, config.FOLDS)
    settings = {"kind": "grouped", "folds": 5, "repeat": 0, "fold": 3, "seed": 0}
    assert cell.name == "mobilenet-grouped-0-3"
    assert design.division("some", PARTS, cell) == store.fingerprint(data="some", division=settings, method=method)
    plain = Design(kinds=["grouped"], folds=5, tested=5, repeats=1, seed=0)
    assert design.cells(plain, ["mobilenet"]) == [
        each for each in design.cells(PARTS, ["mobilenet"]) if each.fraction == 1
    ]


def test_networks_and_colour_alone_are_trained_on_fractions_and_other_baselines_are_not():
    names = [cell.name for cell in design.cells(PARTS, ["scratch", "frame", "colour"])]
    assert names[:7] == [
        "scratch-grouped-0-0", "frame-grouped-0-0", "colour-grouped-0-0",
        "scratch-grouped-0-0-0.5", "colour-grouped-0-0-0.5", "scratch-grouped-0-0-0.25", "colour-grouped-0-0-0.25",
    ]  # fmt: skip
    assert [Cell.of(name).name for name in names] == names
    assert Cell.of("colour-grouped-0-4-0.25") == Cell("colour", "grouped", 0, 4, 0.25)


def test_fewer_lesions_than_folds_are_refused(divisible):
    many = Design(kinds=["grouped"], folds=41, tested=41, repeats=3, seed=0)
    with pytest.raises(LesionError, match="41 folds need at least 41 malignant lesions, and there are 40: prepare"):
        design.folds(divisible, many, "grouped", 0)


def test_a_name_that_is_no_training_is_refused():
    for name in ("mobilenet", "mobilenet-grouped-0-3-half", "mobilenet-grouped-0-3-0.5-1"):
        with pytest.raises(LesionError, match=f"--cell '{name}' is not the name of a training, such as"):
            Cell.of(name)


def test_trainings_share_more_if_there_are_few_folds():
    # 5 folds, 15 % held out: .2 tested, .8 × .85 = .68 trained on; 2 folds: .5 and .425.
    assert design.shared_part(GROUPED) == pytest.approx(1 + 0.2 / 0.68)
    two = Design(kinds=["grouped"], folds=2, tested=2, repeats=3, seed=0)
    assert design.shared_part(two) == pytest.approx(1 + 0.5 / 0.425)
    assert design.shared_part(two, 0.25) == pytest.approx(1 + 4 * 0.5 / 0.425)

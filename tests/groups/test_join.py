"""Groups joined from a table, identical files and pixels, and who says so."""

import numpy as np
import pandas as pd
import pytest

from lesion.groups import join
from lesion.groups.find import Grouping


def links(*numbers):
    return np.array(numbers, np.int64)


def test_rows_that_share_anything_are_one_group_numbered_by_its_first_row():
    lesions, patients = links(5, 7, -1, 7, 9, -1), links(-1, 3, 0, -1, 0, -1)
    assert join.components([lesions, patients], 6).tolist() == [0, 1, 2, 1, 2, 5]
    assert join.components([], 3).tolist() == [0, 1, 2]


def test_joining_goes_on_through_rows_between():
    assert join.components([links(1, 1, 2, 2), links(-1, 8, 8, -1)], 4).tolist() == [0, 0, 0, 0]


def test_each_row_has_the_last_origin_that_gave_or_enlarged_its_group():
    table = links(1, 1, 2, -1, -1, 3, -1, -1)
    identical = links(-1, -1, 5, 5, -1, -1, -1, 6)
    pixels = links(0, 0, 2, 3, 4, 5, 4, 7)
    groups, origins = join.join({"table": [table]}, {"identical": identical, "pixels": pixels}, 8)
    assert groups.tolist() == [0, 0, 2, 2, 4, 5, 4, 7]
    assert origins.tolist() == ["table"] * 2 + ["identical"] * 2 + ["pixels", "table", "pixels", "alone"]


def test_pixels_that_say_what_the_table_says_take_nothing_from_it():
    table = links(1, 1, 2)
    _, origins = join.join({"table": [table]}, {"pixels": links(0, 0, 2)}, 3)
    assert origins.tolist() == ["table"] * 3


def test_a_row_without_any_link_is_not_covered():
    assert join.covers({"table": [links(1, -1, 2), links(-1, 4, 4)]}, 3)
    assert not join.covers({"table": [links(1, -1, 2)]}, 3)
    assert not join.covers({}, 3)


@pytest.mark.parametrize(
    ("said", "searched", "origin"),
    [
        ({"source": []}, False, "source"),
        ({"table": [], "source": []}, True, "source"),
        ({"table": []}, False, "table"),
        ({"table": []}, True, "table and pixels"),
        ({}, True, "pixels"),
    ],
)
def test_who_knows_the_groups(said, searched, origin):
    grouping = Grouping(links(0), checked=0, links=0, dropped=0) if searched else None
    assert join.origin(said, grouping) == origin


def test_the_index_names_each_group_by_the_row_of_its_first_image():
    index = pd.DataFrame({"row": [10, 20, 30, 40, 50]})
    said = {"table": [links(1, 2, 1, 3, 4)]}
    join.assign(index, said, links(0, -1, 1, 1, -1), None)
    assert index["group"].tolist() == [10, 20, 10, 10, 50]
    assert index["group_origin"].tolist() == ["identical", "table", "identical", "identical", "table"]
    said_line = join.sentence(index, said, None)
    assert said_line.startswith("5 images show 3 lesions, as the table says (--search looks in the pixels as well)")
    assert "3 are joined by identical files; the largest group has 3" in said_line

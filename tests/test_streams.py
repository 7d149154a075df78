"""Text of a user's is no more than text, in a terminal and in a spreadsheet."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some

from lesion import streams
from lesion.tables import read_table, write_table


@pytest.mark.parametrize("text", ["=1+1", "+1", "-x.jpg", "@x", "\tx", "\rx", "\nx", "＝1", "'=1", "''@x"])
def test_a_cell_that_would_be_a_formula_begins_with_an_apostrophe(text):
    assert streams.as_cell(text) == f"'{text}" and streams.of_cell(f"'{text}") == text


@pytest.mark.parametrize("text", ["", "x=1", "0.5", "'tis", "back"])
def test_other_cells_are_as_they_were(text):
    assert streams.as_cell(text) == streams.of_cell(text) == text


@given(some.text(alphabet="'=+-@a\t\r\n＝", max_size=6))
def test_every_cell_gives_its_text_back_and_is_no_formula(text):
    cell = streams.as_cell(text)
    assert streams.of_cell(cell) == text and cell[:1] not in [*"=+-@\t\r\n＝"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[2Jb\nc\x9b", "a\\x1b[2Jb\\nc\\x9b"),
        ("\u202egnp.exe\u2066\u200f", "\\u202egnp.exe\\u2066\\u200f"),
        ("\udcff\u2028", "\\udcff\\u2028"),
        ("ü 日本 \xa0", "ü 日本 \xa0"),
    ],
)
def test_control_characters_are_shown_by_their_numbers(text, shown):
    assert streams.printable(text) == streams.printable_line(text) == shown


def test_the_console_keeps_its_own_looks_and_no_others():
    assert streams.printable_line("\x1b[1mtrain\x1b[0m: \x1b[8mhidden") == "\x1b[1mtrain\x1b[0m: \\x1b[8mhidden"


def test_a_table_holds_no_formulas_and_gives_their_texts_back(tmp_path):
    texts = ["=HYPERLINK(1)", "'=x", "back"]
    write_table(tmp_path / "index.csv", pd.DataFrame({"row": [-1, 2, 3], "site": texts}))
    cells = [line.split(",") for line in (tmp_path / "index.csv").read_text().splitlines()]
    assert cells == [["row", "site"], ["-1", "'=HYPERLINK(1)"], ["2", "''=x"], ["3", "back"]]
    table = read_table(tmp_path / "index.csv", "invoke prepare")
    assert list(table["site"]) == texts and list(table["row"]) == [-1, 2, 3]

"""Files on disk: whole or not at all, checked when they are read."""

import errno
import json
import math
import re

import numpy as np
import pandas as pd
import pytest

from lesion import store
from lesion.errors import LesionError
from lesion.integrity import seals
from lesion.records.report import ReportRecord
from lesion.tables import new_array, read_table, write_table


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path):
    path = tmp_path / "metrics.json"
    store.write_json(path, {"auc": 0.9})
    with pytest.raises(RuntimeError), store.atomic(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert json.loads(path.read_text()) == {"auc": 0.9}
    assert list(tmp_path.iterdir()) == [path]


def test_no_infinity_or_nan_gets_into_json(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        store.write_json(tmp_path / "metrics.json", {"auc": float("nan")})
    assert not list(tmp_path.iterdir())


def test_a_missing_or_damaged_artefact_names_the_command_that_makes_it(tmp_path):
    with pytest.raises(LesionError, match=r"metrics\.json is missing: run `invoke evaluate` first"):
        store.read_json(tmp_path / "metrics.json", "invoke evaluate")
    (tmp_path / "metrics.json").write_text('{"half": ')
    with pytest.raises(LesionError, match=r"metrics\.json is damaged .*: run `invoke evaluate`"):
        store.read_json(tmp_path / "metrics.json", "invoke evaluate")


def test_a_table_comes_back_as_it_was_written(tmp_path):
    rows = {
        "row": [1, 2],
        "reason": ['comma, "quote"\nnew line', "äöü"],
        "loss": [0.1 + 0.2, math.nan],  # a float in full comes back as the same float
        "split": ["", "NA"],  # text is text, though pandas would take it for a missing number
    }
    write_table(tmp_path / "index.csv", pd.DataFrame(rows))
    table = read_table(tmp_path / "index.csv", "invoke prepare").to_dict("list")
    assert table["loss"][0] == 0.1 + 0.2 and math.isnan(table["loss"][1])
    assert [table[name] for name in ("row", "reason", "split")] == [rows[name] for name in ("row", "reason", "split")]


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2,3\n4\n5,6,7,8,9\n", b"\xff\xfe"])
def test_a_damaged_table_names_the_command_that_makes_it_anew(tmp_path, content):
    (tmp_path / "index.csv").write_bytes(content)
    with pytest.raises(LesionError, match=r"index\.csv is damaged .*: run `invoke prepare`"):
        read_table(tmp_path / "index.csv", "invoke prepare")


def test_a_record_comes_back_as_it_was_written_and_of_another_shape_is_refused(tmp_path):
    path = tmp_path / "report.json"
    record = ReportRecord("f" * 16, ["scratch: failed"], store.provenance(1.234))
    store.write_record(path, record)
    assert store.read_record(path, ReportRecord, "invoke report") == record
    for key, value in {"failures": [1], "fingerprint": None, "provenance": {}}.items():
        store.write_json(path, store.plain(record) | {key: value})
        with pytest.raises(LesionError, match=rf"report\.json is not as expected .*{key}.*: run `invoke report`"):
            store.read_record(path, ReportRecord, "invoke report")


def test_a_folder_of_another_fingerprint_is_emptied_and_of_the_same_kept(tmp_path):
    folder = tmp_path / "partial"
    assert not store.claim(folder, "one")
    (folder / "state").write_text("kept")
    assert store.claim(folder, "one")
    assert (folder / "state").read_text() == "kept"
    assert not store.claim(folder, "two")
    assert not (folder / "state").exists()


def test_an_array_is_written_in_order_and_no_half_of_it_is_left_behind(tmp_path):
    path = tmp_path / "images.npy"
    with new_array(path, (4, 2), np.dtype(np.uint8)) as append:
        append(np.array([[1, 2], [3, 4]], np.uint8))
        append(np.array([[5, 6], [7, 8]], np.uint8))
    assert np.load(path).tolist() == [[1, 2], [3, 4], [5, 6], [7, 8]]
    with pytest.raises(RuntimeError), new_array(tmp_path / "half.npy", (4, 2), np.dtype(np.uint8)) as append:
        append(np.zeros((1, 2), np.uint8))
        raise RuntimeError
    assert list(tmp_path.iterdir()) == [path]


def test_a_stage_is_finished_only_with_the_same_fingerprint(tmp_path):
    manifest = tmp_path / "manifest.json"
    wanted = store.fingerprint(stage="train", seed=0)
    assert not store.finished(manifest, wanted)
    store.write_json(manifest, {"fingerprint": wanted})
    assert not store.finished(manifest, wanted), "it has no seal"
    store.write_record(manifest, {"fingerprint": wanted})
    assert store.finished(manifest, wanted)
    assert not store.finished(manifest, store.fingerprint(stage="train", seed=1))
    manifest.write_text("damaged")
    assert not store.finished(manifest, wanted)


def test_too_little_space_is_an_error_before_the_work(tmp_path):
    with pytest.raises(LesionError, match="1,000,000,000,000,000 MB are needed for the prepared images"):
        store.require_space(tmp_path, 10**21, "the prepared images")


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (OSError("Unable to write data (file write failed: errno = 28, error message = 'No space…')"), True),
        (OSError(errno.EACCES, "Permission denied"), False),
        (ValueError("bad shape"), False),
    ],
)
def test_a_full_disk_is_told_from_other_errors(error, full):
    assert store.is_disk_full(error) is full


@pytest.fixture
def sealed(tmp_path):
    """Return a record that describes two files beside it."""
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(name)
    record = ReportRecord("f" * 16, [], store.provenance(1.0))
    store.write_record(tmp_path / "report.json", record, seals.of_files(tmp_path, ["a.csv", "b.csv"]))
    return tmp_path / "report.json"


def test_a_file_that_changed_is_not_finished_and_not_read_and_both_say_so(sealed, capsys):
    assert store.finished(sealed, "f" * 16) and store.intact(sealed) == {"a.csv", "b.csv"}
    store.require_intact(sealed, ["a.csv", "b.csv"], "invoke report")
    assert capsys.readouterr().out == ""
    sealed.with_name("b.csv").write_text("B.csv")
    assert not store.finished(sealed, "f" * 16) and store.intact(sealed) == {"a.csv"}
    said = f"{sealed.with_name('b.csv')} is not as it was written"
    assert capsys.readouterr().out.splitlines() == [said, said]
    store.require_intact(sealed, ["a.csv"], "invoke report")
    with pytest.raises(LesionError, match=f"^{re.escape(said)}: run `invoke report`$"):
        store.require_intact(sealed, ["a.csv", "b.csv"], "invoke report")
    with pytest.raises(LesionError, match=r"c\.csv is missing: run `invoke report`$"):
        store.require_intact(sealed, ["c.csv"], "invoke report")


def test_a_record_that_changed_is_not_finished_and_not_read(sealed, capsys):
    sealed.write_text(sealed.read_text().replace('"failures": []', '"failures": ["x"]'))
    assert not store.finished(sealed, "f" * 16) and store.intact(sealed) == set()
    said = f"{sealed} is not as it was written"
    assert capsys.readouterr().out.splitlines() == [said, said]
    with pytest.raises(LesionError, match=r"report\.json is not as it was written: run `invoke report`$"):
        store.read_record(sealed, ReportRecord, "invoke report")


@pytest.mark.parametrize("content", ["[]", "3", "null", '"x"', "{}", '{"seal": 0}', "[" * 99999, '{"a": NaN}'])
def test_json_of_any_other_shape_is_one_line(tmp_path, content):
    path = tmp_path / "report.json"
    path.write_text(content)
    assert not store.finished(path, "f" * 16) and store.intact(path) == set()
    with pytest.raises(LesionError, match=r"report\.json is (damaged|not as expected) \(.*\): run `invoke report`$"):
        store.read_record(path, ReportRecord, "invoke report")

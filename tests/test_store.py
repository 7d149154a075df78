import errno
import json
import subprocess
import sys

import pytest

from lesion import config, store
from lesion.errors import LesionError


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
    with pytest.raises(LesionError, match=r"metrics\.json is damaged .*: run `invoke evaluate --force`"):
        store.read_json(tmp_path / "metrics.json", "invoke evaluate")


def test_a_table_comes_back_as_it_was_written(tmp_path):
    rows = [{"row": "1", "reason": 'comma, "quote"\nnew line'}, {"row": "2", "reason": "äöü"}]
    store.write_table(tmp_path / "index.csv", rows)
    assert store.read_table(tmp_path / "index.csv", "invoke prepare") == rows


def test_a_stage_is_finished_only_with_the_same_fingerprint(tmp_path):
    manifest = tmp_path / "manifest.json"
    wanted = store.fingerprint(stage="train", seed=0)
    assert not store.finished(manifest, wanted)
    store.write_json(manifest, {"fingerprint": wanted})
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


def test_a_second_run_in_the_same_folder_is_refused_and_the_first_goes_on():
    with store.exclusive("train"):
        second = subprocess.run(
            [sys.executable, "-c", "from lesion import store\nwith store.exclusive('prepare'): print('in')"],
            capture_output=True,
            text=True,
            cwd=config.PROJECT,
        )
    assert second.returncode == 1
    assert f"another run is at work in {config.HOME}" in second.stderr
    assert "in\n" not in second.stdout
    with store.exclusive("train"):
        pass

"""Which profile `auto` is: full where a GPU may be used, else quick."""

import pytest

from lesion.options import profile


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """Return the folder in which a driver lists its GPUs; there is no other sign of one."""
    folder = tmp_path / "gpus"
    monkeypatch.setattr(profile, "DRIVER", folder)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return folder


def test_auto_is_quick_without_a_gpu_and_full_with_one(driver):
    assert profile.effective("auto") == "quick"
    driver.mkdir()
    assert profile.effective("auto") == "quick"
    (driver / "0000:01:00.0").mkdir()
    assert profile.effective("auto") == "full"


@pytest.mark.parametrize("hidden", ["", "-1", " "])
def test_a_hidden_gpu_does_not_count(driver, monkeypatch, hidden):
    (driver / "0000:01:00.0").mkdir(parents=True)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    assert profile.effective("auto") == "quick"


@pytest.mark.parametrize(
    ("status", "said", "expected"), [(0, "GPU 0: H100", "full"), (9, "GPU 0", "quick"), (0, "none", "quick")]
)
def test_the_drivers_program_is_asked_as_well(driver, tmp_path, status, said, expected):
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\necho '{said}'\nexit {status}\n")
    program.chmod(0o755)
    assert profile.effective("auto") == expected


def test_what_was_asked_counts_whatever_there_is(driver):
    assert profile.effective("full") == "full" and profile.effective("quick") == "quick"

"""Tasks as a user types them, and small drawn samples to run them on."""

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
SMALL = ["--data", "sample", "--limit", "80", "--image-size", "32"]
BRIEF = ["--weights", "none", "--epochs", "1", "--batch-size", "16"]
MODELS = ["scratch", "mobilenet", "efficientnet"]
BASELINES = ["frame", "colour"]  # the sample knows no age, sex and site


def invoke(home, *words, status=0):
    """Run `invoke WORDS` with its artefacts below `home`; return what it printed."""
    environment = os.environ | {"LESION_HOME": str(home)}
    command = [sys.executable, "-m", "invoke", *words]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=400)
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    if status == 2:
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stdout + done.stderr


def state(home):
    """Return the time of change of every file but the lock."""
    return {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file() and path.name != ".lock"}

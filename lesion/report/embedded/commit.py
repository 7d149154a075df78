"""Which commit of the code made a report."""

import subprocess

from lesion import config


def commit() -> str:
    """Return the commit of the code, marked if files have changed since; empty if it is in no repository of its own."""
    if not (config.PROJECT / ".git").exists():
        return ""
    words = ["git", "--no-optional-locks", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        done = subprocess.run(words, cwd=config.PROJECT, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()

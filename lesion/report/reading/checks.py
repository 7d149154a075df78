"""Checks that the files of a report belong together."""

from pathlib import Path

from lesion import store
from lesion.errors import LesionError


def require_same(value: str, wanted: str | None, what: str, path: Path, command: str) -> None:
    """Raise LesionError unless `value`, which the file `path` names as its data or weights, is the `wanted` one."""
    if value != wanted:
        raise stale(path, what, command)


def stale(path: Path, what: str, command: str) -> LesionError:
    """Return the error that the file `path` was made from other data or weights, and the command that mends it."""
    return LesionError(f"{store.shown(path)} was made from other {what}: run `{command}`")

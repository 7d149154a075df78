"""What a machine that takes part in a study is: its GPUs, its versions, and the files it sees.

Uses nothing but the standard library, so that it can be sent to a worker that has no copy of this module.
"""

import hashlib
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

DRIVER_ANSWER = 30.0  # seconds for the list of GPUs; the first question wakes them


def graphics_processors() -> list[str]:
    """Return the GPUs that may be used, as CUDA_VISIBLE_DEVICES names them; none without NVIDIA's driver."""
    try:
        answer = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=DRIVER_ANSWER)
    except (OSError, subprocess.TimeoutExpired):
        return []
    lines = [line for line in answer.stdout.splitlines() if line.startswith("GPU ")]
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is None or not lines:
        return [str(number) for number in range(len(lines))]
    return [name.strip() for name in chosen.split(",") if name.strip() not in ("", "-1")]


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Return the version of Python and of each package, "none" of one that is not installed."""
    own = {"python": platform.python_version()}
    for package in packages:
        try:
            own[package] = version(package)
        except PackageNotFoundError:
            own[package] = "none"
    return own


def digests(paths: Iterable[Path]) -> dict[str, str]:
    """Return the SHA-256 of each file, by its path, as hex digits; "" of one that cannot be read."""
    own = {}
    for path in paths:
        try:
            own[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError:
            own[str(path)] = ""
    return own


def difference(wanted: Mapping[str, str], files: Mapping[str, str]) -> str:
    """Say how this machine differs from the `wanted` versions and the digests of `files`; "" if in nothing.

    The words follow the name of the machine, and end with what to do.
    """
    own = versions(name for name in wanted if name != "python")
    for name in wanted:
        if own[name] != wanted[name]:
            return f"has {name} {own[name]} and not {wanted[name]}: install the same version everywhere"
    for path, digest in digests(map(Path, files)).items():
        if not digest:
            return f"does not see {path}: let all machines share a file system, under the same paths"
        if digest != files[path]:
            return f"sees another {path}: let all machines share a file system, with the same program"
    return ""

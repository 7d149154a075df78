"""Which experiment is run: as it was designed, or as much of it as a machine without a GPU can do in half an hour."""

import os
import shutil
import subprocess
from pathlib import Path

AUTO, QUICK, FULL = "auto", "quick", "full"
PROFILES = (AUTO, QUICK, FULL)
DRIVER = Path("/proc/driver/nvidia/gpus")  # one entry for each GPU that the driver knows
PATIENCE = 10.0  # seconds for an answer of the driver's own program


def effective(profile: str) -> str:
    """Return what `profile` means on this machine: quick or full."""
    if profile != AUTO:
        return profile
    return FULL if gpu_visible() else QUICK


def gpu_visible() -> bool:
    """Tell whether there is a GPU that may be used; without TensorFlow, which takes seconds to import."""
    if os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in ("", "-1"):
        return False
    return (DRIVER.is_dir() and any(DRIVER.iterdir())) or _driver_lists_gpu()


def _driver_lists_gpu() -> bool:
    """Ask the driver's program, since not every system has the folder DRIVER."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return False
    try:
        answer = subprocess.run([program, "-L"], capture_output=True, text=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0 and "GPU" in answer.stdout

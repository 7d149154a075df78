"""Hypothesis keeps what it learns beside the session's other files, and nothing in the project."""

import os
from pathlib import Path

from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir

set_hypothesis_home_dir(Path(os.environ["LESION_HOME"]) / ".hypothesis")
settings.register_profile("here", database=None, deadline=None, derandomize=True)
settings.load_profile("here")

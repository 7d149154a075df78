"""Every test session works in a folder of its own; nothing is written into the project."""

import os
import tempfile

os.environ["LESION_HOME"] = tempfile.mkdtemp(prefix="lesion-tests-")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["HF_HUB_OFFLINE"] = "1"

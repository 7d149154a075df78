"""Every test session works in a folder of its own; nothing is written into the project."""

import os
import tempfile

os.environ["LESION_HOME"] = tempfile.mkdtemp(prefix="lesion-tests-")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["HF_HUB_OFFLINE"] = "1"
# Several tests run at once, and small networks gain nothing from more threads.
os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

"""Whom the project asks over the network: the Hub for the data set, Keras for weights, and nobody else."""

import ast

from lesion import config
from lesion.sources import hub

ASKING = {"aiohttp", "ftplib", "http", "httpx", "httpx2", "requests", "smtplib", "socket", "ssl", "urllib", "urllib3"}


def test_no_other_module_can_ask():
    files = [*(config.PROJECT / "lesion").rglob("*.py"), *(config.PROJECT / "scripts").glob("*.py")]
    asking = {file.stem for file in files if ASKING & set(imported(ast.parse(file.read_text(encoding="utf-8"))))}
    assert asking <= {"hub", "hub_errors"}


def imported(tree):
    """Yield the libraries that a module imports anywhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").split(".")[0]


def test_nobody_counts_what_is_loaded():
    assert not hub.import_datasets().config.HF_UPDATE_DOWNLOAD_COUNTS

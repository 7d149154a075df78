"""Reports in a real browser; without one, or without Playwright, every test here is skipped and says why."""

import os
import re
import shutil
import subprocess
import sys

import artefacts as fake
import numpy as np
import pytest

from lesion import config, store
from lesion.tables import write_table

MISSING = "efficientnet"  # the network that one of the reports lacks


@pytest.fixture(scope="session")
def chromium():
    """Where Chromium is, and what starts Playwright; nothing is written for the tests without them."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="tests in a browser need `pip install -r requirements-browser.txt`"
    )
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("tests in a browser need Chromium: on Debian `apt install chromium`")
    return path, playwright.sync_playwright


# --- the reports ------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def artefacts(chromium, tmp_path_factory):
    """A folder with every artefact of an experiment without a study, of which every score is another."""
    home = tmp_path_factory.mktemp("browser") / "plain"
    fake.write_all(home)
    for model in config.NETWORKS:
        scatter(home / f"runs/{model}/predictions.csv", seed=len(model))
    fake.take_predictions(home)
    return home


def scatter(path, seed):
    """Move the scores of the test images within their side of 0.5, and those of the validation images anywhere."""
    table = fake.pd.read_csv(path)
    generator = np.random.default_rng(seed)
    distance = generator.uniform(0.001, 0.499, len(table))
    side = np.where(table["probability"] >= 0.5, 1, -1)
    side[table["split"] == "validation"] = generator.choice([-1, 1], len(table))[table["split"] == "validation"]
    write_table(path, table.assign(probability=0.5 + side * distance), decimals=8)


@pytest.fixture(scope="session")
def report(artefacts):
    """The report without a study."""
    return written(artefacts)


@pytest.fixture(scope="session")
def full_report(artefacts):
    """The report with all that a report can show."""
    home = shutil.copytree(artefacts, artefacts.parent / "full", ignore=shutil.ignore_patterns("index.html"))
    store.write_record(home / "reports/study.json", fake.study())
    store.write_record(home / "reports/leak.json", fake.leak())
    store.write_record(home / "reports/bench.json", fake.bench())
    return written(home)


@pytest.fixture(scope="session")
def lacking_report(artefacts):
    """The report that lacks a network."""
    home = shutil.copytree(artefacts, artefacts.parent / "lacking", ignore=shutil.ignore_patterns("index.html"))

    def drop(metrics):
        del metrics["models"][MISSING]
        metrics["missing"][MISSING] = f"not trained: run `invoke train --model {MISSING}`"

    fake.change(home / "reports/metrics.json", drop)
    fake.compare(home / "reports/metrics.json", "test")
    shutil.rmtree(home / f"runs/{MISSING}")
    return written(home)


@pytest.fixture(scope="session")
def still_report(full_report):
    """The report with all that it can show, without its program: what a browser shows that runs none."""
    html = re.sub(r"<script>.*?</script>", "", full_report.read_text(), flags=re.DOTALL)
    path = full_report.with_name("still.html")
    path.write_text(html)
    return path


def written(home):
    """Write the report on the artefacts below `home` as a user does, and return its path."""
    command = [sys.executable, str(config.PROJECT / "scripts/report.py")]
    done = subprocess.run(command, env={**os.environ, "LESION_HOME": str(home)}, capture_output=True, text=True)
    path = home / "reports/index.html"
    assert path.exists(), done.stderr
    return path


# --- the browser ------------------------------------------------------------------------------------
@pytest.fixture(scope="module")  # while it runs, so does its event loop, which other tests cannot have beside theirs
def browser(chromium):
    path, start = chromium
    with start() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def visit(browser):
    """Open a report in a window of its own; whatever the browser complains of there fails the test."""
    complaints, contexts = [], []

    def visit(path, width=1440, script=True, anchor=""):
        small = width < 768
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            is_mobile=small,
            has_touch=small,
            java_script_enabled=script,
            reduced_motion="reduce",
        )
        contexts.append(context)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        context.set_default_timeout(10000)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.goto(path.as_uri() + anchor)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(report, visit):
    """The report without a study in a wide window."""
    return visit(report)

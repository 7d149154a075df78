"""The report is made again if anything that it is made from has changed."""

import re
import shutil
import subprocess

import pytest
import report

from lesion import config, prepared, runs
from lesion.report.embedded.commit import commit


@pytest.fixture
def project(home, tmp_path, monkeypatch):
    """A project with one module and the templates, and every artefact in place."""
    project = tmp_path / "project"
    (project / "lesion/report").mkdir(parents=True)
    (project / "lesion/report/page.py").write_text("REPORT_BYTES = 1\n")
    shutil.copytree(config.TEMPLATES, project / "templates")
    monkeypatch.setattr(config, "PROJECT", project)
    monkeypatch.setattr(config, "TEMPLATES", project / "templates")
    monkeypatch.setattr(prepared, "INDEX", home / "data/index.csv")
    monkeypatch.setattr(runs, "REPORT_MANIFEST", home / "reports/report.json")
    return project


@pytest.mark.parametrize(
    "name",
    [
        "project/lesion/report/page.py",
        "project/templates/summary.html",
        "home/data/manifest.json",
        "home/reports/metrics.json",
        "home/runs/scratch/history.csv",
        "home/runs/scratch/evaluation.json",
        "home/runs/colour/predictions.csv",
        "home/data/index.csv",
        "home/runs/scratch/partial/failed.txt",
    ],
)
def test_report_is_made_again_if_an_input_changes(project, tmp_path, name):
    before = report.fingerprint(("scratch",))
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text((path.read_text() if path.exists() else "") + "\n")
    assert report.fingerprint(("scratch",)) != before


def test_report_of_other_networks_is_another_one(project):
    assert report.fingerprint(("scratch",)) != report.fingerprint(("scratch", "mobilenet"))


def test_report_that_was_written_is_no_input_of_itself(project, home):
    before = report.fingerprint(("scratch",))
    for name in ("report.json", "index.html"):
        (home / "reports" / name).write_text("{}")
    assert report.fingerprint(("scratch",)) == before


def test_commit_is_known_in_a_repository_and_changes_the_report(project):
    before = report.fingerprint(("scratch",))
    assert commit() == ""
    name = ["-c", "user.name=Somebody", "-c", "user.email=some@body", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "."], [*name, "commit", "-q", "-m", "First"]):
        subprocess.run(["git", *words], cwd=project, check=True)
    first = commit()
    assert re.fullmatch("[0-9a-f]{12}", first) and report.fingerprint(("scratch",)) != before
    (project / "templates/summary.html").write_text("changed")
    assert commit() == f"{first}-dirty"

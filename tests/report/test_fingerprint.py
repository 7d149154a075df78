"""The report is made again if anything that it is made from has changed."""

import shutil

import pytest
import report

from lesion import config, runs


@pytest.fixture
def project(home, tmp_path, monkeypatch):
    """A project with one module and the templates, and every artefact in place."""
    project = tmp_path / "project"
    (project / "lesion/report").mkdir(parents=True)
    (project / "lesion/report/page.py").write_text("REPORT_BYTES = 1\n")
    shutil.copytree(config.TEMPLATES, project / "templates")
    monkeypatch.setattr(config, "PROJECT", project)
    monkeypatch.setattr(config, "TEMPLATES", project / "templates")
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

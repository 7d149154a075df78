"""A folder with every artefact in place, for the tests of the report."""

import shutil

import artefacts as fake
import pages
import pytest

from lesion.report.figures import plots

SVG = plots.svg


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    """A folder with every artefact in place, for copies only."""
    folder = tmp_path_factory.mktemp("written")
    fake.write_all(folder)
    return folder


@pytest.fixture
def home(written, tmp_path, monkeypatch):
    """A folder with every artefact in place, which the settings point to; figures are only their names."""
    home = shutil.copytree(written, tmp_path / "home")
    pages.point_to(home, monkeypatch)
    monkeypatch.setattr(plots, "svg", lambda figure, name: f"<svg><title>{name}</title></svg>")
    return home


@pytest.fixture
def drawn(home, monkeypatch):
    """As `home`, with the figures drawn, which takes most of the time of a report."""
    monkeypatch.setattr(plots, "svg", SVG)
    return home

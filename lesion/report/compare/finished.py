"""A finished report, read back from the data embedded in its page."""

import io
import json
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lesion.errors import LesionError

if TYPE_CHECKING:  # it takes half a second to import
    import pandas as pd

PAGE = Path("reports/index.html")  # below a home
BLOCKS = ("about", "predictions")  # ids of the embedded data
ROW_COLUMNS = ("row", "split", "label", "group")  # of the predictions, before the models


@dataclass(frozen=True)
class FinishedReport:
    """What a report says of itself, and its predictions."""

    path: Path
    about: dict[str, Any]  # Any: JSON; see `report.about`
    predictions: "pd.DataFrame"  # row, split, label, group, and the probabilities of each model

    @property
    def name(self) -> str:
        """Return what the report is called: its home's name, or the name of a file that stands elsewhere."""
        folder = self.path.parents[len(PAGE.parts) - 1].name if self.path.parts[-2:] == PAGE.parts else ""
        return folder or self.path.name

    @property
    def networks(self) -> dict[str, str]:
        """Return the title of each network that was measured, by name."""
        return {
            network["name"]: network["title"]
            for network in self.about["networks"]
            if network["name"] in self.predictions
        }

    def test(self) -> "pd.DataFrame":
        """Return the predictions of the test images, with their row as index."""
        return self.predictions[self.predictions["split"] == "test"].set_index("row")


def read_report(name: str) -> FinishedReport:
    """Read the report `name`: an HTML file, or a home, whose reports/index.html is read.

    Raises LesionError if there is none, or if it is not a report of this project with embedded data.
    """
    path = Path(name).expanduser().resolve()
    path = path / PAGE if path.is_dir() else path
    try:
        html = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise LesionError(
            f"{path} does not exist: give a report, or a folder in which `invoke report` made one"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise LesionError(f"{path} cannot be read ({error}): give a report or the folder it was made in") from None
    return _parse(path, html)


def _parse(path: Path, html: str) -> FinishedReport:
    import pandas as pd

    blocks = _Blocks(html).texts
    try:
        about = json.loads(blocks["about"])
        predictions = pd.read_csv(io.StringIO(blocks["predictions"].strip()))
        report = FinishedReport(path, about, predictions)
        complete = set(ROW_COLUMNS) <= set(predictions.columns) and bool(report.networks)
        float(about["threshold"])
    except (KeyError, TypeError, ValueError):
        complete = False
    if not complete:
        raise LesionError(f"{path} holds no data of a report: make it anew by `invoke report --force`")
    return report


class _Blocks(HTMLParser):
    """The texts of the embedded data, by id."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: dict[str, str] = {}
        self.block = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note the start of a block."""
        name = dict(attributes).get("id")
        self.block = name if tag == "script" and name in BLOCKS else ""

    def handle_data(self, data: str) -> None:
        """Keep the text of a block."""
        if self.block:
            self.texts[self.block] = self.texts.get(self.block, "") + data

    def handle_endtag(self, tag: str) -> None:
        """Note the end of a block."""
        self.block = ""

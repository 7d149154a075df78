"""Data inside the page: written so that nothing in it can end its element, and scripts get it back unchanged."""

import base64
import gzip
import json
from typing import TYPE_CHECKING

from markupsafe import Markup

from lesion.streams import CONTROL, printable

if TYPE_CHECKING:  # it takes half a second to import
    import pandas as pd

DECIMALS = 8  # of a probability, as in predictions.csv of each model


def embedded_json(value: object) -> Markup:
    """Return `value` as JSON for a script element; raises ValueError for a number that JSON does not know.

    To the scripts, a character that would turn the writing round is the number that shows it.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    text = CONTROL.sub(lambda match: f"\\{printable(match[0])}", text)
    return Markup(text.replace("<", "\\u003c"))  # it is in strings only


def packed(text: str) -> str:
    """Return `text` packed by gzip, as base64: about a quarter of its size, and the same for the same text."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode("ascii")


def predictions_csv(predictions: "pd.DataFrame") -> Markup:
    """Return every scored row as CSV: row, split, label, group, and each model's probability, empty if it has none.

    It holds numbers and the names of splits and models, and so nothing that could end an element.
    """
    return Markup(predictions.to_csv(index=False, float_format=f"%.{DECIMALS}f", lineterminator="\n"))

"""How text is set: numbers and units that stay on one line, and tables and figures that have a number."""

import re
from itertools import count

from lesion.streams import printable

# What is no text for readers is kept as it is: whole elements whose text is code or data, comments, and tags.
KEPT = re.compile(r"(<(script|style|code|textarea)\b.*?</\2\s*>|<!--.*?-->|<[^>]*>)", re.DOTALL)
UNITS = "s|ms|min|h|kB|MB|GB|GiB|pixels|px|images|lesions|epochs|draws|networks|trainings"
LAYOUT = re.compile(r"([\n\t])")  # control characters of a page's own; others come from names, and are shown
SPACE, HYPHEN = "\N{NO-BREAK SPACE}", "\N{NON-BREAKING HYPHEN}"
RULES = (
    (re.compile(r"(?<=\d)\s+%"), "%"),
    (re.compile(rf"(?<=\d)\s+(?=(?:{UNITS})\b)"), SPACE),
    (re.compile(r"(?<=min)\s+(?=\d+\s+s\b)"), SPACE),
    (re.compile(r"(?<=h)\s+(?=\d\d\s+min\b)"), SPACE),
    (re.compile(r"\b(p|n)\s+(=|&lt;|&gt;|≤|≥)\s+(?=[\d.])"), rf"\1{SPACE}\2{SPACE}"),
    (re.compile(r"(?<=\d)\s+×\s+(?=\d)"), f"{SPACE}×{SPACE}"),
    (re.compile(r"\bROC-AUC"), f"ROC{HYPHEN}AUC"),
)
CAPTION = re.compile(r"<caption>(?:<span>)?")
CHART = re.compile(r"<figure\b[^>]*\bclass=\"[^\"]*\bchart\b[^\"]*\".*?</figure>", re.DOTALL)
FIGCAPTION = re.compile(r"<figcaption\b[^>]*>")


def unbroken(html: str) -> str:
    """Return `html` with numbers and their units, and what else should not break, on one line; attributes are kept.

    Control characters are shown by their numbers.
    """
    html = "".join(piece if place % 2 else printable(piece) for place, piece in enumerate(LAYOUT.split(html)))
    parts = KEPT.split(html)  # text, kept, name of the kept element, text, ...
    texts = [_joined(text) for text in parts[::3]]
    kept = [*parts[1::3], ""]
    return "".join(text + tag for text, tag in zip(texts, kept, strict=True))


def _joined(text: str) -> str:
    for pattern, replacement in RULES:
        text = pattern.sub(replacement, text)
    return text


class Numbers:
    """Counts the tables of a page, and its figures: those of the class `chart`."""

    def __init__(self) -> None:
        """Begin at 1."""
        self.tables, self.charts = count(1), count(1)

    def add(self, html: str) -> str:
        """Return the next piece of the page with a number in the caption of each table and figure."""
        return CHART.sub(self._chart, CAPTION.sub(self._table, html))

    def _table(self, match: re.Match[str]) -> str:
        return f"{match[0]}<b>Table{SPACE}{next(self.tables)}.</b> "

    def _chart(self, match: re.Match[str]) -> str:
        number = f"<b>Figure{SPACE}{next(self.charts)}.</b> "
        return FIGCAPTION.sub(lambda caption: caption[0] + number, match[0], count=1)

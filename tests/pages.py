"""The report as tests read it: rendered, and taken apart into sections and tables."""

import json
import re
from html.parser import HTMLParser

from lesion import config, prepared, runs
from lesion.report import page
from lesion.report.reading import read

NAMES = {"scratch": "CNN from scratch", "mobilenet": "MobileNetV2", "efficientnet": "EfficientNetB0"}
REFERENCES = {
    "together": "All networks together",
    "together_colour": "All networks and colour",
    "frame": "Frame alone",
    "colour": "Colour alone",
}
METRICS = "reports/metrics.json"
MANIFEST = "data/manifest.json"
EXPLANATIONS = "reports/explanations.json"
STRESS = "reports/stress.json"
STUDY = "reports/study.json"
LEAK = "reports/leak.json"
BENCH = "reports/bench.json"
CAPTION = re.compile(r"^\s*Table \d+\.\s*")  # its number comes before the caption's own words
VOID = {"meta", "img", "br", "link", "input", "hr"}  # elements without an end


def point_to(home, monkeypatch):
    """Let the settings point to `home`, where artefacts are in place."""
    monkeypatch.setattr(config, "HOME", home)
    for name in ("DATA", "RUNS", "REPORTS"):
        monkeypatch.setattr(config, name, home / name.lower())
    monkeypatch.setattr(prepared, "MANIFEST", home / MANIFEST)
    for name in ("METRICS", "EXPLANATIONS", "STRESS", "STUDY", "LEAK", "BENCH"):
        monkeypatch.setattr(runs, name, home / globals()[name])


def render(models=tuple(NAMES)) -> str:
    return page.render(read.read_artefacts(models))


def read_json(home, name):
    return json.loads((home / name).read_text())


def is_shown(cell, value, text) -> bool:
    return float(cell[1]) == value and cell[0].split("★")[0] == text


class Page(HTMLParser):
    """Text by section with plain spaces and hyphens, tables as {caption: {row name: [(text, data-value)]}}, attributes.

    Captions are without the table's number; `numbers` has these, in order. The interval in a cell is kept apart, in
    `intervals`, as {caption: {row name: [(texts, values)]}}, and the rows below the rule of a table in `below`, as
    {caption: [row name]}.
    """

    def __init__(self, html):
        super().__init__()
        self.sections, self.tables, self.intervals, self.below = {}, {}, {}, {}
        self.attributes, self.open, self.numbers = [], [], []
        self.part = None  # class of the open part of a table
        self.inside = None  # depth of the open element of an interval, None outside it
        self.section = self.caption = self.name = ""
        self.feed(html)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.attributes += [(tag, *each) for each in attributes]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "section":
            self.section = values["id"]
        elif tag == "caption":
            self.caption = ""
        elif tag == "tbody":
            self.part = values.get("class")
        elif tag == "tr":
            self.name = ""
        elif tag == "td":
            row = self.tables.setdefault(self.caption.strip(), {}).setdefault(self.name.strip(), [])
            row.append(["", values.get("data-value")])
            ends = self.intervals.setdefault(self.caption.strip(), {}).setdefault(self.name.strip(), [])
            ends.append(["", []])
        elif tag == "span" and values.get("class") == "interval":
            self.inside = len(self.open)
        elif tag == "span" and self.inside and "data-value" in values:
            self._ends()[1].append(float(values["data-value"]))

    def _ends(self):
        return self.intervals[self.caption.strip()][self.name.strip()][-1]

    def handle_endtag(self, tag):
        if len(self.open) == self.inside:
            self.inside = None
        assert self.open.pop() == tag
        if tag == "tr" and self.part == "references":
            self.below.setdefault(self.caption.strip(), []).append(self.name.strip())
        if tag == "tbody":
            self.part = None
        if tag == "section":
            self.section = ""
        if tag == "caption":
            self.numbers += CAPTION.findall(self.caption)
            self.caption = CAPTION.sub("", self.caption)
        if tag == "td":
            cell = self.tables[self.caption.strip()][self.name.strip()][-1]
            cell[0] = cell[0].strip()

    def handle_startendtag(self, tag, attributes):
        self.attributes += [(tag, *each) for each in attributes]

    def handle_data(self, data):
        if {"script", "style"} & set(self.open):
            return
        data = data.replace("\u2011", "-").replace("\u00a0", " ")
        self.sections[self.section] = self.sections.get(self.section, "") + data
        if "caption" in self.open:
            self.caption += data
        elif self.inside:
            self._ends()[0] += data
        elif "td" in self.open:
            self.tables[self.caption.strip()][self.name.strip()][-1][0] += data
        elif "th" in self.open:
            self.name += data

    def table(self, start):
        return next(rows for caption, rows in self.tables.items() if caption.startswith(start))

    def ends(self, start):
        return next(rows for caption, rows in self.intervals.items() if caption.startswith(start))

    def says(self, section):
        return " ".join(self.sections[section].split())

    def rows_below(self, start):
        return next((rows for caption, rows in self.below.items() if caption.startswith(start)), [])

    def values(self, start, row):
        """Return the values of a row's cells, None if there is none, and the ends of their intervals, [] likewise."""
        cells = [float(value) if value else None for _, value in self.table(start)[row]]
        return cells, [ends for _, ends in self.ends(start)[row]]

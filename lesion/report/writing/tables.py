"""Tables of the report: cells that keep the artefact's value beside the text, and how numbers are written."""

import datetime
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from lesion.console import duration
from lesion.evaluation.words import wording
from lesion.records.metrics import Estimate

Show = Callable[[float], str]


@dataclass(frozen=True)
class Cell:
    """A number as shown, its value in the artefact (None: there is none), and whether it is the best."""

    text: str
    raw: float | None
    best: bool = False
    interval: "list[Cell] | None" = None  # both ends, empty if it is undefined; None: not asked for
    word: bool = False  # the text says something that is no number


@dataclass(frozen=True)
class Row:
    """A line of a table; `note` says why there are no cells, `flag` is shown beside the name."""

    name: str
    cells: Sequence[Cell]
    note: str = ""
    flag: str = ""


@dataclass(frozen=True)
class Table:
    """A table of numbers: `columns` are the titles of the cells, `first` that of the rows' names."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Row]
    first: str = "Model"
    sortable: bool = False
    references: Sequence[Row] = ()  # below a rule: what the rows are to be seen beside


number = "{:.3f}".format
count = "{:,.0f}".format
percent = "{:.1%}".format


def signed(value: float) -> str:
    """Return a difference with its sign and three decimals."""
    return wording.signed(value, plus=True)


def p_value(value: float) -> str:
    """Return a p-value with three decimals, and no false precision below them."""
    return "< 0.001" if value < 0.001 else number(value)


def pair_name(first: str, second: str) -> str:
    """Return what the difference of two models is called, both by their names in config."""
    return f"{wording.title(first)} − {wording.title(second)}"


def whole_percent(share: float) -> str:
    """Return a share, 0 to 1, as a percentage without needless decimals: 95%."""
    return f"{100 * share:g}%"


def date(created: str) -> str:
    """Return the day of a time such as 2024-05-06 07:08:09 +0000 as readers write it: 6 May 2024."""
    day = datetime.date.fromisoformat(created[:10])
    return f"{day.day} {day:%B} {day.year}"


def minute(created: str) -> str:
    """Return a time such as 2024-05-06 07:08:09 +0000 to the minute: 2024-05-06 07:08."""
    return created[:16]


def megabytes(size: float) -> str:
    """Return bytes as megabytes."""
    return f"{size / 1e6:.1f} MB"


def counted(amount: int, noun: str) -> str:
    """Return a number with its noun: 1 epoch, 2 epochs."""
    return f"{amount:,} {noun}{'' if amount == 1 else 's'}"


def commands(text: str) -> Markup:
    """Return `text`, escaped, with what stands between backticks set as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


# The filters of the templates.
FORMATS = {
    "commands": commands,
    "number": number,
    "count": count,
    "percent": percent,
    "megabytes": megabytes,
    "duration": duration,
    "date": date,
    "minute": minute,
}


def cell(value: float | None, show: Show, best: bool = False, missing: str = "undefined") -> Cell:
    """Return `value` as a cell; None is shown as the word `missing`, never as a number."""
    return Cell(missing, None) if value is None else Cell(show(value), value, best)


def with_interval(value: float | None, bounds: Sequence[float] | None, show: Show, best: bool = False) -> Cell:
    """Return `value` as a cell with its interval; an undefined value has none, and needs no word for it."""
    if value is None:
        return cell(None, show)
    return Cell(show(value), value, best, [Cell(show(end), end) for end in bounds or ()])


def estimated(estimate: Estimate, show: Show) -> Cell:
    """Return a figure with its interval as a cell."""
    return with_interval(estimate.value, estimate.interval, show)

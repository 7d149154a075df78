"""What a table says of the images: lesion, patient, age, sex and site, matched with the rows of a source.

    known, problem = find("", "photographs", source)  # the folder's own table, or the source's own columns
    known = read_file(Path("HAM10000_metadata.csv"), source)

The tables of HAM10000 (Tschandl et al., 2018) and of the ISIC archive work as they are published. What cannot be used
is taken as unknown, and counted: nothing is left out because of its metadata.
"""

import dataclasses
import hashlib
import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lesion import config, options
from lesion.errors import LesionError
from lesion.records.preparation import MetadataRecord
from lesion.sources import match
from lesion.sources.columns import FACTS
from lesion.sources.source import Source

if TYPE_CHECKING:  # it takes half a second to import
    import pandas as pd

FILE = "metadata.csv"  # taken from the folder of the images without being asked
ROW = "row"
IMAGES = ("image", "image_id", "isic_id", "file_name")  # columns of file names; the first one that is there counts
LINKS = ("lesion", "patient", "group")  # facts that images can share
DESCRIPTIONS = ("age", "sex", "site")
UNKNOWN = ("", "nan", "none", "null", "na", "n/a", "unknown")  # in any case
SEXES = ("female", "male")
OLDEST = 120  # years; an age above it, or below 0, is a mistake
SEPARATORS = ",;\t"
EXPECTED = (
    f"expected is a CSV table in UTF-8 with a column `{ROW}` or one of {', '.join(IMAGES)}, "
    f"and at least one of {', '.join(column for columns in FACTS.values() for column in columns)}"
)


@dataclass(frozen=True)
class Metadata:
    """What is known of N rows.

    record: which table and columns, and how well they fit the rows.
    links: lesion, patient, group -> (N,) int64; rows of one number share it, -1 is unknown. Only those that the table
        has.
    ages: (N,) float, years, 0 to 120; nan is unknown.
    sexes: (N,) str, female or male; "" is unknown.
    sites: (N,) str in lower case; "" is unknown.
    """

    record: MetadataRecord
    links: dict[str, np.ndarray]
    ages: np.ndarray
    sexes: np.ndarray
    sites: np.ndarray

    def sentence(self) -> str:
        """Return in one line what the table gave, and what of it was not used."""
        record = self.record
        gave = [_count(len(np.unique(codes[codes >= 0])), name) for name, codes in self.links.items()]
        unknown = [f"{name} {record.unknown[name]:,}" for name in DESCRIPTIONS if name in record.columns]
        notes = [", ".join(gave) or "no groups"]
        notes += [f"unknown: {', '.join(unknown)}"] if unknown else []
        notes += [f"{_count(record.foreign, 'line')} of other images left out"] if record.foreign else []
        notes += [f"{_count(record.repeated, 'repeated line')} left out"] if record.repeated else []
        notes += [f"{_count(record.conflicts, 'lesion')} with images of both classes"] if record.conflicts else []
        rows = record.matched + record.unmatched
        return f"{record.file} knows {record.matched:,} of {rows:,} images: {'; '.join(notes)}"


def _count(number: int, name: str) -> str:
    return f"{number:,} {name}" if number == 1 else f"{number:,} {name}s"


def identity(named: str) -> str:
    """Return a digest of the content of the file `named`, "" for no name; raises LesionError if it cannot be read."""
    return hashlib.sha256(_content(Path(named).expanduser())).hexdigest() if named else ""


def find(named: str, data: str, source: Source) -> tuple[Metadata | None, str]:
    """Return what is known of the images of `source`, None if nothing, and why their folder's table is not used, or "".

    It is looked for in the file `named`, in the folder that `data` names, and in the source itself. Raises LesionError
    if the file `named` cannot be used.
    """
    if named:
        return read_file(Path(named).expanduser(), source), ""
    path = options.data_path(data)
    problem = ""
    if path is not None and (path / FILE).is_file():
        try:
            return read_file(path / FILE, source), ""
        except LesionError as error:
            problem = str(error)
    return read_columns(source, path.name if path else config.HUB_DATASET), problem


def read_file(path: Path, source: Source) -> Metadata:
    """Match the table in `path` with the rows of `source`.

    Raises LesionError if it is no table, has no column to match by or none of FACTS, or knows none of the rows.
    """
    table = _table(path)
    spelling = {column.strip().lower(): column for column in reversed(table.columns)}
    columns = _columns(spelling)
    key = next((column for column in (ROW, *IMAGES) if column in spelling), None)
    if key is None or not columns:
        missing = "a row or an image" if key is None else "a lesion, a patient, an age, a sex or a site"
        shown = " ".join(", ".join(table.columns).split())[:100]
        raise LesionError(f"{path.name} has no column that names {missing}, only {shown}: {EXPECTED}")
    keys = table[spelling[key]].str.strip().tolist()
    rows = match.rows_of_numbers(keys, source) if key == ROW else match.rows_of_names(keys, source)
    if not (rows >= 0).any():
        raise LesionError(f"{path.name} {match.no_match(spelling[key], key == ROW, keys, source)}")
    lines, repeated = match.first_lines(rows, len(source.rows))
    matched = lines >= 0
    record = MetadataRecord(
        path.name,
        columns,
        matched=int(matched.sum()),
        unmatched=int((~matched).sum()),
        foreign=int((rows < 0).sum()),
        repeated=repeated,
        unknown={},
        conflicts=0,
    )
    return _known(record, table.reindex(lines).fillna(""), matched, source.labels)


def read_columns(source: Source, name: str) -> Metadata | None:
    """Return what the source itself says of its rows, `name` being what it is called; None if it says nothing."""
    if source.facts is None:
        return None
    columns = _columns({column.lower(): column for column in reversed(source.facts.columns)})
    rows = len(source.rows)
    record = MetadataRecord(name, columns, rows, unmatched=0, foreign=0, repeated=0, unknown={}, conflicts=0)
    return _known(record, source.facts, np.ones(rows, bool), source.labels)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise LesionError(f"{path} cannot be read ({error.strerror}): check its name and permissions") from error


def _table(path: Path) -> "pd.DataFrame":
    """Return the table in `path`, all of it text; the separator is whichever its first line has most of."""
    import pandas as pd

    content = _content(path)
    try:
        text = content.decode("utf-8-sig")
        heading = text.lstrip().partition("\n")[0]
        separator = max(SEPARATORS, key=heading.count)
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            # Without index_col=False a comma at the end of each line would move all columns by one.
            table = pd.read_csv(io.StringIO(text), sep=separator, dtype=str, keep_default_na=False, index_col=False)
        return table.fillna("")
    except pd.errors.ParserWarning as error:
        reason = "a line has more values than there are columns"
        raise LesionError(f"{path.name} is no table ({reason}): {EXPECTED}") from error
    except ValueError as error:  # UnicodeDecodeError and pandas' errors are ValueErrors
        reason = " ".join(str(error).split())
        raise LesionError(f"{path.name} is no table ({reason}): {EXPECTED}") from error


def _columns(spelling: dict[str, str]) -> dict[str, str]:
    """Return the facts that a table has -> its columns; `spelling`: lower-case name -> as the table spells it."""
    first = {fact: next((name for name in names if name in spelling), None) for fact, names in FACTS.items()}
    return {fact: spelling[name] for fact, name in first.items() if name is not None}


def _known(record: MetadataRecord, table: "pd.DataFrame", matched: np.ndarray, labels: np.ndarray) -> Metadata:
    """Return what `table` says, a line of text for each row, and complete its `record`; `matched` and `labels` (N,)."""
    import pandas as pd

    text = {}
    for fact in FACTS:
        column = record.columns.get(fact)
        values = pd.Series("", table.index, dtype="str") if column is None else table[column].str.strip()
        text[fact] = values.mask(values.str.lower().isin(UNKNOWN), "")
    ages = pd.to_numeric(text["age"], errors="coerce").to_numpy(float)
    ages = np.where((ages >= 0) & (ages <= OLDEST), ages, np.nan)
    sexes = text["sex"].str.lower().to_numpy(dtype=str)
    sexes = np.where(np.isin(sexes, SEXES), sexes, "")
    sites = text["site"].str.lower().to_numpy(dtype=str)
    links = {fact: pd.factorize(text[fact].mask(text[fact] == ""))[0] for fact in LINKS if fact in record.columns}
    missing = {"age": np.isnan(ages), "sex": sexes == "", "site": sites == ""}
    unknown = {name: int((matched & missing[name]).sum()) for name in DESCRIPTIONS}
    lesions = links.get("lesion", np.full(len(labels), -1))
    both = np.setdiff1d(np.intersect1d(lesions[labels == 0], lesions[labels == 1]), -1)
    complete = dataclasses.replace(record, unknown=unknown, conflicts=len(both))
    return Metadata(complete, links, ages, sexes, sites)

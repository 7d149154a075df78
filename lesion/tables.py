"""Tables and arrays on disk: written whole or not at all, and checked when they are read."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

import msgspec
import numpy as np

from lesion.errors import LesionError
from lesion.store import atomic, shown
from lesion.streams import as_cell, of_cell

if TYPE_CHECKING:  # it takes half a second to import
    import pandas as pd


def write_table(path: Path, table: "pd.DataFrame", decimals: int | None = None) -> None:
    """Write `table` as CSV, whole or not at all; floats in full, or with so many decimals."""
    with atomic(path) as temporary:
        decimal_format = None if decimals is None else f"%.{decimals}f"
        cells = _with_texts(table, as_cell)
        cells.to_csv(temporary, index=False, lineterminator="\n", na_rep="nan", float_format=decimal_format)


def _with_texts(table: "pd.DataFrame", change: Callable[[str], str]) -> "pd.DataFrame":
    """Return `table` with every text in it changed; numbers are kept."""
    texts = table.select_dtypes(["object", "string"])
    return table.assign(**texts.map(lambda cell: change(cell) if isinstance(cell, str) else cell))


def read_table(path: Path, made_by: str, line: type | None = None) -> "pd.DataFrame":
    """Read a CSV file, every column that the dataclass `line` names checked against the type of its field.

    A number with a fraction may also be nan.

    Raises LesionError that names the command `made_by` if the file is missing, damaged or of another shape.
    """
    import pandas as pd

    try:
        table = _with_texts(pd.read_csv(path, keep_default_na=False, na_values=["nan"]), of_cell)
    except FileNotFoundError:
        raise LesionError(f"{shown(path)} is missing: run `{made_by}` first") from None
    except (ValueError, OverflowError) as error:  # pandas' own errors are ValueErrors
        reason = " ".join(str(error).split())
        raise LesionError(f"{shown(path)} is damaged ({reason}): run `{made_by}`") from None
    for name, kind in get_type_hints(line, include_extras=True).items() if line else ():
        if name not in table.columns:
            raise LesionError(f"{shown(path)} has no column {name}: run `{made_by}`")
        try:
            msgspec.convert(table[name].dropna().tolist(), list[kind])  # type: ignore[valid-type]
        except msgspec.ValidationError as error:
            raise LesionError(f"{shown(path)} is not as expected ({name}: {error}): run `{made_by}`") from None
    return table


@contextlib.contextmanager
def new_array(path: Path, shape: tuple[int, ...], kind: np.dtype) -> Iterator[Callable[[np.ndarray], None]]:
    """Yield a function that appends values to a new `.npy` file of `shape` and type `kind`.

    Written in order and not through a memory map: that would hold in memory what it has written, and kill the process
    if the disk is full.
    """
    with atomic(path) as temporary, temporary.open("wb") as file:
        np.lib.format.write_array_header_2_0(file, array_header(shape, kind))

        def append(values: np.ndarray) -> None:
            file.write(values.astype(kind, casting="no").tobytes())

        yield append


def array_header(shape: tuple[int, ...], kind: np.dtype) -> dict[str, Any]:
    """Return what NumPy's format says of an array that `new_array` writes."""
    return {"descr": kind.str, "fortran_order": False, "shape": shape}

"""What a report that is passed on need not tell: in which folders its files were."""

import dataclasses
import re
from typing import TypeVar

Anything = TypeVar("Anything")
# The folders of an absolute path: a slash, or a drive, at the start of a word, and all up to the last part.
FOLDERS = re.compile(r"""(?<![\w.:/\\<])(?:~|[A-Za-z]:)?[\\/](?=[^\s\\/])(?:[^\\/\n<>,;:()'"`]+[\\/])*(?=[^\s\\/])""")


def without_folders(value: Anything) -> Anything:
    """Return a record, or what it holds, with the last part only of every absolute path in its texts."""
    if isinstance(value, str):
        return FOLDERS.sub("", value)  # type: ignore[return-value]
    if isinstance(value, list):
        return [without_folders(one) for one in value]  # type: ignore[return-value]
    if isinstance(value, dict):
        return {name: without_folders(one) for name, one in value.items()}  # type: ignore[return-value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: without_folders(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return dataclasses.replace(value, **fields)
    return value

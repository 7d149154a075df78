"""The options of every stage: default, help and what each may be, declared once.

`tasks.py` makes its tasks from STAGES, and the scripts read their command line with `parse`. To both every value is
text until `read` has turned it into what the stage works with, or refused it in one line. Nothing here is slow to
import.
"""

from lesion.options.commands import command, parse, read
from lesion.options.declared import (
    AS_PROFILE,
    BENCH_PARTS,
    CHAIN,
    FOLDS,
    PREPARE,
    REPEATS,
    STAGES,
    THREADS,
    TRAIN,
    Option,
)
from lesion.options.places import data_path, weight_file
from lesion.options.wording import Value, flag
from lesion.options.words import chosen_networks

__all__ = [
    "AS_PROFILE",
    "BENCH_PARTS",
    "CHAIN",
    "FOLDS",
    "PREPARE",
    "REPEATS",
    "STAGES",
    "THREADS",
    "TRAIN",
    "Option",
    "Value",
    "chosen_networks",
    "command",
    "data_path",
    "flag",
    "parse",
    "read",
    "weight_file",
]

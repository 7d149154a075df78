"""One image as a source has it."""

from dataclasses import dataclass

import numpy as np

FROM_MASKS = "masks"  # what `SourceRecord.outlines` says where the outlines are in `Original.mask`


@dataclass(frozen=True)
class Original:
    """One image as the source has it.

    encoded: its bytes; b"" if it is missing.
    outline: (height, width) bool, True on the lesion, of the image upright; None if the source does not know it.
    mask: the outline as an encoded picture, white on the lesion, of any size; b"" if there is none.
    problem: why it is missing; empty if it is not.
    """

    encoded: bytes
    outline: np.ndarray | None = None
    mask: bytes = b""
    problem: str = ""

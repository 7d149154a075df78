"""What several records hold."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

ROUNDING = 1e-9  # by which a sum of shares may be beyond 1
# Numbers with their ranges, which are checked when a record is read. nan is in no range.
Label = Annotated[int, Meta(ge=0, le=1)]  # 0 benign, 1 malignant
Count = Annotated[int, Meta(ge=0)]
Share = Annotated[float, Meta(ge=-ROUNDING, le=1 + ROUNDING)]  # also a probability, or the area under a curve
Setting = bool | int | float | str | None | list[int | float | str]
Method = dict[str, dict[str, Setting]]  # name of a block of settings -> its fields, see `store.blocks`
Interval = list[float] | None  # [low, high]; None if it is undefined


@dataclass(frozen=True)
class Provenance:
    """When, on what and with which versions an artefact was made."""

    created: str
    seconds: float  # wall time
    machine: str
    device: str
    versions: dict[str, str]

"""What several records hold."""

from dataclasses import dataclass

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

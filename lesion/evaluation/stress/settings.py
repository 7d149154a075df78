"""The settings of the stress test."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Stress:
    """What is shown of the stress test."""

    cases: int = 12  # the most changed ones that are shown: three rows of four


STRESS = Stress()

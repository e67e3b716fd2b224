"""Starting weights from another study: `study:NAME` and `study:NAME@seed=1`."""

import re
from dataclasses import dataclass

PREFIX = "study:"
NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
REFERENCE = re.compile(rf"study:({NAME})(?:@seed=(\d+))?")


@dataclass(frozen=True)
class WeightsReference:
    """The weights of a study's decision.

    Args:
        study: Name of the study.
        seed: The replicate that is meant; None: the one with the same seed, else the middle one.
    """

    study: str
    seed: int | None = None

    def __str__(self) -> str:
        return f"{PREFIX}{self.study}" + ("" if self.seed is None else f"@seed={self.seed}")


def is_reference(value: object) -> bool:
    """Whether a value means the weights of a study."""
    return isinstance(value, str) and value.startswith(PREFIX)


def parse(text: str) -> WeightsReference:
    """Read a reference.

    Raises:
        ValueError: when it is malformed; the message says what it must be.
    """
    found = REFERENCE.fullmatch(text)
    if found is None:
        raise ValueError(f"must be study:NAME or study:NAME@seed=NUMBER; got {text}")
    return WeightsReference(found[1], None if found[2] is None else int(found[2]))

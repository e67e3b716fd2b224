"""Names that look like those of crops of one picture: slide3_x0_y256 and slide3_x256_y0 may be of slide3."""

import re
from collections.abc import Collection, Mapping

CROPS = r"^(.+?)(?:[_-](?i:x|y|r|c|row|col|tile|crop|patch)[_-]?\d+)*$"
"""Ends in a place, as of a crop; the group is what stands before it."""
NUMBERED = r"^(.+?)(?:[_-][A-Za-z]{0,5}\d+)*$"
"""Ends in numbers."""
LEAST: Mapping[str, int] = {CROPS: 3, NUMBERED: 5}
"""Expression -> groups at least: three splits need three, and what stands before a mere number is often a kind."""


def expression(names: Collection[str]) -> tuple[str, int] | None:
    """What groups these names, as `data.split.by` takes it, and how many groups there are; None where nothing does.

    Args:
        names: Of files, without their endings.
    """
    for found, least in LEAST.items():
        groups = {group(found, name) for name in names}
        if least <= len(groups) <= len(names) / 2:
            return found, len(groups)
    return None


def group(found: str, name: str) -> str:
    """The group of a name by an expression; the name itself where it has no end that is taken off."""
    match = re.fullmatch(found, name)
    return match[1] if match else name

"""Numbers and names in the sentences of an analysis."""

import math
from collections.abc import Sequence

from tunebook.analyse.scores import Cell, Entry
from tunebook.records import COSTS

NAMED = 3
"""Most configurations that a sentence names."""
SMALL = 0.01
LARGE = 1000


def number(value: float) -> str:
    """Three decimals; two digits of what is small, no fraction of what is large: `0.512`, `0.0024`, `4,608`."""
    if abs(value) >= LARGE:
        return f"{value:,.0f}"
    return f"{value:.3f}" if value == 0 or round(abs(value), 4) >= SMALL else f"{value:.2g}"


def score(value: float) -> str:
    """A score or its spread: three decimals, `0.512`; one digit of what they would show as nothing, `0.0003`."""
    if 5e-7 <= abs(value) < 5e-4:
        return f"{value:.{-math.floor(math.log10(abs(value)))}f}"
    return f"{round(value, 3) + 0.0:,.3f}"


def amount(name: str, value: float) -> str:
    """A cost or a parameter's value: `4,608`, `41.2 s`, `0.85 GB`, `16`."""
    if name == "trainable_parameters":
        return f"{value:,.0f}"
    if name in ("seconds", "cpu_seconds"):
        return f"{value:,.1f} s"
    return f"{value:.2f} GB" if name in COSTS else f"{value:g}"


def spread(cell: Cell) -> str:
    """`0.512 ± 0.004 (n = 3)`, without ± where n < 2."""
    assert cell.mean is not None  # asked of candidates alone
    around = "" if cell.sd is None else f" ± {score(cell.sd)}"
    return f"{score(cell.mean)}{around} (n = {cell.n})"


def name_of(entry: Entry) -> str:
    """What a person calls a configuration; its id when nothing singles it out."""
    return entry.label or entry.configuration


def named(entries: Sequence[Entry]) -> str:
    """`a, b, c and 2 more`."""
    return listed([name_of(entry) for entry in entries])


def listed(texts: Sequence[str]) -> str:
    """The first few of some texts, and how many more there are."""
    more = len(texts) - NAMED
    return ", ".join(texts[:NAMED]) + (f" and {more} more" if more > 0 else "")


def counted(n: int, one: str, many: str = "") -> str:
    """`1 candidate`, `2 candidates`."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"

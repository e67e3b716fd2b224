"""What a foreign table holds before anything is said of its columns: lines of cells, each with its place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tunebook.records import Scalar

Direction = Literal["maximize", "minimize"]


@dataclass(frozen=True)
class Line:
    """One line of a table: one run.

    Args:
        place: For messages: `results.csv:7`. `name`: what a finding calls the run: `line 7`.
        cells: Column -> value; a column that is empty here is absent.
    """

    place: str
    name: str
    cells: Mapping[str, Scalar]


@dataclass(frozen=True)
class Frame:
    """A foreign table.

    Args:
        source: What was read, as a person gave it.
        name: What the study is called where the table itself does not say it.
        columns: In the order of the table.
        directions: Column -> which way its values are better, where the table says so; its first metric is the
            objective.
        remarks: What was left out while reading, one sentence each.
        searched: Whether a search proposed the points: then no others are implied.
    """

    source: str
    name: str
    columns: Sequence[str]
    lines: Sequence[Line]
    directions: Mapping[str, Direction] = field(default_factory=dict)
    remarks: Sequence[str] = ()
    searched: bool = False

    def values(self, column: str) -> list[Scalar]:
        """The cells of a column that hold something, from the top."""
        return [line.cells[column] for line in self.lines if column in line.cells]

"""What a page consists of: cards, and the blocks in them. Markdown and HTML show the same values.

Every text here is plain: a backend escapes it. Nothing here knows how anything looks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tunebook.analyse import Finding
from tunebook.report.figures.figure import Figure

LONG = 25
"""A table of more rows than this is not shown whole at first."""


@dataclass(frozen=True)
class Heading:
    """The top of a table's column.

    Args:
        text: First line. `below`: second line, may be empty.
        numeric: Whether cells are set right, with figures of equal width.
        tip: A longer explanation.
    """

    text: str
    below: str = ""
    numeric: bool = False
    tip: str = ""


@dataclass(frozen=True)
class Value:
    """One cell of a table.

    Args:
        note: Small text behind it (n, why runs are missing).
        best: Shown bold.
        sort: What the cell is ordered by; None puts it last. Text cells are ordered by their text.
        muted: A reason in place of a value.
        page: The study whose page it leads to; empty for none.
    """

    text: str
    note: str = ""
    best: bool = False
    sort: float | None = None
    muted: bool = False
    page: str = ""


@dataclass(frozen=True)
class Grid:
    """A table. The first cell of a row names it.

    Args:
        caption: What is in it, for those who see nothing else of the page.
        title: Shown above the table, or as the line that unfolds it.
        folded: Shown only when asked for.
        marked: Numbers of the rows that are set apart.
        facets: What rows can be filtered by: parameter -> its value in each row, empty where the row has none.
    """

    caption: str
    headings: Sequence[Heading]
    rows: Sequence[Sequence[Value]]
    title: str = ""
    folded: bool = False
    marked: frozenset[int] = frozenset()
    facets: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """Terms and what they are.

    Args:
        title: Shown above them, or as the line that unfolds them.
        folded: Shown only when asked for.
        heads: What the terms are, and what is said of them: where they are set as a table.
    """

    pairs: Sequence[tuple[str, str]]
    title: str = ""
    folded: bool = False
    heads: tuple[str, str] = ("what", "value")


@dataclass(frozen=True)
class Said:
    """Sentences, one below the other.

    Args:
        title: Shown above them.
    """

    lines: Sequence[str]
    title: str = ""


@dataclass(frozen=True)
class Remark:
    """What a person says, in their words, set apart from what is computed.

    Args:
        about: What it is a remark on, before it.
        signed: Who said it, and when.
    """

    text: str
    signed: str
    about: str = ""


@dataclass(frozen=True)
class Findings:
    """Flaws, each with its evidence, what it means and the way out."""

    findings: Sequence[Finding]


@dataclass(frozen=True)
class Figures:
    """Figures beside each other, and the numbers behind them, folded."""

    figures: Sequence[Figure]
    data: Grid | None = None
    title: str = ""


@dataclass(frozen=True)
class Panel:
    """One picture.

    Args:
        path: Absolute path of its PNG file.
        name: File name without suffix beside the page, unique on it.
        below: What is written under it.
    """

    path: str
    name: str
    alt: str
    below: str = ""


@dataclass(frozen=True)
class Gallery:
    """Pictures in rows and columns; rows are items."""

    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Panel]]]
    title: str = ""


@dataclass(frozen=True)
class Source:
    """A text shown as it is, folded."""

    title: str
    text: str


Block = Grid | Facts | Said | Remark | Findings | Figures | Gallery | Source


@dataclass(frozen=True)
class Card:
    """One part of a page.

    Args:
        anchor: The fragment that links to it.
        sentence: What it says, computed from what it shows.
        caveats: What limits it, and how it was computed.
        absent: Why there is nothing to show; empty when there is.
    """

    anchor: str
    heading: str
    sentence: str = ""
    blocks: Sequence[Block] = ()
    caveats: Sequence[str] = ()
    absent: str = ""


@dataclass(frozen=True)
class Page:
    """A study, or a book, as it is shown.

    Args:
        name: Names its files.
        kind: What it is: `Study · promptable-segmentation`.
        answer: What was found, in a sentence. `more`: what belongs to it, one sentence each.
    """

    name: str
    kind: str
    question: str
    answer: str
    cards: Sequence[Card]
    more: Sequence[str] = ()

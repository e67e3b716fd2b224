"""What a page consists of: cards, and the blocks in them. Markdown and HTML show the same values.

Every text here is plain: a backend escapes it. Nothing here knows how anything looks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tunebook.analyse import Finding
from tunebook.records import Pixels
from tunebook.report.figures.figure import Figure
from tunebook.report.prose import Passage

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
class Words:
    """A note of a person, visibly theirs.

    Args:
        signed: Who wrote it where, and when.
        about: What it is on, before it; empty for the whole page.
    """

    passages: Sequence[Passage]
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
class Contacts:
    """A contact sheet: items with their pictures, as many beside each other as there is room for."""

    items: Sequence[tuple[str, Sequence[Panel]]]
    title: str = ""


@dataclass(frozen=True)
class WallPicture:
    """An item of a wall: paths of the panels that are the same for every configuration.

    Args:
        mask: Grey layer of the true mask (0 and 255); empty where items have instances.
    """

    item: str
    image: str
    truth: str
    mask: str = ""


@dataclass(frozen=True)
class WallCell:
    """What one configuration predicts for one item.

    Args:
        run: Id of the run that is shown.
        prediction: Path of the RGB panel: errors in colours, or contours of instances.
        probability: Path of the grey layer of probabilities; empty where items have instances.
        pixels: Where items have a binary mask.
        below: What is written under it.
    """

    run: str
    prediction: str
    probability: str = ""
    pixels: Pixels | None = None
    below: str = ""


@dataclass(frozen=True)
class WallColumn:
    """One configuration of a wall.

    Args:
        parameters: What it can be sorted and filtered by, as text and number.
        scores: Heading -> mean score, by which it can be sorted.
        group: Name of the visual group that it belongs to. `kind`: the degenerate predictor that it is; else empty.
        cells: In the order of the wall's pictures; None: it has no picture of that item.
        replicate: Whose masks are shown, `seed 0`; empty where no replicate can change them.
        replicates: Of how many its score on the selection split is the mean.
    """

    configuration: str
    label: str
    parameters: Mapping[str, Value]
    scores: Mapping[str, Value]
    cells: Sequence[WallCell | None]
    group: str = ""
    kind: str = ""
    replicate: str = ""
    replicates: int = 1


@dataclass(frozen=True)
class Wall:
    """The gallery: rows are pictures, columns configurations, best first.

    Args:
        name: Unique on the page, and part of file names beside it.
        split: Of the pictures.
        study: Name of the study, which exported ratings carry.
        rule: How the pictures were chosen, in words.
        legend: Colour name -> what it stands for, in the prediction panels; `green`: in the truth panels.
        groups: Visual groups in their order: name -> what its masks look like.
        direction: Of the scores: whether the best is the highest or the lowest.
    """

    name: str
    study: str
    split: str
    rule: str
    pictures: Sequence[WallPicture]
    columns: Sequence[WallColumn]
    legend: Mapping[str, str]
    groups: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    direction: Literal["maximize", "minimize"] = "maximize"


@dataclass(frozen=True)
class Source:
    """A text shown as it is, folded.

    Args:
        language: What Markdown calls it.
    """

    title: str
    text: str
    language: str = "yaml"


Block = Grid | Facts | Said | Remark | Words | Findings | Figures | Gallery | Contacts | Wall | Source


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
        mark: That it is not the whole, and why; above all else. Empty where it is.
        refresh: Seconds after which a browser reads the file again; 0 for never.
        answer: What was found, in a sentence. `more`: what belongs to it, one sentence each.
        made_from: What it shows, at its end.
    """

    name: str
    kind: str
    question: str
    answer: str
    cards: Sequence[Card]
    more: Sequence[str] = ()
    mark: str = ""
    refresh: int = 0
    made_from: str = "its ledger and run folders"

"""What figures show: values without a look. Every figure says by itself what it is of: metric, split, filter, n."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tunebook.analyse import Curves, Heatmap

Kind = Literal["best", "level", "behind", "plain"]
"""What an estimate is among its kin: the best, not told from it, behind it; or none of these."""


@dataclass(frozen=True)
class HeatmapFigure:
    """Scores by two parameters.

    Args:
        name: File name without suffix, unique on the page.
        title: What is shown, with metric, split and n; the first line says most.
        alt: The figure in words.
        maximize: Whether more is better.
        sd: Standard deviation between replicates of one configuration; None when it is not known. Colours span four
            of it at least, so that noise alone looks even.
    """

    name: str
    title: Sequence[str]
    alt: str
    data: Heatmap
    maximize: bool
    sd: float | None = None


@dataclass(frozen=True)
class CurvesFigure:
    """Learning curves.

    Args:
        highlighted: Place (`best`) -> configuration id, in the order of the legend; others are grey.
    """

    name: str
    title: Sequence[str]
    alt: str
    data: Curves
    highlighted: Mapping[str, str]


@dataclass(frozen=True)
class Estimate:
    """One value with its interval.

    Args:
        mean: None where there is no value; then `said` says why.
        low, high: The ends of the interval; None where there is none.
        said: Written at the end of the row.
        before: Another value of the same thing, drawn hollow: what it was before.
    """

    label: str
    mean: float | None
    low: float | None = None
    high: float | None = None
    said: str = ""
    kind: Kind = "plain"
    before: float | None = None


@dataclass(frozen=True)
class Group:
    """Estimates that belong together, under a line of text.

    Args:
        aside: Small text at the end of that line.
    """

    title: str
    estimates: Sequence[Estimate]
    aside: str = ""


@dataclass(frozen=True)
class IntervalsFigure:
    """Values with their intervals, one per line, on one axis.

    Args:
        axis: What the axis measures.
        zero: Where a line of reference stands; None for none.
        key: What the marks mean, `hollow: searched`.
    """

    name: str
    title: Sequence[str]
    alt: str
    groups: Sequence[Group]
    axis: str
    zero: float | None = None
    key: str = ""


@dataclass(frozen=True)
class Point:
    """One configuration by its cost, or what else is on the first axis, and its score."""

    label: str
    cost: float
    score: float
    front: bool
    decided: bool
    tip: str = ""


@dataclass(frozen=True)
class ScatterFigure:
    """Scores against a cost, or against another score.

    Args:
        x, y: What the axes measure.
        maximize: Whether a higher score is better.
        x_better: What is better on the first axis: `less` of a cost, `more` of a score; `none` where the figure shows
            how two scores go together, and there is no front.
    """

    name: str
    title: Sequence[str]
    alt: str
    points: Sequence[Point]
    x: str
    y: str
    maximize: bool
    x_better: Literal["less", "more", "none"] = "less"


@dataclass(frozen=True)
class Node:
    """A study in the chain of a book.

    Args:
        rank: How many studies lie before it, on the longest way: the row it stands in.
        state: `decided`, `outdated`, `interim`, `stopped` or `not run`.
        lines: What is written in it below its name.
    """

    name: str
    rank: int
    state: str
    lines: Sequence[str]


@dataclass(frozen=True)
class ChainFigure:
    """Studies and what is carried from one to another.

    Args:
        edges: From, to, and what is carried.
    """

    name: str
    title: Sequence[str]
    alt: str
    nodes: Sequence[Node]
    edges: Sequence[tuple[str, str, str]]


Figure = HeatmapFigure | CurvesFigure | IntervalsFigure | ScatterFigure | ChainFigure

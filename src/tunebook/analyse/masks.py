"""What binary masks are, by counts of their pixels: right and wrong ones, and predictors that hardly look.

A pixel is predicted from a threshold on. Each mask is judged at 0.5 and at the threshold that was chosen for its run;
the two are told apart. A run that failed has a reason, and no mask to judge.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from tunebook.analyse.remembering import of_table
from tunebook.analyse.scores import Unavailable, all_runs, ordered
from tunebook.records import Pixels, Row, RunFacts, Table

Kind = Literal["all black", "all white", "constant", "only false positives", "few true positives"]
KINDS: dict[Kind, str] = {
    "all black": "nothing is predicted",
    "all white": "everything is predicted",
    "constant": "one probability everywhere, neither 0 nor 1",
    "only false positives": "something is predicted, and none of it is right",
    "few true positives": "less than 5 % of the foreground is found",
}
"""Degenerate predictor -> how it is known, the first that fits; where there is foreground, and background."""
FEW = 0.05
HALF = 128
"""The level of a probability of 0.5."""
LEVELS = 255
ROUNDED = 1e-6
"""A threshold may lie so much above its level, in 255ths: it was written down."""


@dataclass(frozen=True)
class Confusion:
    """Pixels of masks at one threshold: true and false positives, false and true negatives."""

    tp: int
    fp: int
    fn: int
    tn: int

    @property
    def foreground(self) -> int:
        """True foreground."""
        return self.tp + self.fn

    @property
    def pixels(self) -> int:
        """All of them."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def predicted(self) -> float:
        """The share of all pixels that is predicted."""
        return (self.tp + self.fp) / self.pixels

    @property
    def recall(self) -> float | None:
        """The share of the foreground that is found; None without foreground."""
        return self.tp / self.foreground if self.foreground else None

    def __add__(self, other: "Confusion") -> "Confusion":
        return Confusion(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn, self.tn + other.tn)


@dataclass(frozen=True)
class Masks:
    """All pictured masks of one run together.

    Args:
        items: How many there are.
        half, chosen: Their pixels at 0.5, and at the threshold that was chosen.
        half_kind, chosen_kind: The degenerate predictor that they are there; None when they are none.
        thresholds: The chosen ones, 0..1; more than one where a run has several settings.
    """

    row: Row
    run: RunFacts
    items: int
    half: Confusion
    chosen: Confusion
    half_kind: Kind | None
    chosen_kind: Kind | None
    thresholds: tuple[float, ...]


@dataclass(frozen=True)
class Kinds:
    """What the masks of every run are.

    Args:
        split: Of the pictures.
        masks: Every run with masks, of the best configuration first; baselines last.
        failed: Runs without masks because they failed; their reasons stand with them.
    """

    split: str
    masks: tuple[Masks, ...]
    failed: tuple[tuple[Row, RunFacts], ...]


def level_of(threshold: float) -> int:
    """The lowest probability in 255ths that a threshold (0..1) lets pass; 0.5 is 128."""
    return math.ceil(LEVELS * threshold - ROUNDED)


def confusion(pixels: Pixels, level: int) -> Confusion:
    """The pixels of one mask that holds every probability from a level (in 255ths) on."""
    background, foreground = sum(pixels.background), sum(pixels.foreground)
    fp, tp = sum(pixels.background[level:]), sum(pixels.foreground[level:])
    return Confusion(tp=tp, fp=fp, fn=foreground - tp, tn=background - fp)


def kind_of(pixels: Sequence[Pixels], counts: Confusion) -> Kind | None:
    """The degenerate predictor that some masks are, of which these are the counts together."""
    if counts.foreground in (0, counts.pixels):
        return None
    if _only_level(pixels) not in (None, 0, LEVELS):
        return "constant"
    if counts.tp + counts.fp == 0:
        return "all black"
    if counts.fn + counts.tn == 0:
        return "all white"
    if counts.tp == 0:
        return "only false positives"
    return "few true positives" if counts.tp < FEW * counts.foreground else None


@of_table
def kinds(table: Table) -> Kinds | Unavailable:
    """What the pictured masks of every finished run are, of all roles; an equal run executed again is left out."""
    floors = replace(table, rows=table.baselines)
    rows = [row for entry in ordered(table) for row in entry.rows if row is not None]
    rows += [row for entry in ordered(floors, "baseline") for row in entry.rows if row is not None]
    held = [(row, run) for row in rows for run in row.runs if run.repeat == 0]
    found = tuple(_masks(row, run) for row, run in held if run.status == "finished" and _pixels(run))
    if not found:
        return Unavailable("the runs have no binary masks")
    failed = tuple((row, run) for row, run in all_runs(table) if run.status == "failed" and run.repeat == 0)
    return Kinds(pictured_split(table), found, failed)


def pictured_split(table: Table) -> str:
    """The split whose items are drawn."""
    return table.splits[0] if table.splits else table.select_split


def together(counts: Iterable[Confusion]) -> Confusion:
    """The pixels of several masks."""
    return sum(counts, Confusion(0, 0, 0, 0))


def _masks(row: Row, run: RunFacts) -> Masks:
    pixels = _pixels(run)
    half = together(confusion(each, HALF) for each in pixels)
    chosen = together(confusion(each, level_of(each.threshold)) for each in pixels)
    thresholds = tuple(sorted({each.threshold for each in pixels}))
    return Masks(row, run, len(pixels), half, chosen, kind_of(pixels, half), kind_of(pixels, chosen), thresholds)


def _pixels(run: RunFacts) -> list[Pixels]:
    return [picture.pixels for picture in run.pictures if picture.pixels is not None]


def _only_level(pixels: Sequence[Pixels]) -> int | None:
    """The probability in 255ths that every pixel has; None where there are several."""
    counts = np.sum([(each.background, each.foreground) for each in pixels], axis=(0, 1))
    levels = np.flatnonzero(counts)
    return int(levels[0]) if len(levels) == 1 else None

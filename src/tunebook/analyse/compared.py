"""What a comparison of two studies says: plain values, the first study before the second."""

from dataclasses import dataclass

from tunebook.analyse.pairing import Shared


@dataclass(frozen=True)
class Mean:
    """A mean over n replicates; `sd` (ddof 1) is None when n < 2."""

    mean: float
    sd: float | None
    n: int


@dataclass(frozen=True)
class Change:
    """The second study minus the first.

    Args:
        low, high: 95 % interval of the paired difference; None with fewer than two common replicates.
        n: Common replicates.
        items: Common items that the interval covers; 0 when it is for these items alone.
    """

    mean: float
    low: float | None
    high: float | None
    n: int
    items: int


@dataclass(frozen=True)
class Correlation:
    """Spearman's rank correlation of n configurations; `value` is None where n < 3, or one side has only ties."""

    value: float | None
    n: int


@dataclass(frozen=True)
class PairScores:
    """The scores of one configuration in both studies, over the shared cases; id and label of the first study."""

    configuration: str
    label: str
    first: Mean
    second: Mean
    change: Change


@dataclass(frozen=True)
class LeftOut:
    """A shared configuration that has no scores to compare, and why."""

    label: str
    reason: str


@dataclass(frozen=True)
class Scores:
    """One metric on one split.

    Args:
        pairs: In the order of the first study's ranking.
        items: Items of both, and of one alone; means are over those of both where a score is the mean of its items.
        whole: Whether each study's score is over all of its own items, though they differ: it is no mean of items.
        first, second, change: Over all pairs; None when there are none.
        ranking: How far both studies put the configurations in the same order.
    """

    metric: str
    split: str
    pairs: tuple[PairScores, ...]
    left_out: tuple[LeftOut, ...]
    items: Shared
    whole: bool
    first: Mean | None
    second: Mean | None
    change: Change | None
    ranking: Correlation


@dataclass(frozen=True)
class Chosen:
    """A configuration that one study decided, or ranks first, and where it stands in the other.

    Args:
        score: By which it was chosen, on `metric` and `split`; None when no run of it has a value.
        there: Its label in the other study; empty when it is not there.
        place: Its rank among the `of` configurations of the other study that have all values; None when it has not.
    """

    configuration: str
    label: str
    metric: str
    split: str
    score: Mean | None
    there: str
    place: int | None
    of: int


@dataclass(frozen=True)
class Side:
    """One of the two studies: its decision, and its best configuration by the searched runs; None where it has none."""

    study: str
    decision: Chosen | None
    winner: Chosen | None


@dataclass(frozen=True)
class Differing:
    """What differs in how the runs came about: every value of each study."""

    key: str
    first: tuple[str, ...]
    second: tuple[str, ...]


@dataclass(frozen=True)
class Compared:
    """Two studies on what they share.

    Args:
        configurations: Labels; a shared one by its label in the first study.
        by_values: Of the shared ones, those that are equal in what both studies vary, not in all that can matter.
        runs: Finished runs of shared configurations, cases and replicates; `same_runs` of them are one run in both.
        same_decision, same_winner: None where one of the two is missing.
        file: Lines that differ between the study files, with `-` and `+`; only of one study before and after.
    """

    first: Side
    second: Side
    configurations: Shared
    by_values: tuple[str, ...]
    cases: Shared
    replicates: Shared
    metrics: Shared
    splits: Shared
    runs: int
    same_runs: int
    scores: tuple[Scores, ...]
    same_decision: bool | None
    same_winner: bool | None
    provenance: tuple[Differing, ...]
    file: tuple[str, ...]

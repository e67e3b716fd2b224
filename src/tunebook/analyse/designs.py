"""What a study crossed with what: the scores of one alternative, their blocks, and the levels of its parameters.

One run gives one score. Blocks are case x replicate: every configuration is meant to be in each, so what differs
between blocks is taken out before parameters are judged. A run that some replicate factor cannot change (a seed, where
nothing is trained) belongs to every block of its case that agrees with what it does have, in equal parts.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tunebook.analyse.scores import searched, value_of
from tunebook.records import Case, Scalar, Table

Numbers = NDArray[np.float64]
_Replicate = frozenset[tuple[str, int]]
TINY = 1e-9
"""Below this share of what was there, a sum of squares is rounding."""


@dataclass(frozen=True)
class Factor:
    """A parameter with at least two levels.

    Args:
        parameter: Dotted path.
        levels: Its values: ascending when all are numbers, else in the order of the rows.
        codes: Run by run, the index of its level; -1 where the configuration does not have the parameter.
    """

    parameter: str
    levels: tuple[Scalar, ...]
    codes: tuple[int, ...]


@dataclass(frozen=True)
class Design:
    """Which run has which levels in which blocks: all that the scores do not change, so metrics share it.

    Args:
        blocks: Run by run, the indices of its blocks.
        names: What the blocks are called: `orgasegment seed=0`.
        case: The cases as one factor, called by the fields in which they differ (`data.root`); its levels are their
            labels. None where there is one case.
    """

    factors: tuple[Factor, ...]
    blocks: tuple[tuple[int, ...], ...]
    names: tuple[str, ...]
    case: Factor | None = None


@dataclass(frozen=True)
class Observed:
    """The scores of one alternative.

    Args:
        values: One per run.
        configurations: Run by run, the id of its configuration.
        once: Whether no replicate changed any score, so that the runs of a configuration in a case count as one:
            its copies would pass for evidence.
        replicated: Whether a configuration has several scores that count in one case.
        without: Searched runs that have no value.
    """

    values: tuple[float, ...]
    configurations: tuple[str, ...]
    design: Design
    once: bool
    replicated: bool
    without: int


@dataclass(frozen=True)
class _Scored:
    """One run with a value."""

    configuration: str
    parameters: Mapping[str, Scalar]
    case: Case
    replicate: Mapping[str, int]
    value: float


def observed(table: Table, alternative: str, *, metric: str, split: str) -> Observed:
    """The scores of an alternative's searched runs, repeats left out, and how they were crossed."""
    rows = (row for row in table.rows if row.alternative == alternative)
    every = [(row, run) for row in rows for run in searched(row)]
    runs = [
        _Scored(row.configuration, row.parameters, row.case, run.replicate, value)
        for row, run in every
        if (value := value_of(run, metric, split)) is not None
    ]
    without = len(every) - len(runs)
    together: dict[tuple[str, str], list[_Scored]] = {}
    for run in runs:
        together.setdefault((run.configuration, run.case.label), []).append(run)
    several = len(together) < len(runs)
    once = several and all(len({run.value for run in group}) == 1 for group in together.values())
    if once:
        runs = [replace(group[0], replicate={}) for group in together.values()]
    factors = (_factor(name, [run.parameters for run in runs]) for name in table.parameters)
    blocks, names = _blocks(runs)
    design = Design(tuple(each for each in factors if len(each.levels) > 1), blocks, names, _case(runs))
    values, configurations = tuple(run.value for run in runs), tuple(run.configuration for run in runs)
    return Observed(values, configurations, design, once, several and not once, without)


def grouped(keys: Iterable[Hashable]) -> NDArray[np.intp]:
    """Equal keys have equal numbers, counted from 0 in the order of appearance."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.intp)


def alike(design: Design, factor: Factor) -> NDArray[np.intp]:
    """Groups of runs that share their blocks and every other parameter: if this one does nothing, exchangeable."""
    others = [other.codes for other in design.factors if other is not factor]
    return grouped(zip(design.blocks, *others, strict=True))


def is_number(value: Scalar) -> bool:
    """Whether a value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _factor(name: str, points: Sequence[Mapping[str, Scalar]]) -> Factor:
    found: dict[tuple[bool, Scalar], Scalar] = {}
    for point in points:
        if name in point:
            found.setdefault(_told_apart(point[name]), point[name])
    keys = list(found)
    if all(is_number(value) for value in found.values()):
        keys.sort(key=lambda key: float(found[key]))  # type: ignore[arg-type]  # a number
    places = {key: at for at, key in enumerate(keys)}
    codes = tuple(places[_told_apart(point[name])] if name in point else -1 for point in points)
    return Factor(name, tuple(found[key] for key in keys), codes)


def _case(runs: Sequence[_Scored]) -> Factor | None:
    """The cases of runs as one factor; None where there is one case."""
    fields = dict.fromkeys(name for run in runs for name in run.case.values)
    differing = [name for name in fields if len({run.case.values.get(name) for run in runs}) > 1]
    factor = _factor(", ".join(differing), [{", ".join(differing): run.case.label} for run in runs])
    return factor if len(factor.levels) > 1 else None


def _told_apart(value: Scalar) -> tuple[bool, Scalar]:
    return isinstance(value, bool), value  # True == 1 in Python, and is another choice in a study


def _blocks(runs: Sequence[_Scored]) -> tuple[tuple[tuple[int, ...], ...], tuple[str, ...]]:
    """Run by run the blocks it belongs to, and the name of each block.

    A block is a replicate of a case that no other replicate there adds a factor to.
    """
    known: dict[str, set[_Replicate]] = {}
    for run in runs:
        known.setdefault(run.case.label, set()).add(frozenset(run.replicate.items()))
    blocks = [
        (label, each)
        for label, replicates in known.items()
        for each in sorted(replicates, key=sorted)
        if not any(each < other for other in replicates)
    ]
    belongs = {
        (label, each): tuple(at for at, (case, block) in enumerate(blocks) if case == label and each <= block)
        for label, replicates in known.items()
        for each in replicates
    }
    names = (" ".join([label, *(f"{factor}={number}" for factor, number in sorted(each))]) for label, each in blocks)
    return (
        tuple(belongs[run.case.label, frozenset(run.replicate.items())] for run in runs),
        tuple(name.strip() for name in names),
    )

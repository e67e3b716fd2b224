"""Parameters that do nothing at all: runs that differ in one of them alone have equal scores, to the last digit."""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tunebook.analyse.scores import called, searched
from tunebook.records import RunFacts, Scalar, Table
from tunebook.spec.faults import text_of

CHANCE = 0.01
"""Up to this probability equal scores are no accident; those of few items coincide now and then."""


@dataclass(frozen=True)
class Idle:
    """A parameter without effect.

    Args:
        where: `bce_weight=1`, where it has none only with this value of another; empty when it has none anywhere.
        groups: Groups of runs that differ in it alone. `example`: one of them.
    """

    alternative: str
    parameter: str
    where: str
    groups: int
    example: str


@dataclass(frozen=True)
class _Run:
    name: str
    parameters: Mapping[str, Scalar]
    circumstances: Hashable
    """Case and replicate."""
    scores: Hashable


@dataclass(frozen=True)
class _Group:
    """Runs that agree in all but one parameter.

    Args:
        others: The other parameters. `values`: those of the one, each once.
        equal: Whether all scores are equal.
    """

    others: Mapping[str, Scalar]
    values: tuple[Scalar, ...]
    equal: bool
    example: str


def idle(table: Table) -> Iterator[Idle]:
    """The parameters without effect, alternative by alternative; runs whose scores are all 0 or 1 tell nothing."""
    for alternative in dict.fromkeys(row.alternative for row in table.rows):
        runs = list(_runs(table, alternative))
        for parameter in table.parameters:
            alike = list(_alike(runs, parameter))
            coincidence = _coincidence(alike)
            groups = [group for each in alike if len((group := _group(each, parameter)).values) > 1]
            yield from _found(alternative, parameter, groups, coincidence)


def _found(alternative: str, parameter: str, groups: Sequence[_Group], coincidence: float) -> Iterator[Idle]:
    if _certain(groups, coincidence):
        yield Idle(alternative, parameter, "", len(groups), groups[0].example)
        return
    for other in dict.fromkeys(name for group in groups for name in group.others):
        for value in dict.fromkeys(group.others[other] for group in groups if other in group.others):
            inside = [group for group in groups if other in group.others and group.others[other] == value]
            if _certain(inside, coincidence):
                yield Idle(alternative, parameter, f"{other}={text_of(value)}", len(inside), inside[0].example)


def _certain(groups: Sequence[_Group], coincidence: float) -> bool:
    """Whether all groups are equal and that is no accident: each further value of a group had to coincide."""
    further = sum(len(group.values) - 1 for group in groups)
    return bool(groups) and all(group.equal for group in groups) and coincidence**further <= CHANCE


def _runs(table: Table, alternative: str) -> Iterator[_Run]:
    for row in table.rows:
        if row.alternative == alternative:
            for run in searched(row):
                if run.status == "finished" and any(value not in (0, 1) for value in run.scores.values()):
                    circumstances = (row.case.label, tuple(sorted(run.replicate.items())))
                    yield _Run(
                        _name(called(row), run), row.parameters, circumstances, tuple(sorted(run.scores.items()))
                    )


def _name(row: str, run: RunFacts) -> str:
    return " ".join((row, *(f"{factor}={number}" for factor, number in run.replicate.items())))


def _alike(runs: Iterable[_Run], parameter: str) -> Iterable[list[_Run]]:
    """Runs that agree in all but one parameter, together."""
    found: dict[Hashable, list[_Run]] = {}
    for run in runs:
        if parameter in run.parameters:
            others = tuple(item for item in run.parameters.items() if item[0] != parameter)
            found.setdefault((others, run.circumstances), []).append(run)
    return found.values()


def _group(runs: Sequence[_Run], parameter: str) -> _Group:
    others = {name: value for name, value in runs[0].parameters.items() if name != parameter}
    values = tuple(dict.fromkeys(run.parameters[parameter] for run in runs))
    example = f"{runs[0].name} and {parameter}={text_of(values[-1])}"
    return _Group(others, values, len({run.scores for run in runs}) == 1, example)


def _coincidence(alike: Sequence[Sequence[_Run]]) -> float:
    """How often runs of different groups have equal scores; never quite 0, for that was not seen often enough."""
    within = [Counter(run.scores for run in each) for each in alike]
    every = Counter(run.scores for each in alike for run in each)
    equal = sum(map(_pairs, every.values())) - sum(_pairs(number) for each in within for number in each.values())
    pairs = _pairs(every.total()) - sum(_pairs(each.total()) for each in within)
    return (equal + 0.5) / (pairs + 2.5)


def _pairs(number: int) -> int:
    return number * (number - 1) // 2

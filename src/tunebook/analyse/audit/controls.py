"""Whether configurations that other studies decided do as well here: T601."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Literal

from tunebook.analyse.audit.finding import Finding, finding
from tunebook.analyse.pooling import Pooled, pooled
from tunebook.analyse.saying import counted, number
from tunebook.analyse.scores import cell, replicate_of, value_of
from tunebook.records import Control, Row, RunFacts, Table

CONFIDENCE = 0.95
FEWEST_DF = 2
"""With one degree of freedom an interval reaches 12.7 standard errors: nothing would fail to reproduce."""
Verdict = Literal["reproduced", "not reproduced", "cannot be judged"]


@dataclass(frozen=True)
class ControlResult:
    """What running a decided configuration again showed.

    Args:
        sentence: The verdict with its numbers.
        before, here: Means of the deciding study's metric there and here, over the cases that both have; None where
            no run has a value, and where equal runs say all.
        low, high: 95 % interval of before - here: Student's t with the spread within configurations of both studies,
            pooled; None where it is not needed, or where too little is known of the spread.
    """

    control: Control
    verdict: Verdict
    sentence: str
    before: float | None
    here: float | None
    low: float | None = None
    high: float | None = None


def controls(table: Table) -> tuple[ControlResult, ...]:
    """The result of each control of a study, in their order.

    A control has reproduced when the interval of its difference on other replicates holds 0; where it has no others,
    when the runs that were executed again have the same scores to the last digit, or a difference inside the noise.
    """
    return tuple(_result(table, control) for control in table.controls)


def not_reproduced(table: Table) -> Iterator[Finding]:
    """T601."""
    for result in controls(table):
        if result.verdict == "not reproduced":
            control = result.control
            yield finding(
                "T601",
                result.sentence,
                _evidence(control),
                f"look for what differs between {control.study} and {table.study} (data, versions, device); else take "
                "the score of here for the true one, and confirm finalists on fresh seeds before deciding",
            )


@dataclass(frozen=True)
class _Both:
    """The runs of one case, there and here, by replicate: those with a value."""

    before: Mapping[str, float]
    here: Mapping[str, float]
    fresh: Mapping[str, float] = field(default_factory=dict)
    """Those there that confirmed it: where there are any, the decision is by them."""

    def on_others(self) -> "_Both":
        """All runs there, and those here on replicates that the other study did not have."""
        others = {name: value for name, value in self.here.items() if name not in self.before}
        return _Both(self.fresh or self.before, others)

    def on_common(self) -> "_Both":
        """The runs of both on the replicates that both have."""
        names = [name for name in self.before if name in self.here]
        return _Both({name: self.before[name] for name in names}, {name: self.here[name] for name in names})


def _result(table: Table, control: Control) -> ControlResult:
    """The verdict on replicates that the other study did not have; where there are none, on those executed again."""
    both = list(_cases(control))
    name = f"{control.label} of {control.study}"
    if not both:
        return ControlResult(control, "cannot be judged", f"{name} {_missing(control)}.", None, None)
    shared = [(each.before[one], each.here[one]) for each in both for one in each.before if one in each.here]
    again = f"{counted(len(shared), 'run')} executed again" if shared else ""
    equal = all(one == other for one, other in shared)
    fresh = [each.on_others() for each in both]
    if all(each.here for each in fresh):
        same = f" {again}: {'equal' if equal else 'not equal'}, to the last digit." if again else ""
        return _compared(table, control, fresh, name, same, "on other replicates")
    if equal:
        return ControlResult(control, "reproduced", f"{name} reproduced: {again}, equal to the last digit.", None, None)
    return _compared(table, control, [each.on_common() for each in both], name, "", "for the same replicates")


def _compared(
    table: Table, control: Control, both: Sequence["_Both"], name: str, same: str, where: str
) -> ControlResult:
    """The verdict by the difference of means over cases."""
    before, here = (
        fmean(fmean(each.before.values()) for each in both),
        fmean(fmean(each.here.values()) for each in both),
    )
    runs = f"(n = {min(len(each.before) for each in both)} and {min(len(each.here) for each in both)})"
    scores = f"{control.metric} on {control.split} was {number(before)} there and is {number(here)} here {where} {runs}"
    noise = _noise(table, control)
    if noise is None:
        why = "too little is known of the spread between replicates to judge the difference"
        said = f"{name} cannot be judged: {scores}, and {why}.{same}"
        return ControlResult(control, "cannot be judged", said, before, here)
    half = _half_width(both, noise)
    low, high = before - here - half, before - here + half
    inside = low <= 0 <= high
    interval = f"the difference is {number(before - here)}, with a 95 % interval from {number(low)} to {number(high)}"
    verb = "reproduced" if inside else "did not reproduce"
    verdict: Verdict = "reproduced" if inside else "not reproduced"
    return ControlResult(control, verdict, f"{name} {verb}: {scores}; {interval}.{same}", before, here, low, high)


def _cases(control: Control) -> Iterator[_Both]:
    """The cases that have values on both sides."""
    there = {row.case.label: row for row in control.before}
    for row in control.here:
        if row.case.label in there:
            before = there[row.case.label].runs
            fresh = _values([run for run in before if run.role == "confirm"], control)
            both = _Both(_values(before, control), _values(row.runs, control), fresh)
            if both.before and both.here:
                yield both


def _values(runs: Sequence[RunFacts], control: Control) -> dict[str, float]:
    """Replicate -> score; a run that was executed again counts once, as the replicate that it is."""
    found: dict[str, float] = {}
    for run in runs:
        value = value_of(run, control.metric, control.split)
        if value is not None:
            found.setdefault(replicate_of(run), value)
    return found


def _half_width(both: Sequence[_Both], noise: Pooled) -> float:
    """Half of the interval of a difference of means over cases, each of independent means over runs."""
    from scipy.special import stdtrit  # noqa: PLC0415  a study without controls does not wait for it

    variance = sum(1 / len(each.before) + 1 / len(each.here) for each in both) / len(both) ** 2
    return float(stdtrit(noise.df, 0.5 + CONFIDENCE / 2)) * noise.sd * math.sqrt(variance)


def _noise(table: Table, control: Control) -> Pooled | None:
    """The spread within configurations, of this study and of the control in both; None of too few runs."""
    own = {(row.configuration, row.case.label) for row in table.rows}
    elsewhere = [row for row in control.here if (row.configuration, row.case.label) not in own]
    rows: list[Row] = [*table.rows, *elsewhere, *control.before]
    cells = [
        cell(row, metric=control.metric, split=control.split, role=role)
        for row in rows
        for role in dict.fromkeys(run.role for run in row.runs)
    ]
    found = pooled(cells)
    return found if found is not None and found.df >= FEWEST_DF else None


def _missing(control: Control) -> str:
    where = f"{control.metric} on {control.split}"
    if not {row.case.label for row in control.before} & {row.case.label for row in control.here}:
        return "cannot be judged: no case is common to both studies"
    side = "here" if not any(_values(row.runs, control) for row in control.here) else "there"
    return f"cannot be judged: no run of it has a value of {where} {side}"


def _evidence(control: Control) -> Iterator[str]:
    for words, rows in (("there", control.before), ("here", control.here)):
        for row in rows:
            values = ", ".join(
                f"{name or 'the run'}: {number(value)}" for name, value in _values(row.runs, control).items()
            )
            if values:
                yield f"{words}{f' ({row.case.label})' if row.case.label else ''}: {values}"

"""What a study has changed of how it chooses, and left out of what it had tried, since it had results.

Its plans say how it chose before, and what it held. A plan had results when a run of it has a score by which it chose,
also where that was removed for space since.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tunebook.ledger.ledger import Ledger
from tunebook.ledger.records_files import PlannedEntry
from tunebook.records import Change, Decision, RuleArgument, Table
from tunebook.study.forgotten import remembered
from tunebook.study.leaving_out import Holding, Point, Points, gone, left_out, point_of
from tunebook.study.stated import stated

PARTS = ("rule", "require", "prefer", "where")


@dataclass(frozen=True)
class _Way:
    """How a study chose.

    Args:
        said: Part -> what it was, in words; a part of which nothing is known is absent.
        plan: The number of its plan. `metric`, `split`: by which it chose.
        holding: What it held; without runs until they are asked for.
    """

    said: Mapping[str, str]
    plan: int = 0
    metric: str = ""
    split: str = ""
    holding: Holding = field(default_factory=Holding)


def changes(
    static: Table,
    entries: Sequence[PlannedEntry],
    decisions: Sequence[Decision],
    ledger: Ledger,
    *,
    before: int | None = None,
) -> tuple[Change, ...]:
    """Every part that is not as it was when the study had its first results, and what had results and is left out.

    A part that was changed and changed back is none: what counts was stated before there were results. Nor is it one to
    try more: further values, parameters, cases, seeds.

    Args:
        static: What the study declares as it stands. `entries`: its runs.
        before: Only plans of a lower number are earlier ones; None: all.
    """
    said, now = _said(static), Holding(entries, confirm=_pair(static.confirm), text=_text(static.provenance))
    numbers = [number for number in ledger.plans(static.study) if before is None or number < before]
    ways = [way for number in numbers if (way := _way(static.study, number, ledger)) is not None]
    if ways and not any(_may_differ(way, said, now) for way in ways):
        return ()
    ways = list(_with_results(static.study, ways, ledger))
    if not ways:  # nothing is left of its plans: its decisions say by which rule they were made
        ways = [_Way({"rule": _rule(each.rule, each.argument, each.metric, each.split)}) for each in decisions]
    out = Points.of((each.alternative, each.parameters) for each in static.excluded)
    changed = (_change(part, said[part], ways, now, out) for part in PARTS)
    less = left_out([way.holding for way in ways if way.holding.entries], now, out)
    return (*(change for change in changed if change is not None), *less)


def where_of(study_file: str) -> tuple[str, ...] | None:
    """The constraints that the text of a study file states; None where it cannot be read."""
    raw = stated(study_file)
    if raw is None:
        return None
    where = raw.get("where") or ()
    return tuple(map(str, where)) if isinstance(where, list | tuple) else None


# Private ----------------------------------------------------------------------------------------------


def _change(part: str, said: str, ways: Sequence[_Way], now: Holding, out: Points) -> Change | None:
    """`out`: the points that the study as it stands declares and does not run."""
    told = [way for way in ways if part in way.said]
    if not told or told[0].said[part] == said:
        return None
    others = [way for way in told if way.said[part] != said]
    away: set[Point] = set()
    if part == "where":
        away = {point_of(each) for way in others for each in gone(way.holding, now) if out.hold_configuration(each)}
    return Change(part, tuple(dict.fromkeys(way.said[part] for way in others)), said, len(away))


def _may_differ(way: _Way, said: Mapping[str, str], now: Holding) -> bool:
    """Whether there may be something to tell of a plan, if it had results."""
    same = all(said[part] == words for part, words in way.said.items())
    return not same or not now.text or way.holding.text != now.text


def _way(study: str, number: int, ledger: Ledger) -> _Way | None:
    """How it chose by a plan."""
    text = ledger.declared(study, number=number)
    if text is None:
        return None
    found = json.loads(text)
    holding = Holding(confirm=_pair(found.get("confirm")), text=_text(found.get("provenance", {})))
    return _Way(_said_then(found), number, found["select_metric"], found["select_split"], holding)


def _with_results(study: str, ways: Sequence[_Way], ledger: Ledger) -> Iterator[_Way]:
    """The plans a run of which has a score by which they chose, with their runs."""
    away = remembered(ledger.book)
    for way in ways:
        entries = ledger.planned(study, number=way.plan)
        own = {(each.run, each.length) for each in entries if not each.source and each.role != "baseline"}
        scores = ledger.aggregates(run for run, _ in own)
        scored = {
            (each.run, each.length)
            for each in scores
            if (each.metric, each.split) == (way.metric, way.split) and each.value is not None
        }
        scored |= {key for key in own if (way.metric, way.split) in away.get(key, ())}
        if scored & own:
            yield replace(way, holding=replace(way.holding, entries=entries, scored=frozenset(scored & own)))


def _pair(confirm: Sequence[int] | None) -> tuple[int, int] | None:
    """What a plan holds as a list."""
    return None if confirm is None else (confirm[0], confirm[1])


def _text(provenance: Mapping[str, Any]) -> str:
    return provenance.get("study file") or ""


def _said_then(found: Mapping[str, Any]) -> Mapping[str, str]:
    """What a plan states; the constraints of one that does not list them stand in its study file."""
    where = found.get("where")
    if where is None:
        where = where_of(found.get("provenance", {}).get("study file") or "")
    prefer = [(name, way) for name, way in found.get("prefer", ())]
    rule = _rule(found["rule"], found.get("argument"), found["select_metric"], found["select_split"])
    said = {"rule": rule, "require": _listed("require", found.get("require", ())), "prefer": _preferred(prefer)}
    return said if where is None else {**said, "where": _listed("where", where)}


def _said(table: Table) -> Mapping[str, str]:
    return {
        "rule": _rule(table.rule, table.argument, table.select_metric, table.select_split),
        "require": _listed("require", table.require),
        "prefer": _preferred(table.prefer),
        "where": _listed("where", table.where),
    }


def _rule(rule: str, argument: RuleArgument, metric: str, split: str) -> str:
    """`lower-bound (0.2) of f1 on val`."""
    if argument is None:
        return f"{rule} of {metric} on {split}"
    if isinstance(argument, Mapping):
        said = ", ".join(f"{name} {weight:g}" for name, weight in argument.items())
    else:
        said = f"{argument:g}" if isinstance(argument, float | int) else ", ".join(argument)
    return f"{rule} ({said}) of {metric} on {split}"


def _listed(what: str, texts: Sequence[str]) -> str:
    """`where rank <= 8, alpha >= rank`; the order and the spaces of constraints do not matter."""
    said = sorted(" ".join(text.split()) for text in texts)
    return f"{what} {', '.join(said)}" if said else f"no {what}"


def _preferred(prefer: Sequence[tuple[str, str]]) -> str:
    said = [name if way == "low" else f"{name} ({way})" for name, way in prefer]
    return f"prefer {', '.join(said)}" if said else "no prefer"

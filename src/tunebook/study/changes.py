"""What a study has changed of how it chooses since it had results: its plans say how it chose before."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tunebook.errors import StudyError
from tunebook.ledger.ledger import Ledger
from tunebook.ledger.records_files import PlannedEntry
from tunebook.records import Change, Decision, RuleArgument, Table
from tunebook.spec.faults import Faults
from tunebook.spec.places import parse

PARTS = ("rule", "require", "prefer", "where")


@dataclass(frozen=True)
class _Way:
    """How a study chose, in words.

    Args:
        said: Part -> what it was; a part of which nothing is known is absent.
        scored: Configurations that had results by then.
    """

    said: Mapping[str, str]
    scored: frozenset[str] = field(default=frozenset())


def changes(
    static: Table,
    entries: Sequence[PlannedEntry],
    decisions: Sequence[Decision],
    ledger: Ledger,
    *,
    before: int | None = None,
) -> tuple[Change, ...]:
    """Every part that is not as it was when the study had its first results.

    A part that was changed and changed back is none: what counts was stated before there were results.

    Args:
        static: What the study declares as it stands. `entries`: its runs.
        before: Only plans of a lower number are earlier ones; None: all.
    """
    now = _said(static)
    ways = list(_ways(static.study, now, ledger, before))
    if not ways:  # nothing is left of its plans: its decisions say by which rule they were made
        ways = [_Way({"rule": _rule(each.rule, each.argument, each.metric, each.split)}) for each in decisions]
    held = {entry.configuration for entry in entries}
    return tuple(change for part in PARTS if (change := _change(part, now[part], ways, held)) is not None)


def where_of(study_file: str) -> tuple[str, ...] | None:
    """The constraints that the text of a study file states; None where it cannot be read."""
    try:
        raw = parse(study_file, name="study file", faults=Faults()).value
    except StudyError:
        return None
    if not isinstance(raw, Mapping):
        return None
    stated = raw.get("where") or ()
    return tuple(map(str, stated)) if isinstance(stated, list | tuple) else None


# Private ----------------------------------------------------------------------------------------------


def _change(part: str, now: str, ways: Sequence[_Way], held: set[str]) -> Change | None:
    told = [way for way in ways if part in way.said]
    if not told or told[0].said[part] == now:
        return None
    others = [way for way in told if way.said[part] != now]
    gone = frozenset().union(*(way.scored for way in others)) - held if part == "where" else frozenset()
    return Change(part, tuple(dict.fromkeys(way.said[part] for way in others)), now, len(gone))


def _ways(study: str, now: Mapping[str, str], ledger: Ledger, before: int | None) -> Iterator[_Way]:
    """How it chose by every plan that has results, the oldest first; where all say the same, by every plan."""
    numbers = [number for number in ledger.plans(study) if before is None or number < before]
    texts = {number: ledger.declared(study, number=number) for number in numbers}
    told = {number: _declared(json.loads(text)) for number, text in texts.items() if text is not None}
    if all(now[part] == said for way in told.values() for part, said in way.items()):
        yield from (_Way(way) for way in told.values())
        return
    for number, way in told.items():
        scored = _scored(ledger.planned(study, number=number), ledger)
        if scored:
            yield _Way(way, scored)


def _scored(entries: Sequence[PlannedEntry], ledger: Ledger) -> frozenset[str]:
    """Configurations of the study with a finished run."""
    own = [entry for entry in entries if not entry.source and entry.role != "baseline"]
    outcomes = ledger.outcomes(entry.run for entry in own)
    ended = ((entry, outcomes.get((entry.run, entry.length))) for entry in own)
    return frozenset(entry.configuration for entry, outcome in ended if outcome and outcome.status == "finished")


def _declared(found: Mapping[str, Any]) -> Mapping[str, str]:
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

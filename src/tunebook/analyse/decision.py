"""Which configuration is carried forward, by the study's rule."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tunebook.analyse.caveats import caveats
from tunebook.analyse.costs import parameters_of, simplicity
from tunebook.analyse.field import Field, field_of
from tunebook.analyse.remembering import of_table
from tunebook.analyse.rules import Choice, mean_of
from tunebook.analyse.scores import COMPARED, Entry, all_runs
from tunebook.analyse.searching import stopped_early
from tunebook.records import Decision, RuleArgument, Table, canonical_json


@dataclass(frozen=True)
class Candidate:
    """A configuration that a rule compares: its runs all have a value.

    Args:
        score: The number by which the rule orders it; None when the rule cannot judge it.
        unmet: The requirements that it fails, each with why; a candidate that fails one is not chosen.
        simpler: Its value of each thing that is preferred (`costs.preferences`); None where it has no number.
    """

    entry: Entry
    score: float | None
    unmet: tuple[str, ...]
    simpler: tuple[float | None, ...]


@dataclass(frozen=True)
class Judgement:
    """What the rule says of a table.

    Args:
        decision: None when the rule cannot choose; then `reason` says why.
        caveats: What limits the choice, one sentence each.
        candidates: The chosen one first, then as the rule orders them; those that it does not choose among last.
    """

    decision: Decision | None
    reason: str
    caveats: tuple[str, ...]
    candidates: tuple[Candidate, ...] = ()


def decide(table: Table) -> Decision | None:
    """The configuration that the rule chooses; None when none has finished (see `judge` for the reason)."""
    return judge(table).decision


@of_table
def judge(table: Table) -> Judgement:
    """Apply the study's rule.

    It chooses among the configurations whose runs all have a value on the selection split (averaged over cases, each
    weighing the same), that meet the requirements, and that the rule can judge. Once all finalists were run on fresh
    seeds it compares these runs alone, else those of the search. What the rule holds equal: the simpler, then the id.
    Where the rule needs to know the noise and nothing tells it, best-mean chooses, and a caveat says so.

    `Decision.values` holds the varied parameters, nested; `Decision.candidates` the means of those it chose among;
    `Decision.runs` is empty with several cases, because no single run stands for a seed then.

    Raises:
        InputError: when the study names a rule that does not exist.
    """
    field = field_of(table)
    told = tuple(caveats(field))
    if not field.able:
        return Judgement(None, field.nobody, told, tuple(_candidate(entry, field) for entry in field.whole))
    choice = field.rule.choose(field.able)
    rest = [entry for entry in field.whole if entry not in field.able]
    candidates = tuple(_candidate(entry, field) for entry in (*choice.order, *rest))
    return Judgement(_decision(field, choice), "", told, candidates)


def standing(table: Table) -> Decision | None:
    """The decision that stands: the recorded one; without it, or where the study has outgrown it, that of the rule.

    None while a study of ours lacks runs and has no decision that holds: what the rule would choose so far may change.
    """
    if table.decision is not None and not outdated(table):
        return table.decision
    return None if table.task and _waits(table) else judge(table).decision


def outdated(table: Table) -> str:
    """Why the recorded decision is not that of the study as it stands; empty when it is, or when there is none."""
    decision = table.decision
    if decision is None:
        return ""
    if all(row.configuration != decision.configuration for row in table.rows):
        return "recorded before the study was changed: its configuration is not among the rows"
    then, now = (decision.rule, decision.metric, decision.split), (table.rule, table.select_metric, table.select_split)
    if then != now or not _same(decision.argument, table.argument):
        return "recorded before the study was changed: it was chosen by {}, {} on {}".format(*then)
    if table.moved:
        decide = "decides" if len(table.moved) == 1 else "decide"
        return f"recorded before {' and '.join(table.moved)}, which it builds on, {decide} otherwise"
    if not (nobody := field_of(table)).able and not _waits(table):
        return f"recorded before the study was changed: {nobody.nobody}"
    if decision.stopped and decision.stopped == stopped_early(table):
        return ""
    without = _waits(table)
    have = "run that the study declares has" if without == 1 else "runs that the study declares have"
    return f"{without} {have} no result yet, and it was decided before" if without else ""


def values_of(entry: Entry) -> dict[str, Any]:
    """The varied parameters of a configuration, nested."""
    nested: dict[str, Any] = {}
    for path, value in parameters_of(entry).items():
        *groups, name = path.split(".")
        node = nested
        for group in groups:
            node = node.setdefault(group, {})
        node[name] = value
    return nested


def _waits(table: Table) -> int:
    """Runs without a result."""
    return len({run.id for _, run in all_runs(table) if run.status == "missing"})


def runs_of_decided(entry: Entry) -> dict[int, str]:
    """Seed -> run, of the searched and confirmed runs that finished; empty with several cases.

    Whoever builds on the decision takes the weights of one of them. A run that no seed can change is filed under -1;
    of the folds of a seed the lowest stands for it.
    """
    if len(entry.rows) > 1 or entry.rows[0] is None:
        return {}
    ended = [run for run in entry.rows[0].runs if run.role in COMPARED and run.repeat == 0 and run.status == "finished"]
    last_first = sorted(ended, key=lambda run: -run.replicate.get("fold", 0))
    return {run.replicate.get("seed", -1): run.id for run in last_first}


def _candidate(entry: Entry, field: Field) -> Candidate:
    failed = field.unmet[entry.configuration]
    return Candidate(entry, field.rule.score(entry), failed, simplicity(entry, field.table))


def _decision(field: Field, choice: Choice) -> Decision:
    table, best = field.table, choice.order[0]
    return Decision(
        study=table.study,
        configuration=best.configuration,
        label=best.label,
        values=values_of(best),
        rule=table.rule,
        metric=table.select_metric,
        split=table.select_split,
        score=mean_of(best),
        candidates={entry.configuration: mean_of(entry) for entry in choice.order},
        runs=runs_of_decided(best),
        argument=table.argument,
        role=field.role,
        evidence=(*choice.evidence, *_smaller(table)),
        stopped=stopped_early(table),
    )


def _smaller(table: Table) -> Iterator[str]:
    """That there was less to choose from than the study declares."""
    if stopped := stopped_early(table):
        yield f"The search was stopped by {stopped}; it chose among these."


def _same(one: RuleArgument, other: RuleArgument) -> bool:
    """Whether two arguments of a rule mean the same; those that were written down are lists where there were tuples."""
    return canonical_json(one) == canonical_json(other)

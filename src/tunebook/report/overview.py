"""The top of a page: the answer in a sentence, and what belongs to it; and what a reader must be warned of."""

from collections.abc import Iterator

from tunebook.analyse import (
    CODES,
    Cell,
    Column,
    Entry,
    Lead,
    Unavailable,
    baselines,
    cases,
    cell,
    findings,
    is_open,
    judge,
    near,
    not_yet,
    ordered,
    outdated,
    standing,
)
from tunebook.analyse.overruling import agrees
from tunebook.records import Decision, Role, Table
from tunebook.report.cards import Card, Facts, Findings
from tunebook.report.wording import between, count, counted, facts_of, gap, in_case, joined, name, number, with_n

OF_PAGES, OF_DATA = "T502", "T406"
"""Codes that only some tables are checked for: those with bold cells, of which no table here has any, and those whose
data were surveyed."""


def checked(table: Table) -> tuple[str, ...]:
    """The codes that are looked for in a table."""
    out = {OF_PAGES, *not_yet(table), *(() if table.data else (OF_DATA,))}
    return tuple(code for code in CODES if code not in out)


def answer(table: Table) -> str:
    """Which configuration is carried forward and its score, or why there is none; computed from the table.

    The configuration is the decided one; without a decision, or with one that the study has outgrown, the one
    that the rule would choose.
    """
    if is_open(table):
        return _so_far(table)
    decision, chosen = _chosen(table)
    if decision is None or chosen is None:
        return f"There is no answer yet: {judge(table).reason}."
    where, of = f"{table.select_metric} on {table.select_split}", _field(ordered(table))
    fresh = _confirmed(table, chosen) if decision.role == "confirm" else None
    said = f"{with_n(fresh or chosen.selection)}{_over(table)}"
    if decision.overruled is not None:
        has = "it has" if fresh is None else "on fresh seeds it has"
        return f"Of {of}, {name(chosen)} was chosen by {decision.overruled.by}; {has} {where}: {said}."
    if fresh is not None:
        return f"Of {of}, {name(chosen)} was chosen on fresh seeds; there its {where} is {said}."
    complete = [entry for entry in ordered(table) if entry.selection.complete]
    equal = sum(entry.selection.mean == complete[0].selection.mean for entry in complete)
    if complete[0].configuration != chosen.configuration:
        has = "was chosen; it has"
    else:
        best = _best(table)
        has = f"has the {best}" if equal == 1 else f"is one of {equal} with the {best}"
    return f"Of {of}, {name(chosen)} {has} {where}: {said}."


def more(table: Table) -> tuple[str, ...]:
    """What belongs to the answer: scores elsewhere, who is about as good, baselines that are, what is not current."""
    if is_open(table):
        return (_meaning(table), *_before_the_end(table))
    decision, chosen = _chosen(table)
    said = (
        [
            *_too_good(table),
            *_elsewhere(table, chosen, _role(table, chosen, decision)),
            *_both(table, chosen, decision),
            *_floors(table),
            *_nearby(table, chosen, _role(table, chosen, decision)),
        ]
        if chosen
        else []
    )
    said += _surroundings(table)
    if not outdated(table) and decision is not None and decision.overruled is not None:
        over = decision.overruled
        if agrees(decision):
            said.append(f"The rule {decision.rule} chooses it too; {over.by} chose it on {over.on}.")
        else:
            rule = f"The rule {decision.rule} had chosen {over.label or over.configuration}, {number(over.score)}"
            said.append(f"{rule}; {over.by} overruled it on {over.on}.")
    return (_meaning(table), *said)


def _meaning(table: Table) -> str:
    """What the number of the answer is: `ais.msa: Mean segmentation accuracy; higher is better, 0 to 1.`."""
    return f"{table.select_metric}: {facts_of(table.metrics[table.select_metric])}"


def _before_the_end(table: Table) -> Iterator[str]:
    """What belongs to the answer while runs are missing."""
    ahead = next((entry for entry in ordered(table) if entry.selection.mean is not None), None)
    if ahead is not None:
        yield from _elsewhere(table, ahead)
    yield from _surroundings(table)


def _surroundings(table: Table) -> Iterator[str]:
    """What it builds on, where that was stopped, and a decision that is not its own."""
    for study, stopped in table.stopped.items():
        yield f"It builds on {study}, whose search was stopped by {stopped}."
    if table.decision is not None and (why := outdated(table)):
        recorded = table.decision.label or table.decision.configuration
        yield f"The recorded decision, {recorded}, is not current: {why}."


def findings_card(table: Table) -> Card:
    """Every finding, or the sentence that there is none."""
    found = findings(table)
    checks = Facts(
        [(code, CODES[code].name) for code in checked(table)],
        "What is looked for",
        folded=True,
        heads=("code", "finding"),
    )
    later = later_said(table)
    if not found:
        sentence = f"None of {counted(len(checked(table)), 'check')} found a flaw."
        return Card("findings", "Findings", sentence, [checks], later)
    codes = joined(list(dict.fromkeys(finding.code for finding in found)))
    sentence = f"{counted(len(found), 'finding')} ({codes}) to keep in mind while reading."
    return Card("findings", "Findings", sentence, [Findings(found), checks], later)


def later_said(table: Table) -> list[str]:
    """What is not looked for while runs are missing, and why."""
    later = not_yet(table)
    if not later:
        return []
    said = joined([f"{CODES[code].name} ({code})" for code in later])
    return [f"Runs are missing: {said} are looked for once they have ended, for the best may be another then."]


def _chosen(table: Table) -> tuple[Decision | None, Entry | None]:
    """The decision that the page answers with, and its configuration among the rows."""
    decision = standing(table)
    return decision, next(
        (entry for entry in ordered(table) if decision and entry.configuration == decision.configuration), None
    )


def _so_far(table: Table) -> str:
    """The answer while runs are missing: who is ahead, by whatever runs of it have ended."""
    held = [entry for entry in ordered(table) if entry.selection.mean is not None]
    where = f"{table.select_metric} on {table.select_split}"
    if not held:
        return f"There is no answer yet: {judge(table).reason}."
    best, every = held[0].selection, len(ordered(table))
    of = f" ({count(every)} were declared)" if len(held) < every else ""
    lacks = "" if best.complete else f", {best.n} of its {counted(best.expected, 'run')}"
    among = f"{counted(len(held), 'configuration')} with a value{of}"
    return f"So far {name(held[0])} has the {_best(table)} {where} of the {among}: {with_n(best)}{lacks}{_over(table)}."


def _field(entries: tuple[Entry, ...]) -> str:
    """Who competed: only configurations whose runs all have a value can be the best."""
    complete = sum(entry.selection.complete for entry in entries)
    if complete == len(entries):
        return counted(complete, "configuration")
    return f"{counted(complete, 'configuration')} whose runs all have a value ({len(entries)} were declared)"


def _best(table: Table) -> str:
    """What the best value of the metric is called."""
    return "best" if table.metrics[table.select_metric].direction == "maximize" else "lowest"


def _over(table: Table) -> str:
    return f", mean over {counted(len(cases(table)), 'case')}" if len(cases(table)) > 1 else ""


def _role(table: Table, entry: Entry, decision: Decision | None) -> Role:
    """The runs that the answer is of: those on fresh seeds where they decided."""
    decided = decision is not None and decision.role == "confirm"
    return "confirm" if decided and _confirmed(table, entry) is not None else "search"


def _elsewhere(table: Table, entry: Entry, role: Role = "search") -> Iterator[str]:
    """`Its ais.msa is 0.498 ± 0.003 (n = 2) on test.`: the selection metric on reported splits, by the same runs.

    A score that only the search has, beside an answer on fresh seeds, is told as one of the search.
    """
    found: dict[Role, list[str]] = {role: [], "search": []}
    for split in table.splits:
        for case, row in zip(cases(table), entry.rows, strict=True):
            if split != table.select_split:
                again = cell(row, metric=table.select_metric, split=split, role=role)
                here: Role = "search" if again.mean is None else role
                one = cell(row, metric=table.select_metric, split=split, role=here)
                found[here].append(f"{with_n(one)} on {split}{in_case(case)}")
    for of, parts in found.items():
        whose = "Its" if role == "search" else "On fresh seeds its" if of == "confirm" else "In the search its"
        if parts:
            yield f"{whose} {table.select_metric} is {joined(parts)}."


def _too_good(table: Table) -> Iterator[str]:
    """Where the split of the choice is one that the study reports."""
    compared = sum(entry.selection.complete for entry in ordered(table))
    if table.select_split in table.splits and compared > 1:
        yield (
            f"{table.select_split} is the split of the choice and is reported as well: of {compared} scores there, "
            "that of the chosen one tends to be too good (T401)."
        )


def _confirmed(table: Table, entry: Entry) -> Cell | None:
    """Its score on fresh seeds, where it was run on them."""
    again = next((each for each in ordered(table, "confirm") if each.configuration == entry.configuration), None)
    return again.selection if again is not None and again.selection.mean is not None else None


def _both(table: Table, entry: Entry, decision: Decision | None) -> Iterator[str]:
    """Where it was run on fresh seeds: the score that the answer does not tell."""
    fresh = _confirmed(table, entry)
    if fresh is None:
        return
    if decision is not None and decision.role == "confirm":
        said = "of the best of many, a searched score tends to be too good"
        yield f"In the search it had {with_n(entry.selection)}: {said}."
    else:
        yield f"On fresh seeds it has {with_n(fresh)}."


def _floors(table: Table) -> Iterator[str]:
    """The best baseline of every column in which the choice is not shown to be better than all of them."""
    found = baselines(table)
    if isinstance(found, Unavailable) or found.chosen is None:
        return
    level: list[str] = []
    behind: list[str] = []
    for at, column in enumerate(found.columns):
        short = [(row.entry, row.leads[at]) for row in found.rows if row.leads[at].falls_short]
        if column.metric != table.select_metric or not short:
            continue
        best, lead = min(short, key=lambda each: each[1].lead or 0.0)
        (behind if lead.verdict == "worse" else level).append(_floor(table, column, name(best), lead))
    if behind:
        yield f"It is worse than a baseline: {joined(behind)}."
    if level:
        yield f"It is not shown to be better than every baseline: {joined(level)}."


def _floor(table: Table, column: Column, who: str, lead: Lead) -> str:
    """`logistic regression has 0.912 ± 0.004 (n = 3) on test, better by 0.012 (95 % interval 0.004 to 0.020)`."""
    case = in_case(column.case) if column.case is not None else ""
    over = " over all cases" if column.case is None and len(cases(table)) > 1 else ""
    said = f"{who} has {with_n(lead.cell)} on {column.split}{case}{over}"
    if lead.verdict != "worse" or lead.lead is None or lead.low is None or lead.high is None:
        return said
    return f"{said}, better by {gap(-lead.lead)} (95 % interval {between(-lead.high, -lead.low)})"


def _nearby(table: Table, entry: Entry, role: Role) -> Iterator[str]:
    """How many configurations are about as good, told beside the best so that it is not taken for more."""
    if role == "confirm":
        once = [each.selection for each in ordered(table, "confirm") if each.selection.complete]
        if len(once) > 1 and all(each.n == 1 and "" not in each.by_replicate for each in once):
            yield f"Each of {len(once)} finalists has one run on fresh seeds: nothing tells them apart there (T302)."
        yield from _near(table, entry, "confirm", "other finalist", " on fresh seeds")
    yield from _near(table, entry, "search", "other configuration", " in the search" if role == "confirm" else "")


def _near(table: Table, entry: Entry, role: Role, other: str, where: str) -> Iterator[str]:
    """`2 of 5 other configurations cannot be told from the chosen one on val (…)`, from the runs of one role."""
    found = near(table, entry, role)
    if found is None:
        return
    others = counted(found.compared, other)
    if found.others == found.compared:
        of = f"None of {others} can" if found.compared > 1 else f"The {others} cannot"
        said = f"{of} be told from the chosen one"
    else:
        said = f"{found.others} of {others} cannot be told from the chosen one"
        said = said if found.others else f"The chosen one can be told from {others}"
    n = str(found.most) if found.fewest == found.most else f"{found.fewest} to {found.most}"
    yield f"{said} on {table.select_split}{where} (95 % for all at once, {n} replicates in common)."

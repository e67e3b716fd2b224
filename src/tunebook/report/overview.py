"""The top of a page: the answer in a sentence, and what belongs to it; and what a reader must be warned of."""

from collections.abc import Iterator

from tunebook.analyse import (
    CODES,
    Cell,
    Entry,
    cases,
    cell,
    findings,
    is_open,
    judge,
    near,
    ordered,
    outdated,
    standing,
)
from tunebook.records import Decision, Table
from tunebook.report.cards import Card, Facts, Findings
from tunebook.report.wording import count, counted, in_case, joined, name, number, with_n

OF_PAGES, OF_DATA = "T502", "T406"
"""Codes that only some tables are checked for: those with bold cells, of which no table here has any, and those whose
data were surveyed."""


def checked(table: Table) -> tuple[str, ...]:
    """The codes that are looked for in a table."""
    return tuple(code for code in CODES if code != OF_PAGES and (table.data or code != OF_DATA))


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
        return f"Of {of}, {name(chosen)} was chosen by {decision.overruled.by}; it has {where}: {said}."
    if fresh is not None:
        return f"Of {of}, {name(chosen)} was chosen on fresh seeds; there its {where} is {said}."
    complete = [entry for entry in ordered(table) if entry.selection.complete]
    equal = sum(entry.selection.mean == complete[0].selection.mean for entry in complete)
    if complete[0].configuration != chosen.configuration:
        has = "was chosen; it has"
    else:
        has = "has the best" if equal == 1 else f"is one of {equal} with the best"
    return f"Of {of}, {name(chosen)} {has} {where}: {said}."


def more(table: Table) -> tuple[str, ...]:
    """What belongs to the answer: scores on other splits, on fresh seeds, who is about as good, what is not current."""
    if is_open(table):
        return tuple(_before_the_end(table))
    decision, chosen = _chosen(table)
    said = (
        [*_too_good(table), *_elsewhere(table, chosen), *_both(table, chosen, decision), *_nearby(table, chosen)]
        if chosen
        else []
    )
    said += _surroundings(table)
    if not outdated(table) and decision is not None and decision.overruled is not None:
        over = decision.overruled
        rule = f"The rule {decision.rule} had chosen {over.label or over.configuration}, {number(over.score)}"
        said.append(f"{rule}; {over.by} overruled it on {over.on}.")
    return tuple(said)


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
    if not found:
        sentence = f"None of {counted(len(checked(table)), 'check')} found a flaw."
        return Card("findings", "Findings", sentence, [checks])
    codes = joined(list(dict.fromkeys(finding.code for finding in found)))
    sentence = f"{counted(len(found), 'finding')} ({codes}) to keep in mind while reading."
    return Card("findings", "Findings", sentence, [Findings(found), checks])


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
    return (
        f"So far {name(held[0])} has the best {where} of the {counted(len(held), 'configuration')} with a value"
        f"{of}: {with_n(best)}{lacks}{_over(table)}."
    )


def _field(entries: tuple[Entry, ...]) -> str:
    """Who competed: only configurations whose runs all have a value can be the best."""
    complete = sum(entry.selection.complete for entry in entries)
    if complete == len(entries):
        return counted(complete, "configuration")
    return f"{counted(complete, 'configuration')} whose runs all have a value ({len(entries)} were declared)"


def _over(table: Table) -> str:
    return f", mean over {counted(len(cases(table)), 'case')}" if len(cases(table)) > 1 else ""


def _elsewhere(table: Table, entry: Entry) -> Iterator[str]:
    """`On test it scores ais.msa 0.498 ± 0.003 (n = 2).`: the selection metric on reported splits."""
    parts = [
        f"{with_n(cell(row, metric=table.select_metric, split=split))} on {split}{in_case(case)}"
        for split in table.splits
        if split != table.select_split
        for case, row in zip(cases(table), entry.rows, strict=True)
    ]
    if parts:
        yield f"Its {table.select_metric} is {joined(parts)}."


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


def _nearby(table: Table, entry: Entry) -> Iterator[str]:
    """How many configurations are about as good, told beside the best so that it is not taken for more."""
    found = near(table, entry)
    if found is None:
        return
    others = counted(found.compared, "other configuration")
    if found.others == found.compared:
        said = f"None of {others} can be told from it" if found.compared > 1 else f"The {others} cannot be told from it"
    else:
        said = f"{found.others} of {others} cannot be told from it" if found.others else f"It can be told from {others}"
    n = str(found.most) if found.fewest == found.most else f"{found.fewest} to {found.most}"
    yield f"{said} on {table.select_split} (95 % for all at once, {n} replicates in common)."

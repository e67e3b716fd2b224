"""The top of a page: the answer in a sentence, the decision, and what a reader must be warned of."""

from tunebook.analyse import (
    CODES,
    Entry,
    cases,
    cell,
    columns_of,
    findings,
    judge,
    near,
    ordered,
    outdated,
    searched,
    standings,
)
from tunebook.records import Decision, Table
from tunebook.report.cards import Block, Card, Facts, Findings, Grid, Heading, Value
from tunebook.report.wording import carried, counted, dotted, in_case, joined, name, number, spread, with_n

TOP = 5


def answer(table: Table) -> str:
    """The best configuration and its scores, in words and computed from the table.

    The configuration is the decided one; without a decision, or with one that the study has outgrown, the one
    that the rule would choose.
    """
    judgement = judge(table)
    why = outdated(table)
    stale = ""
    if table.decision is not None and why:
        stale = (
            f" The recorded decision, {table.decision.label or table.decision.configuration}, is not current: {why}."
        )
    decision = judgement.decision if why else table.decision or judgement.decision
    entries = ordered(table)
    chosen = next((entry for entry in entries if decision and entry.configuration == decision.configuration), None)
    if decision is None or chosen is None:
        return f"There is no answer yet: {judgement.reason}.{stale}"
    where = f"{table.select_metric} on {table.select_split}"
    first = judgement.decision is not None and judgement.decision.configuration == chosen.configuration
    verb = "has the best" if first else "was chosen; it has"
    lead = f"Of {_field(entries)}, {name(chosen)} {verb} {where}: {_selection(table, chosen)}"
    return f"{lead}{_elsewhere(table, chosen)}.{_nearby(table, chosen)}{stale}"


def decision_card(table: Table) -> Card:
    """The rule, what it chose, and the candidates it chose from."""
    judgement = judge(table)
    decision = table.decision or judgement.decision
    if decision is None:
        return Card("decision", "Decision", absent=judgement.reason, caveats=judgement.caveats)
    sentence = (
        f"The rule {decision.rule} carries {decision.label or decision.configuration} forward: "
        f"{decision.metric} on {decision.split} is {number(decision.score)}{_over(table)}."
    )
    why = outdated(table)
    if table.decision is None:
        sentence = f"Nothing is decided yet. {sentence.replace('carries', 'would carry', 1)}"
    elif why:
        sentence = (
            f"The recorded decision is not current: {why}. It carries {decision.label or decision.configuration} "
            f"forward by the rule {decision.rule}: {decision.metric} on {decision.split} was {number(decision.score)}."
        )
    facts = Facts(
        [
            ("rule", _rule(table, decision)),
            ("configuration", _configuration(decision)),
            *_carried(table, decision),
            ("candidates", counted(len(decision.candidates), "configuration")),
            *_runs(table, decision),
        ]
    )
    whole = dotted(decision.values) if table.decision is not None else {}
    blocks: list[Block] = [facts, _candidates(table, decision)]
    if whole:
        blocks.append(Facts(list(whole.items()), title=f"The whole configuration ({len(whole)} values)", folded=True))
    return Card("decision", "Decision", sentence, blocks, judgement.caveats)


def findings_card(table: Table) -> Card:
    """Every finding, or the sentence that there is none."""
    found = findings(table)
    if not found:
        sentence = f"None of the checks {joined(CODES)} found a flaw."
        return Card("findings", "Findings", sentence)
    codes = ", ".join(dict.fromkeys(finding.code for finding in found))
    sentence = f"{counted(len(found), 'finding')} ({codes}) to keep in mind while reading."
    return Card("findings", "Findings", sentence, [Findings(found)])


def _field(entries: tuple[Entry, ...]) -> str:
    """Who competed: only configurations whose runs all have a value can be the best."""
    complete = sum(entry.selection.complete for entry in entries)
    if complete == len(entries):
        return counted(complete, "configuration")
    return f"{counted(complete, 'configuration')} whose runs all have a value ({len(entries)} were declared)"


def _selection(table: Table, entry: Entry) -> str:
    return with_n(entry.selection) + _over(table)


def _over(table: Table) -> str:
    return f", mean over {counted(len(cases(table)), 'case')}" if len(cases(table)) > 1 else ""


def _elsewhere(table: Table, entry: Entry) -> str:
    """`; on test it scores ais.msa 0.498 ± 0.003 (n = 2)`, for the selection metric on reported splits."""
    parts = [
        f"{table.select_metric} {with_n(cell(row, metric=table.select_metric, split=split))} on {split}{in_case(case)}"
        for case, row in zip(cases(table), entry.rows, strict=True)
        for split in table.splits
        if split != table.select_split
    ]
    return f"; it scores {' and '.join(parts)}" if parts else ""


def _nearby(table: Table, entry: Entry) -> str:
    """How many configurations are about as good, told beside the best so that it is not taken for more."""
    found = near(table, entry)
    if found is None:
        return ""
    others = counted(found.compared, "other configuration")
    said = f"{found.others} of {others} cannot be told from it" if found.others else f"It can be told from {others}"
    n = str(found.most) if found.fewest == found.most else f"{found.fewest} to {found.most}"
    replicates = f"{n} replicates in common"
    return f" {said} on {table.select_split} (95 % intervals of paired differences, {replicates})."


def _configuration(decision: Decision) -> str:
    """Its id, and its label where that says more."""
    known = decision.label and decision.label != decision.configuration
    return f"{decision.configuration} ({decision.label})" if known else decision.configuration


def _carried(table: Table, decision: Decision) -> list[tuple[str, str]]:
    """What stands behind a label that names no value."""
    entry = next((entry for entry in ordered(table) if entry.configuration == decision.configuration), None)
    if entry is None or "=" in entry.label:
        return []
    said = carried(table, entry)
    return [("singled out by", said)] if said else []


def _rule(table: Table, decision: Decision) -> str:
    most = "highest" if table.metrics[table.select_metric].direction == "maximize" else "lowest"
    every = [case.label for case in cases(table)]
    over = f", averaged over the cases {joined(every)}" if len(every) > 1 else ""
    return (
        f"{decision.rule}: the {most} mean over replicates of {decision.metric} on {decision.split}{over}, among "
        "configurations whose runs all have a value; ties go to fewer trainable parameters, then to the id"
    )


def _runs(table: Table, decision: Decision) -> list[tuple[str, str]]:
    """The runs behind the decision; with several cases those of each."""
    if decision.runs:
        return [("runs", ", ".join(_run(seed, run) for seed, run in decision.runs.items()))]
    rows = [row for row in table.rows if row.configuration == decision.configuration]
    return [
        (
            f"runs{in_case(row.case)}",
            ", ".join(_run(run.replicate.get("seed", -1), run.id) for run in searched(row)),
        )
        for row in rows
    ]


def _run(seed: int, run: str) -> str:
    return run if seed < 0 else f"seed {seed}: {run}"


def _candidates(table: Table, decision: Decision) -> Grid:
    """Those that the rule chose from; of an outdated decision the recorded means, and nothing is compared."""
    every = ordered(table)
    of_now = () if outdated(table) else standings(table, every, columns_of(table)[:1])
    found = {row.entry.configuration: row for row in of_now}
    labels = {entry.configuration: name(entry) for entry in every}
    labels |= {decision.configuration: decision.label or decision.configuration}
    top = list(decision.candidates.items())[:TOP]
    rows = []
    for place, (configuration, mean) in enumerate(top, start=1):
        row = found.get(configuration)
        score = row.entry.selection if row else None
        gap = abs(mean - decision.score)
        rows.append(
            [
                Value(labels.get(configuration, configuration)),
                Value(spread(score) if score else number(mean), sort=mean, best=row is not None and row.best[0]),
                Value(number(gap), sort=gap),
                Value(str(score.n), sort=score.n) if score else Value("as recorded", muted=True),
                Value(str(place), sort=place),
            ]
        )
    headings = [
        Heading("candidate"),
        Heading(decision.metric, f"chosen on {decision.split}", numeric=True),
        Heading("gap", "to the chosen", numeric=True),
        Heading("n", "runs", numeric=True),
        Heading("place", numeric=True),
    ]
    of = f"The first {len(rows)} of " if len(rows) < len(decision.candidates) else ""
    title = f"{of}{counted(len(decision.candidates), 'candidate')}"
    return Grid(title, headings, rows, title=title, marked=_place_of(decision, [each for each, _ in top]))


def _place_of(decision: Decision, shown: list[str]) -> frozenset[int]:
    return frozenset(at for at, configuration in enumerate(shown) if configuration == decision.configuration)

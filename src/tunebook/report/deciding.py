"""The decision: the rule, what it chose and why, whom it chose from, and what a person decided instead."""

from collections.abc import Iterator, Mapping, Sequence

from tunebook.analyse import Judgement, cases, is_open, judge, ordered, outdated, progress, runs_of
from tunebook.analyse.noise import folds
from tunebook.analyse.overruling import agrees
from tunebook.records import Decision, Table
from tunebook.report.candidates import candidates, recorded
from tunebook.report.cards import Block, Card, Facts, Remark, Said
from tunebook.report.controls import control_blocks
from tunebook.report.progress import ended, undecided
from tunebook.report.rules import rule_in_words
from tunebook.report.wording import carried, counted, dotted, in_case, number, parameters


def decision_card(table: Table) -> Card:
    """The rule, what it chose, the evidence, and the candidates it chose from."""
    judgement = judge(table)
    decision = table.decision or judgement.decision
    if table.decision is None and is_open(table):
        why = undecided(table) or "it is made once all runs have ended"
        return Card("decision", "Decision", absent=f"{why}; {ended(progress(table))}")
    if decision is None:
        return Card("decision", "Decision", absent=judgement.reason, caveats=judgement.caveats)
    facts = [
        ("rule", rule_in_words(table, decision)),
        ("configuration", _configuration(decision)),
        *_carried(table, decision),
        *_runs(table, decision),
    ]
    blocks: list[Block] = [*_overruled(decision)]
    blocks += [Said(found, _why(decision))] if (found := _evidence(decision, judgement)) else []
    blocks.append(Facts(facts))
    blocks += [recorded(table, decision)] if outdated(table) else candidates(table, decision, judgement)
    if table.decision is not None and (whole := dotted(parameters(decision.values))):
        blocks.append(Facts(list(whole.items()), f"The whole configuration ({len(whole)} values)", folded=True))
    blocks += control_blocks(table)
    return Card("decision", "Decision", _sentence(table, decision), blocks, judgement.caveats)


def _sentence(table: Table, decision: Decision) -> str:
    who, where = decision.label or decision.configuration, f"{decision.metric} on {decision.split}"
    why = outdated(table)
    if table.decision is not None and why:
        return (
            f"The recorded decision is not current: {why}. It carries {who} "
            f"forward by the rule {decision.rule}: {where} was {number(decision.score)}."
        )
    over = f", mean over {counted(len(cases(table)), 'case')}" if len(cases(table)) > 1 else ""
    fresh = " on fresh seeds" if decision.role == "confirm" else ""
    score = f"{where}{fresh} is {number(decision.score)}{over}."
    if table.decision is None:
        return f"Nothing is decided yet. The rule {decision.rule} would carry {who} forward: {score}"
    if decision.overruled is not None:
        as_well = "as does" if agrees(decision) else "against"
        return f"{decision.overruled.by} carries {who} forward, {as_well} the rule {decision.rule}: {score}"
    stopped = f" The search was stopped by {decision.stopped}." if decision.stopped else ""
    return f"The rule {decision.rule} carries {who} forward: {score}{stopped}"


def _overruled(decision: Decision) -> Iterator[Remark]:
    over = decision.overruled
    if over is not None and agrees(decision):
        about = f"The rule {decision.rule} chooses {decision.label or decision.configuration} as well. "
        yield Remark(over.because, f"{over.by}, {over.on}", f"{about}A person chose it, because:")
    elif over is not None:
        about = (
            f"Overruled: the rule {decision.rule} had chosen {over.label or over.configuration}, whose mean was "
            f"{number(over.score)}. A person chose {decision.label or decision.configuration} instead, because:"
        )
        yield Remark(over.because, f"{over.by}, {over.on}", about)


def _evidence(decision: Decision, judgement: Judgement) -> Sequence[str]:
    """That of the decision; of an older one without any, that of the rule, where it says the same by the same runs."""
    judged = judgement.decision
    if decision.evidence or judged is None:
        return decision.evidence
    same = (judged.configuration, judged.role) == (decision.configuration, decision.role)
    return judged.evidence if same else ()


def _why(decision: Decision) -> str:
    if decision.overruled is None:
        return "Why"
    return "What the rule chooses as well, and why" if agrees(decision) else "What the rule had chosen, and why"


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


def _runs(table: Table, decision: Decision) -> list[tuple[str, str]]:
    """The runs that stand for the decision; those of every fold, and of every case."""
    rows = [row for row in table.rows if row.configuration == decision.configuration]
    known = {run.id: run.replicate for row in rows for run in row.runs}
    if decision.runs and not folds(table):
        return [("runs", ", ".join(_run(known.get(run, {"seed": seed}), run) for seed, run in decision.runs.items()))]
    found = [
        (
            f"runs{in_case(row.case)}",
            ", ".join(_run(run.replicate, run.id) for run in runs_of(row, decision.role)),
        )
        for row in rows
    ]
    return [(term, said) for term, said in found if said]


def _run(replicate: Mapping[str, int], run: str) -> str:
    """`seed 1 fold 0: 5dc4ea55e94547e9`; the run alone where nothing differs by chance."""
    said = [f"{factor} {replicate[factor]}" for factor in ("seed", "fold") if replicate.get(factor, -1) >= 0]
    return f"{' '.join(said)}: {run}" if said else run

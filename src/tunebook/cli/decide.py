"""`tunebook decide`: who may be chosen, what the rule chooses and why; and a person's word over it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from tunebook.cli.page import renew_index
from tunebook.cli.paths import StudyPath, chosen, one_study
from tunebook.cli.signing import user

if TYPE_CHECKING:  # only names: help does not wait for these
    from rich.console import Console
    from rich.table import Table as Grid

    from tunebook.analyse import Judgement
    from tunebook.records import Decision, Table

SHOWN = 20
"""Most candidates that are shown."""


def decide(
    where: StudyPath,
    choose: Annotated[
        str,
        typer.Option(
            metavar="VALUES",
            help="Choose this one instead: values that single it out (alpha=4 rank=8), or 4 digits or more of its id.",
            show_default=False,
        ),
    ] = "",
    because: Annotated[str, typer.Option(metavar="REASON", help="Why; needed with --choose.", show_default=False)] = "",
    by: Annotated[
        str, typer.Option(metavar="NAME", help="Who chooses; default: who is logged in.", show_default=False)
    ] = "",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Go back to what the rule chooses.")] = False,
) -> None:
    """Show the candidates of a study, what its rule chooses and why; or choose otherwise, for a stated reason.

    What the rule chose stays beside a person's choice, on the page and in the ledger, for good.
    """
    from rich.console import Console

    from tunebook import study as conductor

    console = Console(highlight=False, markup=False, soft_wrap=True)
    if choose or withdraw or because or by:
        _check(choose, because, by, withdraw=withdraw)
        _decide(where, choose, because, by, console)
        return
    book, name = one_study(where)
    with book.look() as ledger:
        _show(conductor.table(name, ledger, book.path), console)


def _check(choose: str, because: str, by: str, *, withdraw: bool) -> None:
    """Refuse words that do not go together."""
    if withdraw and (choose or because or by):
        raise typer.BadParameter("must stand alone; got it beside --choose, --because or --by", param_hint="--withdraw")
    if not withdraw and not (choose and because.strip()):
        lacking, given = ("--because", "--choose") if choose else ("--choose", "--because or --by")
        raise typer.BadParameter(f"must be given with {given}; got none", param_hint=lacking)


def _decide(where: "StudyPath", choose: str, because: str, by: str, console: "Console") -> None:
    """Write down a person's choice, or the rule's again; then the page and the index of the book."""
    from tunebook import study as conductor

    _, name = one_study(where)
    book, _ = chosen(where)
    study = book.find(name).study
    with book.writing(), book.ledger() as ledger:
        if choose:
            said = {"choice": choose, "because": because, "by": by or user()}
            decision = conductor.overrule(study, ledger, book.path, **said)
        else:
            decision = conductor.withdraw(study, ledger, book.path)
        console.print(f"{name}: {_standing(decision)}")
        rendered = conductor.page(name, ledger, book.path)
        for path in (rendered.html, rendered.markdown):
            console.print(f"{name}: {path}")
        console.print(renew_index(book, ledger))


# Showing --------------------------------------------------------------------------------------------------


def _show(table: "Table", console: "Console") -> None:
    from tunebook.analyse import judge

    found = judge(table)
    console.print(f"{table.study}: {table.question}" if table.question else table.study)
    _part("Rule", [_rule(table)], console)
    if found.candidates:
        console.print()
        console.print(_candidates(table, found), soft_wrap=False)
    if found.decision is None:
        _part("No decision", [f"{found.reason}."], console)
    else:
        _part("Evidence", found.decision.evidence, console)
    _part("Caveats", found.caveats, console)
    _part("Decision", list(_recorded(table, found)), console)


def _part(heading: str, lines: Sequence[str], console: "Console") -> None:
    if lines:
        console.print(f"\n{heading}")
        for line in lines:
            console.print(f"  {line}")


def _rule(table: "Table") -> str:
    from tunebook.analyse import rule_in_words

    return f"{table.rule}: {rule_in_words(table)}."


def _candidates(table: "Table", found: "Judgement") -> "Grid":
    """Place, configuration, score, what is preferred of it, and what it fails."""
    from rich.table import Table as Grid
    from rich.text import Text

    from tunebook.analyse import preferences
    from tunebook.analyse.saying import amount, name_of, spread

    shown = found.candidates[:SHOWN]
    names = [name for name, _ in preferences(table)]
    fails = any(each.unmet for each in shown)
    of = f" (of {len(found.candidates):,})" if len(shown) < len(found.candidates) else ""
    grid = Grid(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim", title_justify="left")
    for at, head in enumerate(["", f"candidate{of}", f"{table.select_metric} on {table.select_split}", *names]):
        grid.add_column(Text(head), justify="left" if at == 1 else "right")
    if fails:
        grid.add_column(Text("fails"))
    chosen_among = set() if found.decision is None else set(found.decision.candidates)
    for at, each in enumerate(shown, start=1):
        place = str(at) if each.entry.configuration in chosen_among else "-"
        simpler = [
            "" if value is None else amount(name, value) for name, value in zip(names, each.simpler, strict=True)
        ]
        cells = [place, name_of(each.entry), spread(each.entry.selection), *simpler]
        grid.add_row(*map(Text, [*cells, ", ".join(each.unmet)] if fails else cells))
    return grid


def _recorded(table: "Table", found: "Judgement") -> Iterator[str]:
    """What is written down, and whether it is what the rule says."""
    from tunebook.analyse import outdated
    from tunebook.report.progress import undecided

    if table.decision is None and (why := undecided(table)):
        yield f"Nothing is written down: {why}. tunebook run {table.study} goes on from there."
        return
    if table.decision is None:
        yield f"Nothing is written down: tunebook run {table.study} does it once all runs have ended."
        return
    yield f"{_standing(table.decision)}."
    why = outdated(table)
    if why:
        yield f"It is not that of the study as it stands: {why}."
    elif found.decision is not None:
        by_rule = table.decision.overruled or table.decision
        if by_rule.configuration != found.decision.configuration:
            yield f"By now the rule chooses {found.decision.label}: tunebook run {table.study} decides again."


def _standing(decision: "Decision") -> str:
    """Who is chosen, by whom."""
    from tunebook.analyse.saying import number

    name = decision.label or decision.configuration
    score = f"{decision.metric} {number(decision.score)} on {decision.split}"
    said = decision.overruled
    if said is None:
        return f"{name} is chosen by {decision.rule}: {score}"
    rule = f"{decision.rule} chooses {said.label or said.configuration}, {number(said.score)}"
    return f"{name} is chosen by {said.by} on {said.on}, because {said.because}: {score}; {rule}"

"""The index of a book: its studies in order, what was decided in each, and what each builds on."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tunebook.analyse.overruling import agrees
from tunebook.records import Chapter, Note, Table
from tunebook.report.cards import Block, Card, Figures, Grid, Heading, Page, Said, Value
from tunebook.report.figures.figure import ChainFigure, Node
from tunebook.report.notes import words_of
from tunebook.report.quoting import numbers_among
from tunebook.report.wording import count, counted, joined, number
from tunebook.report.writing import Rendered, write

STATES = {
    "decided": "decided",
    "outdated": "decided but outdated",
    "undecided": "run, not decided",
    "interim": "interim",
    "stopped": "stopped",
    "not run": "not run",
}
"""State -> how it is written."""
INDEX = "index"
"""Name of the index's files: no study's."""


@dataclass(frozen=True)
class Remarks:
    """What people say of a whole book.

    Args:
        notes: Their words. `tables`: study -> its table, of every study that a `{{…}}` in them is about.
        only: The study of a book that has one.
    """

    notes: Sequence[Note] = ()
    tables: Mapping[str, Table] = field(default_factory=dict)
    only: str = ""


NONE = Remarks()


def index(name: str, chapters: Sequence[Chapter], *, to: Path, remarks: Remarks = NONE) -> Rendered:
    """Write `index.md`, `index.html` and `index/chain.png` into the folder of a book's pages.

    Equal chapters beside equal pages give equal bytes.

    Args:
        name: What the book is called.
        chapters: Its studies in order.
        to: The folder of pages: a study whose page is there is linked to it.
        remarks: What people say of it.
    """
    linked = {each.study for each in chapters if (to / f"{each.study}.html").is_file()}
    return write(compose_index(name, chapters, linked=linked, remarks=remarks), INDEX, to=to)


def compose_index(name: str, chapters: Sequence[Chapter], *, linked: Collection[str], remarks: Remarks = NONE) -> Page:
    """The cards of a book.

    Args:
        linked: The studies whose names lead to their pages.
    """
    words = [words_of(remarks.notes, numbers_among(remarks.tables, only=remarks.only))] if remarks.notes else []
    return Page(
        name=name,
        kind="Book",
        question="",
        answer=_answer(chapters),
        more=_runs(chapters),
        cards=[_chain_card(chapters), _studies_card(chapters, linked), *words],
    )


def _answer(chapters: Sequence[Chapter]) -> str:
    """`9 studies: 8 decided, 1 interim.`."""
    counts = {state: sum(each.state == state for each in chapters) for state in STATES}
    said = [f"{n} {STATES[state]}" for state, n in counts.items() if n]
    return (
        f"{counted(len(chapters), 'study', 'studies')}: {', '.join(said)}." if chapters else "The book holds no study."
    )


def _runs(chapters: Sequence[Chapter]) -> tuple[str, ...]:
    planned, done = sum(each.planned for each in chapters), sum(each.done for each in chapters)
    failed = sum(each.failed for each in chapters)
    if not planned:
        return ()
    lost = f"; {count(failed)} ended without a result" if failed else ""
    return (f"{count(done)} of {counted(planned, 'run')} finished{lost}. A run that two studies share counts in both.",)


def _studies_card(chapters: Sequence[Chapter], linked: Collection[str]) -> Card:
    headings = [
        Heading("study"),
        Heading("question"),
        Heading("state"),
        Heading("runs", "finished of declared", numeric=True),
        Heading("decision"),
        Heading("score", numeric=True),
        Heading("builds on"),
    ]
    rows = [[*_row(each, linked)] for each in chapters]
    facets = {"state": [STATES[each.state] for each in chapters], "task": [each.task for each in chapters]}
    grid = Grid(
        "The studies of the book, in order.",
        headings,
        rows,
        facets={name: values for name, values in facets.items() if len(set(values)) > 1},
    )
    why = [f"{each.study}: {each.why}." for each in chapters if each.why]
    blocks: list[Block] = [grid, *([Said(why)] if why else [])]
    return Card("studies", "Studies", "In the order in which they follow from each other.", blocks)


def _row(each: Chapter, linked: Collection[str]) -> Iterator[Value]:
    yield Value(each.study, page=each.study if each.study in linked else "")
    yield Value(each.question or "no question is stated", muted=not each.question)
    yield Value(STATES[each.state])
    yield Value(
        f"{count(each.done)} of {count(each.planned)}",
        f"{count(each.failed)} failed" if each.failed else "",
        sort=each.done,
    )
    decision = each.decision
    if decision is None:
        yield Value("none yet", muted=True)
        yield Value("")
    else:
        over = decision.overruled
        beside = "as does" if agrees(decision) else "against"
        note = f"by {over.by}, {beside} the rule {decision.rule}" if over else decision.rule
        yield Value(decision.label or decision.configuration, note)
        fresh = ", fresh seeds" if decision.role == "confirm" else ""
        yield Value(number(decision.score), f"{decision.metric} on {decision.split}{fresh}", sort=decision.score)
    yield Value(_builds_on(each))


def _builds_on(each: Chapter) -> str:
    """`lr-lora (base); lora and fact (alternative)`."""
    ways = dict.fromkeys(how for _, how in each.after)
    return "; ".join(f"{joined([study for study, way in each.after if way == how])} ({how})" for how in ways)


def _chain_card(chapters: Sequence[Chapter]) -> Card:
    edges = [
        (before, each.study, how)
        for each in chapters
        for before, how in each.after
        if any(other.study == before for other in chapters)
    ]
    if not edges:
        return Card("chain", "Chain of decisions", absent="no study builds on another")
    ranks = _ranks(chapters, edges)
    nodes = [Node(each.study, ranks[each.study], each.state, _lines(each)) for each in chapters]
    followers = {study for _, study, _ in edges}
    said = [f"{each.study} builds on {_builds_on(each)}" for each in chapters if each.study in followers]
    figure = ChainFigure("chain", ["What each study takes from others"], f"{'. '.join(said)}.", nodes, edges)
    sentence = f"{counted(len(followers), 'study builds', 'studies build')} on decisions of others, from left to right."
    headings = [Heading("from"), Heading("to"), Heading("what is carried")]
    rows = [[Value(one), Value(other), Value(how)] for one, other, how in edges]
    data = Grid("What is carried from study to study.", headings, rows, "The lines as a table", folded=True)
    caveat = "A filled dot: decided; an open one: outdated, undecided, interim, stopped or not run."
    return Card("chain", "Chain of decisions", sentence, [Figures([figure], data)], [caveat])


def _ranks(chapters: Sequence[Chapter], edges: Sequence[tuple[str, str, str]]) -> Mapping[str, int]:
    """Study -> how many studies lie before it on the longest way; chapters come after those they build on."""
    ranks = {each.study: 0 for each in chapters}
    for each in chapters:
        before = [ranks[one] for one, other, _ in edges if other == each.study]
        ranks[each.study] = max(before, default=-1) + 1
    return ranks


def _lines(each: Chapter) -> list[str]:
    runs = f"{count(each.done)} of {counted(each.planned, 'run')}"
    if each.decision is None:
        return [STATES[each.state], runs]
    decided = each.decision.label or each.decision.configuration
    state = "" if each.state == "decided" else f"{each.state} · "
    return [decided, f"{state}{number(each.decision.score)} · {runs}"]

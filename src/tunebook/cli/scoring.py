"""Scoring the studies of a book again, and saying what changed."""

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console

from tunebook import study as conductor
from tunebook.analyse.saying import number
from tunebook.book import Book
from tunebook.cli.page import renew_index
from tunebook.errors import InputError, Problem
from tunebook.ledger.ledger import Ledger
from tunebook.records import Decision, Table
from tunebook.report.wording import counted
from tunebook.study import Prepared
from tunebook.study.again import ToScore, score_again, to_score

Means = Mapping[tuple[str, str, str], float]
"""(configuration and case in words, metric, split) -> the mean over the runs of a row."""


def score_studies(book: Book, names: Sequence[str]) -> None:
    """Score studies one after the other; each is decided if it is complete, and its page renewed.

    Raises:
        InputError: for studies that cannot be scored: data that are not there, or a study without the decision that it
            builds on.
    """
    console = Console(highlight=False, markup=False, soft_wrap=True)
    problems: dict[Problem, None] = {}
    with book.writing(), book.ledger() as ledger:
        for name in names:
            try:
                for line in _score(name, book, ledger):
                    console.print(f"{name}: {line}")
            except InputError as error:
                problems |= dict.fromkeys(error.problems)
        console.print(renew_index(book, ledger))
    if problems:
        raise InputError(*problems)


def _score(name: str, book: Book, ledger: Ledger) -> Iterator[str]:
    declared, before = book.find(name), ledger.decision(name)
    means = _means(conductor.table(name, ledger, book.path)) if ledger.declared(name) else {}
    prepared = conductor.prepare(declared.study, book.shelf(ledger), text=declared.text)
    whole = conductor.with_finalists(prepared, ledger)
    found = to_score(whole)
    scored = 0
    with book.place(prepared, needed=bool(found.scored)) as place:
        while found.scored:
            for ended in score_again(whole, found, ledger, place.executor, allowance=place.allowance):
                scored += ended.outcome.status == "finished"
                if ended.outcome.status == "failed":
                    yield f"run {ended.planned.run.id}: {ended.outcome.kind}: {ended.outcome.reason}"
            following = conductor.with_finalists(prepared, ledger)
            if len(following.runs) == len(whole.runs):
                break
            whole, found = following, to_score(following)
    yield _done(scored, to_score(whole))
    if not scored and ledger.declared(name) is None:
        return
    after = conductor.decide(prepared, ledger)
    yield from _changes(before, after, means, prepared, ledger)
    rendered = conductor.page(name, ledger, book.path)
    yield str(rendered.html)
    yield str(rendered.markdown)


def _done(scored: int, left: ToScore) -> str:
    said = f"{counted(scored, 'run')} scored" if scored else "nothing to score"
    if not left.left:
        return said
    return f"{said}; {counted(len(left.left), 'run')} left, for tunebook run to train"


def _changes(
    before: Decision | None, after: Decision | None, means: Means, prepared: Prepared, ledger: Ledger
) -> Iterator[str]:
    """The decision before and after, and the largest change of a mean."""
    if after is None:
        yield (
            "no decision: it is not complete"
            if before is None
            else f"no decision as it stands; it was {_chosen(before)}"
        )
    elif before is not None and _chosen(before) != _chosen(after):
        yield f"{_chosen(after)}; it was {_chosen(before)}"
    else:
        yield f"{_chosen(after)}{'' if before is None else ', as before'}"
    found = _means(conductor.table(prepared.study.study, ledger, prepared.book))
    changes = {key: abs(mean - means[key]) for key, mean in found.items() if key in means}
    largest = max(changes, key=lambda key: changes[key], default=None)
    if largest is not None and changes[largest] > 0:
        label, metric, split = largest
        change = f"{number(means[largest])} -> {number(found[largest])}"
        yield f"largest change of a mean: {metric} on {split} of {label}, {change}"


def _chosen(decision: Decision) -> str:
    name = decision.label or "the only configuration"
    return f"{name} is chosen: {decision.metric} {number(decision.score)} on {decision.split}"


def _means(table: Table) -> Means:
    values: dict[tuple[str, str, str], list[float]] = {}
    for row in table.rows:
        label = " ".join(word for word in (row.label, row.case.label) if word)
        for run in row.runs:
            for (metric, split), value in run.scores.items():
                if metric in table.metrics:
                    values.setdefault((label, metric, split), []).append(value)
    return {key: sum(each) / len(each) for key, each in values.items()}

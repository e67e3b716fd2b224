"""What a study would run: the counts that `tunebook check` prints."""

from collections.abc import Iterator

from tunebook import study as conductor
from tunebook import task as tasks
from tunebook.book import Book
from tunebook.errors import InputError, Problem
from tunebook.ledger.ledger import Ledger
from tunebook.spec.plan import Plan, plan
from tunebook.study import Prepared


def counted(book: Book, name: str, ledger: Ledger) -> tuple[tuple[str, ...], tuple[Problem, ...]]:
    """Count one study of a book; what is wrong hides no count that does not need it.

    Returns:
        Lines to print, and problems.
    """
    lines: list[str] = []
    try:
        for line in _lines(book, name, ledger):
            lines.append(line)  # what was counted before a problem counts
    except InputError as error:
        return tuple(lines), error.problems
    return tuple(lines), ()


def _lines(book: Book, name: str, ledger: Ledger) -> Iterator[str]:
    declared = book.find(name)
    study = declared.study
    yield f"{name}: {study.question or '(no question)'}"
    undecided = conductor.undecided(study, ledger)
    if set(undecided) & set(study.decisions):
        yield f"  is counted once {', '.join(undecided)} is decided"
        return
    decisions = {source: decision for source in study.decisions if (decision := ledger.decision(source))}
    laid_out = plan(
        study,
        tasks.find(study.task),
        references={source: decision.values for source, decision in decisions.items()},
        left_open={source: decision.left_open for source, decision in decisions.items()},
    )
    yield from _counts(laid_out)
    if undecided:
        yield _line(laid_out.counts.runs, f"new, once {', '.join(undecided)} is decided")
        return
    yield from _standing(conductor.prepare(study, book.shelf(ledger), text=declared.text))


def _counts(laid_out: Plan) -> Iterator[str]:
    counts = laid_out.counts
    yield _line(counts.declared, "declared")
    for constraint, number in counts.excluded.items():
        yield _line(number, f"excluded by {constraint} (it applies to {counts.applied[constraint]})")
    if counts.equivalent:
        yield _line(counts.equivalent, "equivalent to another: a parameter has no effect there")
    yield _line(counts.distinct, "distinct configurations")
    for alternative, fields in laid_out.dropped.items():
        yield f"         base without effect{_inside(alternative)}: {', '.join(fields)}"
    for alternative, fields in laid_out.overridden.items():
        yield f"         base replaced by a decision{_inside(alternative)}: {', '.join(fields)}"
    cases, replicates = len(laid_out.cases), len(laid_out.replicates)
    yield _line(counts.runs, f"runs ({_many(cases, 'case')}, {_many(replicates, 'replicate')})")


def _standing(prepared: Prepared) -> Iterator[str]:
    """How many runs are new, and how many exist."""
    twice = prepared.plan.counts.runs - len(prepared.distinct)
    if twice:
        yield _line(twice, "the same run in another case")
    found = conductor.standing(prepared)
    yield _line(found.new, "new")
    yield _line(found.ended, f"existing{f', {found.failed} of them failed' if found.failed else ''}")
    if found.scored_again:
        yield _line(found.scored_again, "existing, to be predicted or scored again without training")


def _inside(alternative: str) -> str:
    return f" in {alternative}" if alternative else ""


def _line(number: int, words: str) -> str:
    return f"  {number:>6} {words}"


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

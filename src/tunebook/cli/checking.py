"""What a study would run: the counts that `tunebook check` prints."""

from tunebook import study as conductor
from tunebook import task as tasks
from tunebook.book import Book
from tunebook.errors import InputError, Problem
from tunebook.ledger.ledger import Ledger
from tunebook.spec.plan import Plan, plan


def counted(book: Book, name: str, ledger: Ledger) -> tuple[tuple[str, ...], tuple[Problem, ...]]:
    """Count one study of a book; what is wrong hides no count that does not need it.

    Returns:
        Lines to print, and problems.
    """
    declared = book.find(name)
    study = declared.study
    lines = [f"{name}: {study.question or '(no question)'}"]
    undecided = [source for source in study.references if ledger.decision(source) is None]
    if set(undecided) & set(study.decisions):
        return (*lines, f"  is counted once {', '.join(undecided)} is decided"), ()
    decisions = {source: decision.values for source in study.decisions if (decision := ledger.decision(source))}
    laid_out = plan(study, tasks.find(study.task), references=decisions)
    lines += _counts(laid_out)
    if undecided:
        return (*lines, _line(laid_out.counts.runs, f"new, once {', '.join(undecided)} is decided")), ()
    try:
        prepared = conductor.prepare(book.path, study, ledger, cache=book.cache, text=declared.text)
    except InputError as error:
        return tuple(lines), error.problems
    new = len(conductor.missing(prepared))
    lines += [_line(new, "new"), _line(len(prepared.runs) - new, "existing")]
    return tuple(lines), ()


def _counts(laid_out: Plan) -> list[str]:
    counts = laid_out.counts
    lines = [_line(counts.declared, "declared")]
    for constraint, number in counts.excluded.items():
        lines.append(_line(number, f"excluded by {constraint} (it applies to {counts.applied[constraint]})"))
    if counts.equivalent:
        lines.append(_line(counts.equivalent, "equivalent to another: a parameter has no effect there"))
    lines.append(_line(counts.distinct, "distinct configurations"))
    for alternative, fields in laid_out.dropped.items():
        where = f" in {alternative}" if alternative else ""
        lines.append(f"         without effect{where}: {', '.join(fields)}")
    cases, replicates = len(laid_out.cases), len(laid_out.replicates)
    lines.append(_line(counts.runs, f"runs ({_many(cases, 'case')}, {_many(replicates, 'replicate')})"))
    return lines


def _line(number: int, words: str) -> str:
    return f"  {number:>6} {words}"


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

"""What a study would run: the counts that `tunebook check` prints."""

from collections import Counter
from collections.abc import Iterator

from tunebook import study as conductor
from tunebook import task as tasks
from tunebook.book import EXPECTED_GB, Book, Declared
from tunebook.errors import InputError, Problem
from tunebook.execute.slots import slots
from tunebook.ledger.ledger import Ledger
from tunebook.runs import surveys
from tunebook.spec.folding import folds_of
from tunebook.spec.plan import Plan
from tunebook.spec.translating import translations
from tunebook.study import Prepared
from tunebook.study.changed_data import changed_data


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
    for line in translations(declared.text, tasks.find(study.task)):
        yield f"         {line}"
    undecided = conductor.undecided(study, ledger)
    if set(undecided) & set(study.decisions):
        yield f"  is counted once {', '.join(undecided)} is decided"
        return
    laid_out = conductor.lay_out(study, ledger).plan
    yield from _counts(laid_out)
    if undecided:
        yield _line(laid_out.counts.runs, f"new, once {', '.join(undecided)} is decided")
        return
    prepared = conductor.prepare(study, book.shelf(ledger), text=declared.text)
    yield from _standing(prepared, book, ledger)
    yield from _odd(prepared, declared)


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
    yield _line(counts.runs, f"runs ({_many(len(laid_out.cases), 'case')}, {_replicates(laid_out)})")


def _standing(prepared: Prepared, book: Book, ledger: Ledger) -> Iterator[str]:
    """How many runs are new, and how many exist; those beside the search on lines of their own."""
    whole = conductor.with_finalists(prepared, ledger)
    roles = Counter(planned.role for planned in whole.runs)
    if roles["noise"]:
        yield _line(roles["noise"], "runs to know the noise")
    for name in dict.fromkeys(planned.source for planned in whole.runs if planned.role == "control"):
        number = sum(planned.source == name for planned in whole.runs)
        yield _line(number, f"controls: what {name} decided, under this study's replicates")
    if roles["baseline"]:
        floors = _many(len(prepared.baselines), "configuration")
        yield _line(roles["baseline"], f"baselines: {floors} that the page compares with")
    confirm = prepared.study.confirm
    if confirm is not None and (most := conductor.most_to_confirm(prepared)):
        known = roles["confirm"]
        top = min(confirm.top, len(prepared.plan.configurations))
        folds = folds_of(prepared.plan.replicates)
        said = f"to confirm: the best {top} on {_many(confirm.seeds, 'fresh seed')}"
        said += f" × {_many(folds, 'fold')}" if folds else ""
        yield _line(known or most, said if known else f"{said} (at most; they are known once the search has ended)")
    if prepared.study.limit is not None:
        yield from map("         limit: {}".format, _limit(prepared, whole, book, ledger))
    twice = len(whole.runs) - len(conductor.distinct(whole))
    if twice:
        yield _line(twice, "the same run in another case or role")
    for changed in changed_data(whole, ledger):
        called = changed.name or "its data"
        what = "which files is not known" if changed.changes is None else str(changed.changes)
        yield f"         {called} changed since it was run: {what}; {_many(changed.runs, 'run')} of other data"
    found = conductor.standing(whole)
    yield _line(found.new, "new")
    yield _line(found.ended, f"existing{f', {found.failed} of them failed' if found.failed else ''}")
    if found.scored_again:
        yield _line(found.scored_again, "existing, to be predicted or scored again without training")
    if found.trained_again:
        yield _line(found.trained_again, "existing, to be trained again: checkpoints and predictions were removed")


def _limit(prepared: Prepared, whole: Prepared, book: Book, ledger: Ledger) -> Iterator[str]:
    """What a limit leaves, and whether its time is enough as far as that is known."""
    limit, kept = prepared.study.limit, conductor.still_to_confirm(prepared, whole)
    missing = len(conductor.missing(whole))
    if limit is None:
        return
    yield conductor.limit_in_words(limit, kept=kept, fewest=conductor.fewest_runs(prepared) if missing else 0)
    if not missing or limit.deadline(conductor.now()) is None:
        return
    outcomes = ledger.outcomes(planned.run.id for planned in whole.runs)
    each = conductor.pace([outcome.costs.seconds for outcome in outcomes.values() if outcome.status == "finished"])
    if each is None:
        yield "whether the time is enough is not known before a run has finished"
        return
    at_once = _at_once(prepared, book)
    if said := conductor.too_short(limit, runs=missing + kept, each=each, at_once=at_once, started=conductor.now()):
        yield f"too short for all: {said}"


def _at_once(prepared: Prepared, book: Book) -> int:
    """Runs at once on this machine, as `tunebook run` would decide."""
    wanted, device = book.file.executor, prepared.study.device
    if wanted.kind == "inline":
        return 1
    devices = None if device in ("auto", "cuda") else (device,)
    memory = wanted.run_memory_gb or EXPECTED_GB
    found = slots(processes=wanted.processes, threads=wanted.threads, devices=devices, memory_gb=memory)
    return len(found.places)


def _replicates(laid_out: Plan) -> str:
    """`3 replicates`, or `10 replicates: 2 seeds × 5 folds`."""
    number, folds = len(laid_out.replicates), folds_of(laid_out.replicates)
    seeds = "" if folds is None else f": {_many(number // folds, 'seed')} × {_many(folds, 'fold')}"
    return f"{_many(number, 'replicate')}{seeds}"


def _odd(prepared: Prepared, declared: Declared) -> Iterator[str]:
    """How much is odd about the data, which hinders no run."""
    for facts in surveys(prepared.book, [(each.id, each.name) for each in prepared.surveyed]):
        if odd := len(facts.odd) + len(facts.twice):
            yield _line(odd, f"odd {_plural(odd, 'thing')} in {facts.name}: tunebook look {declared.path} says what")


def _plural(number: int, noun: str) -> str:
    return noun if number == 1 else f"{noun}s"


def _inside(alternative: str) -> str:
    return f" in {alternative}" if alternative else ""


def _line(number: int, words: str) -> str:
    return f"  {number:>6} {words}"


def _many(number: int, noun: str) -> str:
    return f"{number} {_plural(number, noun)}"

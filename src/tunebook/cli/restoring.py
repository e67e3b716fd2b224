"""Training again what was removed to give back space, where something asks for it."""

from collections.abc import Collection, Iterator

from tunebook import study as conductor
from tunebook.book import Book, Declared
from tunebook.folders import RunFolder
from tunebook.ledger.ledger import Ledger
from tunebook.records import PlannedRun
from tunebook.report.wording import counted
from tunebook.study import Prepared
from tunebook.study.again import of_decision, train_again, untrained_weights


def restore_weights(runs: Collection[PlannedRun], book: Book, ledger: Ledger) -> Iterator[str]:
    """Train again the runs whose weights some runs start from, where these are not there; what is done, line by line.

    Weights of weights come first. A run that no study of the book holds is left: who starts from it says so.
    """
    wanted = untrained_weights(runs, book.path)
    for declared in book.studies if wanted else ():
        held = {entry.run for entry in ledger.planned(declared.study.study)} & set(wanted)
        if held:
            yield from restore(declared, held, book, ledger)


def restore_decision(declared: Declared, book: Book, ledger: Ledger) -> Iterator[str]:
    """Train again what a study decided, where its checkpoints are not there; what is done, line by line."""
    name = declared.study.study
    decision = ledger.decision(name)
    if decision is None:
        yield f"{name}: no checkpoint is trained again, for nothing is decided"
        return
    whole = _whole(declared, book, ledger)
    lacking = {one.run.id for one in of_decision(whole, decision) if not RunFolder.of(book.path, one.run).trained}
    if lacking:
        yield from restore(declared, lacking, book, ledger, whole=whole)
    else:
        yield f"{name}: every checkpoint of its decision is there"


def restore(
    declared: Declared, wanted: Collection[str], book: Book, ledger: Ledger, *, whole: Prepared | None = None
) -> Iterator[str]:
    """Train runs of a study again; what is done, line by line.

    Args:
        wanted: Their ids.
        whole: The study `with_finalists`, where it is ready.
    """
    name = declared.study.study
    whole = whole or _whole(declared, book, ledger)
    runs = [one for one in whole.runs if one.run.id in wanted]
    yield from restore_weights(runs, book, ledger)
    yield f"{name}: {counted(len(wanted), 'run')} to train again, without a checkpoint"
    before = ledger.outcomes(wanted)
    with book.place(whole) as place:
        for ended in train_again(whole, wanted, ledger, place.executor, allowance=place.allowance):
            run, outcome = ended.planned.run, ended.outcome
            if outcome.status == "failed":
                yield f"{name}: run {run.id} was not trained again: {outcome.kind}: {outcome.reason}"
            elif outcome.predictions != before[run.id, run.length].predictions:
                yield f"{name}: run {run.id} predicts otherwise than before; its scores were made again"


def _whole(declared: Declared, book: Book, ledger: Ledger) -> Prepared:
    prepared = conductor.prepare(declared.study, book.shelf(ledger), text=declared.text)
    return conductor.with_finalists(prepared, ledger)

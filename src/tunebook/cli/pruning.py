"""What a book could do without: shown, and removed."""

from collections.abc import Collection, Iterator, Sequence

from tunebook.book import Book
from tunebook.errors import StudyError
from tunebook.ledger.ledger import Ledger
from tunebook.report.wording import counted
from tunebook.spec.study import Keep
from tunebook.study.pruning import UNUSED, Held, Kind, Prunable, held, prunable, remove_all

UNITS = ("bytes", "kB", "MB", "GB", "TB")
STEP = 1000


def prune_book(book: Book, ledger: Ledger, *, only: Collection[str] | None, yes: bool, unused: bool) -> Iterator[str]:
    """Say line by line what can go, and remove it if asked to.

    The caller holds the book.

    Args:
        only: Names of studies; None: the whole book.
        yes: Whether it is removed.
        unused: Whether what no study asks for goes too.

    Raises:
        InputError: when another process works on a run.
    """
    keeping = held([declared.study for declared in book.studies], ledger)
    found = tuple(prunable(book.path, keeping, only=only))
    named = [name for name in keeping.why if only is None or name in only]
    for name in named:
        yield from _of_study(name, keeping, [one for one in found if one.study == name])
    for kind, words in (
        ("unused runs", "runs that no study holds"),
        ("leftovers", "files that were never put in place"),
    ):
        beside = [one for one in found if one.kind == kind and not one.study]
        if beside:
            yield f"{words}: {_amount(beside)}{_only_unused(kind)}"
    going = [one for one in found if unused or one.kind not in UNUSED]
    if yes:
        _remove(going, book, ledger)
        yield f"{_amount(going)} removed"
    elif going:
        yield f"{_amount(going)} can be removed: --yes removes them"
    else:
        yield f"nothing to remove{'' if _declared(book, named) else _HINT}"


_HINT = "; `keep: {checkpoints: decision, predictions: report}` in a study file says what may go once it is decided"


def prune_after(name: str, book: Book, ledger: Ledger) -> str:
    """Remove what a study that was run does not keep, if it says what it keeps; what was done, empty for nothing."""
    if book.find(name).study.keep == Keep():
        return ""
    try:
        whole = Book.load(book.path)
    except StudyError as error:
        return f"nothing was pruned, for {error.problems[0].place} cannot be read; tunebook check says why"
    keeping = held([declared.study for declared in whole.studies], ledger)
    going = [one for one in prunable(book.path, keeping, only=[name]) if one.kind not in UNUSED]
    _remove(going, book, ledger)
    return f"{_amount(going)} removed: it {keeping.why[name]}" if going else ""


def size(number: float) -> str:
    """Bytes as a person reads them: 1.5 GB."""
    at = 0
    while number >= STEP and at < len(UNITS) - 1:
        number, at = number / STEP, at + 1
    return f"{number:.0f} {UNITS[at]}" if at == 0 or number >= STEP / 10 else f"{number:.3g} {UNITS[at]}"


def _remove(going: Sequence[Prunable], book: Book, ledger: Ledger) -> None:
    for one in remove_all(going, book.path):
        if one.folder is not None and one.kind in UNUSED:
            ledger.ingest(one.folder)


def _of_study(name: str, keeping: Held, found: Sequence[Prunable]) -> Iterator[str]:
    yield f"{name}: {keeping.why[name]}"
    kinds: tuple[Kind, ...] = ("checkpoints", "predictions", "leftovers", "unused scores")
    for kind in kinds:
        of_kind = [one for one in found if one.kind == kind]
        if of_kind:
            yield f"  {kind}: {_amount(of_kind)}{_only_unused(kind)}"


def _only_unused(kind: str) -> str:
    return "; only --unused removes them" if kind in UNUSED else ""


def _amount(found: Sequence[Prunable]) -> str:
    return f"{counted(sum(one.files for one in found), 'file')}, {size(sum(one.size for one in found))}"


def _declared(book: Book, names: Collection[str]) -> bool:
    """Whether any of some studies says what it keeps."""
    return any(each.study.keep != Keep() for each in book.studies if each.study.study in names)

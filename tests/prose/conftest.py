"""A book of the toy, run once for all tests of sentences."""

from pathlib import Path

import pytest
from toy_study import install, make_book

CHOSEN = "lr=0.5 steps=2"
RATES = {
    "space": "{lr: [0.25, 0.5, 0.75], budget.steps: [1, 2]}",
    "replicates": "{seed: 3}",
    "confirm": "{top: 3, seeds: 2}",
    "select": "{metric: toy.score, rule: one-standard-error, prefer: [{lr: low}]}",
    "report": "{metrics: [toy.score, toy.large], splits: [test]}",
}
NEXT = """task: toy
base: {from: rates}
space: {data.reading: [plain, twice], lr: [0.3, 0.5, 0.8]}
replicates: [0]
confirm: null
noise: {seeds: 4, repeats: 1}
select: {metric: toy.score}
report: {metrics: [toy.score], splits: [val, test]}
"""
LAST = """task: toy
base: {data: {root: cells}}
space: {way: {one_of: {carried: {from: next}, none: {method: none}, broken: {fault: crash}, all: {lr: [0.6, 0.7]}}}}
across: [{data.root: [cells, others]}]
replicates: {seed: 2}
confirm: null
select: {metric: toy.score}
report: {metrics: [toy.score], splits: [test]}
"""


@pytest.fixture(scope="session")
def toy_book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three studies in a chain: confirmed and overruled, with noise measured and drift, and with a run that fails."""
    with pytest.MonkeyPatch.context() as patch:
        installed = tmp_path_factory.mktemp("installed")
        install(installed)
        patch.syspath_prepend(str(installed))
        patch.setattr("os.fsync", lambda handle: None)
        return _run(tmp_path_factory.mktemp("book"))


def _run(book: Path) -> Path:
    from toy_study import make_data

    make_book(book, **RATES)
    make_data(book, "others", value=0.7)
    _conduct(book, "rates")
    _overrule(book)
    (book / "drift").write_text("-0.2")
    for name, text in (("next", NEXT), ("last", LAST)):
        (book / f"{name}.study.yaml").write_text(text)
        _conduct(book, name)
    return book


def _conduct(book: Path, name: str) -> None:
    from tunebook import study as conductor
    from tunebook.book import Book
    from tunebook.execute.inline import Inline

    loaded = Book.load(book)
    with loaded.ledger() as ledger, Inline() as executor:
        declared = loaded.find(name)
        prepared = conductor.prepare(declared.study, loaded.shelf(ledger), text=declared.text)
        for _ in conductor.conduct(prepared, ledger, executor, allowance=conductor.Allowance()):
            pass
        conductor.decide(prepared, ledger)


def _overrule(book: Path) -> None:
    from tunebook import study as conductor
    from tunebook.book import Book

    loaded = Book.load(book)
    with loaded.ledger() as ledger:
        study = loaded.find("rates").study
        conductor.overrule(study, ledger, book, choice=CHOSEN, because="it is kinder, by 7 of 9", by="A. Person")

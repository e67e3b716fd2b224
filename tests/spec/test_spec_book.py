"""book.yaml."""

import pytest

from tunebook.errors import StudyError
from tunebook.spec.book import BookFile, load_book


def book_of(folder, text):
    (folder / "book.yaml").write_text(text)
    return load_book(folder)


def test_everything_has_a_default(tmp_path):
    """An empty file is a book named by its folder."""
    book = book_of(tmp_path, "")

    assert book == BookFile(book=tmp_path.name)
    assert (book.ledger, book.executor.kind, book.executor.threads) == ("sqlite:///ledger.sqlite", "processes", 1)


def test_a_whole_book_is_read(tmp_path):
    """Every key arrives."""
    book = book_of(
        tmp_path,
        "book: cells\nexecutor: {kind: inline, processes: 2, run_hours: 1, run_memory_gb: null}\n"
        "ledger: sqlite:///l.db\ndata: {dsb: '${DATA}/dsb'}\nstudies: [base, lora]\n",
    )

    assert (book.book, book.executor.processes, book.executor.run_hours) == ("cells", 2, 1.0)
    assert (dict(book.data), book.studies) == ({"dsb": "${DATA}/dsb"}, ("base", "lora"))


def test_all_mistakes_are_said_with_lines(tmp_path):
    """The same reporting as for a study file."""
    with pytest.raises(StudyError) as caught:
        book_of(tmp_path, "bok: x\nexecutor:\n  kind: slurm\n  threads: 0\nledger: here\nstudies: [a, a]\n")

    assert [(problem.place, problem.message.split(";")[0]) for problem in caught.value.problems] == [
        ("book.yaml:1", "bok must be one of book, executor, ledger, data, studies"),
        ("book.yaml:3", "executor.kind must be processes or inline"),
        ("book.yaml:4", "executor.threads must be >= 1"),
        ("book.yaml:5", "ledger must match [a-z][a-z0-9+]*://.*"),
        ("book.yaml:6", "studies[1] must name each study once"),
    ]

"""Going on from a decision: `refine`, and the study file that looks beyond an edge."""

from pathlib import Path

import pytest
from toy_study import make_book, make_study, trained

from tunebook import study as conductor
from tunebook.analyse import edges
from tunebook.book import Book


@pytest.mark.usefixtures("toy_task")
def test_the_study_beyond_an_edge_is_accepted(tunebook, tmp_path: Path):
    """As it is printed: it is checked, it runs, and finds the decided value and two beyond."""
    book = make_book(tmp_path)
    tunebook("run", book)
    with Book.open(book).look() as ledger:
        (edge,) = edges(conductor.table("rates", ledger, book))
    (book / "rates-further.study.yaml").write_text(edge.further)
    said = tunebook("check", book / "rates-further")
    ran = tunebook("run", book / "rates-further")

    assert (said.code, ran.code) == (0, 0)
    assert "       3 distinct configurations\n" in said.out
    assert {line.split()[0] for line in trained(book)} == {"lr=0.25", "lr=0.5", "lr=1", "lr=2"}


@pytest.mark.usefixtures("toy_task")
def test_a_study_refines_a_decision(tunebook, tmp_path: Path):
    """Its space is made when the other is decided: values inside, and beyond the edge."""
    book = make_book(tmp_path)
    (book / "fine.study.yaml").write_text("task: toy\nbase: {}\nrefine: rates\nreplicates: {seed: 2}\n")
    before = tunebook("check", book / "fine")
    tunebook("run", book)
    after = tunebook("check", book / "fine")

    assert "is counted once rates is decided" in before.out
    assert "       3 declared\n" in after.out
    assert {"lr=0.354", "lr=1"} < {line.split()[0] for line in trained(book)}


@pytest.mark.usefixtures("toy_task")
def test_a_decision_of_words_has_nothing_to_refine(tunebook, tmp_path: Path):
    """Exit code 2 names the way out, before anything of it runs."""
    book = make_book(tmp_path, space="{method: [full, none]}")
    make_study(book, "fine")
    (book / "fine.study.yaml").write_text("task: toy\nbase: {}\nrefine: rates\n")
    tunebook("run", book / "rates")
    said = tunebook("check", book / "fine")

    assert said.code == 2
    assert "refine must find a value that rates did not try; got none near method full" in said.err
    assert "base: {from: rates}" in said.err

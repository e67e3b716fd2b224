"""The sentences of pages are true to the scores of their runs, which are looked up and worked out anew."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from made_up_studies import MADE_UP, made_up
from page_prose import read
from recomputed import Checker, Fault, faults
from rendered_pages import Pair, builds_on, of_book, of_files, yaml

from tunebook.errors import LedgerError

ROOT = Path(__file__).resolve().parents[2]
CELLS = ROOT / "docs" / "cells"
BOOK = ROOT / "examples" / "cells"
QUICKSTART = ROOT / "examples" / "quickstart"
EXPORT = "tunebook export examples/cells/NAME --format parquet --items --to docs/cells/NAME.parquet (with costs)"
TOY = ("rates", "next", "last")


UNTRUE: dict[str, str] = {}
"""Sentences that are not true, and why: to be mended where they are written, and taken out here."""


def is_known(fault: Fault) -> bool:
    """Whether a fault waits to be mended."""
    return any(re.fullmatch(known, fault.sentence) for known in UNTRUE)


def told(found: Sequence[Fault]) -> str:
    """Faults as a person reads them."""
    return "\n" + "\n".join(map(str, found))


@pytest.fixture(scope="session")
def toy_pages(toy_book: Path) -> dict[str, Pair]:
    """The pages of the toy's book."""
    return of_book(toy_book)


@pytest.mark.parametrize("name", ["lora", "fact", "adaptformer", "best"])
def test_the_pages_of_the_cells_are_true(name: str):
    """Every number in the prose of a committed page follows from the runs that are committed beside it."""
    if not (CELLS / f"{name}.parquet").exists():
        pytest.skip(f"docs/cells/{name}.parquet is not there: {EXPORT}")
    page, study = of_files(CELLS / f"{name}.md", BOOK)
    lacking = sorted(builds_on(study.file) - study.others.keys()) or ([name] if not study.runs[0].costs else [])
    assert not lacking, f"docs/cells lacks the runs of {', '.join(lacking)}: {EXPORT}"
    found = [fault for fault in faults(page, study) if not is_known(fault)]

    assert not found, told(found)
    assert page.study_file == yaml((BOOK / f"{name}.study.yaml").read_text()), "rendered before the study was changed"


@pytest.mark.parametrize("name", ["scaling", "methods"])
def test_the_pages_of_the_quickstart_are_true(name: str):
    """They are rendered anew from its ledger, where `make demo` left one."""
    if not (QUICKSTART / "ledger.sqlite").exists():
        pytest.skip("examples/quickstart has no ledger: make demo runs it")
    try:
        text, study = of_book(QUICKSTART)[name]
    except LedgerError as error:  # of another version of Tunebook
        pytest.skip(str(error))

    found = [fault for fault in faults(read(text), study) if not is_known(fault)]

    assert not found, told(found)


@pytest.mark.parametrize("name", TOY)
def test_the_pages_of_a_chain_are_true(toy_pages: dict[str, Pair], name: str):
    """Of studies that are confirmed, overruled, carried on, that drift and that fail."""
    text, study = toy_pages[name]
    found = [fault for fault in faults(read(text), study) if not is_known(fault)]

    assert not found, told(found)


def test_what_is_known_to_be_untrue_is_so(toy_pages: dict[str, Pair]):
    """A sentence that has been mended is known no more."""
    found = [fault.sentence for text, study in toy_pages.values() for fault in faults(read(text), study)]

    assert [known for known in UNTRUE if not any(re.fullmatch(known, sentence) for sentence in found)] == []


@pytest.mark.parametrize("name", MADE_UP)
def test_the_pages_of_every_rule_are_true(name: str):
    """Of made-up studies: each rule, requirements, cases that disagree, one seed with a centre point, many rows."""
    text, study = made_up(name)

    assert not (found := faults(read(text), study)), told(found)


def test_a_new_sentence_with_a_number_must_be_covered():
    """Prose that no pattern knows is a fault, so that it gets one; without a number it is not."""
    text, study = made_up("best-mean")
    added = text.replace("\n## Leaderboard", "\nThis is new.\n\nAll of it took 7 days.\n\n## Leaderboard")

    assert [fault.sentence for fault in faults(read(added), study)] == ["All of it took 7 days."]


def test_what_a_person_says_is_not_checked(toy_pages: dict[str, Pair]):
    """The question and the reason of an overruling are theirs."""
    text, study = toy_pages["rates"]

    assert "> it is kinder, by 7 of 9" in text
    assert not any("7 of 9" in line.text for line in Checker(read(text), study).page.lines)

"""The check of sentences finds what is wrong: each number of a page is changed, and each change is found."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from made_up_studies import made_up
from page_prose import Line, read
from recomputed import Checker
from rendered_pages import Pair, of_book
from test_prose_pages import TOY

NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
NOT_FOUND = {
    r"What .* depends on .*: F = .*, p = .*|No interaction of .*: F = .*, p = .*":
        "p of an interaction is the share of random rearrangements: another draw differs in its last digits",
    r"On .*(?:changes the spread|no change of the spread) .*":
        "p of a spread by parameters is the share of random rearrangements, too",
    r".*: .* behind, with an interval from .*":
        "the ends of an interval may be off by a thousandth of it: critical values are found by quadrature",
    r".*: crashed: .*|.* groups of runs compared, for example .*":
        "another seed makes another sentence that is true",
}  # fmt: skip
"""Sentences in which a change of one unit in the last digit is not always found, and why."""


def changed(line: Line) -> Iterator[tuple[str, Line]]:
    """A line with one of its numbers changed by one unit in its last digit: each of them."""
    for token in NUMBER.finditer(line.text):
        last = int(line.text[token.end() - 1])
        other = str(last + 1 if last < 9 else last - 1)
        yield token[0], replace(line, text=line.text[: token.end() - 1] + other + line.text[token.end() :])


def not_found(pair: Pair) -> Iterator[str]:
    """Every change of a true line that the check does not find."""
    text, study = pair
    checker = Checker(read(text), study)
    lines = [line for line in checker.page.lines if not list(checker.faults(line))]
    for line in lines:
        told_elsewhere = [other for other in lines if other is not line and {other.card, line.card} == {"Effects"}]
        for number, wrong in changed(line):
            checker.forget()
            for other in told_elsewhere:
                list(checker.faults(other))
            if not list(checker.faults(wrong)):
                yield f"{number} in: {wrong.text}"


def unexpected(found: Iterator[str]) -> list[str]:
    """Those of them that no reason is known for."""
    return [each for each in found if not any(re.search(f"in: (?:{known})", each) for known in NOT_FOUND)]


@pytest.fixture(scope="module")
def toy_pages(toy_book: Path) -> dict[str, Pair]:
    """The pages of the toy's book."""
    return of_book(toy_book)


@pytest.mark.parametrize("name", TOY)
def test_a_changed_number_of_a_chain_is_found(toy_pages: dict[str, Pair], name: str):
    """Of decisions, controls, effects, boards, findings and accounts."""
    assert not unexpected(not_found(toy_pages[name]))


@pytest.mark.parametrize(
    "name", ["one-standard-error", "most-stable", "weights", "cases", "centred", "baselines", "factorial"]
)
def test_a_changed_number_of_a_rule_is_found(name: str):
    """Of the evidence of each rule."""
    assert not unexpected(not_found(made_up(name)))


def test_another_name_is_found():
    """A sentence that names another configuration than the best is not true."""
    text, study = made_up("best-mean")
    checker = Checker(read(text), study)
    lines = [line for line in checker.page.lines if " has the best " in line.text or " is best, " in line.text]
    names = [study.name(each) for each in study.ranked()[:2]]
    swapped = [replace(line, text=line.text.replace(*names, 1)) for line in lines]

    assert len(swapped) >= 2
    assert all(list(checker.faults(line)) for line in swapped)


@pytest.mark.parametrize(
    ("said", "instead"),
    [("a rise of", "a drop of"), ("is separated from", "is not separated from"), ("the largest of", "the smallest of"),
     ("can be told from all", "cannot be told from all"), ("on fresh seeds", "in the search")],
)  # fmt: skip
def test_another_word_is_found(toy_pages: dict[str, Pair], said: str, instead: str):
    """A claim in words is checked as its numbers are."""
    text, study = toy_pages["rates"]
    checker = Checker(read(text), study)
    lines = [line for line in checker.page.lines if said in line.text and not list(checker.faults(line))]

    assert lines
    assert all(list(checker.faults(replace(line, text=line.text.replace(said, instead)))) for line in lines)

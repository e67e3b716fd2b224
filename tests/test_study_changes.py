"""What a study changed of how it chooses since it had results (T504)."""

import json
from pathlib import Path

import pytest
from toy_study import make_book, make_study

from tunebook import study as conductor
from tunebook.analyse import findings
from tunebook.book import Book
from tunebook.execute.inline import Inline
from tunebook.ledger.records_files import write_plan
from tunebook.records import Change
from tunebook.study import Allowance
from tunebook.study.changes import where_of

pytestmark = pytest.mark.usefixtures("toy_task")
RATES = "{lr: [0.1, 0.2, 0.4]}"
RULE = "best-mean of toy.score on val"


def run(book: Path) -> None:
    """Conduct the study as it stands, and decide."""
    loaded = Book.load(book)
    declared = loaded.find("rates")
    with loaded.ledger() as ledger, Inline() as executor:
        prepared = conductor.prepare(declared.study, loaded.shelf(ledger), text=declared.text)
        for _ in conductor.conduct(prepared, ledger, executor, allowance=Allowance()):
            pass
        conductor.decide(prepared, ledger)


def changed(book: Path, *, plan: int | None = None) -> tuple[Change, ...]:
    with Book.open(book).look() as ledger:
        return tuple(conductor.table("rates", ledger, book, plan=plan).earlier)


def rewritten(book: Path, **keys: str) -> tuple[Change, ...]:
    """What is found once the study file says otherwise and was run again."""
    make_study(book, **{"space": RATES, "replicates": "{seed: 1}", **keys})
    run(book)
    return changed(book)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    made = make_book(tmp_path, space=RATES, replicates="{seed: 1}", confirm="null")
    run(made)
    return made


def test_another_where_is_a_change(book: Path):
    """With the configurations that had results and are no candidates any more."""
    (found,) = rewritten(book, confirm="null", where="['lr <= 0.2']")

    assert found == Change("where", ("no where",), "where lr <= 0.2", left_out=1)
    with Book.open(book).look() as ledger:
        (finding,) = (each for each in findings(conductor.table("rates", ledger, book)) if each.code == "T504")
    assert finding.evidence[-1].endswith("(1 configuration with results is no candidate any more)")


def test_every_part_of_select_is_looked_at(book: Path):
    """Rule, what it is given, metric, split, what is required, what is preferred."""
    select = "{split: test, rule: {lower-bound: 0.5}, require: [trainable_parameters <= 9], prefer: [lr]}"
    found = rewritten(book, confirm="null", select=select)

    assert found == (
        Change("rule", (RULE,), "lower-bound (0.5) of toy.score on test"),
        Change("require", ("no require",), "require trainable_parameters <= 9"),
        Change("prefer", ("no prefer",), "prefer lr"),
    )


def test_another_space_is_no_change(book: Path):
    """Nor are more seeds, nor how a constraint is spaced."""
    assert rewritten(book, confirm="null", space="{lr: [0.1, 0.2, 0.4, 0.6]}", replicates="{seed: 2}") == ()


def test_who_goes_back_has_changed_nothing(book: Path):
    """The first choice was stated before there were results; another after it was not."""
    once = rewritten(book, confirm="null", select="{split: test}")
    twice = rewritten(book, confirm="null", select="{metric: toy.large}")
    back = rewritten(book, confirm="null")

    assert [each.before for each in once] == [(RULE,)]
    assert [each.before for each in twice] == [(RULE, "best-mean of toy.score on test")]
    assert back == ()


def test_a_plan_without_results_is_none(tmp_path: Path):
    """Who corrects a study before it ran has seen nothing."""
    book = make_book(tmp_path, space=RATES, replicates="{seed: 1}", confirm="null", select="{split: test}")
    loaded = Book.load(book)
    with loaded.ledger() as ledger:
        conductor.record_plan(conductor.prepare(loaded.find("rates").study, loaded.shelf(ledger)), ledger)
        assert ledger.plans("rates") == (0,)
    found = rewritten(book, confirm="null", base=", budget: {steps: 3}")

    assert found == ()


def test_a_plan_is_compared_with_those_before_it(book: Path):
    """What came later was no change of it."""
    rewritten(book, confirm="null", select="{split: test}")

    assert changed(book, plan=0) == ()
    assert [each.part for each in changed(book, plan=1)] == ["rule"]


def test_the_constraints_of_an_older_plan_stand_in_its_study_file(book: Path):
    """Plans that do not list them hold the text of the file; of one that cannot be read nothing is said."""
    with Book.open(book).ledger() as ledger:
        older, entries = json.loads(ledger.declared("rates") or ""), ledger.planned("rates")
        assert older.pop("where") == []
        older["provenance"]["study file"] = "task: toy\nwhere: [lr  <= 0.4]\n"
        declared = json.dumps(older)
        ledger.ingest_record(write_plan(book, study="rates", declared=declared, entries=entries))
        assert changed(book) == (Change("where", ("no where",), "where lr <= 0.4"),)

    assert where_of("where: [a <= 1]\n") == ("a <= 1",)
    assert where_of("space: {}\n") == ()
    assert where_of("where: {") is where_of("text") is None

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
from tunebook.study.stated import is_edited

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


def test_what_had_results_and_is_declared_no_longer_is_a_change(book: Path):
    """Values of the space; another budget for the same values leaves out none of them."""
    assert rewritten(book, confirm="null", base=", budget: {steps: 3}") == ()
    (space,) = rewritten(book, confirm="null", space="{lr: [0.1, 0.6]}", replicates="{seed: 2}")
    (wider,) = rewritten(book, confirm="null", space="{lr: [0.1]}", replicates="{seed: 2}")

    assert space == Change("space", (), "2 configurations that had results are no longer declared: lr=0.2, lr=0.4", 2)
    assert wider.left_out == 3
    with Book.open(book).look() as ledger:
        (finding,) = (each for each in findings(conductor.table("rates", ledger, book)) if each.code == "T504")
    assert finding.sentence == "Not all that had results already is declared by the study any more."
    assert finding.evidence == (wider.now,)


def test_fewer_replicates_are_a_change(tmp_path: Path):
    """Those that had results are counted; who declares more and goes back has stated that number first."""
    book = make_book(tmp_path, space=RATES, replicates="{seed: 3}", confirm="null")
    run(book)

    assert rewritten(book, confirm="null") == (
        Change("replicates", (), "2 replicates that had results are no longer declared: seed=1, seed=2", 2),
    )
    assert rewritten(book, confirm="null", replicates="{seed: 4}") == ()
    assert rewritten(book, confirm="null", replicates="{seed: 3}") == ()


def test_less_confirmation_is_a_change(tmp_path: Path):
    """Fewer finalists or seeds; more of both, or going back, is none."""
    book = make_book(tmp_path, space=RATES, replicates="{seed: 1}", confirm="{top: 2, seeds: 2}")
    run(book)

    assert rewritten(book, confirm="{top: 3, seeds: 2}") == ()
    assert rewritten(book, confirm="null") == (
        Change("confirm", ("confirm the best 2 on 2 fresh seeds", "confirm the best 3 on 2 fresh seeds"), "no confirm"),
    )
    assert rewritten(book, confirm="{top: 2, seeds: 2}") == ()


def test_a_plan_without_a_score_by_which_it_chose_had_no_results(book: Path):
    """Nobody has seen what was not there: runs that gave no value of the metric, as by a name that was mistyped."""
    select = "{metric: toy.large}"
    with Book.open(book).ledger() as ledger:
        found, entries = json.loads(ledger.declared("rates") or ""), ledger.planned("rates")
        declared = json.dumps({**found, "select_metric": "toy.scor", "provenance": {"study file": "task: toy"}})
    for path in (book / "records" / "rates").glob("*.json"):
        path.unlink()
    (book / "ledger.sqlite").unlink()
    write_plan(book, study="rates", declared=declared, entries=entries)

    assert rewritten(book, confirm="null", select=select) == ()


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


def test_an_edited_study_file_is_told_from_a_commented_one(book: Path):
    """What is kept of files is no part of what was run either."""
    text = (book / "rates.study.yaml").read_text()
    with Book.open(book).look() as ledger:
        assert not is_edited("rates", text, ledger) or ledger.declared("rates") is None
        assert not is_edited("rates", f"# mine\n{text}keep: everything\n", ledger)
        assert is_edited("rates", text.replace("0.4", "0.8"), ledger)
        assert not is_edited("other", text, ledger)

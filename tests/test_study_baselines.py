"""The baselines that a study runs beside its configurations: which there are, and what they have no part in."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from toy_study import TASK, make_book, make_data, trained

from tunebook import study as conductor
from tunebook.analyse import effects, findings, leaderboard
from tunebook.book import Book
from tunebook.errors import InputError
from tunebook.execute.inline import Inline
from tunebook.ledger.facts import facts
from tunebook.ledger.ledger import Ledger
from tunebook.records import Decision, PlannedRun, Table
from tunebook.runs import baseline_cells, current_decision
from tunebook.study import Allowance, Prepared

pytestmark = pytest.mark.usefixtures("toy_task")
FLOORS = ", floors: true"


@contextmanager
def opened(book: Path, name: str = "rates") -> Iterator[tuple[Prepared, Ledger]]:
    """A study of a book, prepared, and the ledger."""
    loaded = Book.load(book)
    with loaded.ledger() as ledger:
        yield conductor.prepare(loaded.find(name).study, loaded.shelf(ledger)), ledger


def run(book: Path, name: str = "rates") -> Decision | None:
    """Conduct a study to its end, and decide."""
    with opened(book, name) as (prepared, ledger), Inline() as executor:
        for _ in conductor.conduct(prepared, ledger, executor, allowance=Allowance()):
            pass
        return conductor.decide(prepared, ledger)


def held(book: Path, name: str = "rates") -> Sequence[PlannedRun]:
    """The baselines of a study."""
    with opened(book, name) as (prepared, _):
        return [one for one in prepared.runs if one.role == "baseline"]


def table(book: Path, name: str = "rates") -> Table:
    """A study as its page reads it."""
    with Book.open(book).look() as ledger:
        return conductor.table(name, ledger, book)


def test_each_distinct_baseline_is_run_once(tmp_path: Path) -> None:
    """What does not matter to one folds it; what does names it; seeds only where they can change it."""
    book = make_book(tmp_path, base=FLOORS, space="{lr: [0.25, 0.5], budget.steps: [1, 2, 3]}")
    run(book)
    found = {row.label: [one.replicate for one in row.runs] for row in table(book).baselines}

    seeds = [{"seed": 0}, {"seed": 1}]
    assert found == {"none": [{}], "one step lr=0.25": seeds, "one step lr=0.5": seeds}
    assert {row.label: dict(row.parameters) for row in table(book).baselines} == {
        "none": {},
        "one step lr=0.25": {"lr": 0.25, "budget.steps": 1},
        "one step lr=0.5": {"lr": 0.5, "budget.steps": 1},
    }


def test_a_baseline_is_run_in_every_case(tmp_path: Path) -> None:
    """Its scores stand beside those of the configurations, on the same data."""
    book = make_book(tmp_path, base=FLOORS, space="{lr: [0.5, 0.25]}", across="[{data.root: [cells, more]}]")
    make_data(book, "more", value=0.25)
    runs = held(book)

    assert [(one.case.label, one.run.configuration.get("data.root")) for one in runs if not one.run.replicate] == [
        ("cells", "cells"), ("more", "more"),
    ]  # fmt: skip
    assert len(runs) == 2 * (1 + 2 * 2)


def test_a_baseline_meets_the_finalists_on_their_seeds(tmp_path: Path) -> None:
    """Where finalists decide on fresh seeds, it has these in common with them."""
    book = make_book(tmp_path, base=FLOORS, replicates="[4]", confirm="{top: 1, seeds: 2}")

    assert [one.run.replicate.get("seed") for one in held(book)] == [None, 4, 4, 5, 5, 6, 6]


def test_baselines_can_be_left_out(tmp_path: Path) -> None:
    """`baselines: false`; and a task without any has none."""
    assert held(make_book(tmp_path / "without", base=FLOORS, baselines="false")) == []
    assert held(make_book(tmp_path / "none")) == []


def test_a_baseline_is_no_candidate(tmp_path: Path) -> None:
    """Decision, effects and board are as they are without it, though it scores best."""

    def decided(book: Path, floors: str) -> Table:
        make_book(book, base=floors, space="{lr: [0.01, 0.02]}")
        decision = run(book)
        assert decision is not None
        assert len(decision.candidates) == 2
        return table(book)

    found, plain = decided(tmp_path / "with", FLOORS), decided(tmp_path / "without", "")
    boards = [[(row.entry.label, row.cells, row.best) for row in leaderboard(each).rows] for each in (found, plain)]

    assert boards[0] == boards[1]
    assert [label for label, _, _ in boards[0]] == ["lr=0.02", "lr=0.01"]
    assert effects(found, "toy.score", "val") == effects(plain, "toy.score", "val")
    assert {finding.code for finding in findings(found)} - {finding.code for finding in findings(plain)} == {"T405"}


def test_a_baseline_that_is_also_a_configuration_is_one_run(tmp_path: Path) -> None:
    """It is trained and counted once, and stays the candidate that it is."""
    book = make_book(tmp_path, base=FLOORS, space="{method: [full, none]}")
    run(book)
    decided = table(book)

    assert len(trained(book)) == 2 + 2
    assert {run.id for row in decided.baselines for run in row.runs} & {
        run.id for row in decided.rows for run in row.runs
    }
    assert {row.label for row in decided.rows} == {"method=full", "method=none"}


def test_a_baseline_is_scored_as_the_study_scores(tmp_path: Path) -> None:
    """On the split and metric of its choice; the scores are those of its predictions."""
    book = make_book(tmp_path, base=FLOORS, select="{metric: toy.large}")
    run(book)
    (none,) = (row for row in table(book).baselines if row.label == "none")

    assert none.runs[0].scores["toy.score", "val"] == pytest.approx(0.25 * (0.5 + 0.75) / 2)
    assert none.runs[0].settings[0].metric == "toy.large"


def test_the_ledger_can_be_made_anew(tmp_path: Path) -> None:
    """Roles stand in the records: facts, table and decision come back from the files."""
    book = make_book(tmp_path, base=FLOORS)
    run(book)
    with Book.open(book).look() as ledger:
        told = facts(ledger)
    before = table(book)
    (book / "ledger.sqlite").unlink()
    with Book.open(book).ledger() as ledger:
        again = facts(ledger)

    assert again == told
    assert table(book) == before


def test_a_limit_that_stops_before_the_baselines_does_not_hold_up_the_decision(tmp_path: Path) -> None:
    """The whole search is decided, and says what it lacks; the same command goes on, and decides anew."""
    book = make_book(tmp_path, base=FLOORS, limit="{runs: 5}")
    first = run(book)
    waiting = [one.status for row in table(book).baselines for one in row.runs]
    second = run(book)

    assert first is not None
    assert first.stopped.endswith("all 2 configurations were run, but not all that goes along with them")
    assert waiting.count("missing") == 4
    assert second is not None
    assert second.stopped == ""


def test_what_is_built_on_a_study_takes_no_baseline_for_a_try(tmp_path: Path) -> None:
    """Neither is it counted among what was tried, nor does it widen a refined space."""
    book = make_book(tmp_path, base=FLOORS, space="{lr: [0.25, 0.5], budget.steps: [2, 3]}")
    run(book)
    (book / "next.study.yaml").write_text("task: toy\nrefine: rates\nreplicates: [0]\nconfirm: null\n")
    (book / "best.study.yaml").write_text(
        "task: toy\nbase: {data: {root: cells}}\nspace: {one_of: {carried: {from: rates}, none: {method: [none]}}}\n"
    )
    with opened(book, "next") as (prepared, _):
        steps = {one.configuration.get("budget.steps") for one in prepared.plan.configurations}
    with opened(book, "best") as (prepared, _):
        tried = prepared.upstream["carried"].tried

    assert min(steps) >= 2
    assert tried == 4


def test_a_configuration_that_became_a_baseline_alone_is_decided_anew(tmp_path: Path) -> None:
    """A decision for what the study no longer declares is an older one, though a baseline equals it."""
    book = make_book(tmp_path, base=FLOORS, space="{budget.steps: [1], lr: [0.5, 0.25]}")
    run(book)
    path = book / "rates.study.yaml"
    path.write_text(path.read_text().replace("budget.steps: [1]", "budget.steps: [2]") + "limit: {runs: 1}\n")
    run(book)
    with Book.open(book).look() as ledger:
        assert current_decision("rates", ledger) is None


def test_a_baseline_that_does_not_fit_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The task is named, and the way out."""
    with opened(make_book(tmp_path)) as (prepared, _):
        laid_out = prepared.plan
    monkeypatch.setattr(type(TASK), "baselines", lambda task, config: {"odd": {"budget": {"steps": 0}}})

    with pytest.raises(
        InputError, match=r"the baseline odd of toy: must fit every .* study; budget\.steps must be >= 1"
    ):
        baseline_cells(laid_out, TASK)

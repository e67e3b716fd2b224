"""The runs that a study holds to judge by: noise, finalists on fresh seeds, controls; and a person over the rule."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from toy_study import make_book, make_data, make_study, trained

from tunebook import study as conductor
from tunebook.analyse import findings
from tunebook.book import Book
from tunebook.errors import InputError
from tunebook.execute.inline import Inline
from tunebook.ledger.ledger import Ledger
from tunebook.records import Decision, PlannedRun, Role, Table
from tunebook.runs import current_decision
from tunebook.study import Allowance, Prepared

pytestmark = pytest.mark.usefixtures("toy_task")
RATES = "{lr: [0.1, 0.2, 0.3, 0.4]}"


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


def held(book: Path, role: Role, name: str = "rates") -> Sequence[PlannedRun]:
    """What a study holds in one role."""
    with opened(book, name) as (prepared, ledger):
        return [one for one in conductor.with_finalists(prepared, ledger).runs if one.role == role]


def table(book: Path, name: str = "rates") -> Table:
    """A study as its page reads it."""
    with Book.open(book).look() as ledger:
        return conductor.table(name, ledger, book)


def overrule(book: Path, choice: str, because: str = "it is kinder to the images") -> Decision:
    """A person decides."""
    loaded = Book.load(book)
    with loaded.ledger() as ledger:
        return conductor.overrule(
            loaded.find("rates").study, ledger, book, choice=choice, because=because, by="A. Person"
        )


# Confirm ----------------------------------------------------------------------------------------------


def test_a_study_with_one_seed_runs_its_best_on_fresh_seeds(tmp_path: Path) -> None:
    """The next integers after the largest declared, once the search has ended; the decision is theirs."""
    book = make_book(tmp_path, space=RATES, replicates="[4]", confirm="{top: 2, seeds: 3}")
    decision = run(book)

    assert trained(book)[:4] == [f"lr={lr} seed=4" for lr in (0.1, 0.2, 0.3, 0.4)]
    assert trained(book)[4:] == [f"lr={lr} seed={seed}" for seed in (5, 6, 7) for lr in (0.4, 0.3)]
    assert decision is not None
    assert (decision.role, decision.label, len(decision.candidates)) == ("confirm", "lr=0.4", 2)
    assert set(decision.runs) == {4, 5, 6, 7}


def test_finalists_wait_for_the_whole_search(tmp_path: Path) -> None:
    """A study that is left in the middle has none; the same command goes on and finds them."""
    book = make_book(tmp_path, space=RATES, replicates="[0]", confirm="{top: 1, seeds: 1}", limit="{runs: 1}")
    before = [run(book) for _ in range(4)]
    then = run(book)

    assert before == [None] * 4
    assert then is not None
    assert trained(book)[3:] == ["lr=0.4 seed=0", "lr=0.4 seed=1"]


def test_a_study_that_is_confirmed_is_not_run_again(tmp_path: Path) -> None:
    """The finalists of the same search are the same; nothing is trained, planned or decided anew."""
    book = make_book(tmp_path, space=RATES, replicates="[0]")
    first = run(book)
    files = sorted(path.name for path in (book / "records" / "rates").iterdir())
    again = run(book)

    assert first == again
    assert len(trained(book)) == 4 + 4 * 3
    assert sorted(path.name for path in (book / "records" / "rates").iterdir()) == files


@pytest.mark.parametrize("keys", [{"confirm": "null"}, {"replicates": "{seed: 2}"}, {"space": "{lr: [0.5]}"}])
def test_nothing_is_confirmed_that_need_not_be(tmp_path: Path, keys: dict[str, str]) -> None:
    """A study that says so, one with two seeds, and one without a choice."""
    book = make_book(tmp_path, **{"space": RATES, "replicates": "[0]", **keys})
    run(book)

    assert held(book, "confirm") == []
    assert table(book).confirm is None


# Noise ------------------------------------------------------------------------------------------------


def test_the_noise_is_measured_at_the_centre_point(tmp_path: Path) -> None:
    """Fresh seeds of the configuration in the middle, and its first run executed again, in every case."""
    book = make_book(
        tmp_path, space="{lr: [0.1, 0.2, 0.4]}", replicates="[0]", confirm="null", noise="{seeds: 2, repeats: 2}",
        across="[{data.root: [cells, more]}]",
    )  # fmt: skip
    make_data(book, "more", value=0.25)
    run(book)
    runs = held(book, "noise")

    assert {one.run.configuration.get("lr") for one in runs} == {0.2}
    assert Counter((one.run.replicate["seed"], one.run.repeat) for one in runs) == Counter(
        {(1, 0): 2, (2, 0): 2, (0, 1): 2, (0, 2): 2}
    )
    assert [run.status for row in table(book).rows for run in row.runs] == ["finished"] * (6 + 8)


def test_what_no_seed_changes_has_no_noise(tmp_path: Path) -> None:
    """Where nothing is trained there is nothing to measure."""
    book = make_book(tmp_path, space="{method: [none]}", noise="{seeds: 3}")

    assert held(book, "noise") == []


# Controls ---------------------------------------------------------------------------------------------


def test_a_carried_configuration_runs_under_the_new_replicates(tmp_path: Path) -> None:
    """As it was decided, whatever the study changes; a run that exists is executed once more."""
    book = make_book(tmp_path)
    run(book)
    make_study(book, "next", base="", space="{budget.steps: [3]}", replicates="[1, 2]")
    (book / "next.study.yaml").write_text(
        "task: toy\nbase: {from: rates}\nspace: {budget.steps: [3]}\nreplicates: [1, 2]\n"
    )
    run(book, "next")
    runs = held(book, "control", "next")
    (control,) = table(book, "next").controls

    assert [(one.run.replicate["seed"], one.run.repeat) for one in runs] == [(1, 1), (2, 0)]
    assert {one.run.configuration.get("budget.steps") for one in runs} == {2}
    assert (control.study, control.label, control.metric) == ("rates", "lr=0.5", "toy.score")
    assert [run.replicate["seed"] for row in control.before for run in row.runs] == [0, 1]
    assert [(run.replicate["seed"], run.repeat) for row in control.here for run in row.runs] == [(1, 1), (2, 0)]


def test_a_control_needs_the_data_of_the_decision(tmp_path: Path) -> None:
    """On other images there is nothing to reproduce."""
    book = make_book(tmp_path)
    make_data(book, "more", value=0.25)
    run(book)
    (book / "next.study.yaml").write_text(
        "task: toy\nbase: {from: rates, data.root: more}\nspace: {budget.steps: [3]}\nreplicates: [1, 2]\n"
    )

    assert held(book, "control", "next") == []


def chain(book: Path, *, drift: str = "") -> Table:
    """A decision, a study that starts from it, and what changed unseen between the two."""
    make_book(book, replicates="{seed: 3}")
    run(book)
    (book / "drift").write_text(drift or "0")
    (book / "next.study.yaml").write_text(
        "task: toy\nbase: {from: rates}\nspace: {budget.steps: [3, 4]}\nreplicates: {seed: 3}\n"
    )
    run(book, "next")
    return table(book, "next")


def test_a_control_that_reproduces_is_no_finding(tmp_path: Path) -> None:
    """Equal runs gave equal values."""
    codes = {finding.code for finding in findings(chain(tmp_path))}

    assert codes.isdisjoint({"T601", "T602"})


def test_a_control_that_does_not_reproduce_is_found(tmp_path: Path) -> None:
    """Something that no run knows of changed the scores."""
    codes = {finding.code for finding in findings(chain(tmp_path, drift="-0.2"))}

    assert {"T601", "T602"} <= codes


def test_a_decision_that_changed_makes_its_followers_stale(tmp_path: Path) -> None:
    """Whoever builds on them runs them again first; the page says whose decision it was."""
    book = make_book(tmp_path, space=RATES)
    run(book)
    (book / "next.study.yaml").write_text("task: toy\nbase: {from: rates}\nspace: {budget.steps: [3]}\n")
    run(book, "next")
    overrule(book, "lr=0.2")
    with Book.open(book).look() as ledger:
        stale = current_decision("next", ledger) is None
    run(book, "next")
    with Book.open(book).look() as ledger:
        current = current_decision("next", ledger)

    assert stale
    assert current is not None
    assert current.values["lr"] == 0.2


# Overruling -------------------------------------------------------------------------------------------


def test_a_person_overrules_for_good(tmp_path: Path) -> None:
    """What they chose is carried on, with the reason and what the rule had chosen; running again changes nothing."""
    book = make_book(tmp_path, space=RATES)
    run(book)
    decision = overrule(book, "lr=0.2")
    again = run(book)
    (book / "next.study.yaml").write_text("task: toy\nbase: {from: rates}\nspace: {budget.steps: [3]}\n")

    assert decision.overruled is not None
    assert (decision.label, decision.overruled.label, decision.overruled.by) == ("lr=0.2", "lr=0.4", "A. Person")
    assert decision.values["lr"] == 0.2
    assert again == decision == table(book).decision
    assert {one.run.configuration.get("lr") for one in held(book, "search", "next")} == {0.2}


def test_an_overruling_is_withdrawn_and_remembered(tmp_path: Path) -> None:
    """The rule decides again; the ledger holds all three decisions."""
    book = make_book(tmp_path, space=RATES)
    run(book)
    overrule(book, "lr=0.2")
    loaded = Book.load(book)
    with loaded.ledger() as ledger:
        back = conductor.withdraw(loaded.find("rates").study, ledger, book)
        labels = [each.label for each in ledger.decisions("rates")]

    assert (back.label, back.overruled) == ("lr=0.4", None)
    assert labels == ["lr=0.4", "lr=0.2", "lr=0.4"]


def test_only_a_decided_study_is_overruled(tmp_path: Path) -> None:
    """A person decides over a rule, not instead of the runs."""
    book = make_book(tmp_path, space=RATES, limit="{runs: 2}")
    run(book)

    with pytest.raises(InputError, match="must be decided by its rule before a person can overrule it"):
        overrule(book, "lr=0.2")

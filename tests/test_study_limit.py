"""Limits: what is kept for the finalists, what a stopped study is decided on, and how it goes on."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from toy_study import make_book, make_study, trained

from tunebook import study as conductor
from tunebook.analyse import findings, outdated, progress
from tunebook.book import Book
from tunebook.cli import app
from tunebook.errors import InputError
from tunebook.execute.inline import Inline
from tunebook.execute.job import Job
from tunebook.ledger.facts import facts
from tunebook.ledger.ledger import Ledger
from tunebook.ledger.rebuild import rebuild
from tunebook.records import Costs, Decision, Outcome, Stop, Table
from tunebook.spec.study import Limit
from tunebook.study import Allowance, Prepared
from tunebook.study.handed_out import UnderWay, under_way, write_under_way
from tunebook.study.limiting import too_short
from tunebook.study.watching import watch

pytestmark = pytest.mark.usefixtures("toy_task")

SIX = "{lr: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]}"
"""With one seed and two finalists on two fresh seeds: 6 runs, and 4 to confirm."""
TWO = {"space": SIX, "replicates": "{seed: 1}", "confirm": "{top: 2, seeds: 2}"}


@dataclass
class Clock:
    """A clock that goes on when it is told to."""

    at: datetime = datetime(2030, 1, 31, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.at += timedelta(seconds=seconds)


class Killed(Inline):
    """Ends the command in place of its first run."""

    def __init__(self, behind: Inline, end: Callable[[], None]) -> None:
        self.behind, self.end = behind, end

    def submit(self, job: Job) -> Future[tuple[Outcome, ...]]:
        """No outcome."""
        self.end()
        return self.behind.submit(job)


class Slow(Inline):
    """Runs at once, each of which takes some seconds by a clock."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.clock, self.seconds = clock, seconds

    def submit(self, job: Job) -> Future[tuple[Outcome, ...]]:
        """Its outcomes, which cost these seconds."""
        done: Future[tuple[Outcome, ...]] = Future()
        outcomes = super().submit(job).result()
        self.clock.wait(self.seconds)
        done.set_result(tuple(replace(each, costs=Costs(seconds=self.seconds)) for each in outcomes))
        return done


@contextmanager
def opened(book: Path, name: str = "rates") -> Iterator[tuple[Prepared, Ledger]]:
    """A study of a book, prepared, and the ledger."""
    loaded = Book.load(book)
    declared = loaded.find(name)
    with loaded.ledger() as ledger:
        yield conductor.prepare(declared.study, loaded.shelf(ledger), text=declared.text), ledger


def run(book: Path, name: str = "rates", *, seconds: float = 0) -> Decision | None:
    """Conduct a study as far as its limit lets it, each run taking some seconds by the clock; and decide."""
    clock = Clock()
    with opened(book, name) as (prepared, ledger), Slow(clock, seconds) as executor:
        for _ in conductor.conduct(prepared, ledger, executor, allowance=Allowance(), clock=clock):
            pass
        return conductor.decide(prepared, ledger)


def shown(book: Path, name: str = "rates") -> Table:
    """What the page of a study is made from."""
    with Book.open(book).look() as ledger:
        return conductor.table(name, ledger, book)


def facts_of(book: Path) -> set[str]:
    """The facts of a book's ledger."""
    with Book.open(book).look() as ledger:
        return set(facts(ledger).splitlines())


def test_what_the_finalists_need_is_kept_for_them(tmp_path: Path) -> None:
    """Of 7 runs, 4 are kept: 3 configurations are searched, the best two of them confirmed, and one is decided."""
    decision = run(make_book(tmp_path, limit="{runs: 7}", **TWO))

    assert trained(tmp_path) == [
        "lr=0.1 seed=0", "lr=0.2 seed=0", "lr=0.3 seed=0",
        "lr=0.3 seed=1", "lr=0.2 seed=1", "lr=0.3 seed=2", "lr=0.2 seed=2",
    ]  # fmt: skip
    assert decision is not None
    assert (decision.label, decision.role) == ("lr=0.3", "confirm")
    assert decision.stopped == "its limit of 7 runs: 3 of 6 configurations were run"
    assert decision.evidence[-1] == f"The search was stopped by {decision.stopped}; it chose among these."


def test_a_stopped_study_says_so(tmp_path: Path) -> None:
    """Its table knows why it was left, its decision is current, and what was not run is a finding."""
    run(make_book(tmp_path, limit="{runs: 7}", **TWO))
    table = shown(tmp_path)
    found = next(each for each in findings(table) if each.code == "T101")

    assert table.stop == Stop("its limit of 7 runs", "2030-01-31", limit=True)
    assert (progress(table).condition, progress(table).whole, outdated(table)) == ("stopped", 3, "")
    assert found.sentence == (
        "3 runs were declared but not run: the study was stopped by its limit of 7 runs on 2030-01-31."
    )


def test_it_goes_on_under_a_fresh_limit(tmp_path: Path) -> None:
    """The next command searches the rest, confirms who is not confirmed yet, and decides anew."""
    book = make_book(tmp_path, limit="{runs: 7}", **TWO)
    first = run(book)
    second = run(book)

    assert first is not None
    assert second is not None
    assert (second.label, second.stopped) == ("lr=0.6", "")
    assert trained(book)[7:] == [
        "lr=0.4 seed=0", "lr=0.5 seed=0", "lr=0.6 seed=0",
        "lr=0.6 seed=1", "lr=0.5 seed=1", "lr=0.6 seed=2", "lr=0.5 seed=2",
    ]  # fmt: skip
    assert shown(book).stop is None
    assert progress(shown(book)).condition == "finished"


@pytest.mark.parametrize(
    ("limit", "keys"),
    [("{runs: 3}", {"replicates": "{seed: 2}"}), ("{runs: 7}", TWO), ("{runs: 9}", TWO), ("{runs: 2}", TWO)],
)
def test_stopped_and_gone_on_with_equals_never_stopped(tmp_path: Path, limit: str, keys: dict[str, str]) -> None:
    """Decision, runs and scores are those of the study without limit; only finalists of before may be more."""
    one, other = make_book(tmp_path / "one", limit=limit, **keys), make_book(tmp_path / "other", **keys)
    run(one)
    make_study(one, **keys)
    run(one)
    run(other)
    more = facts_of(one) - facts_of(other)

    assert facts_of(other) <= facts_of(one)
    assert all('"fact":"decision"' not in fact for fact in more)
    assert not more or "confirm" in keys
    assert [row.runs for row in bare(one)] == [row.runs for row in bare(other)]


def bare(book: Path) -> tuple[Table, ...]:
    """The rows of a study's page with what its runs are and scored."""
    table = shown(book)
    return tuple(
        replace(row, runs=tuple((run.id, run.role, run.status, run.scores) for run in row.runs))  # type: ignore[misc]
        for row in table.rows
    )


def test_whole_configurations_are_what_is_decided_on(tmp_path: Path) -> None:
    """Without finalists the rule compares the configurations that have all of their runs, if there are two."""
    two = make_book(tmp_path / "two", space="{lr: [0.25, 0.5, 0.75]}", limit="{runs: 5}")
    one = make_book(tmp_path / "one", space="{lr: [0.25, 0.5, 0.75]}", limit="{runs: 4}")
    decided, undecided = run(two), run(one)

    assert decided is not None
    assert (decided.label, decided.stopped) == ("lr=0.5", "its limit of 5 runs: 2 of 3 configurations were run")
    assert set(decided.candidates) == {row.configuration for row in shown(two).rows[:2]}
    assert undecided is None
    assert progress(shown(one)).condition == "stopped"


def test_a_limit_too_small_to_confirm_goes_to_the_search(tmp_path: Path) -> None:
    """Of 3 runs none is kept for 4; nothing is decided, the best of the search least of all."""
    decision = run(make_book(tmp_path, limit="{runs: 3}", **TWO))

    assert trained(tmp_path) == ["lr=0.1 seed=0", "lr=0.2 seed=0", "lr=0.3 seed=0"]
    assert decision is None
    assert shown(tmp_path).stop is not None


def test_what_nobody_can_be_confirmed_with_is_searched_with(tmp_path: Path) -> None:
    """While fewer than two configurations have all of their runs, what was kept goes to the search."""
    keys = {**TWO, "replicates": "{seed: 2}"}
    assert run(make_book(tmp_path, limit="{runs: 7}", **keys)) is None

    assert [line.split()[1] for line in trained(tmp_path)] == ["seed=0"] * 6 + ["seed=1"]


def test_time_is_kept_for_the_finalists(tmp_path: Path) -> None:
    """At 30 minutes a run, 4 of them are kept of 3.5 hours: 3 are searched, and the finalists fill the rest."""
    decision = run(make_book(tmp_path, limit="{hours: 3.5}", **TWO), seconds=1800)

    assert decision is not None
    assert decision.stopped == "its limit of 3.5 hours: 3 of 6 configurations were run"
    assert len(trained(tmp_path)) == 7


def test_a_time_too_short_to_confirm_goes_to_the_search(tmp_path: Path) -> None:
    """At 30 minutes a run, 4 of them are more than an hour and a half."""
    decision = run(make_book(tmp_path, limit="{hours: 1.5}", **TWO), seconds=1800)

    assert decision is None
    assert [line.split()[1] for line in trained(tmp_path)] == ["seed=0"] * 3


def test_a_moment_ends_it_too(tmp_path: Path) -> None:
    """`until` is said as it was written."""
    decision = run(make_book(tmp_path, space=SIX, replicates="{seed: 1}", confirm="null", limit="{until: '12:30'}"),
                   seconds=700)  # fmt: skip

    assert decision is not None
    assert decision.stopped == "its limit, 12:30: 3 of 6 configurations were run"


def test_followers_build_on_a_stopped_study(tmp_path: Path) -> None:
    """Its decision counts as long as no run came; the page of the follower says what it builds on."""
    book = make_book(tmp_path, limit="{runs: 7}", **TWO)
    run(book)
    make_study(book, "next", base=", model: {weights: 'study:rates'}", replicates="{seed: 1}", confirm="null")
    run(book, "next")
    before = shown(book, "next").stopped
    with opened(book) as (prepared, ledger), Inline() as executor:
        further = conductor.conduct(prepared, ledger, executor, allowance=Allowance())
        while not next(further).fresh:
            pass
        further.close()

    assert before == {"rates": "its limit of 7 runs: 3 of 6 configurations were run"}
    assert progress(shown(book)).condition == "interim"
    with pytest.raises(
        InputError, match="needs a decision of the study 'rates' as it is declared; the one it has is older"
    ):
        run(book, "next")


def test_a_person_may_choose_what_a_stopped_study_searched(tmp_path: Path) -> None:
    """The decision stays one on part of the search."""
    book = make_book(tmp_path, limit="{runs: 7}", **TWO)
    run(book)
    loaded = Book.load(book)
    with loaded.ledger() as ledger:
        study = loaded.find("rates").study
        chosen = conductor.overrule(study, ledger, book, choice="lr=0.1", because="it is gentle", by="Ada")

    assert (chosen.label, chosen.role) == ("lr=0.1", "search")
    assert chosen.stopped == "its limit of 7 runs: 3 of 6 configurations were run"
    assert outdated(shown(book)) == ""


def test_a_person_stops_a_study_without_deciding_it(tmp_path: Path) -> None:
    """What was left by hand is stopped, not decided; the record survives the ledger, and is no fact."""
    book = make_book(tmp_path, space="{lr: [0.25, 0.5, 0.75]}", replicates="{seed: 1}", confirm="null")
    with opened(book) as (prepared, ledger), Inline() as executor:
        started = conductor.conduct(prepared, ledger, executor, allowance=Allowance())
        next(started), next(started), started.close()
        before = facts(ledger)
        conductor.leave(prepared, ledger, clock=Clock())
        after = facts(ledger)
        decision = conductor.decide(prepared, ledger)
    rebuild("sqlite:///ledger.sqlite", book=book)

    assert decision is None
    assert before == after
    assert shown(book).stop == Stop("a person", "2030-01-31", limit=False)
    assert progress(shown(book)).condition == "stopped"


def test_a_finished_study_is_not_stopped(tmp_path: Path) -> None:
    """No record is made where nothing is missing, by whomever."""
    book = make_book(tmp_path, limit="{runs: 4}")
    run(book)
    with opened(book) as (prepared, ledger):
        conductor.leave(prepared, ledger)

    assert not list((book / "records").glob("*/stop-*.json"))


def test_a_killed_study_is_interim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing tells why runs are missing; at most so many more confirm the best."""
    book = make_book(tmp_path, **TWO)
    with opened(book) as (prepared, ledger), Inline() as executor:
        started = conductor.conduct(prepared, ledger, executor, allowance=Allowance())
        next(started), started.close()
    found = progress(shown(book))

    assert (found.condition, found.ended, found.runs, found.to_confirm) == ("interim", 1, 6, 4)


def test_a_study_killed_before_its_next_run_has_ended_is_interim(tmp_path: Path) -> None:
    """Once a command goes on, what stopped the study before is no reason; nothing but a file of records tells so."""
    book = make_book(tmp_path, limit="{runs: 3}", **TWO)
    run(book)
    before = shown(book).stop
    with opened(book) as (prepared, ledger):
        known = facts(ledger)

        def killed() -> None:
            raise SystemExit

        with Inline() as executor, pytest.raises(SystemExit):
            list(conductor.conduct(prepared, ledger, Killed(executor, killed), allowance=Allowance()))
        after = facts(ledger)

    assert before is not None
    assert (shown(book).stop, progress(shown(book)).condition) == (None, "interim")
    assert before.limit
    assert known == after


def test_a_command_that_does_not_go_on_leaves_what_is_known(tmp_path: Path) -> None:
    """It fails before its first run: the decision on part of the search still counts."""
    book = make_book(tmp_path, limit="{runs: 7}", **TWO)
    run(book)
    before = shown(book)
    with opened(book) as (prepared, ledger):
        conductor.leave(prepared, ledger, reason="an error")

    assert before.stop is not None
    assert shown(book).stop == before.stop
    assert outdated(shown(book)) == ""


# On the page ----------------------------------------------------------------------------------------------


def page_of(book: Path) -> str:
    """The Markdown page of a study."""
    with Book.open(book).look() as ledger:
        return conductor.page("rates", ledger, book).markdown.read_text()


def test_a_stopped_page_says_what_it_was_decided_on(tmp_path: Path) -> None:
    """At its top, and in the decision card."""
    run(make_book(tmp_path, limit="{runs: 7}", **TWO))
    page = page_of(tmp_path)

    assert (
        "> Stopped by its limit of 7 runs on 2030-01-31: 7 of 10 runs have ended. "
        "It is decided on what was searched, 3 of 6 configurations.\n" in page
    )
    assert "The search was stopped by its limit of 7 runs: 3 of 6 configurations were run." in page


def test_an_interim_page_decides_nothing(tmp_path: Path) -> None:
    """It says so at its top, who is ahead so far, and that bold is of what has ended; so does a page of nothing."""
    book = make_book(tmp_path, **TWO)
    with opened(book) as (prepared, ledger), Inline() as executor:
        conductor.record_plan(prepared, ledger)
        nothing = page_of(book)
        started = conductor.conduct(prepared, ledger, executor, allowance=Allowance())
        next(started), next(started), started.close()
    page = page_of(book)

    assert "> Interim: 2 of 6 runs have ended, and at most 4 more confirm the best; no decision is made" in page
    assert (
        "**So far lr=0.2 has the best toy.score on val of the 2 configurations with a value (6 were declared)" in page
    )
    assert "Runs are missing: the order and what is bold are of what has ended so far." in page
    assert "winner at the edge (T202), gap inside the noise (T301) and decision not better than a baseline" in page
    assert "chosen\\" not in page
    assert "forward" not in page
    assert (
        "**There is no answer yet: no configuration has a value of toy.score on val from all of its runs.**" in nothing
    )


def test_an_undecided_page_says_what_it_lacks(tmp_path: Path) -> None:
    """Whole configurations, or what would confirm them."""
    few = make_book(tmp_path / "few", space="{lr: [0.25, 0.5, 0.75]}", limit="{runs: 4}")
    small = make_book(tmp_path / "small", limit="{runs: 3}", **TWO)
    run(few), run(small)

    assert "nothing is decided: fewer than two configurations have all of their runs." in page_of(few)
    assert "nothing is decided: the limit left too little to run the best again on fresh seeds." in page_of(small)


# At a pace that changes ---------------------------------------------------------------------------------------


class Busy(Inline):
    """Two runs at once, whose ends come one by one, each after some seconds by a clock."""

    def __init__(self, clock: Clock, seconds: Iterator[float]) -> None:
        self.clock, self.seconds, self.turn = clock, seconds, False
        self.running: list[tuple[datetime, Future[tuple[Outcome, ...]], tuple[Outcome, ...]]] = []

    def submit(self, job: Job) -> Future[tuple[Outcome, ...]]:
        """Its outcomes, once `go_on` has come to its end."""
        later: Future[tuple[Outcome, ...]] = Future()
        took = next(self.seconds)
        outcomes = tuple(replace(each, costs=Costs(seconds=took)) for each in super().submit(job).result())
        self.running.append((self.clock() + timedelta(seconds=took), later, outcomes))
        return later

    def go_on(self) -> None:
        """Let time pass until the next run has ended; every other time, for its place is taken again in between."""
        self.turn = not self.turn
        if self.running and self.turn:
            first = min(self.running, key=lambda each: each[0])
            self.running.remove(first)
            self.clock.at = max(self.clock.at, first[0])
            first[1].set_result(first[2])


def run_busily(book: Path, monkeypatch: pytest.MonkeyPatch, *, seconds: list[float]) -> Decision | None:
    """Conduct a study, two runs at once; the runs take these seconds in their order."""
    monkeypatch.setattr("tunebook.study.conducting.LOOK_SECONDS", 0)
    clock = Clock()
    with opened(book) as (prepared, ledger), Busy(clock, iter(seconds)) as executor:
        two = Allowance(at_once=2)
        for _ in conductor.conduct(prepared, ledger, executor, allowance=two, clock=clock, meanwhile=executor.go_on):
            pass
        return conductor.decide(prepared, ledger)


def test_the_reserve_holds_on_a_machine_that_becomes_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs under way, and that the latest took longer than the mean, count: the finalists run, and one is decided."""
    decision = run_busily(
        make_book(tmp_path, limit="{hours: 0.08}", **TWO), monkeypatch, seconds=[40, 42, 70, 72, *[110] * 6]
    )

    assert decision is not None
    assert decision.role == "confirm"
    assert decision.stopped == "its limit of 0.08 hours: 4 of 6 configurations were run"


def test_baselines_wait_for_what_a_decision_needs(tmp_path: Path) -> None:
    """A limit that leaves no room for them decides the whole search; later commands add them."""
    keys = {"space": "{lr: [0.1, 0.2]}", "replicates": "{seed: 1}", "confirm": "{top: 2, seeds: 2}"}
    book = make_book(tmp_path, **keys, base=", floors: true", limit="{runs: 6}")
    first = run(book)
    run(book)
    second = run(book)

    assert first is not None
    assert first.stopped == (
        "its limit of 6 runs: all 2 configurations were run, but not all that goes along with them"
    )
    assert outdated(shown(book)) == ""
    assert second is not None
    assert (second.label, second.stopped) == (first.label, "")


def test_one_reason_is_given_everywhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the command, by the page at its top and in its decision card, and by `decide`."""
    book = make_book(tmp_path, limit="{runs: 3}", **TWO)
    with pytest.raises(SystemExit):
        app(["run", str(book)])
    said = capsys.readouterr().out
    with pytest.raises(SystemExit):
        app(["decide", str(book / "rates")])
    decide = capsys.readouterr().out
    page, why = page_of(book), "the limit left too little to run the best again on fresh seeds"

    assert f"rates: no decision: {why}; stopped by its limit of 3 runs\n" in said
    assert page.count(why) == 2
    assert f"Nothing is written down: {why}." in decide


def test_a_time_that_is_too_short_is_said_in_numbers() -> None:
    """13 runs of a minute, two at once, in 4.8 minutes; enough time is nothing to say."""
    short = too_short(Limit(hours=0.08), runs=13, each=60, at_once=2, started=Clock()())
    enough = too_short(Limit(hours=1), runs=13, each=60, at_once=2, started=Clock()())

    assert short == "13 runs at about 60 s, 2 at once: about 7 min; the limit is 4.8 min"
    assert enough == ""


def test_what_is_handed_out_is_told_while_the_book_is_held(tmp_path: Path) -> None:
    """From the moment on in which it was, without a lock or a curve of its own; time left ends at the limit."""
    book = make_book(tmp_path, limit="{hours: 1}", **TWO)
    clock = Clock()
    with Book.open(book).writing(), opened(book) as (prepared, ledger), Slow(clock, 1800) as executor:
        started = conductor.conduct(prepared, ledger, executor, allowance=Allowance(), clock=clock)
        next(started)
        entries = ledger.planned("rates")[1:4]
        cohorts = [[(entries[0].run, 2)], [(each.run, 2) for each in entries[1:]]]
        found = UnderWay("rates", cohorts, waiting=2, kept=4, at_once=2, stop_at=clock() + timedelta(seconds=60))
        write_under_way(book, found)
        seen = watch("rates", ledger, book, clock=clock)
        started.close()
    after = under_way(book)

    assert seen.state == "running"
    assert [(each.label, each.together) for each in seen.running] == [("lr=0.2 seed=0", 1), ("lr=0.3 seed=0", 2)]
    assert seen.seconds_left is not None
    assert seen.seconds_left <= 60
    assert after is None

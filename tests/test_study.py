"""The conductor: which runs are missing, in which order they happen, and what it makes of their outcomes."""

import shutil
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from toy_study import make_book, make_data, make_study, trained

from tunebook import study as conductor
from tunebook.book import Book
from tunebook.errors import InputError
from tunebook.execute.inline import Inline
from tunebook.execute.job import Job
from tunebook.folders import RunFolder
from tunebook.ledger.facts import facts
from tunebook.ledger.ledger import Ledger
from tunebook.records import Decision, Outcome, Table, Upstream
from tunebook.runs import middle
from tunebook.study import Allowance, Ended, Prepared, Standing

pytestmark = pytest.mark.usefixtures("toy_task")


@contextmanager
def opened(book: Path, name: str = "rates") -> Iterator[tuple[Prepared, Ledger]]:
    """A study of a book, prepared, and the ledger."""
    loaded = Book.load(book)
    declared = loaded.find(name)
    with loaded.ledger() as ledger:
        yield conductor.prepare(declared.study, loaded.shelf(ledger), text=declared.text), ledger


def run(book: Path, name: str = "rates", *, retry_failed: bool = False) -> list[Ended]:
    """Conduct a study to its end, and decide."""
    with opened(book, name) as (prepared, ledger), Inline() as executor:
        ended = list(conductor.conduct(prepared, ledger, executor, allowance=Allowance(), retry_failed=retry_failed))
        conductor.decide(prepared, ledger)
    return ended


def facts_of(book: Path) -> str:
    """The facts of a book's ledger."""
    with Book.open(book).look() as ledger:
        return facts(ledger)


def decision_of(book: Path, name: str = "rates") -> Decision | None:
    """What a study has decided."""
    with Book.open(book).look() as ledger:
        return ledger.decision(name)


def statuses(book: Path, name: str = "rates") -> list[str]:
    """How the runs of a study stand on its page."""
    with Book.open(book).look() as ledger:
        return [run.status for row in conductor.table(name, ledger, book).rows for run in row.runs]


def shown(book: Path, name: str = "rates") -> Table:
    """What the page of a study is made from."""
    with Book.open(book).look() as ledger:
        return conductor.table(name, ledger, book)


def ids(book: Path, name: str = "rates") -> list[str]:
    """The ids of a study's runs."""
    with opened(book, name) as (prepared, _):
        return [planned.run.id for planned in prepared.runs]


# Which runs, and in which order ----------------------------------------------------------------------------


def test_runs_happen_replicate_by_replicate(tmp_path: Path) -> None:
    """All configurations at the first seed, then all at the second; each is indexed."""
    book = make_book(tmp_path)

    ended = run(book)

    assert trained(book) == ["lr=0.25 seed=0", "lr=0.5 seed=0", "lr=0.25 seed=1", "lr=0.5 seed=1"]
    assert [(each.fresh, each.outcome.status, each.to_come) for each in ended] == [
        (True, "finished", left) for left in (3, 2, 1, 0)
    ]
    assert statuses(book) == ["finished"] * 4


def test_what_has_been_run_is_not_run_again(tmp_path: Path) -> None:
    """A second time every outcome is read from its folder, and nothing changes."""
    book = make_book(tmp_path)
    run(book)
    before, records = facts_of(book), sorted(book.glob("records/*/*"))

    ended = run(book)

    assert [each.fresh for each in ended] == [False] * 4
    assert len(trained(book)) == 4
    assert (facts_of(book), sorted(book.glob("records/*/*"))) == (before, records)


def test_an_edited_study_runs_only_what_is_new(tmp_path: Path) -> None:
    """One more value is two more runs; the outcomes that exist are not touched."""
    book = make_book(tmp_path)
    run(book)
    before = {file: file.stat().st_mtime_ns for file in book.glob("runs/*/*/outcome.json")}
    make_study(book, space="{lr: [0.25, 0.5, 0.75]}", replicates="{seed: 3}")
    run(book)

    assert trained(book)[4:] == [
        "lr=0.75 seed=0",
        "lr=0.75 seed=1",
        "lr=0.25 seed=2",
        "lr=0.5 seed=2",
        "lr=0.75 seed=2",
    ]
    assert {file: file.stat().st_mtime_ns for file in before} == before


def test_two_studies_share_a_run(tmp_path: Path) -> None:
    """The same run in two studies is one run, and stands on both pages."""
    book = make_book(tmp_path)
    run(book)
    make_study(book, "more", space="{lr: [0.5, 0.75]}")
    ended = run(book, "more")

    assert [each.fresh for each in ended] == [False, False, True, True]
    assert len(list(book.glob("runs/*"))) == 6
    assert statuses(book, "more") == statuses(book, "rates") == ["finished"] * 4


def test_rows_that_hold_one_run_run_it_once(tmp_path: Path) -> None:
    """Cases that differ in nothing that reaches a run share it; both rows show it."""
    book = make_book(tmp_path, across="[{data.root: [cells, copy]}]")
    make_data(book, "copy")
    ended = run(book)

    assert len(ended) == len(trained(book)) == 4
    assert statuses(book) == ["finished"] * 8


class Held:
    """An executor whose runs end when a test says so."""

    def __init__(self) -> None:
        self.jobs: list[tuple[Job, Future[tuple[Outcome, ...]]]] = []

    def submit(self, job: Job) -> Future[tuple[Outcome, ...]]:
        self.jobs.append((job, Future()))
        if len(self.jobs) == 2:  # both places are taken: the second ends first
            self.end(1)
        elif len(self.jobs) > 2:
            self.end(len(self.jobs) - 1)
        return self.jobs[-1][1]

    def end(self, number: int) -> None:
        job, future = self.jobs[number]
        future.set_result(Inline().submit(job).result())


def test_no_more_runs_are_handed_out_than_the_executor_works_on(tmp_path: Path) -> None:
    """The next run is handed out when one has ended, in the order of the plan."""
    book, held = make_book(tmp_path), Held()
    with opened(book) as (prepared, ledger):
        ending = conductor.conduct(prepared, ledger, held, allowance=Allowance(at_once=2))  # type: ignore[arg-type]
        first = next(ending)
        handed_out = len(held.jobs)
        ending.close()

    assert handed_out == 2
    assert (first.planned.run.id, first.to_come) == (held.jobs[1][0].runs[0].id, 3)


def cohorts(book: Path) -> list[str]:
    """Which runs trained together, in the order of their training."""
    return (book / "cohorts.txt").read_text().splitlines()


def test_runs_that_can_train_together(tmp_path: Path) -> None:
    """They are handed out as one cohort, seed after seed; each has its own outcome."""
    book, alone = make_book(tmp_path / "together", base=", company: us"), make_book(tmp_path / "alone")
    run(alone)

    ended = run(book)

    assert cohorts(book) == ["lr=0.25 seed=0, lr=0.5 seed=0, lr=0.25 seed=1, lr=0.5 seed=1"]
    assert [(each.to_come, each.with_it) for each in ended] == [(3, 3), (2, 2), (1, 1), (0, 0)]
    assert ids(book) == ids(alone)
    assert [each.outcome.predictions for each in ended] == [each.outcome.predictions for each in run(alone)]


def test_a_cohort_is_divided_among_processes(tmp_path: Path) -> None:
    """With four processes there are as many as even shares of six runs need; a seed comes before the next."""
    book = make_book(tmp_path, base=", company: us", space="{lr: [0.125, 0.25, 0.5]}")
    with opened(book) as (prepared, ledger):
        list(conductor.conduct(prepared, ledger, Inline(), allowance=Allowance(at_once=4)))

    assert sorted(cohorts(book)) == [
        "lr=0.125 seed=0, lr=0.25 seed=0",
        "lr=0.25 seed=1, lr=0.5 seed=1",
        "lr=0.5 seed=0, lr=0.125 seed=1",
    ]


def test_a_key_with_most_of_the_runs_is_divided_though_there_are_others(tmp_path: Path) -> None:
    """Six runs of one key and two of another: two processes get three and three of the six, not six and two."""
    few, many = "few: {lr: [1.0], company: [them]}", "many: {lr: [0.125, 0.25, 0.5], company: [us]}"
    book = make_book(tmp_path, space=f"{{kind: {{one_of: {{{few}, {many}}}}}}}", confirm="null")
    with opened(book) as (prepared, ledger):
        list(conductor.conduct(prepared, ledger, Inline(), allowance=Allowance(at_once=2)))

    assert sorted(len(cohort.split(", ")) for cohort in cohorts(book)) == [2, 3, 3]


def test_a_run_that_fails_takes_no_cohort_with_it(tmp_path: Path) -> None:
    """The others have their results, and only it is run again."""
    book = make_book(
        tmp_path, base=", company: us", space="{fault: ['', crash]}", replicates="{seed: 1}", confirm="null"
    )
    first = run(book)
    with opened(book) as (prepared, ledger):
        again = list(conductor.conduct(prepared, ledger, Inline(), allowance=Allowance(), retry_failed=True))

    assert [each.outcome.status for each in first] == ["finished", "failed"]
    assert [(each.fresh, each.outcome.status) for each in again] == [(False, "finished"), (True, "failed")]


# Stopping and going on ------------------------------------------------------------------------------------


def test_closing_the_iterator_stops_handing_out(tmp_path: Path) -> None:
    """A study that is stopped after two runs goes on with the other two and ends in the same facts."""
    book, whole = make_book(tmp_path / "stopped"), make_book(tmp_path / "whole")
    run(whole)
    with opened(book) as (prepared, ledger):
        ending = conductor.conduct(prepared, ledger, Inline(), allowance=Allowance())
        stopped_at = [next(ending), next(ending)]
        ending.close()
        assert conductor.decide(prepared, ledger) is None
    assert statuses(book) == ["finished", "missing", "finished", "missing"]
    ended = run(book)

    assert [each.fresh for each in stopped_at + ended] == [True, True, False, False, True, True]
    assert facts_of(book) == facts_of(whole)


def test_an_interrupted_run_has_no_outcome(tmp_path: Path) -> None:
    """Ctrl-C in the middle of a run leaves it one that has not ended; going on ends in the same facts."""
    book, whole = make_book(tmp_path / "stopped", base=", fault: interrupt"), tmp_path / "whole"
    with pytest.raises(KeyboardInterrupt):
        run(book)
    left = list(book.glob("runs/*/*/outcome.json"))
    run(book)
    shutil.copytree(book, whole, ignore=shutil.ignore_patterns("runs", "records", "ledger.*"))
    run(whole)

    assert left == []
    assert len(trained(book)) == 5
    assert facts_of(book) == facts_of(whole)


def test_a_ledger_that_was_lost_is_made_again(tmp_path: Path) -> None:
    """Outcomes in run folders that no ledger knows are indexed, not run."""
    book = make_book(tmp_path)
    run(book)
    before = facts_of(book)
    (book / "ledger.sqlite").unlink()
    run(book)

    assert facts_of(book) == before
    assert len(trained(book)) == 4


def test_a_run_that_the_ledger_missed_is_indexed(tmp_path: Path) -> None:
    """A conductor that died between outcome and index is caught up with."""
    book = make_book(tmp_path)
    run(book)
    before = facts_of(book)
    with Book.open(book).ledger() as ledger, ledger.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM tunebook_runs")
        connection.exec_driver_sql("DELETE FROM tunebook_decisions")
    emptied = facts_of(book)
    run(book)

    assert emptied == ""
    assert facts_of(book) == before


def test_a_run_whose_folder_is_gone_is_run_again(tmp_path: Path) -> None:
    """The ledger alone is no proof: the run counts as missing until it has been run again."""
    book = make_book(tmp_path)
    run(book)
    before = facts_of(book)
    shutil.rmtree(book / "runs" / ids(book)[2])
    with opened(book) as (prepared, ledger):
        conductor.conduct(prepared, ledger, Inline(), allowance=Allowance()).close()
        next(conductor.conduct(prepared, ledger, Inline(), allowance=Allowance()))
    between = statuses(book)
    run(book)

    assert between == ["finished", "missing", "finished", "finished"]
    assert trained(book)[4:] == ["lr=0.25 seed=1"]
    assert facts_of(book) == before


def test_a_damaged_outcome_is_named(tmp_path: Path) -> None:
    """A file that a person or a disk has damaged is said with its way out; nothing is run."""
    book = make_book(tmp_path)
    run(book)
    folder = book / "runs" / ids(book)[0]
    (folder / "at-2" / "outcome.json").write_text("")
    with opened(book) as (prepared, _), pytest.raises(InputError) as caught:
        conductor.missing(prepared)

    assert str(caught.value).startswith(f"{folder / 'at-2'}: must hold whole files; got JSONDecodeError")
    assert f"remove {folder} and run the study again" in str(caught.value)


# Failures and limits --------------------------------------------------------------------------------------


def test_a_failure_stops_nobody(tmp_path: Path) -> None:
    """The others go on, the reason stands on the page, and it is not tried again by itself."""
    book = make_book(tmp_path, space="{fault: ['', diverge]}")
    run(book)
    again = run(book)
    with Book.open(book).look() as ledger:
        rows = conductor.table("rates", ledger, book).rows

    assert [(run.status, run.reason) for run in rows[1].runs] == [("failed", "diverged: the loss is nan at step 1")] * 2
    assert [each.fresh for each in again] == [False] * 4
    decision = decision_of(book)
    assert decision is not None
    assert decision.configuration == rows[0].configuration


def test_retrying_runs_what_failed_and_nothing_else(tmp_path: Path) -> None:
    """A failure stands until its run has ended anew."""
    book = make_book(tmp_path, base=", fault: once")
    run(book)
    before = statuses(book)
    ended = run(book, retry_failed=True)

    assert before == ["failed", "finished", "finished", "finished"]
    assert [each.fresh for each in ended] == [False, False, False, True]
    assert trained(book)[4:] == ["lr=0.25 seed=0"]
    assert statuses(book) == ["finished"] * 4


def test_a_limit_leaves_a_smaller_study(tmp_path: Path) -> None:
    """`limit: {runs: 3}` starts three runs; the rest is missing, and nothing is decided yet."""
    book = make_book(tmp_path, limit="{runs: 3}")
    first = run(book)

    assert [each.to_come for each in first] == [2, 1, 0]
    assert statuses(book) == ["finished", "finished", "finished", "missing"]
    assert decision_of(book) is None
    assert [each.fresh for each in run(book)] == [False, False, False, True]
    assert decision_of(book) is not None


@pytest.mark.parametrize("limit", ["{hours: 1e-9}", "{until: 2001-01-01 12:00}"])
def test_nothing_is_handed_out_after_the_time_is_over(tmp_path: Path, limit: str) -> None:
    """Hours and a moment end the handing out."""
    book = make_book(tmp_path, limit=limit)

    assert run(book) == []
    assert statuses(book) == ["missing"] * 4


def test_a_study_that_grew_keeps_its_decision_until_it_is_complete(tmp_path: Path) -> None:
    """The decision of the smaller study stands beside the runs that are missing."""
    book = make_book(tmp_path)
    run(book)
    before = decision_of(book)
    make_study(book, space="{lr: [0.25, 0.5, 0.75]}")
    with opened(book) as (prepared, ledger), Inline() as executor:
        started = conductor.conduct(prepared, ledger, executor, allowance=Allowance())
        while not next(started).fresh:
            pass
        started.close()
        conductor.decide(prepared, ledger)
    between = decision_of(book)
    run(book)
    after = decision_of(book)

    assert before is not None
    assert between == before
    assert after is not None
    assert (before.label, after.label) == ("lr=0.5", "lr=0.75")


# Scoring again --------------------------------------------------------------------------------------------


def predicted(book: Path) -> int:
    """How many splits were ever predicted."""
    return len((book / "predicted.txt").read_text().splitlines())


def test_another_selection_split_scores_again(tmp_path: Path) -> None:
    """The same runs under another `select.split` are neither trained nor predicted, but calibrated again."""
    book = make_book(tmp_path)
    run(book)
    make_study(book, "other", select="{metric: toy.large, split: test}")
    ended = run(book, "other")

    assert [each.fresh for each in ended] == [True] * 4
    assert (len(trained(book)), predicted(book)) == (4, 8)
    assert {
        line.split
        for folder in RunFolder.all(book)
        for scoring in folder.scorings()
        for line in folder.read_settings(scoring)
    } == {"val", "test"}
    assert statuses(book, "other") == ["finished"] * 4


@pytest.mark.parametrize(
    "other", [{"select": "{split: test}"}, {"select": "{metric: toy.large}"}, {"base": ", threshold: 0.1"}]
)
def test_studies_that_share_runs_do_not_disturb_each_other(tmp_path: Path, other: dict[str, str]) -> None:
    """Other settings for the same runs: each page keeps its own scores, and neither study has anything left to do."""
    book = make_book(tmp_path)
    run(book)
    before, table = facts_of(book), shown(book)
    make_study(book, "other", **other)
    with opened(book, "other") as (prepared, _):
        assert conductor.standing(prepared) == Standing(new=0, ended=0, failed=0, scored_again=4)
    first = run(book, "other")
    again = [*run(book), *run(book, "other")]

    assert [each.fresh for each in first + again] == [True] * 4 + [False] * 8
    assert shown(book) == table
    assert statuses(book, "other") == ["finished"] * 4
    assert set(before.splitlines()) < set(facts_of(book).splitlines())


def test_runs_that_nobody_scored_so_are_missing(tmp_path: Path) -> None:
    """A study whose runs exist has no scores of another study on its page, and no decision, until it has run."""
    book = make_book(tmp_path)
    run(book)
    make_study(book, "other", select="{split: test}")
    with opened(book, "other") as (prepared, ledger):
        conductor.record_plan(prepared, ledger)
        runs = [run for row in conductor.table("other", ledger, book).rows for run in row.runs]

        assert {(one.status, one.reason) for one in runs} == {
            ("missing", "not scored yet as this study does; tunebook run does it")
        }
        assert all(one.scores == {} and one.pictures == () for one in runs)
        assert conductor.decide(prepared, ledger) is None


def test_scoring_again_tells_no_time(tmp_path: Path) -> None:
    """Outcomes are of training and prediction: what another study scores leaves them as they are."""
    book = make_book(tmp_path)
    run(book)
    before = {file: file.read_bytes() for file in book.glob("runs/*/*/outcome.json")}
    make_study(book, "other", select="{split: test}")
    run(book, "other")

    assert {file: file.read_bytes() for file in before} == before


def test_a_picture_that_is_gone_is_drawn_again(tmp_path: Path) -> None:
    """Running the study looks at the files of the pictures; nothing is trained or predicted."""
    book = make_book(tmp_path)
    run(book)
    gone = min(book.glob("runs/*/at-2/scores/*/pictures/test/0/image.png"))
    gone.unlink()
    ended = run(book)

    assert sum(each.fresh for each in ended) == 1
    assert gone.exists()
    assert (len(trained(book)), predicted(book)) == (4, 8)


def test_data_that_change_while_a_study_runs_fail_its_runs(tmp_path: Path) -> None:
    """Runs of the old ids do not see the new data; the next command takes such a failure up by itself."""
    book = make_book(tmp_path)
    before = (book / "cells" / "test" / "0.txt").read_text()
    with opened(book) as (prepared, ledger):
        ending = conductor.conduct(prepared, ledger, Inline(), allowance=Allowance())
        ended = [next(ending)]
        (book / "cells" / "test" / "0.txt").write_text("0.75")
        ended += ending
        missing = conductor.missing(prepared)
        standing = conductor.standing(prepared)
    (book / "cells" / "test" / "0.txt").write_text(before)

    assert [each.outcome.kind for each in ended] == ["", *["data changed"] * 3]
    assert ended[1].outcome.reason == "data changed since the study was planned"
    assert [planned.run.id for planned in missing] == [each.planned.run.id for each in ended[1:]]
    assert standing == Standing(new=3, ended=1, failed=0, scored_again=0)
    assert [each.outcome.status for each in run(book)] == ["finished"] * 4


def test_another_scoring_setting_scores_again(tmp_path: Path) -> None:
    """A field of the scoring is no part of a run's id; changing it trains nothing, and the scores follow."""
    book = make_book(tmp_path, select="{metric: toy.large}")
    run(book)
    before, known = facts_of(book), ids(book)
    make_study(book, select="{metric: toy.large}", base=", threshold: 0.1")
    ended = run(book)

    assert ids(book) == known
    assert [each.fresh for each in ended] == [True] * 4
    assert (len(trained(book)), predicted(book)) == (4, 8)
    assert '"threshold":0.1' in facts_of(book)
    assert '"threshold":0.5' in before
    assert [each.fresh for each in run(book)] == [False] * 4


def test_another_reported_split_is_predicted(tmp_path: Path) -> None:
    """What a study asks for beyond what is stored is added without training."""
    book = make_book(tmp_path)
    run(book)
    make_study(book, report="{splits: [test, train]}")
    run(book)

    assert len(trained(book)) == 4
    assert predicted(book) == 12
    assert '"split":"train"' in facts_of(book)


# What a run's id holds ------------------------------------------------------------------------------------


def test_an_edited_label_is_another_run(tmp_path: Path) -> None:
    """The content of the data is part of every id."""
    book = make_book(tmp_path)
    before = ids(book)
    (book / "cells" / "test" / "0.txt").write_text("0.75")

    assert set(before).isdisjoint(ids(book))


def test_moving_changes_no_run(tmp_path: Path) -> None:
    """Neither a moved data folder nor a moved book is another run; nothing is run again."""
    book = make_book(tmp_path / "one")
    run(book)
    before = ids(book)
    (book / "cells").rename(tmp_path / "moved")
    book = book.rename(tmp_path / "two")
    make_study(book)
    (book / "rates.study.yaml").write_text((book / "rates.study.yaml").read_text().replace("cells", "../moved"))

    assert ids(book) == before
    assert [each.fresh for each in run(book)] == [False] * 4


def test_a_data_root_has_a_name_in_the_book(tmp_path: Path) -> None:
    """`data:` of book.yaml says where a root lies; the id is that of the data."""
    book = make_book(tmp_path / "book")
    before = ids(book)
    (book / "cells").rename(tmp_path / "elsewhere")
    (book / "book.yaml").write_text("data: {cells: ../elsewhere}\n")
    run(book)

    assert ids(book) == before
    assert len(trained(book)) == 4


def test_data_are_verified_once_for_a_content_and_a_way_of_reading(tmp_path: Path) -> None:
    """All files are read before anything runs, and not again until they or their reading change."""
    book = make_book(tmp_path)
    for _ in range(2):
        ids(book)
    assert (book / "verified.txt").read_text() == "verified\n"
    make_study(book, base=", data.reading: other")
    ids(book)

    assert (book / "verified.txt").read_text() == "verified\n" * 2


def test_every_file_that_cannot_be_used_is_named_once(tmp_path: Path) -> None:
    """However many runs would read it; nothing is run, and the data are read once."""
    book = make_book(tmp_path)
    for split in ("train", "test"):
        (book / "cells" / split / "1.txt").write_text("corrupt")
    with pytest.raises(InputError) as caught:
        run(book)

    assert [problem.place for problem in caught.value.problems] == [
        str(book / "cells" / split / "1.txt") for split in ("test", "train")
    ]
    assert (book / "verified.txt").read_text() == "verified\n"
    assert trained(book) == []


def test_all_missing_folders_are_named_at_once(tmp_path: Path) -> None:
    """One finding for each folder, not for each run."""
    book = make_book(tmp_path, across="[{data.root: [cells, gone, lost]}]")
    with pytest.raises(InputError) as caught:
        run(book)

    assert [Path(problem.place).name for problem in caught.value.problems] == ["gone", "lost"]


# What follows from another study --------------------------------------------------------------------------


def test_a_following_study_takes_the_whole_configuration(tmp_path: Path) -> None:
    """`from:` in base carries everything that was decided, with the follower's own values above it."""
    book = make_book(tmp_path, base=", budget: {steps: 3}")
    run(book)
    (book / "next.study.yaml").write_text(
        "task: toy\nbase: {from: rates, budget.steps: 1}\nspace: {threshold: [0.5]}\n".replace(
            "threshold", "method"
        ).replace("[0.5]", "[full]")
    )
    with opened(book, "next") as (prepared, _):
        values = [planned.run.configuration.values for planned in prepared.runs if planned.role == "search"]

    assert [(each["lr"], each["budget"], each["data"]["root"]) for each in values] == [(0.5, {"steps": 1}, "cells")]


def weights(book: Path, reference: str, *, replicates: str = "{seed: 2}", space: str = "{lr: [0.5]}") -> list[str]:
    """The seeds whose weights the runs of a follower start from."""
    make_study(book, "next", base=f", model: {{weights: '{reference}'}}", replicates=replicates, space=space)
    with opened(book) as (first, _):
        seeds = {planned.run.id: planned.run.replicate.get("seed", -1) for planned in first.runs}
    with opened(book, "next") as (prepared, _):
        found = [planned.run.configuration.values["model"]["weights"] for planned in prepared.runs]
    return [f"{seeds[text.removeprefix('run:').partition('@')[0]]}" for text in found]


def test_weights_come_from_the_same_seed_else_from_the_middle(tmp_path: Path) -> None:
    """A seed that the decision does not have, and a run that no seed changes, start from the middle one."""
    book = make_book(tmp_path, replicates="{seed: 3}")
    run(book)

    assert weights(book, "study:rates", replicates="[0, 2, 7]") == ["0", "2", "1"]
    assert weights(book, "study:rates", space="{method: [none]}") == ["1"]
    assert weights(book, "study:rates@seed=2") == ["2", "2"]


def test_a_follower_trains_from_the_weights(tmp_path: Path) -> None:
    """The weights are files of the book and part of the run's id."""
    book = make_book(tmp_path)
    run(book)
    before = ids(book)
    weights(book, "study:rates")
    run(book, "next")

    assert statuses(book, "next") == ["finished"] * 2
    assert set(ids(book, "next")).isdisjoint(before)


@pytest.mark.parametrize(
    ("first", "reference", "message"),
    [
        ({}, "study:rates@seed=5", "next: study:rates@seed=5: must name a seed of that decision; it has 0, 1"),
        ({"space": "{method: [none]}"}, "study:rates@seed=0", "must name a seed of that decision; it has no seeds"),
        ({"space": "{method: [none]}"}, "study:rates", "whose decision is trained; method=none trains nothing"),
        ({"across": "[{data.root: [cells, more]}]"}, "study:rates", "with one case; rates was decided over several"),
    ],
)
def test_weights_that_there_are_none_of_are_explained(
    tmp_path: Path, first: dict[str, str], reference: str, message: str
) -> None:
    """The message says which study, what is wanted of it, and the way out."""
    book = make_book(tmp_path, **first)
    make_data(book, "more", value=0.25)
    run(book)
    with pytest.raises(InputError) as caught:
        weights(book, reference)

    assert message in str(caught.value)


def test_a_study_that_is_not_decided_cannot_be_built_on(tmp_path: Path) -> None:
    """Neither its configuration nor its weights; the message names it."""
    book = make_book(tmp_path)
    make_study(book, "next", base=", model: {weights: 'study:rates'}")
    loaded = Book.load(book)
    with loaded.ledger() as ledger:
        assert conductor.undecided(loaded.find("next").study, ledger) == ("rates",)
    with pytest.raises(InputError, match="study 'rates', which has none yet\n.*tunebook run /.*rates"):
        ids(book, "next")


def test_an_edited_study_is_run_before_it_is_built_on(tmp_path: Path) -> None:
    """A decision that the study as it is declared does not hold is an older one; run again, the new one counts."""
    book = make_book(tmp_path)
    run(book)
    make_study(book, space="{lr: [0.75]}", limit="{runs: 1}")
    run(book)
    with pytest.raises(InputError, match="'rates' as it is declared; the one it has is older"):
        weights(book, "study:rates")
    run(book)
    make_study(book, "next", base=", model: {weights: 'study:rates'}", replicates="{seed: 1}")
    with opened(book, "next") as (prepared, _):
        assert prepared.runs[0].run.configuration.values["model"]["weights"].endswith("@2")


def test_a_study_that_selects_otherwise_is_scored_before_it_is_built_on(tmp_path: Path) -> None:
    """A decision by another metric is an older one, though its configuration and all its runs are there."""
    book = make_book(tmp_path)
    run(book)
    make_study(book, select="{metric: toy.large}", limit="{runs: 3}")
    run(book)
    with pytest.raises(InputError, match="'rates' as it is declared; the one it has is older"):
        weights(book, "study:rates")
    run(book)

    assert weights(book, "study:rates") == ["0", "1"]
    assert len(trained(book)) == 4


@pytest.mark.parametrize(
    ("scores", "seed"), [([0.3, 0.1, 0.2], 2), ([0.1, 0.4], 0), ([0.4, 0.1], 0), ([0.5, 0.5, 0.5], 0), ([0.7], 0)]
)
def test_the_middle_of_an_even_number_is_the_lower_seed(tmp_path: Path, scores: list[float], seed: int) -> None:
    """Two runs in the middle, or equal ones: the lower seed stands for the decision."""
    book = make_book(tmp_path, replicates=f"{{seed: {len(scores)}}}", confirm="null")
    run(book)
    decision = decision_of(book)
    assert decision is not None
    for number, score in enumerate(scores):
        (folder,) = (one for one in RunFolder.all(book) if one.path.name == decision.runs[number])
        folder.write_measurements(
            decision.scoring,
            [
                replace(one, value=score) if one.metric == "toy.score" and not one.item else one
                for one in folder.read_measurements(decision.scoring)
            ],
        )
    (book / "ledger.sqlite").unlink()
    with Book.open(book).ledger() as ledger:
        assert middle(decision, ledger) == decision.runs[seed]


# Pages ----------------------------------------------------------------------------------------------------


def test_a_page_that_was_deleted_is_made_again_byte_for_byte(tmp_path: Path) -> None:
    """Markdown, HTML and pictures come from ledger and run folders alone."""
    book = make_book(tmp_path)
    run(book)

    def written() -> dict[str, bytes]:
        with Book.open(book).look() as ledger:
            conductor.page("rates", ledger, book)
        return {str(file): file.read_bytes() for file in (book / "pages").rglob("*") if file.is_file()}

    before = written()
    shutil.rmtree(book / "pages")

    assert written() == before
    assert any(name.endswith("rates.md") for name in before)


def test_a_study_that_was_never_run_has_no_page(tmp_path: Path) -> None:
    """The message says what makes one."""
    book = make_book(tmp_path)
    with Book.open(book).look() as ledger, pytest.raises(InputError, match="must have been run in this book"):
        conductor.page("rates", ledger, book)


def test_a_run_says_where_its_inputs_lie_by_now(tmp_path: Path) -> None:
    """Data that moved change no run; what the run's folder says of their place follows."""
    book = make_book(tmp_path)
    run(book)
    (book / "cells").rename(book / "moved")
    study = book / "rates.study.yaml"
    study.write_text(study.read_text().replace("root: cells", "root: moved"))
    ended = run(book)
    roots = {folder.read_run().configuration.values["data"]["root"] for folder in RunFolder.all(book)}

    assert [each.fresh for each in ended] == [False] * 4
    assert roots == {"moved"}


def test_a_killed_run_is_taken_up_before_the_study_is_decided(tmp_path: Path) -> None:
    """Whoever killed it says nothing of the configuration: there is no decision without it."""
    book = make_book(tmp_path)
    run(book)
    folder = next(iter(RunFolder.all(book)))
    folder.write_outcome(Outcome("failed", "killed", "killed twice by signal 9"))
    with opened(book) as (prepared, ledger):
        ledger.ingest(folder)

        assert [planned.run.id for planned in conductor.missing(prepared)] == [folder.path.name]
        assert conductor.decide(prepared, ledger) is None


# Several cases --------------------------------------------------------------------------------------------


def test_what_is_carried_from_several_cases_is_no_case(tmp_path: Path) -> None:
    """A decision over two data sets holds neither; an alternative from it runs on those of its own study."""
    book = make_book(tmp_path, across="[{data.root: [cells, more]}]", base=", data.reading: plain")
    for name in ("more", "third", "fourth"):
        make_data(book, name, value=0.25)
    run(book)
    space = "{one_of: {carried: {from: rates}, none: {method: [none]}}}"
    (book / "next.study.yaml").write_text(
        f"task: toy\nbase: {{budget.steps: 2}}\nspace: {space}\nacross: [{{data.root: [third, fourth]}}]\n"
    )
    decided = decision_of(book)
    with opened(book, "next") as (prepared, _):
        found = {(each.case.label, each.run.configuration.get("data.root")) for each in prepared.runs}

    assert decided is not None
    assert decided.values["data"] == {"reading": "plain"}
    assert found == {("third", "third"), ("fourth", "fourth")}
    assert prepared.carried == {"carried": "lr=0.5 (rates)"}


def test_a_follower_of_several_cases_says_on_which_data(tmp_path: Path) -> None:
    """The first case is not taken in silence."""
    book = make_book(tmp_path, across="[{data.root: [cells, more]}]")
    make_data(book, "more", value=0.25)
    run(book)
    (book / "next.study.yaml").write_text("task: toy\nbase: {from: rates}\nspace: {lr: [0.5]}\n")
    with pytest.raises(InputError, match=r"study next: data\.root must be given"):
        ids(book, "next")


def test_a_follower_says_what_a_decision_left_open(tmp_path: Path) -> None:
    """A field with a default is not filled in: the decision records that it was made over several values."""
    book = make_book(tmp_path, space="{lr: [0.25, 0.5]}", across="[{budget.steps: [1, 2]}]")
    run(book)
    (book / "next.study.yaml").write_text("task: toy\nbase: {from: rates}\nspace: {method: [full]}\n")
    decided = decision_of(book)
    with pytest.raises(InputError, match=r"budget\.steps must be given; got none, and rates was decided over several"):
        ids(book, "next")
    (book / "next.study.yaml").write_text("task: toy\nbase: {from: rates, budget.steps: 3}\nspace: {method: [full]}\n")

    assert decided is not None
    assert (decided.left_open, decided.values["budget"]) == (("budget.steps",), {})
    assert len(ids(book, "next")) == 1


def test_a_row_knows_what_the_studies_behind_it_tried(tmp_path: Path) -> None:
    """Through the whole chain, each configuration once; and whether its runs are those by which they chose."""
    book = make_book(tmp_path, space="{lr: [0.25, 0.5, 0.75]}")
    run(book)
    grid = "task: toy\nbase: {from: rates}\nspace: {budget.steps: [2, 3, 4]}\nreplicates: {seed: 2}\n"
    (book / "steps.study.yaml").write_text(grid)
    run(book, "steps")
    space = "{one_of: {carried: {from: steps}, none: {method: [none]}}}"
    for name, seeds in (("best", "{seed: 3}"), ("fresh", "[7, 8]")):
        (book / f"{name}.study.yaml").write_text(
            f"task: toy\nbase: {{data: {{root: cells}}}}\nspace: {space}\nreplicates: {seeds}\n"
        )
        run(book, name)

    assert shown(book, "best").upstream == {"carried": Upstream(["steps", "rates"], tried=5, chosen_on=2)}
    assert shown(book, "fresh").upstream["carried"].chosen_on == 0
    assert shown(book, "rates").upstream == {}


def test_a_failure_in_one_case_is_no_candidate(tmp_path: Path) -> None:
    """A configuration that has a run in one case only is not carried, however good it is there."""
    book = make_book(tmp_path, across="[{data.root: [cells, more]}]")
    make_data(book, "more", value=0.25)
    run(book)
    best = decision_of(book)
    assert best is not None
    lost = next(row for row in shown(book).rows if row.configuration == best.configuration and "more" in row.case.label)
    with opened(book) as (prepared, _):
        folder = next(RunFolder.of(book, each.run) for each in prepared.runs if each.run.id == lost.runs[0].id)
        outcome = folder.read_outcome()
        assert outcome is not None
        folder.write_outcome(replace(outcome, status="failed", kind="diverged", reason="the loss is nan"))
    run(book)
    again = decision_of(book)

    assert again is not None
    assert again.configuration != best.configuration
    assert best.configuration not in again.candidates

"""The ledger indexes run folders and answers as they do."""

import shutil
import sqlite3
from dataclasses import replace
from time import perf_counter

import pytest
from ledger_examples import SCORING, URL, make_entry, make_measurements, make_run

from tunebook.errors import LedgerError
from tunebook.folders import RunFolder
from tunebook.ledger.ledger import Ledger
from tunebook.ledger.records_files import write_plan
from tunebook.records import Measurement, Outcome


def test_a_finished_run_reads_back_equal(make_folder, open_ledger):
    """What the folder says, the ledger says."""
    folder = make_folder()
    run = make_run()
    with open_ledger() as ledger:
        ledger.ingest(folder)

        assert ledger.run(run.id, 10) == run
        assert ledger.outcome(run.id, 10) == folder.read_outcome()
        assert ledger.settings(run.id, 10, SCORING.id) == folder.read_settings(SCORING.id)
        assert ledger.measurements(run.id, 10, SCORING.id) == folder.read_measurements(SCORING.id)


def test_a_ledger_survives_closing(make_folder, open_ledger):
    """A second opening finds what the first one wrote."""
    folder = make_folder()
    with open_ledger() as ledger:
        ledger.ingest(folder)
    with open_ledger() as ledger:
        assert set(ledger.outcomes([make_run().id])) == {(make_run().id, 10)}


def test_a_value_may_be_missing_with_its_reason(make_folder, open_ledger):
    """None is stored as no value, beside why."""
    none = Measurement("box.msa", "val", "", None, 0, 3, "1", {}, "no objects")
    folder = make_folder(measurements=[none])
    with open_ledger() as ledger:
        ledger.ingest(folder)

        assert ledger.measurements(make_run().id, 10, SCORING.id) == (none,)


def test_a_run_without_outcome_is_indexed_alone(make_folder, open_ledger):
    """Files of a run that did not end count for nothing yet."""
    folder = make_folder()
    folder.forget_outcome()
    with open_ledger() as ledger:
        ledger.ingest(folder)

        assert ledger.run(make_run().id, 10) is not None
        assert ledger.outcome(make_run().id, 10) is None
        assert ledger.measurements(make_run().id, 10, SCORING.id) == ()


def test_ways_of_scoring_are_apart(make_folder, open_ledger):
    """One run in two studies that score it differently has two sets of numbers."""
    other = replace(SCORING, split="test")
    numbers = [replace(one, value=0.75) for one in make_measurements("test")]
    with open_ledger() as ledger:
        ledger.ingest(make_folder())
        ledger.ingest(make_folder(scoring=other, measurements=numbers))

        assert ledger.measurements(make_run().id, 10, SCORING.id) == tuple(make_measurements())
        assert ledger.measurements(make_run().id, 10, other.id) == tuple(numbers)
        assert [one.split for one in ledger.settings(make_run().id, 10, other.id)] == ["test"]
        assert ledger.measurements(make_run().id, 10, "none") == ()
        ways = {(make_run().id, 10, way.id): way.evaluator for way in (SCORING, other)}
        assert ledger.scored([make_run().id]) == ways


def test_a_scoring_counts_once_it_has_measurements(make_folder, open_ledger):
    """What a process that died while it scored has left is no fact."""
    folder, other = make_folder(), replace(SCORING, split="test")
    folder.write_scoring(other)
    folder.write_settings(other.id, folder.read_settings(SCORING.id))
    with open_ledger() as ledger:
        ledger.ingest(folder)

        assert len(ledger.settings(make_run().id, 10, SCORING.id)) == 1
        assert ledger.settings(make_run().id, 10, other.id) == ()


def test_a_scoring_of_another_name_is_refused(make_folder, open_ledger):
    """A folder of scores bears the id of what is in it."""
    folder = make_folder()
    folder.scores(SCORING.id).rename(folder.scores("0" * 12))
    with pytest.raises(LedgerError, match=r"0000/scoring\.json: must be a whole file of a run.* content of scoring"):
        open_ledger()


def test_a_retried_run_replaces_its_failure(make_folder, open_ledger):
    """The entry of a run is what its folder says at the last ingest."""
    failed = Outcome(status="failed", kind="crashed", reason="at 12:00")
    with open_ledger() as ledger:
        ledger.ingest(make_folder(outcome=failed))
        before = ledger.outcome(make_run().id, 10), ledger.measurements(make_run().id, 10, SCORING.id)
        ledger.ingest(make_folder(measurements=make_measurements("val") + make_measurements("test")))

        assert before == (failed, ())
        assert ledger.outcome(make_run().id, 10).status == "finished"
        assert {one.split for one in ledger.measurements(make_run().id, 10, SCORING.id)} == {"val", "test"}


def test_ingesting_twice_writes_nothing(make_folder, open_ledger, book):
    """An entry that agrees with its folder is left alone."""
    folder = make_folder()
    with open_ledger() as ledger:
        ledger.ingest(folder)
        with sqlite3.connect(book / "ledger.sqlite") as look:
            before = look.execute("PRAGMA data_version").fetchone()
            ledger.ingest(folder)
            after = look.execute("PRAGMA data_version").fetchone()
        look.close()

        assert before == after


def test_lengths_of_one_run_are_apart(make_folder, open_ledger):
    """A rung has its own outcome."""
    folder = make_folder()
    rung = replace(folder, length=5)
    rung.write_outcome(Outcome(status="failed", kind="diverged"))
    with open_ledger() as ledger:
        ledger.ingest(folder)
        ledger.ingest(rung)

        assert [length for _, length in ledger.outcomes([make_run().id])] == [5, 10]
        assert ledger.run(make_run().id, 5).length == 5


def test_many_ids_are_asked_in_portions(make_folder, open_ledger):
    """More ids than a database takes parameters are no problem."""
    with open_ledger() as ledger:
        ledger.ingest(make_folder())

        assert len(ledger.outcomes([make_run().id, *map(str, range(40_000))])) == 1


def test_the_newest_plan_is_what_the_study_holds(open_ledger, book):
    """Older plans stay, and count for the runs a study ever had."""
    first, second = make_entry(make_run(4)), make_entry(make_run(8))
    with open_ledger() as ledger:
        ledger.ingest_record(write_plan(book, study="lora", declared="a", entries=[first]))
        ledger.ingest_record(write_plan(book, study="lora", declared="b", entries=[second, first]))
        ledger.ingest_record(write_plan(book, study="lora", declared="c", entries=[second]))

        assert ledger.studies() == ("lora",)
        assert ledger.planned("lora") == (second,)
        assert ledger.runs_of("lora") == ((first.run, 10), (second.run, 10))


def test_an_unknown_study_holds_nothing(open_ledger):
    """Asking for what is not there is no error."""
    with open_ledger() as ledger:
        assert (ledger.planned("x"), ledger.decision("x"), ledger.runs_of("x"), ledger.studies()) == ((), None, (), ())


def test_a_damaged_file_leaves_the_entry(make_folder, open_ledger):
    """A file that is no JSON is named, and the earlier entry stays."""
    folder = make_folder()
    with open_ledger() as ledger:
        ledger.ingest(folder)
        (folder.scores(SCORING.id) / "measurements.jsonl").write_text('{"metric": ')
        with pytest.raises(LedgerError, match=r"measurements\.jsonl: must be a whole file of a run"):
            ledger.ingest(folder)

        assert len(ledger.measurements(make_run().id, 10, SCORING.id)) == 3


@pytest.mark.parametrize(
    ("measurements", "message"),
    [
        ([{"value": "NaN"}], "finite"),
        ([{}, {}], "ais.msa on val twice for 01"),
    ],
)
def test_a_measurement_that_is_none_is_refused(make_folder, open_ledger, measurements, message):
    """Numbers are finite, and each is there once."""
    lines = [replace(Measurement("ais.msa", "val", "01", 0.5, 1, 1, "1"), **changes) for changes in measurements]
    with open_ledger() as ledger, pytest.raises(LedgerError, match=message):
        ledger.ingest(make_folder(measurements=lines))


def test_a_folder_of_another_run_is_refused(make_folder, open_ledger, book):
    """A folder bears the id of what it holds."""
    with open_ledger() as ledger:
        moved = RunFolder(make_folder().path.rename(book / "runs" / ("0" * 16)), 10)
        with pytest.raises(LedgerError, match="must be the run of its folder, 0000"):
            ledger.ingest(moved)


def test_a_folder_that_is_gone_has_no_entry(make_folder, open_ledger):
    """Run folders are the truth: what a person removed is not remembered."""
    folder = make_folder()
    with open_ledger() as ledger:
        ledger.ingest(folder)
        shutil.rmtree(folder.path)
        ledger.ingest(folder)

        assert ledger.run(make_run().id, 10) is None
        assert ledger.outcome(make_run().id, 10) is None
        assert ledger.measurements(make_run().id, 10, SCORING.id) == ()


def test_a_fresh_ledger_holds_what_the_book_holds(make_folder, open_ledger, book):
    """A ledger that was lost is made again by opening it, and says when a file is damaged."""
    folder = make_folder()
    write_plan(book, study="lora", declared="a", entries=[make_entry(make_run())])
    with open_ledger() as ledger:
        assert ledger.outcome(make_run().id, 10) == folder.read_outcome()
        assert ledger.studies() == ("lora",)
    (book / "ledger.sqlite").unlink()
    (folder.at / "outcome.json").write_text("{")
    with pytest.raises(LedgerError, match=r"outcome\.json: must be a whole file of a run"):
        open_ledger()


def test_looking_makes_no_file(make_folder, open_ledger, book):
    """A ledger that is only read is kept in memory where there is none, and is the file where there is one."""
    folder = make_folder()
    with Ledger.look(URL, book=book) as ledger:
        assert ledger.outcome(make_run().id, 10) == folder.read_outcome()
    assert not (book / "ledger.sqlite").exists()
    open_ledger().close()
    shutil.rmtree(folder.path)
    with Ledger.look(URL, book=book) as ledger:
        assert ledger.outcome(make_run().id, 10) is not None


def test_rows_enter_in_bulk(make_folder, open_ledger):
    """A thousand runs of a hundred numbers take a few seconds, so fifty take a fraction of one."""
    with open_ledger() as ledger:
        folders = [make_folder(make_run(seed=seed), measurements=make_measurements(items=100)) for seed in range(50)]
        start = perf_counter()
        for folder in folders:
            ledger.ingest(folder)
        seconds = perf_counter() - start

        assert len(ledger.outcomes(make_run(seed=seed).id for seed in range(50))) == 50
        assert seconds < 5


def test_the_file_lies_where_the_url_says(book, monkeypatch):
    """A relative file starts from the book, and `${NAME}` is taken from the environment."""
    (book / "elsewhere").mkdir()
    monkeypatch.setenv("PLACE", "elsewhere")
    Ledger.open(URL, book=book).close()
    Ledger.open("sqlite:///${PLACE}/other.sqlite", book=book).close()

    assert (book / "ledger.sqlite").exists()
    assert (book / "elsewhere" / "other.sqlite").exists()

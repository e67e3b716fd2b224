"""Facts are equal bytes for equal facts."""

import json

from ledger_examples import make_decision, make_run

from tunebook.ledger.facts import dump, facts
from tunebook.ledger.ledger import Ledger
from tunebook.ledger.records_files import write_decision
from tunebook.records import Outcome


def test_order_and_costs_are_no_facts(make_folder, tmp_path):
    """Two ledgers of the same runs agree, whatever came first and whatever it took."""
    texts = []
    for name, ranks, seconds in (("one", (4, 8, 16), 1.0), ("two", (16, 4, 8), 2.0)):
        make_folder.book = tmp_path / name
        make_folder.book.mkdir()
        with Ledger.open("sqlite:///ledger.sqlite", book=make_folder.book) as ledger:
            for rank in ranks:
                ledger.ingest(make_folder(make_run(rank), seconds=seconds))
            texts.append((facts(ledger), dump(ledger)))

    assert texts[0][0] == texts[1][0]
    assert texts[0][1] != texts[1][1]


def test_a_fact_is_a_canonical_line(make_folder, open_ledger):
    """Each line is JSON with sorted keys; numbers have their shortest form."""
    with open_ledger() as ledger:
        ledger.ingest(make_folder())
        lines = facts(ledger).splitlines()

    assert lines == sorted(lines)
    assert lines[1] == (
        '{"evaluator":"1","expected":1,"fact":"measurement","item":"00","length":10,"metric":"ais.msa","n":1,'
        f'"reason":"","run":"{make_run().id}",'
        '"scoring":{"evaluator":"1","metric":"ais.msa","split":"val","values":{"grid":"small"}},'
        '"settings":{"threshold":0.5},"split":"val","value":0.1}'
    )
    assert '"value":0.3333333333333333}' in "".join(lines)


def test_a_failure_is_a_fact_and_its_reason_is_none(make_folder, open_ledger):
    """The kind stays; the reason may name times and paths."""
    with open_ledger() as ledger:
        ledger.ingest(make_folder(outcome=Outcome(status="failed", kind="crashed", reason="/tmp at 12:00")))
        (line,) = map(json.loads, facts(ledger).splitlines())

    assert (line["fact"], line["status"], line["kind"]) == ("run", "failed", "crashed")
    assert "12:00" not in json.dumps(line)


def test_a_run_that_did_not_end_is_no_fact(make_folder, open_ledger):
    """What a killed study began leaves no trace."""
    folder = make_folder()
    folder.forget_outcome()
    with open_ledger() as ledger:
        ledger.ingest(folder)

        assert facts(ledger) == ""
        assert make_run().id in dump(ledger)


def test_only_the_newest_decision_is_a_fact(book, open_ledger):
    """A decision that was replaced on the way does not count; its number does not either."""
    with open_ledger() as ledger:
        for score in (0.1, 0.9):
            ledger.ingest_record(write_decision(book, make_decision(score)))
        (line,) = map(json.loads, facts(ledger).splitlines())

    assert line["score"] == 0.9
    assert "number" not in line


def test_a_dump_holds_costs_and_provenance(make_folder, open_ledger):
    """Everything means everything."""
    with open_ledger() as ledger:
        ledger.ingest(make_folder(seconds=7.5))
        rows = list(map(json.loads, dump(ledger).splitlines()))
    (outcome,) = (row for row in rows if row["table"] == "outcomes")

    assert (outcome["seconds"], outcome["provenance"]) == (7.5, {"host": "host-7.5"})


def test_minus_zero_is_zero(make_folder, open_ledger):
    """A number has one form."""
    folder = make_folder(outcome=Outcome(status="finished", quantities={"loss": -0.0}), measurements=[])
    with open_ledger() as ledger:
        ledger.ingest(folder)

        assert '"loss":0.0' in facts(ledger)

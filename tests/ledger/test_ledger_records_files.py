"""Record files: written once, never edited, the highest number counts."""

from dataclasses import replace

import pytest
from ledger_examples import make_decision, make_entry, make_run

from tunebook.errors import LedgerError
from tunebook.folders import write_json
from tunebook.ledger.records_files import (
    all_records,
    read_decision,
    read_plan,
    read_record,
    write_decision,
    write_plan,
)
from tunebook.records import Overruling, digest


def test_a_plan_reads_back_equal(book):
    """Entries keep their order."""
    entries = (make_entry(make_run(8), 1), make_entry(make_run(4), 0))
    path = write_plan(book, study="lora", declared="study: lora\n", entries=entries)

    assert read_plan(path).entries == entries
    assert read_plan(path).declared == "study: lora\n"


def test_a_decision_reads_back_equal_and_in_order(book, open_ledger):
    """Candidates stay best first, through file and ledger."""
    path = write_decision(book, make_decision())
    with open_ledger() as ledger:
        ledger.ingest_record(path)
        found = ledger.decision("lora")

    assert found == read_decision(path).decision == make_decision()
    assert list(found.candidates) == ["bbb", "aaa"]
    assert list(found.runs) == [-1, 2, 10]


def test_what_a_decision_left_open_is_kept(book):
    """And a decision that holds every field is written as it was before there was anything to leave open."""
    opened = replace(make_decision(), left_open=("model.size",))

    assert read_decision(write_decision(book, opened)).decision == opened
    assert "left_open" not in write_decision(book, make_decision(study="other")).read_text()


BEFORE = {
    "study": "lora",
    "number": 0,
    "decision": {
        "study": "lora", "configuration": "bbb", "label": "rank=4", "values": {"adapter": {"rank": 4, "alpha": 0.5}},
        "rule": "best-mean", "metric": "ais.msa", "split": "val", "score": 0.5, "scoring": "0f0f",
        "candidates": [["bbb", 0.5], ["aaa", 0.25]], "runs": {"0": "r0", "1": "r1"},
    },
}  # fmt: skip
"""A decision file as it was before a decision had an argument, a role, evidence or an overruling."""


def test_a_decision_of_before_reads_and_is_written_as_it_was(book):
    """What it does not say is at its default; the same decision keeps its digest, so nothing is written again."""
    path = book / "records" / "lora" / "decision-a4cd25574f5f.json"
    write_json(path, BEFORE)
    decision = read_decision(path).decision

    assert (decision.argument, decision.role, decision.evidence, decision.overruled) == (None, "search", (), None)
    assert write_decision(book, decision) == path
    assert list(all_records(book)) == [path]


@pytest.mark.parametrize(
    "facts",
    [
        {"rule": "lower-bound", "argument": 0.0},
        {"rule": "pareto", "argument": ("ais.msa", "seconds")},
        {"rule": "weights", "argument": {"ais.msa": 2.0, "box.msa": 1.0}},
        {"role": "confirm", "evidence": ("a has the highest mean.", "Next is b.")},
        {"overruled": Overruling("ccc", "rank=8", 0.75, "it fits the laptop", "Ada", "2030-01-31")},
    ],
)
def test_all_that_a_decision_says_is_kept(book, open_ledger, facts):
    """Through file and ledger; a list is the tuple that it was."""
    decision = replace(make_decision(), **facts)
    path = write_decision(book, decision)
    with open_ledger() as ledger:
        ledger.ingest_record(path)

        assert ledger.decision("lora") == read_decision(path).decision == decision


def test_an_overruling_and_its_withdrawal_stay_for_good(book):
    """Three files: the rule's decision, the person's, the rule's again."""
    said = Overruling("bbb", "rank=4", 0.5, "it fits the laptop", "Ada", "2030-01-31")
    for decision in (make_decision(), replace(make_decision(), overruled=said), make_decision()):
        write_decision(book, decision)

    found = sorted((read_decision(path) for path in all_records(book)), key=lambda decided: decided.number)

    assert [decided.decision.overruled for decided in found] == [None, said, None]


@pytest.mark.parametrize(("name", "value"), [("role", "guess"), ("overruled", {"because": "so"}), ("more", 1)])
def test_a_decision_of_another_kind_is_refused(book, name, value):
    """A field that is not known, or does not hold what it must."""
    content = {**BEFORE, "decision": {**BEFORE["decision"], name: value}}
    path = book / "records" / "lora" / f"decision-{digest(content)[:12]}.json"
    write_json(path, content)
    with pytest.raises(LedgerError, match="must be a whole record file"):
        read_decision(path)


def test_the_same_record_is_not_written_again(book):
    """A study that is run again leaves its records as they are."""
    paths = {write_decision(book, make_decision()) for _ in range(2)}
    paths |= {write_plan(book, study="lora", declared="x", entries=[make_entry(make_run())]) for _ in range(2)}

    assert len(paths) == len(list(all_records(book))) == 2


def test_coming_back_is_a_record_of_its_own(book, open_ledger):
    """A, then B, then A again: A counts, and three files say so."""
    with open_ledger() as ledger:
        for score in (0.1, 0.2, 0.1):
            ledger.ingest_record(write_decision(book, make_decision(score)))

        assert sorted(read_decision(path).number for path in all_records(book)) == [0, 1, 2]
        assert ledger.decision("lora").score == 0.1


def test_a_path_from_the_book_is_enough(book, open_ledger):
    """Relative paths start from the book."""
    path = write_decision(book, make_decision())
    with open_ledger() as ledger:
        ledger.ingest_record(path.relative_to(book))
        ledger.ingest_record(path)

        assert ledger.decision("lora") == make_decision()


def test_an_edited_record_is_refused(book):
    """The name bears the digest of the content."""
    path = write_decision(book, make_decision())
    path.write_text(path.read_text().replace("0.25", "0.99"))
    with pytest.raises(LedgerError, match=r"must hold the content that its name was made from"):
        read_record(path)


@pytest.mark.parametrize("content", ["", "[]", "null", '{"study": 1'])
def test_a_damaged_record_is_named(book, content):
    """Whatever stands there instead, the message names the file."""
    path = write_plan(book, study="lora", declared="x", entries=[])
    path.write_text(content)
    with pytest.raises(LedgerError, match=r"plan-\w{12}\.json: must be a whole record file"):
        read_record(path)


def test_a_record_of_another_study_is_refused(book):
    """A record lies in the folder of its study."""
    path = write_decision(book, make_decision())
    moved = path.parent.rename(book / "records" / "other") / path.name
    with pytest.raises(LedgerError, match="must lie in the folder of its study, lora; got other"):
        read_record(moved)


def test_a_file_of_another_kind_is_refused(book):
    """Only plans and decisions are records."""
    with pytest.raises(LedgerError, match=r"must be plan-….json, decision-….json, stop-….json or note-….json"):
        read_record(book / "records" / "lora" / "letter.json")

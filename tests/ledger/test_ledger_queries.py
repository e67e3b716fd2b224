"""One run as a page needs it."""

from dataclasses import replace

from ledger_examples import SCORING, make_entry, make_measurements, make_run

from tunebook.folders import write_lines
from tunebook.ledger import queries
from tunebook.records import CurvePoint, Measurement, Outcome


def facts_of(ledger, *, pictures_split="", curve=False):
    """What the page is told of the example run."""
    entries = [make_entry(make_run())]
    (found,) = queries.facts_of(ledger, ledger.book, entries, pictures_split=pictures_split, curves=curve)
    return found


def test_a_run_that_did_not_end_is_missing(open_ledger):
    """There is a row for it, and it says why it is empty."""
    with open_ledger() as ledger:
        found = facts_of(ledger)

    assert (found.status, found.reason, found.replicate, found.scores) == ("missing", "not run yet", {"seed": 0}, {})


def test_a_failed_run_says_kind_and_reason(make_folder, open_ledger):
    """The cell shows both."""
    with open_ledger() as ledger:
        ledger.ingest(make_folder(outcome=Outcome(status="failed", kind="diverged", reason="loss nan at step 3")))
        found = facts_of(ledger)

    assert (found.status, found.reason) == ("failed", "diverged: loss nan at step 3")


def test_a_run_that_was_scored_for_another_study_is_missing(make_folder, open_ledger):
    """Its scores by other settings are not these."""
    with open_ledger() as ledger:
        ledger.ingest(make_folder(scoring=replace(SCORING, metric="box.msa")))
        found = facts_of(ledger)

    assert (found.status, found.scores, found.settings) == ("missing", {}, ())
    assert found.reason == "not scored yet as this study does; tunebook run does it"


def test_scores_items_counts_and_reasons_are_apart(make_folder, open_ledger):
    """Aggregates are scores; items are items; a value that is not there is a reason."""
    none = Measurement("box.msa", "val", "", None, 0, 2, "1", {}, "no objects")
    item = Measurement("box.msa", "val", "00", None, 0, 1, "1", {}, "no objects")
    with open_ledger() as ledger:
        ledger.ingest(make_folder(measurements=[*make_measurements(), none, item]))
        found = facts_of(ledger)

    assert found.scores == {("ais.msa", "val"): 1 / 3}
    assert found.items == {("ais.msa", "val"): {"00": 0.1, "01": 0.1 + 1 / 7}}
    assert found.counts == {("ais.msa", "val"): (2, 2), ("box.msa", "val"): (0, 2)}
    assert found.reasons == {("box.msa", "val"): "no objects"}


def test_items_keep_the_order_of_their_file(make_folder, open_ledger):
    """However metrics alternate in it."""
    numbers = [
        Measurement(metric, "val", item, 0.5, 1, 1, "1", {})
        for item in ("b", "a", "c")
        for metric in ("box.msa", "ais.msa")
    ]
    with open_ledger() as ledger:
        ledger.ingest(make_folder(measurements=[*numbers, Measurement("ais.msa", "val", "", 0.5, 3, 3, "1", {})]))
        found = facts_of(ledger)

    assert [(key, list(items)) for key, items in sorted(found.items.items())] == [
        (("ais.msa", "val"), ["b", "a", "c"]),
        (("box.msa", "val"), ["b", "a", "c"]),
    ]


def test_curve_and_pictures_come_when_asked_for(make_folder, open_ledger):
    """They are read from the run's folder."""
    folder = make_folder()
    folder.write_curve([CurvePoint(1, {"loss": 0.5})])
    write_lines(folder.picture_list(SCORING.id, "val"), [{"item": "00", "caption": "c", "panels": ["image", "truth"]}])
    with open_ledger() as ledger:
        ledger.ingest(folder)
        without, found = facts_of(ledger), facts_of(ledger, pictures_split="val", curve=True)

    assert (without.curve, without.pictures) == ((), ())
    assert found.curve == (CurvePoint(1, {"loss": 0.5}),)
    assert list(found.pictures[0].panels) == ["image", "truth"]
    assert found.settings == folder.read_settings(SCORING.id)

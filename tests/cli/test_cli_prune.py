"""`tunebook prune`: what could go, what goes, and that it can be made again."""

import hashlib
from pathlib import Path

import pytest
from toy_study import ToyWorker, make_book, make_study, trained

from tunebook.book import Book
from tunebook.ledger.facts import facts

pytestmark = pytest.mark.usefixtures("toy_task")
DECISION = "{checkpoints: decision, predictions: report}"
PAGES = ("rates.html", "rates.md")


def facts_of(book: Path) -> str:
    """The facts of a book's ledger."""
    with Book.open(book).look() as ledger:
        return facts(ledger)


def checkpoints(book: Path) -> set[str]:
    """The runs that have their checkpoints."""
    return {path.parts[-3] for path in book.glob("runs/*/*/checkpoint.safetensors")}


def predicted(book: Path) -> set[str]:
    """The splits that any run has predictions of."""
    return {path.name for path in book.glob("runs/*/*/predictions/*")}


def chosen(book: Path, name: str = "rates") -> set[str]:
    """The runs of a study's decision."""
    with Book.open(book).look() as ledger:
        decision = ledger.decision(name)
    assert decision is not None
    return set(decision.runs.values())


def edit(book: Path, name: str = "rates", **keys: str) -> Path:
    """The study with further keys."""
    return make_study(book, name, **keys)


@pytest.fixture
def book(tunebook, tmp_path: Path) -> Path:
    """A book that was run when its study said nothing of what it keeps, and says so by now."""
    made = make_book(tmp_path / "book")
    assert tunebook("run", made).code == 0
    edit(made, keep=DECISION)
    return made


def test_what_can_go_is_shown_and_stays(tunebook, book: Path):
    """By study and kind, with files and bytes; nothing is removed without --yes."""
    said = tunebook("prune", book)

    assert said.code == 0
    first, second, third, last = said.out.splitlines()
    assert first == "rates: keeps checkpoints of its decision, predictions of test"
    assert second == "  checkpoints: 2 files, 16 bytes"
    assert third.startswith("  predictions: 8 files, ")
    assert last.startswith("10 files, ")
    assert last.endswith(" can be removed: --yes removes them")
    assert len(checkpoints(book)) == 4


def test_pruning_changes_no_fact_and_no_page(tunebook, book: Path):
    """Facts, page and decision are the same bytes; nothing is trained or predicted for it."""
    tunebook("run", book)  # the study file on the page says `keep`
    before, pages = facts_of(book), [(book / "pages" / name).read_bytes() for name in PAGES]
    assert checkpoints(book) == chosen(book)
    assert predicted(book) == {"test"}
    ran, predictions = trained(book), (book / "predicted.txt").read_text()
    again = tunebook("run", book)
    tunebook("page", book)

    assert "rates: 4 runs, 4 exist, 0 to do" in again.out
    assert facts_of(book) == before
    assert [(book / "pages" / name).read_bytes() for name in PAGES] == pages
    assert (trained(book), (book / "predicted.txt").read_text()) == (ran, predictions)


def test_it_goes_once(tunebook, book: Path):
    """What a study does not keep is removed; the second time there is nothing, and every file of the facts is left."""
    before = facts_of(book)
    said = tunebook("prune", book, "--yes")
    again = tunebook("prune", book)

    assert said.out.splitlines()[-1].endswith(" removed")
    assert again.out.splitlines()[-1] == "nothing to remove"
    assert checkpoints(book) == chosen(book)
    (book / "ledger.sqlite").unlink()
    assert facts_of(book) == before


def test_run_prunes_what_a_study_does_not_keep(tunebook, tmp_path: Path):
    """In one line with the bytes, and only where the study says what it keeps."""
    book = make_book(tmp_path, keep=DECISION)
    said = tunebook("run", book)

    (line,) = (line for line in said.out.splitlines() if "removed" in line)
    assert line.startswith("rates: 10 files, ")
    assert line.endswith(" removed: it keeps checkpoints of its decision, predictions of test")
    assert checkpoints(book) == chosen(book)


def test_finalists_keep_theirs(tunebook, tmp_path: Path):
    """`finalists` keeps the checkpoints of all that were confirmed, on every seed."""
    book = make_book(
        tmp_path, space="{lr: [0.1, 0.25, 0.5]}", replicates="{seed: 1}", confirm="{top: 2, seeds: 2}",
        keep="{checkpoints: finalists}",
    )  # fmt: skip
    tunebook("run", book)
    with Book.open(book).look() as ledger:
        kept = {entry.run for entry in ledger.planned("rates") if entry.label in ("lr=0.25", "lr=0.5")}

    assert checkpoints(book) == kept
    assert len(kept) == 6
    assert predicted(book) == {"val", "test"}


def test_an_undecided_study_keeps_everything(tunebook, tmp_path: Path):
    """And says why."""
    book = make_book(tmp_path, keep=DECISION, limit="{runs: 3}", space="{lr: [0.25, 0.5, 0.75]}")
    tunebook("run", book)
    said = tunebook("prune", book, "--yes")

    assert said.out.splitlines()[0] == "rates: keeps everything until it is decided as it stands"
    assert len(checkpoints(book)) == 3


def test_what_any_study_keeps_stays(tunebook, book: Path):
    """A run that two studies share keeps what either of them keeps; weights that another starts from stay."""
    make_study(book, "other", space="{lr: [0.25]}")
    make_study(book, "next", space="{method: [full]}", base=", model: {weights: 'study:other'}", replicates="{seed: 1}")
    tunebook("run", book)
    edit(book, "other", space="{lr: [0.25]}", keep="{checkpoints: decision}")
    said = tunebook("prune", book / "rates", "--yes")

    assert said.code == 0
    assert checkpoints(book) >= chosen(book) | chosen(book, "other")


def test_what_was_pruned_is_predicted_again_from_its_checkpoint(tunebook, book: Path):
    """Another threshold asks for those of val: the decision's are predicted, the others trained, all as before."""
    before = facts_of(book)
    tunebook("prune", book, "--yes")
    edit(book, base=", threshold: 0.25")
    said = tunebook("check", book)
    scored = tunebook("score", book)
    after_scoring = len(trained(book))
    tunebook("run", book)
    edit(book)
    tunebook("run", book)

    assert "       2 existing, to be predicted or scored again without training" in said.out
    assert "       2 existing, to be trained again: checkpoints and predictions were removed" in said.out
    assert "rates: 2 runs scored; 2 runs left, for tunebook run to train" in scored.out
    assert after_scoring == 4
    assert len(trained(book)) == 6
    assert set(before.splitlines()) <= set(facts_of(book).splitlines())


def test_a_checkpoint_is_trained_again_where_it_is_asked_for(tunebook, book: Path, monkeypatch: pytest.MonkeyPatch):
    """`run --checkpoints` trains the decision's runs alone; they hold the same, and no fact and no page changes."""
    tunebook("run", book)
    files = sorted(path for path in book.glob("runs/*/*/checkpoint.safetensors"))
    held = [path.read_bytes() for path in files]
    before, pages = facts_of(book), [(book / "pages" / name).read_bytes() for name in PAGES]
    monkeypatch.setattr(ToyWorker, "score", None)  # what is scored is not scored again
    for path in files:
        path.unlink()
    said = tunebook("run", book, "--checkpoints")

    assert "rates: 2 runs to train again, without a checkpoint" in said.out
    assert [path.read_bytes() for path in files] == held
    assert len(trained(book)) == 6
    assert facts_of(book) == before
    assert [(book / "pages" / name).read_bytes() for name in PAGES] == pages
    assert "rates: every checkpoint of its decision is there" in tunebook("run", book, "--checkpoints").out


def test_a_run_that_comes_out_otherwise_says_so(tunebook, book: Path):
    """Another machine may train to another result: then the scores are those of the new predictions."""
    tunebook("run", book)
    (book / "drift").write_text("0.125")
    for path in book.glob("runs/*/*/checkpoint.safetensors"):
        path.unlink()
    said = tunebook("run", book, "--checkpoints")

    assert said.out.count("predicts otherwise than before; its scores were made again") == 2


def test_a_follower_gets_the_weights_that_it_starts_from(tunebook, book: Path):
    """They are trained again before it: what they held is known, so it could be planned and counted without them."""
    tunebook("run", book)
    for path in book.glob("runs/*/*/checkpoint.safetensors"):
        path.with_name("checkpoint.sha256").write_text(hashlib.sha256(path.read_bytes()).hexdigest())
        path.unlink()
    make_study(book, "next", space="{method: [full]}", base=", model: {weights: 'study:rates'}", replicates="{seed: 1}")
    checked = tunebook("check", book / "next")
    said = tunebook("run", book / "next")

    assert (checked.code, "       1 new" in checked.out) == (0, True)
    assert said.code == 0
    assert "rates: 1 run to train again, without a checkpoint" in said.out
    assert "next: method=full is chosen" in said.out.replace("the only configuration", "method=full")


def test_what_no_study_asks_for_goes_with_unused_alone(tunebook, book: Path):
    """Runs of an earlier plan, and scores by another threshold."""
    edit(book, space="{lr: [0.5]}", base=", threshold: 0.25")
    tunebook("run", book)
    shown = tunebook("prune", book)
    tunebook("prune", book, "--yes")
    left = len(list(book.glob("runs/*")))
    refused = tunebook("prune", book / "rates", "--unused")
    tunebook("prune", book, "--yes", "--unused")

    assert "runs that no study holds: " in shown.out
    assert "  unused scores: " in shown.out
    assert shown.out.count("only --unused removes them") == 2
    assert left == 4
    assert refused.code == 2
    assert len(list(book.glob("runs/*"))) == 2
    assert len(list(book.glob("runs/*/*/scores/*"))) == 2
    before = facts_of(book)
    (book / "ledger.sqlite").unlink()
    assert facts_of(book) == before


def test_leftovers_of_a_stopped_command_go(tunebook, book: Path):
    """Files that were never put in place, and what a stopped training would go on from."""
    tunebook("run", book)
    (run, *_) = book.glob("runs/*/at-*")
    (run / ".tunebook-unfinished-outcome.json.a1b2c3d4").write_text("half")
    (run / "state.safetensors").write_text("state")
    said = tunebook("prune", book, "--yes")

    assert said.out.splitlines()[-1] == "2 files, 9 bytes removed"
    assert not (run / ".tunebook-unfinished-outcome.json.a1b2c3d4").exists()
    assert not (run / "state.safetensors").exists()


def test_an_empty_promise_is_explained(tunebook, tmp_path: Path):
    """A book whose studies say nothing of what they keep is told how to say it."""
    book = make_book(tmp_path)
    tunebook("run", book)
    said = tunebook("prune", book)

    assert said.out.splitlines()[0] == "rates: keeps everything"
    assert "`keep: {checkpoints: decision, predictions: report}` in a study file says what may go" in said.out


def test_weights_that_others_have_started_from_stay(tunebook, book: Path):
    """Also where a person has chosen another configuration since: the follower's runs are made of them."""
    make_study(book, "next", space="{method: [full]}", base=", model: {weights: 'study:rates'}", replicates="{seed: 1}")
    tunebook("run", book / "next")
    before = chosen(book)
    tunebook("decide", book / "rates", "--choose", "lr=0.25", "--because", "smaller", "--by", "Ada")
    tunebook("prune", book, "--yes")

    assert chosen(book).isdisjoint(before)
    assert len(checkpoints(book) & before) == 1
    assert checkpoints(book) > chosen(book)


def test_what_people_have_hidden_stays(tunebook, book: Path):
    """Nothing is taken for a leftover but what Tunebook calls so, and what a program wrote is not looked at."""
    (run, *_) = book.glob("runs/*/at-*")
    mine = [
        run / "out" / ".hydra.settings",
        run / "out" / ".tunebook-unfinished-mine",
        book / "pages" / ".env.template",
    ]
    for path in mine:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    edit(book)
    tunebook("prune", book, "--yes")

    assert [path.read_text() for path in mine] == ["mine"] * 3


def test_what_goes_is_said_of_the_study_that_was_asked_for(tunebook, book: Path):
    """Also where another study holds the same runs, and comes first."""
    edit(book, "after", keep=DECISION)
    tunebook("run", book / "after")
    edit(book, keep="{checkpoints: decision}")
    make_study(book, "after", space="{lr: [0.25, 0.5]}", replicates="{seed: 2}", keep="{checkpoints: decision}")
    tunebook("run", book)
    for path in book.glob("runs/*/at-*"):
        (path / "state.safetensors").write_text("state")
    said = tunebook("prune", book / "after")

    assert "after: keeps checkpoints of its decision" in said.out
    assert "  leftovers: " in said.out


def test_a_run_that_can_go_on_is_no_unused_one(tunebook, book: Path):
    """It was stopped, and a study may come back to it; one that has nothing to go on from goes."""
    edit(book, space="{lr: [0.5]}")
    tunebook("run", book)
    stopped, lost = [path for path in book.glob("runs/*/at-*") if path.parts[-2] not in chosen(book)][:2]
    for path in (stopped, lost):
        (path / "outcome.json").unlink()
    (stopped / "state.safetensors").write_text("state")
    tunebook("prune", book, "--yes", "--unused")

    assert stopped.exists()
    assert not lost.exists()


def test_what_was_removed_stays_known_as_tried(tunebook, book: Path):
    """Configurations of an earlier study file that had results are counted (T504) when their runs are gone."""
    edit(book, space="{lr: [0.5]}")
    tunebook("run", book)
    before = tunebook("audit", book).out
    tunebook("prune", book, "--yes", "--unused")

    assert "1 configuration that had results is no longer declared: lr=0.25" in before
    assert tunebook("audit", book).out == before
    (book / "ledger.sqlite").unlink()
    assert tunebook("audit", book).out == before

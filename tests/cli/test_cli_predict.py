"""`tunebook predict`, and `tunebook export` of what a study chose."""

import re
import shutil
from pathlib import Path

import pytest
from toy_study import ToyTask, make_book, make_study

from tunebook.book import Book
from tunebook.errors import Crashed
from tunebook.records import Decision

FORMATS = {"text": "predicting_toy:text"}


@pytest.fixture(autouse=True)
def _predicting(toy_task: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The toy applies what it trained."""
    monkeypatch.setattr(ToyTask, "predictor", "predicting_toy:predict")
    monkeypatch.setattr(ToyTask, "formats", FORMATS)


@pytest.fixture
def book(tunebook, tmp_path: Path) -> Path:
    """A book whose study has been run with three seeds, and a number to predict on."""
    made = make_book(tmp_path / "book", space="{lr: [0.5]}", replicates="{seed: 3}")
    assert tunebook("run", made).code == 0
    (made / "new.txt").write_text("2")
    return made


def decision(book: Path) -> Decision:
    """What the study decided."""
    with Book.open(book).look() as ledger:
        found = ledger.decision("rates")
    assert found is not None
    return found


def test_the_run_in_the_middle_is_applied(tunebook, book: Path):
    """Of three seeds the second scores in the middle: it is said, with the settings, and its number is applied."""
    said = tunebook("predict", book / "rates", "--on", book / "new.txt", "--to", book / "out" / "new.out")
    run = decision(book).runs[1]

    assert (said.code, said.out.splitlines()) == (0, [
        f"rates: lr=0.5: seed 1 (run {run}), the middle of 3 by toy.score on val",
        "rates: threshold 0.5: chosen on val by toy.large",
        "rates: 1 number, by seed 1 of toy",
        "rates: torch: False",
        f"rates: {book}/out/new.out",
    ])  # fmt: skip
    assert (book / "out" / "new.out").read_text() == f"{2 * (1 - (1 - 1 / 16) / 4)} at 0.5"
    assert [path.name for path in (book / "out").iterdir()] == ["new.out"]


def test_a_seed_names_its_run(tunebook, book: Path):
    """`--seed 2` applies the run of seed 2; a seed that the decision does not have is refused with those it has."""
    words = ("predict", book / "rates", "--on", book / "new.txt", "--to", book / "new.out", "--seed")
    said = tunebook(*words, 2)
    refused = tunebook(*words, 7)

    assert f"seed 2 (run {decision(book).runs[2]}), as asked" in said.out
    assert (said.code, refused.code) == (0, 2)
    assert "--seed: must be a seed of the decision of rates; it has 0, 1, 2" in refused.err


def test_nothing_is_overwritten_unasked(tunebook, book: Path):
    """What stands in the place of the predictions stays, unless `--force` is given."""
    to = book / "new.out"
    to.write_text("mine")
    words = ("predict", book / "rates", "--on", book / "new.txt", "--to", to)
    said = tunebook(*words)

    assert (said.code, to.read_text()) == (2, "mine")
    assert f"{to}: must be a new file; there is one\n    --force replaces it" in said.err
    assert tunebook(*words, "--force").code == 0
    assert to.read_text() != "mine"


def test_bad_data_leave_nothing_behind(tunebook, book: Path):
    """What the task refuses is one message and exit code 2; a file that it cannot open is named."""
    for content, message in (("words", "must hold a number; got words"), ("missing", f"{book}/gone: must be a file")):
        (book / "new.txt").write_text(content)
        said = tunebook("predict", book / "rates", "--on", book / "new.txt", "--to", book / "out" / "new.out")

        assert said.code == 2
        assert message in said.err
        assert not list((book / "out").iterdir())


def test_a_message_names_the_place_that_was_asked_for(
    tunebook, book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Not the hidden folder in which it is made, whether the task refuses the name or cannot write it."""
    monkeypatch.chdir(tmp_path)
    for content, to, message in (
        ("2", "out/new.bad", "out/new.bad: must end in .out; got new.bad"),
        ("2", book / "new.bad", f"{book}/new.bad: must end in .out; got new.bad"),
        ("unwritable", "out/new.out", "out/new.out/deeper: must be"),
    ):
        (book / "new.txt").write_text(content)
        said = tunebook("predict", book / "rates", "--on", book / "new.txt", "--to", to)

        assert said.code == 2
        assert f"  {message}" in said.err
        assert "/." not in said.err


@pytest.mark.parametrize(("content", "message"), [("crash", "ValueError: the toy broke"), ("exit", "exit code 7")])
def test_an_error_of_the_task_shows_its_traceback(tunebook, book: Path, content: str, message: str):
    """A mistake in the task's code is no mistake of the person: it is raised with what the child says of it."""
    from tunebook.cli import app

    (book / "new.txt").write_text(content)

    with pytest.raises(Crashed, match=message):
        app(["predict", str(book / "rates"), "--on", str(book / "new.txt"), "--to", str(book / "new.out")])


def test_what_cannot_be_applied_is_refused(tunebook, book: Path, monkeypatch: pytest.MonkeyPatch):
    """Not run, not decided, no new data, no checkpoint, no predictor: each is one message, exit code 2."""
    make_study(book, "another")
    make_study(book, "failing", base=", fault: crash")
    tunebook("run", book / "failing")
    there = book / "runs" / decision(book).runs[1]
    words = ("--on", book / "new.txt", "--to", book / "new.out")
    said = [tunebook("predict", book / name, *words) for name in ("another", "failing")]
    said.append(tunebook("predict", book / "rates", "--on", book / "gone.txt", "--to", book / "new.out"))
    (there / "at-2" / "checkpoint.safetensors").unlink()
    said.append(tunebook("predict", book / "rates", *words))
    monkeypatch.setattr(ToyTask, "predictor", "")
    said.append(tunebook("predict", book / "rates", *words))

    assert [each.code for each in said] == [2] * 5
    messages = [each.err for each in said]
    assert "another: must have been run in this book" in messages[0]
    assert "failing: needs the decision of the study 'failing', which has none yet" in messages[1]
    assert f"{book}/gone.txt: must be a file or a folder; there is none" in messages[2]
    assert f"tunebook run {book}/rates --checkpoints trains it again" in messages[3]
    assert "rates: must be of a task that predicts new data; toy does not" in messages[4]


def test_a_removed_run_is_trained_again(tunebook, book: Path):
    """The way out of a missing checkpoint works: the folder removed and the study run, it predicts."""
    shutil.rmtree(book / "runs" / decision(book).runs[1])
    tunebook("run", book)

    assert tunebook("predict", book / "rates", "--on", book / "new.txt", "--to", book / "new.out").code == 0


def test_the_chosen_run_is_exported(tunebook, book: Path):
    """A format of the task writes its files into a folder; those that are there are replaced only when forced."""
    to = book / "exported"
    said = tunebook("export", book / "rates", "--format", "text", "--to", to, "--seed", 0)
    again = tunebook("export", book / "rates", "--format", "text", "--to", to)
    forced = tunebook("export", book / "rates", "--format", "text", "--to", to, "--force")

    assert said.out.splitlines()[2:] == [
        "rates: a number for toy", f"rates: {to}/README.md", f"rates: {to}/lr.txt", f"rates: {to}/number.txt",
    ]  # fmt: skip
    assert (said.code, again.code, forced.code) == (0, 2, 0)
    assert again.err.count("must be a new file; there is one") == 3
    assert {path.name: path.read_text() for path in to.glob("*.txt")} == {"lr.txt": "0.5", "number.txt": "0.765625"}


def test_an_export_says_what_it_is_of(tunebook, book: Path):
    """Its README: study, decision, score with n, data; then what the task says of its use."""
    tunebook("export", book / "rates", "--format", "text", "--to", book / "exported")
    text = (book / "exported" / "README.md").read_text()
    run = decision(book).runs[1]

    assert text.startswith("# rates: lr=0.5\n")
    assert "Chosen by the rule " in text
    assert f"Run {run} of task toy (version 1), seed 1, the middle of 3 by toy.score on val." in text
    assert re.search(r"\| toy\.score \| val \| 0\.\d{3} \| [1-9] \|", text)
    assert "- threshold 0.5: chosen on val by toy.large" in text
    assert "Tunebook knows no licence of the data" in text
    assert text.endswith("\n## Use\n\nRead it.\n")


@pytest.fixture
def into_a_folder(monkeypatch: pytest.MonkeyPatch, book: Path) -> tuple[str | Path, ...]:
    """The words of a prediction whose task writes a folder."""
    monkeypatch.setattr(ToyTask, "predictor", "predicting_toy:folder")
    monkeypatch.setattr(ToyTask, "predictions", "folder")
    for name in ("a.txt", "b.txt"):
        (book / "new").mkdir(exist_ok=True)
        (book / "new" / name).write_text("2")
    return ("predict", book / "rates", "--on", book / "new", "--to")


def test_a_folder_of_predictions_is_written_whole(tunebook, book: Path, into_a_folder):
    """Folders in it are kept, an empty one may be there, and it is said on which device it was made."""
    (book / "out").mkdir()
    said = tunebook(*into_a_folder, book / "out", "--device", "cpu")

    assert said.out.splitlines()[2:] == ["rates: on cpu", f"rates: {book}/out"]
    assert sorted(str(path.relative_to(book / "out")) for path in (book / "out").rglob("*.*")) == [
        "all.csv", "deep/a.txt", "deep/b.txt",
    ]  # fmt: skip


def test_a_folder_that_holds_something_is_kept(tunebook, book: Path, into_a_folder):
    """Only --force replaces files of the same names, and those alone; a file in its place is refused in any case."""
    (book / "out" / "deep").mkdir(parents=True)
    for name in ("deep/a.txt", "mine.txt"):
        (book / "out" / name).write_text("mine")
    refused, forced = tunebook(*into_a_folder, book / "out"), tunebook(*into_a_folder, book / "out", "--force")

    assert (refused.code, forced.code) == (2, 0)
    assert f"{book}/out: must be a new folder or an empty one; there is something in it" in refused.err
    assert (book / "out" / "mine.txt").read_text() == "mine"
    assert (book / "out" / "deep" / "a.txt").read_text() != "mine"
    assert tunebook(*into_a_folder, book / "new.txt", "--force").code == 2


def test_predictions_never_lie_among_the_new_data(tunebook, book: Path, into_a_folder):
    """They would be replaced, or read as data the next time."""
    for to in (book / "new", book / "new" / "out", book / "out" / ".." / "new"):
        said = tunebook(*into_a_folder, to, "--force")

        assert said.code == 2
        assert "must lie outside of" in said.err
    assert sorted(path.name for path in (book / "new").iterdir()) == ["a.txt", "b.txt"]


def test_words_that_do_not_go_together_are_refused(tunebook, book: Path):
    """A format that neither Tunebook nor the task has, and options of the other formats."""
    to = ("--to", book / "exported")
    for words, message in (
        (("onnx", *to), "must be one of csv, latex, parquet, text; got onnx"),
        (("text",), "must name a folder for text"),
        (("text", *to, "--items"), "is for csv and parquet; text holds neither"),
        (("csv", *to, "--seed", 1), "is for formats of a chosen run; csv is of a whole study"),
        (("latex", *to, "--force"), "is for formats of a chosen run; latex is of a whole study"),
    ):
        said = tunebook("export", book / "rates", "--format", *words)

        assert said.code == 2
        assert message in said.err
    assert not (book / "exported").exists()


def test_files_that_the_study_was_run_on_are_counted(tunebook, book: Path, into_a_folder):
    """By their content, whatever they are called, with the splits whose folders they lie in."""
    for split in ("train", "test"):
        (book / "cells" / split / "0.txt").write_text(f"0.5{'0' * len(split)}")
    assert tunebook("run", book).code == 0
    assert "the study's own" not in tunebook(*into_a_folder, book / "before").out
    for name, split in (("c.txt", "train"), ("d.txt", "train"), ("e.txt", "test")):
        shutil.copy(book / "cells" / split / "0.txt", book / "new" / name)
    said = tunebook(*into_a_folder, book / "out")

    assert said.code == 0
    assert "rates: 3 of 5 files are the study's own, 2 of train, 1 of test: what is predicted on what" in said.out

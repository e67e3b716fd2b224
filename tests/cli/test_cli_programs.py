"""Own programs, command by command: followed, confirmed, limited, scored, pruned, packed, applied."""

import hashlib
import json
import os
import shutil
import tarfile
from pathlib import Path

import pytest

from tunebook.book import Book
from tunebook.folders import RunFolder
from tunebook.ledger.facts import facts

PROGRAM = """\
import pathlib
import aside
def main(config, seed, out, fold=0):
    with open(pathlib.Path(__file__).with_name("ran.txt"), "a") as ran:
        ran.write(out.parents[1].name + "\\n")
    start = config["start"] if "start" in dict(config) else None
    before = float((pathlib.Path(start) / "model" / "w.txt").read_text()) if start else 0.0
    value = before + aside.SCALE * config["lr"] + 0.001 * seed + 0.002 * fold
    (out / "model").mkdir(exist_ok=True)
    (out / "model" / "w.txt").write_text(str(value))
    yield {"step": 1, "loss": -value}
    yield {"step": 2, "loss": -value, **{split: {"accuracy": value, "other": -value} for split in ("val", "test")}}
"""
APPLY = """\
def predict(out, on, to, config):
    (to / "said.txt").write_text((out / "model" / "w.txt").read_text() + (on / "x.txt").read_text())
"""
TASK = "task: {function: train.py:main, predict: apply.py:predict}\nmetrics: {accuracy: maximize}\n"
TWO = "replicates: {seed: 2}\n"
DECIDED = "keep: {checkpoints: decision}\n"


def write(book: Path, name: str, text: str, *, task: str = TASK) -> Path:
    """A study of the book."""
    path = book / f"{name}.study.yaml"
    path.write_text(task + text)
    return path


def ran(book: Path) -> list[str]:
    """The runs that were trained, in order."""
    return (book / "ran.txt").read_text().split() if (book / "ran.txt").exists() else []


def facts_of(book: Path) -> str:
    """The facts of a book's ledger."""
    with Book.open(book).look() as ledger:
        return facts(ledger)


def decided(book: Path, name: str = "own"):
    """A study's decision."""
    with Book.open(book).look() as ledger:
        found = ledger.decision(name)
    assert found is not None
    return found


def roles(book: Path, name: str) -> list[tuple[str, str]]:
    """(role, configuration) of what a study holds."""
    with Book.open(book).look() as ledger:
        return [(entry.role, entry.label) for entry in ledger.planned(name)]


def written(book: Path) -> dict[str, str]:
    """Run -> its model."""
    return {path.parts[-5]: path.read_text() for path in book.glob("runs/*/*/out/model/w.txt")}


def opened(archive: Path, to: Path) -> Path:
    """Where an archive opens."""
    with tarfile.open(archive) as tar:
        tar.extractall(to, filter="data")
    (book,) = to.iterdir()
    return book


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A book of one program and the study `own`, not run yet."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)  # no test pulls the plug
    made = tmp_path / "here" / "programs"
    made.mkdir(parents=True)
    (made / "train.py").write_text(PROGRAM)
    (made / "aside.py").write_text("SCALE = 1.0\n")
    (made / "apply.py").write_text(APPLY)
    (made / "book.yaml").write_text("executor: {kind: inline}\n")
    write(made, "own", "space: {lr: [0.1, 0.2, 0.3]}\n" + TWO)
    return made


def test_a_decision_is_refined_with_its_control(tunebook, book: Path):
    """`refine` looks between and beyond the values that were tried, on the decided parameters."""
    write(book, "finer", "refine: own\n" + TWO)
    said = tunebook("run", book)

    assert said.code == 0, said.err
    assert decided(book, "finer").values["lr"] == pytest.approx(0.4)
    assert ("control", "lr=0.3") in roles(book, "finer")


def test_alternatives_have_parameters_of_their_own(tunebook, book: Path):
    """A parameter that an alternative does not have is None there; an alternative may be a study's decision."""
    text = "space: {way: {one_of: {plain: {lr: [0.1]}, deep: {lr: [0.2], depth: [1, 2]}, before: {from: own}}}}\n"
    write(book, "ways", text + TWO)
    said = tunebook("run", book)

    assert said.code == 0, said.err
    assert decided(book, "ways").values["lr"] == 0.3
    assert "Best results" in (book / "pages" / "ways.md").read_text()
    assert len([role for role, _ in roles(book, "ways") if role == "search"]) == 8


def test_cases_are_crossed_and_data_outside_the_book_are_packed(tunebook, book: Path, tmp_path: Path):
    """`across` on folders of data: each reaches the program as a path, and `pack --data` takes them along."""
    program = PROGRAM.replace(
        "before = ", "before = float((pathlib.Path(config['data.root']) / 'v.txt').read_text()) #"
    )
    (book / "train.py").write_text(program)
    for place, value in ((book / "inner", "1"), (tmp_path / "outer", "2")):
        place.mkdir()
        (place / "v.txt").write_text(value)
    across = f"across: [{{data.root: [inner, {tmp_path / 'outer'}]}}]\n"
    write(book, "own", "space: {lr: [0.1, 0.2]}\n" + across + TWO)
    ran_ = tunebook("run", book)
    packed = tunebook("pack", book, "--data", "--to", tmp_path / "own.tar.gz")
    before = facts_of(book)
    shutil.move(tmp_path / "here", tmp_path / "gone")
    shutil.rmtree(tmp_path / "outer")
    there = opened(tmp_path / "own.tar.gz", tmp_path / "there")
    checked = tunebook("check", there)

    assert (ran_.code, packed.code) == (0, 0), ran_.err + packed.err
    assert (there / "data" / "outer" / "v.txt").exists()
    assert facts_of(there) == before
    assert "       0 new\n" in checked.out
    assert "       8 existing" in checked.out


def test_a_run_starts_from_what_another_wrote(tunebook, book: Path):
    """`study:own` is the folder `out` of the run with the same seed; it is one of `inputs` or none."""
    for name, task in (("next", TASK), ("inputs", TASK.replace("predict:", "inputs: [start], predict:"))):
        write(book, name, "base: {start: 'study:own'}\nspace: {lr: [0.1, 0.2]}\n" + TWO, task=task)
    said = tunebook("run", book)

    assert said.code == 0, said.err
    assert decided(book, "next").score == pytest.approx(0.3 + 0.2 + 0.001)
    assert decided(book, "inputs").score == pytest.approx(0.3 + 0.2 + 0.001)


def test_finalists_of_a_program_are_confirmed(tunebook, book: Path):
    """On fresh seeds, as of any task."""
    write(book, "own", "space: {lr: [0.1, 0.2, 0.3]}\nreplicates: {seed: 1}\nconfirm: {top: 2, seeds: 2}\n")
    tunebook("run", book)

    assert decided(book).role == "confirm"
    assert [label for role, label in roles(book, "own") if role == "confirm"] == ["lr=0.3", "lr=0.2"] * 2


def test_a_program_is_told_its_fold(tunebook, book: Path):
    """Folds are replicates: n counts them, a column of the export names them, nothing is confirmed unasked."""
    write(book, "own", "space: {lr: [0.1, 0.3]}\nreplicates: {seed: 1, fold: 5}\n")
    said = tunebook("run", book)
    table = [line.split(",") for line in tunebook("export", book / "own").out.splitlines()]
    page = (book / "pages" / "own.md").read_text()

    assert said.code == 0, said.err
    assert decided(book).score == pytest.approx(0.3 + 0.004)
    assert {line[table[0].index("fold")] for line in table[1:]} == set("01234")
    assert "(n = 5)" in page
    assert "Replicates are seeds on 5 folds" in page


def test_a_limit_holds_a_program(tunebook, book: Path):
    """What it left undone is said, and done when it is raised."""
    write(book, "own", "space: {lr: [0.1, 0.2, 0.3]}\nreplicates: {seed: 2}\nlimit: {runs: 4}\n")
    tunebook("run", book)
    first = len(ran(book))
    write(book, "own", "space: {lr: [0.1, 0.2, 0.3]}\nreplicates: {seed: 2}\n")
    tunebook("run", book)

    assert (first, len(ran(book))) == (4, 6)


def test_a_metric_that_is_declared_later_is_scored(tunebook, book: Path):
    """`tunebook score` takes it from what was reported; nothing is run."""
    tunebook("run", book)
    before = ran(book)
    task = TASK.replace("accuracy: maximize", "other: maximize, accuracy: maximize")
    write(book, "own", "space: {lr: [0.1, 0.2, 0.3]}\n" + TWO, task=task)
    said = tunebook("score", book)

    assert said.code == 0, said.err
    assert "own: 6 runs scored" in said.out
    assert decided(book).label == "lr=0.1"
    assert ran(book) == before


def test_a_metric_that_no_run_reports_is_told(tunebook, book: Path):
    """By its name beside what was reported; corrected, it is scored without running anything."""
    write(book, "own", "space: {lr: [0.1, 0.2]}\n" + TWO, task=TASK.replace("accuracy", "acuracy"))
    said = tunebook("run", book)
    before = ran(book)
    write(book, "own", "space: {lr: [0.1, 0.2]}\n" + TWO)
    again = tunebook("run", book)

    assert (
        "own: no decision: no configuration has a value of acuracy on val from all of its runs: "
        "the program reported accuracy, other, not acuracy\n"
    ) in said.out
    assert again.code == 0
    assert (ran(book), decided(book).label) == (before, "lr=0.2")


def test_what_a_program_wrote_is_pruned_as_checkpoints_are(tunebook, book: Path):
    """`out` goes with the checkpoint of what was not decided; pages and facts stay, and nothing is run for it."""
    tunebook("run", book)
    write(book, "own", "space: {lr: [0.1, 0.2, 0.3]}\n" + TWO + DECIDED)
    tunebook("run", book)
    runs, before = ran(book), facts_of(book)
    kept = set(written(book))
    again = tunebook("run", book)

    assert kept == set(decided(book).runs.values())
    assert {path.parts[-3] for path in book.glob("runs/*/*/reports.jsonl")} == kept
    assert again.code == 0
    assert (facts_of(book), ran(book)) == (before, runs)


def test_what_others_start_from_is_noted_and_trained_again(tunebook, book: Path):
    """Without `out` of what they start from, followers are planned all the same; who needs it has it trained again."""
    write(book, "next", "base: {start: 'study:own'}\nspace: {lr: [0.1, 0.2]}\n" + TWO)
    tunebook("run", book)
    models, runs = written(book), len(ran(book))
    (book / "next.study.yaml").rename(book / "next.txt")
    write(book, "own", "space: {lr: [0.1, 0.2, 0.3]}\n" + TWO + DECIDED)
    for folder in RunFolder.all(book):  # as in a book that was packed and opened
        if folder.path.name in decided(book).runs.values():
            note = {"model/w.txt": hashlib.sha256((folder.out / "model" / "w.txt").read_bytes()).hexdigest()}
            (folder.at / "out.json").write_text(json.dumps(note))
            shutil.rmtree(folder.out)
            folder.checkpoint.unlink()
    (book / "next.txt").rename(book / "next.study.yaml")
    checked = tunebook("check", book / "next")
    write(book, "next", "base: {start: 'study:own'}\nspace: {lr: [0.1, 0.2, 0.3]}\n" + TWO)
    said = tunebook("run", book)

    assert "       0 new\n" in checked.out
    assert said.code == 0, said.err
    assert "own: 2 runs to train again, without a checkpoint" in said.out
    assert {run: text for run, text in written(book).items() if run in models and text != models[run]} == {}
    assert len(ran(book)) == runs + 2 + 2


def test_a_packed_book_has_its_programs_and_not_what_they_wrote(tunebook, book: Path, tmp_path: Path):
    """Elsewhere: the same facts, nothing to run, and the decision trained again where it is asked for."""
    write(book, "next", "base: {start: 'study:own'}\nspace: {lr: [0.1, 0.2]}\n" + TWO)
    tunebook("run", book)
    before, models = facts_of(book), written(book)
    tunebook("pack", book, "--to", tmp_path / "own.tar.gz")
    shutil.move(tmp_path / "here", tmp_path / "gone")
    there = opened(tmp_path / "own.tar.gz", tmp_path / "there")
    held = written(there), list(there.glob("runs/*/*/reports.jsonl"))
    checked = tunebook("check", there)
    (there / "ran.txt").unlink(missing_ok=True)
    said = tunebook("run", there / "next", "--checkpoints")

    assert held == ({}, [])
    assert {path.name for path in there.glob("*.py")} == {"train.py", "aside.py", "apply.py"}
    assert checked.out.count("       0 new\n") == 2
    assert said.code == 0, said.err
    assert len(ran(there)) == 4
    assert {run: models[run] for run in written(there)} == written(there)
    assert facts_of(there) == before


def test_a_decision_of_a_program_is_applied(tunebook, book: Path, tmp_path: Path):
    """By the run in the middle of the decision, and where what it wrote was removed, after training it again."""
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "x.txt").write_text("!")
    tunebook("run", book)
    done = tunebook("predict", book / "own", "--on", tmp_path / "new", "--to", tmp_path / "said")
    for run in decided(book).runs.values():
        (book / "runs" / run / "at-1" / "checkpoint.safetensors").unlink()
        shutil.rmtree(book / "runs" / run / "at-1" / "out")
    refused = tunebook("predict", book / "own", "--on", tmp_path / "new", "--to", tmp_path / "none")
    tunebook("run", book / "own", "--checkpoints")
    again = tunebook("predict", book / "own", "--on", tmp_path / "new", "--to", tmp_path / "again")

    assert (done.code, refused.code, again.code) == (0, 2, 0), again.err
    assert "--checkpoints trains it again" in refused.err
    assert (tmp_path / "said" / "said.txt").read_text() == (tmp_path / "again" / "said.txt").read_text() == "0.3!"

"""`tunebook pack`: a book that opens elsewhere and says the same."""

import hashlib
import json
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest
from toy_study import make_book, make_data, make_study, trained

from tunebook.book import Book
from tunebook.ledger.facts import facts

pytestmark = pytest.mark.usefixtures("toy_task")


def facts_of(book: Path) -> str:
    """The facts of a book's ledger."""
    with Book.open(book).look() as ledger:
        return facts(ledger)


def opened(archive: Path, to: Path) -> Path:
    """Where an archive opens."""
    with tarfile.open(archive) as tar:
        tar.extractall(to, filter="data")
    (book,) = to.iterdir()
    return book


@pytest.fixture
def book(tunebook, tmp_path: Path) -> Path:
    """A book of a study on data in the book, and one that starts from its weights on data elsewhere."""
    made = make_book(tmp_path / "here" / "toys", space="{lr: [0.25, 0.5]}")
    make_data(tmp_path, "elsewhere")
    follower = make_study(made, "next", space="{method: [full]}", base=", model: {weights: 'study:rates'}")
    follower.write_text(follower.read_text().replace("root: cells", f"root: {tmp_path / 'elsewhere'}"))
    assert tunebook("run", made).code == 0
    return made


def test_a_packed_book_opens_elsewhere_with_the_same_facts(tunebook, book: Path, tmp_path: Path):
    """Without the data: page, decision, audit and facts; what needs the data says which."""
    packed = tunebook("pack", book, "--to", tmp_path / "toys.tar.gz")
    before = facts_of(book)
    pages = {path.name: path.read_bytes() for path in book.glob("pages/*.md")}
    shutil.move(tmp_path / "here", tmp_path / "gone")
    shutil.rmtree(tmp_path / "elsewhere")
    there = opened(tmp_path / "toys.tar.gz", tmp_path / "there")
    hidden = {*there.rglob("checkpoint.safetensors"), *there.rglob("lock"), *there.rglob(".*")}
    held = facts_of(there)
    said = tunebook("page", there)
    scored = tunebook("score", there)

    assert packed.out.splitlines()[:2] == ["without checkpoints", "without the data cells"]
    assert held == before
    assert said.code == 0
    assert {path.name: path.read_bytes() for path in there.glob("pages/*.md")} == pages
    assert tunebook("decide", there / "next").code == 0
    assert tunebook("audit", there / "rates").code in (0, 1)
    assert scored.code == 2
    assert f"{there / 'cells'}: must be a folder" in scored.err
    assert hidden == set()


def test_with_its_data_it_is_scored_again_without_training(tunebook, book: Path, tmp_path: Path):
    """Data of the book keep their place, others come below data/; study files stay as they are."""
    tunebook("pack", book, "--data", "--to", tmp_path / "toys.tar.gz")
    before, files = facts_of(book), {path.name: path.read_bytes() for path in book.glob("*.study.yaml")}
    shutil.move(tmp_path / "here", tmp_path / "gone")
    shutil.rmtree(tmp_path / "elsewhere")
    there = opened(tmp_path / "toys.tar.gz", tmp_path / "there")
    checked = tunebook("check", there)
    facts_there = facts_of(there)
    unchanged = {path.name: path.read_bytes() for path in there.glob("*.study.yaml")}
    make_study(there, select="{split: train}")
    scored = tunebook("score", there / "rates")

    assert facts_there == before
    assert unchanged == files
    assert (there / "data" / "elsewhere" / "val" / "0.txt").exists()
    assert checked.code == 0
    assert checked.out.count("       0 new\n") == 2
    assert "rates: nothing to score; 4 runs left, for tunebook run to train" in scored.out
    assert trained(there) == []
    make_study(there, select="{split: test}")
    scored = tunebook("score", there / "rates")
    assert "rates: 4 runs scored\n" in scored.out
    assert " on test; it was lr=0.5 is chosen: toy.score 0.474 on val\n" in scored.out
    assert trained(there) == []


def test_what_was_left_out_is_trained_again(tunebook, book: Path, tmp_path: Path):
    """`run --checkpoints` trains the decision, after the weights that it starts from; it is as it was."""
    tunebook("pack", book, "--data", "--to", tmp_path / "toys.tar.gz")
    there = opened(tmp_path / "toys.tar.gz", tmp_path / "there")
    said = tunebook("run", there / "next", "--checkpoints")
    checkpoints = list(there.rglob("checkpoint.safetensors"))

    assert "rates: 2 runs to train again, without a checkpoint" in said.out
    assert "next: 2 runs to train again, without a checkpoint" in said.out
    assert checkpoints
    assert all(path.read_bytes() == (book / path.relative_to(there)).read_bytes() for path in checkpoints)
    assert facts_of(there) == facts_of(book)


def test_equal_books_give_equal_bytes(tunebook, book: Path, tmp_path: Path):
    """No time, no owner; the manifest holds the sha256 of every other file."""
    for name in ("one.zip", "two.zip", "one.tar.gz", "two.tar.gz"):
        tunebook("pack", book, "--to", tmp_path / name)

    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    assert (tmp_path / "one.tar.gz").read_bytes() == (tmp_path / "two.tar.gz").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        manifest = json.loads(archive.read("toys/PACKED.json"))["files"]
        names = set(archive.namelist()) - {"toys/PACKED.json"}
        assert names == {f"toys/{name}" for name in manifest}
        for name, said in manifest.items():
            content = archive.read(f"toys/{name}")
            assert (said["bytes"], said["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())


def test_the_address_of_a_ledger_stays_here(tunebook, tmp_path: Path):
    """A server's URL may hold a password: the archive has a ledger of its own."""
    book = make_book(tmp_path / "toys")
    tunebook("run", book)
    with (book / "book.yaml").open("a") as file:
        file.write(f"# mine\nledger: sqlite:///{tmp_path}/secret.sqlite\n")
    said = tunebook("pack", book, "--to", tmp_path / "toys.tar.gz")
    there = opened(tmp_path / "toys.tar.gz", tmp_path / "there")

    assert "without the address of the ledger" in said.out
    assert "secret" not in (there / "book.yaml").read_text()
    assert "executor: {kind: inline}" in (there / "book.yaml").read_text()


@pytest.mark.parametrize(
    ("to", "message"),
    [("toys.rar", "must end in .tar.gz or .zip; got toys.rar"), ("there.zip", "must be a new file; there is one")],
)
def test_a_place_that_cannot_be_is_refused(tunebook, tmp_path: Path, to: str, message: str):
    """What is there stays."""
    book = make_book(tmp_path / "toys")
    (tmp_path / "there.zip").write_text("mine")
    said = tunebook("pack", book, "--to", tmp_path / to)

    assert said.code == 2
    assert message in said.err
    assert (tmp_path / "there.zip").read_text() == "mine"


def test_a_link_that_leaves_the_book_is_refused(tunebook, book: Path, tmp_path: Path):
    """What lies elsewhere is not sent by accident."""
    (tmp_path / "private.txt").write_text("mine")
    (run, *_) = book.glob("runs/*/at-*")
    (run / "log.txt").unlink(missing_ok=True)
    (run / "log.txt").symlink_to(tmp_path / "private.txt")
    said = tunebook("pack", book, "--to", tmp_path / "toys.zip")

    assert said.code == 2
    assert "must lie in the book; it is a link to " in said.err
    assert not (tmp_path / "toys.zip").exists()


def test_what_an_own_program_reads_is_data(tunebook, tmp_path: Path):
    """Whatever the parameter is called: it goes in with --data alone, and what goes in is named."""
    book = tmp_path / "own"
    (book / "private").mkdir(parents=True)
    (book / "private" / "patients.csv").write_text("name")
    (tmp_path / "outer.csv").write_text("name")
    (book / "book.yaml").write_text("executor: {kind: inline}\n")
    (book / "train.py").write_text("def main(config):\n    return {'val': {'f1': config['lr']}}\n")
    (book / "own.study.yaml").write_text(
        "task: {function: train.py:main, inputs: [table, other]}\nmetrics: {f1: maximize}\nreplicates: [0]\n"
        f"base: {{table: private/patients.csv, other: '{tmp_path}/outer.csv'}}\nspace: {{lr: [0.1, 0.2]}}\n"
        "report: {splits: [val]}\n"
    )
    ran = tunebook("run", book)
    without = tunebook("pack", book, "--to", tmp_path / "without.tar.gz")
    with_data = tunebook("pack", book, "--data", "--to", tmp_path / "with.tar.gz")
    bare, full = (opened(tmp_path / f"{name}.tar.gz", tmp_path / name) for name in ("without", "with"))

    assert ran.code == 0, ran.err
    assert (bare / "train.py").exists()
    assert not (bare / "private").exists()
    assert "`private/patients.csv` is not in it" in (bare / "PACKED.md").read_text()
    assert without.out.splitlines()[:-1] == [
        "with the program train.py",
        "without checkpoints",
        "without the data private/patients.csv",
        f"without the data {tmp_path}/outer.csv",
    ]
    assert (full / "private" / "patients.csv").read_text() == "name"
    assert "with the data private/patients.csv" in with_data.out
    assert f"without the data {tmp_path}/outer.csv: book.yaml cannot lead to" in with_data.out


@pytest.mark.parametrize("link", ["leak.md", "cells/val/leak.txt"])
def test_a_link_beside_the_runs_is_refused(tunebook, book: Path, tmp_path: Path, link: str):
    """At the top of the book, and in data: what lies elsewhere is not sent by accident."""
    (tmp_path / "private.txt").write_text("0.5")
    (book / link).symlink_to(tmp_path / "private.txt")
    said = tunebook("run", book) if link.startswith("cells") else None
    packed = tunebook("pack", book, "--data", "--to", tmp_path / "toys.zip")

    assert said is None or said.code == 0
    assert packed.code == 2
    assert "must lie in the book; it is a link to " in packed.err
    assert not (tmp_path / "toys.zip").exists()


def test_a_book_in_use_is_refused(tunebook, book: Path, tmp_path: Path):
    """While a command writes into it, no two of its files need agree."""
    with Book.load(book).writing():
        said = tunebook("pack", book, "--to", tmp_path / "toys.zip")

    assert said.code == 2
    assert "another tunebook command writes into it" in said.err

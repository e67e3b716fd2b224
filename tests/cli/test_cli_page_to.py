"""`tunebook page --to`: a folder for GitHub and GitBook."""

from pathlib import Path

import pytest
from toy_study import make_book, make_study

pytestmark = pytest.mark.usefixtures("toy_task")


@pytest.fixture
def book(tunebook, tmp_path: Path) -> Path:
    """A book with a study that has been run and one that has not."""
    made = make_book(tmp_path / "book", replicates="{seed: 1}")
    tunebook("run", made)
    make_study(made, "another")
    return made


def test_a_folder_is_written(tunebook, book: Path, tmp_path: Path):
    """And says what is in it; the pages of the book are left as they are."""
    before = {path: path.read_bytes() for path in (book / "pages").rglob("*") if path.is_file()}
    said = tunebook("page", book, "--to", tmp_path / "to", "--without-costs")
    names = {path.relative_to(tmp_path / "to").as_posix() for path in (tmp_path / "to").rglob("*") if path.is_file()}

    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(f"toys: {tmp_path}/to: {len(names) - 1} files, ")
    assert {"README.md", "SUMMARY.md", "rates.md", ".tunebook-pages"} <= names
    assert "another.md" not in names
    assert "## Costs" not in (tmp_path / "to" / "rates.md").read_text()
    assert "| another |" in (tmp_path / "to" / "README.md").read_text()
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--to", "{book}/runs"], "must not be the folder runs of the book, or in it"),
        (["--to", "{book}/pages/x"], "must not be the folder pages of the book, or in it"),
        (["--to", "{book}/book.yaml"], "must be a folder; got a file"),
        (["--to", "{tmp}/foreign"], "must not hold files of these names already; got README.md"),
        (["--html"], "must be given with --to; got none"),
    ],
)
def test_what_is_in_the_way_is_named(tunebook, book: Path, tmp_path: Path, words: list[str], said: str):
    """And nothing is written."""
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "README.md").write_text("mine")
    found = tunebook("page", book, *(word.format(book=book, tmp=tmp_path) for word in words))

    assert found.code == 2
    assert said in found.err
    assert [path.name for path in (tmp_path / "foreign").iterdir()] == ["README.md"]


def test_a_folder_holds_a_whole_book(tunebook, book: Path, tmp_path: Path):
    """One study would take the others from it."""
    found = tunebook("page", book / "rates", "--to", tmp_path / "to")

    assert found.code == 2
    assert "must be a book for --to" in found.err

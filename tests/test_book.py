"""A book: its studies, their order, and the lock that one writer holds."""

import subprocess
import sys
from pathlib import Path

import pytest
from toy_study import make_book, make_study

from tunebook.book import Book, place
from tunebook.errors import InputError, StudyError
from tunebook.folders import lock
from tunebook.spec.study import Study

pytestmark = pytest.mark.usefixtures("toy_task")

HOLD = """
import sys, time
from pathlib import Path
from tunebook.book import Book

with Book.open(Path(sys.argv[1])).writing():
    print("held", flush=True)
    time.sleep(60)
"""


def make_follower(book: Path, name: str, source: str) -> Path:
    """A study that starts from the weights of another."""
    return make_study(book, name, base=f", model: {{weights: 'study:{source}'}}")


def order(book: Path, *, only: Path | None = None) -> list[str]:
    """Names of the studies as they run."""
    return [declared.study.study for declared in Book.load(book, only=only).studies]


def test_a_study_comes_after_those_it_builds_on(tmp_path: Path) -> None:
    """Whatever their names: weights and decisions of another study come first; else by name."""
    book = make_book(tmp_path)
    make_follower(book, "again", "beyond")
    make_follower(book, "beyond", "rates")
    make_study(book, "alone")

    assert order(book) == ["rates", "beyond", "again", "alone"]


def test_a_book_may_say_the_order(tmp_path: Path) -> None:
    """`studies:` comes first, as far as what studies build on allows it."""
    book = make_book(tmp_path)
    make_study(book, "alone")
    make_follower(book, "next", "rates")
    (book / "book.yaml").write_text("studies: [next, alone]\n")

    assert order(book) == ["rates", "next", "alone"]


def test_one_study_is_read_with_those_it_builds_on(tmp_path: Path) -> None:
    """What is wrong with others is not in the way."""
    book = make_book(tmp_path)
    follower = make_follower(book, "next", "rates")
    (book / "broken.study.yaml").write_text("task: [\n")

    assert order(book, only=follower) == ["rates", "next"]
    with pytest.raises(StudyError, match=r"broken\.study\.yaml:"):
        order(book)


def test_a_name_in_the_file_is_the_name(tmp_path: Path) -> None:
    """`study:` wins over the file's name, for order, references and looking up."""
    book = make_book(tmp_path, study="first")
    make_follower(book, "a", "first")
    loaded = Book.load(book)

    assert [declared.study.study for declared in loaded.studies] == ["first", "a"]
    assert loaded.find("first").path == book / "rates.study.yaml"
    with pytest.raises(InputError, match="must hold the study rates; it holds first, a"):
        loaded.find("rates")


def test_two_studies_of_one_name_are_refused(tmp_path: Path) -> None:
    """Their records would lie in one folder."""
    book = make_book(tmp_path, study="one")
    make_study(book, "sates", study="one")
    with pytest.raises(StudyError, match=r"sates\.study\.yaml: must be a study of another name; rates\.study\.yaml is"):
        Book.load(book)


def test_all_problems_of_all_files_are_said_at_once(tmp_path: Path) -> None:
    """book.yaml, unknown names in it, every study file, and references that lead nowhere."""
    book = make_book(tmp_path)
    (book / "book.yaml").write_text("executor: {threads: 0}\n")
    make_study(book, "rates", space="{lr: [fast]}")
    make_follower(book, "next", "nothing")
    with pytest.raises(StudyError) as caught:
        Book.load(book)

    assert [problem.place for problem in caught.value.problems] == [
        "book.yaml:1",
        "next.study.yaml",
        "rates.study.yaml:3",
    ]
    assert "must refer to studies of the book (next, rates); got nothing" in str(caught.value)


def test_an_unknown_name_in_the_order_is_refused(tmp_path: Path) -> None:
    """A study that book.yaml lists must be there."""
    book = make_book(tmp_path)
    (book / "book.yaml").write_text("studies: [rates, lost]\n")
    with pytest.raises(StudyError, match=r"book\.yaml: studies must be studies of the book \(rates\); got lost"):
        Book.load(book)


def test_a_circle_is_refused(tmp_path: Path) -> None:
    """Studies that wait for each other are named in their order."""
    book = make_book(tmp_path)
    make_follower(book, "one", "two")
    make_follower(book, "two", "one")
    with pytest.raises(StudyError, match="these refer to each other: one -> two -> one"):
        Book.load(book)


def test_what_is_no_book_is_explained(tmp_path: Path) -> None:
    """No folder, and a folder without studies."""
    with pytest.raises(InputError, match="there is no such folder"):
        Book.load(tmp_path / "gone")
    with pytest.raises(InputError, match=r"must hold a study file, NAME\.study\.yaml; it holds none"):
        Book.load(tmp_path)


def test_a_book_opens_whatever_is_wrong_with_its_studies(tmp_path: Path) -> None:
    """Its ledger can be mended and read; only book.yaml must be whole."""
    (tmp_path / "a.study.yaml").write_text("task: [\n")

    assert Book.open(tmp_path).studies == ()
    (tmp_path / "book.yaml").write_text("ledger: 1\n")
    with pytest.raises(StudyError, match=r"book\.yaml:1"):
        Book.open(tmp_path)


def test_a_path_means_a_book_or_a_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder, a file, a name in a book, a name where one stands; anything else is refused with what it may be."""
    book = make_book(tmp_path)
    file = book / "rates.study.yaml"
    monkeypatch.chdir(book)

    assert place(book) == (book, None)
    assert place(file) == (book, file)
    assert place(book / "rates") == (book, file)
    assert place(Path("rates")) == (Path(), Path("rates.study.yaml"))
    for wrong in (book / "gone", book / "book.yaml"):
        with pytest.raises(InputError, match=r"tunebook run BOOK/NAME\.study\.yaml"):
            place(wrong)


def test_the_ledger_lies_where_the_book_says(tmp_path: Path) -> None:
    """To look at it makes no file; to write does."""
    book = make_book(tmp_path)
    (book / "book.yaml").write_text("ledger: sqlite:///other.sqlite\n")
    loaded = Book.load(book)
    with loaded.look() as ledger:
        assert ledger.studies() == ()
    assert list(book.glob("*.sqlite*")) == []
    loaded.ledger().close()

    assert [file.name for file in book.glob("*.sqlite")] == ["other.sqlite"]


def test_one_command_writes_at_a_time(tmp_path: Path) -> None:
    """A second one is refused while the first holds the book, and served when it has been killed."""
    book = Book.load(make_book(tmp_path))
    holder = subprocess.Popen([sys.executable, "-c", HOLD, book.path], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    with holder:
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(InputError, match="must not be in use; another tunebook command writes into it"),
            book.writing(),
        ):
            pass
        holder.kill()
    with lock(book.path / ".lock", wait=2.0), pytest.raises(InputError), book.writing():
        pass
    with book.writing():
        assert (book.path / ".lock").exists()


def test_a_study_of_python_runs_in_a_book(tmp_path: Path) -> None:
    """`book.run` trains, decides and writes the page; what ran is that of the same study as a file."""
    folder = make_book(tmp_path)
    (folder / "book.yaml").write_text("executor: {kind: inline}\n")
    book = Book.load(folder)
    study = book.find("rates").study
    first = book.run(study)
    again = Book.open(folder).run(
        Study(study="same", task="toy", base=dict(study.base), space={"lr": [0.25, 0.5]}, replicates={"seed": 2})
    )

    assert first is not None
    assert again is not None
    assert first.runs == again.runs
    assert (folder / "pages" / "same.html").exists()

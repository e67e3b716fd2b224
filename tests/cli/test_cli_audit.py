"""`tunebook audit`: findings of own and of foreign studies as text and JSON, and the exit code."""

import json
import re
from pathlib import Path

import optuna
import pytest
from toy_study import make_book, make_study

from tunebook.analyse import CODES

ROOT = Path(__file__).resolve().parent.parent.parent
CLEAN, FLAWED = (ROOT / "tests" / "foreign" / f"{name}.csv" for name in ("clean", "flawed"))
DOCS = (ROOT / "docs" / "findings.md").read_text()


# Own studies


@pytest.mark.usefixtures("toy_task")
def test_the_studies_of_a_book(tunebook, tmp_path: Path):
    """Each with its decision and its findings; nothing is written."""
    book = make_book(tmp_path / "book")
    tunebook("run", book)
    before = {path: path.stat().st_mtime_ns for path in book.rglob("*")}
    said = tunebook("audit", book)

    assert said.code == 0
    assert said.out.splitlines()[:2] == ["rates: 2 findings", "  decision: lr=0.5, by best-mean of toy.score on val"]
    assert "  T202 winner at the edge: The best configuration lies at the edge of the values tried" in said.out
    assert "      base: {from: rates}" in said.out
    assert {path: path.stat().st_mtime_ns for path in book.rglob("*")} == before


@pytest.mark.usefixtures("toy_task")
def test_a_study_that_was_not_run_holds_up_no_other(tunebook, tmp_path: Path):
    """The findings of the others are printed; exit code 2 names the one without."""
    book = make_book(tmp_path)
    make_study(book, "another")
    tunebook("run", book / "rates")
    said = tunebook("audit", book)

    assert said.out.startswith("rates: ")
    assert said.code == 2
    assert "another: must have been run in this book" in said.err


@pytest.mark.usefixtures("toy_task")
def test_options_of_tables_are_not_for_books(tunebook, tmp_path: Path):
    """They would have no effect there."""
    said = tunebook("audit", make_book(tmp_path), "--metric", "toy.score")

    assert said.code == 2
    assert "must be a CSV file or a database when an option says how to read a table" in said.err


# Foreign tables


def test_a_table_is_read_and_audited(tunebook):
    """What was guessed comes first, then the findings in the order of their codes."""
    said = tunebook("audit", FLAWED, "--study", "stage-2", "--chosen", "alpha=4 rank=2")
    lines = said.out.splitlines()
    codes = [line.split()[0] for line in lines if re.match(r"  T\d", line)]

    assert lines[:2] == ["stage-2: 15 findings", f"  read: 41 runs of 14 configurations from {FLAWED}"]
    assert any(line.startswith("  control: alpha=2 rank=8 of stage-1 did not reproduce") for line in lines)
    assert codes == sorted(codes)
    assert (said.code, said.err) == (0, "")


def test_a_sound_table(tunebook):
    """It says so."""
    assert tunebook("audit", CLEAN).out.startswith("clean: no findings\n  read: 27 runs of 9 configurations from ")


def test_an_optuna_database(tunebook, tmp_path: Path):
    """By URL or by its file; the study is named where there are several."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    file = tmp_path / "study.db"
    for name in ("one", "two"):
        study = optuna.create_study(storage=f"sqlite:///{file}", study_name=name)
        study.enqueue_trial({"x": 2})
        study.enqueue_trial({"x": 1})
        study.optimize(lambda trial: trial.suggest_int("x", 1, 3) / 10, n_trials=2)
    by_url, by_file = (
        tunebook("audit", f"sqlite:///{file}", "--study", "two"),
        tunebook("audit", file, "--study", "two"),
    )

    assert by_url.out.startswith(f"two: 3 findings\n  read: 2 runs of 2 configurations from {file}\n")
    assert [line.split()[0] for line in by_url.out.splitlines() if re.match(r"  T\d", line)] == ["T202", "T302", "T401"]
    assert by_file.out == by_url.out
    assert tunebook("audit", file).code == 2


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("gone.csv", "gone.csv: must be a file or a folder that can be used"),
        ("gone.db", "must name a file; there is no gone.db"),
    ],
)
def test_a_table_that_is_not_there(tunebook, what: str, message: str):
    """One message, exit code 2."""
    said = tunebook("audit", what)

    assert (said.code, said.out) == (2, "")
    assert message in said.err


# Exit codes and JSON


@pytest.mark.parametrize(
    ("fail_on", "code"),
    [("", 0), ("any", 1), ("T401", 1), ("t601, T401", 1), ("T502,T504", 0), ("T999", 2), ("all", 2)],
)
def test_fail_on_decides_the_exit_code(tunebook, fail_on: str, code: int):
    """1 when one of the codes is found, whatever else is; a code that does not exist is a mistake."""
    said = tunebook("audit", FLAWED, "--study", "stage-2", "--fail-on", fail_on)

    assert said.code == code
    assert ("codes: T101, T102" in said.err) == (code == 2)


def test_a_sound_table_fails_nothing(tunebook):
    """`any` finds nothing."""
    assert tunebook("audit", CLEAN, "--fail-on", "any").code == 0


def test_json_has_the_shape_that_is_documented(tunebook):
    """Every key that docs/findings.md names, and no other."""
    said = tunebook("audit", FLAWED, "--study", "stage-2", "--chosen", "alpha=16", "--format", "json")
    document = json.loads(said.out)
    (study,) = document["studies"]
    section = DOCS.partition("## The JSON")[2].partition("## The codes")[0]
    documented = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
    keys = {*document, *study, *study["decision"], *study["controls"][0], *study["findings"][0]}

    assert keys == documented
    assert (document["form"], study["study"], study["runs"]) == (1, "stage-2", 40)
    assert document["checked"] == [code for code in CODES if code != "T502"]
    assert study["decision"]["score"] is None
    assert {each["code"]: each["meaning"] for each in study["findings"]}["T401"] == CODES["T401"].meaning


def test_an_unknown_format_is_refused(tunebook):
    """Before anything is read."""
    said = tunebook("audit", CLEAN, "--format", "yaml")

    assert said.code == 2
    assert "must be text or json; got yaml" in said.err


# The documentation


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_documented(code):
    """On a page of its own, with an example and a way out; name and meaning are looked for in tests/docs."""
    page = (ROOT / "docs" / "findings" / f"{code}.md").read_text()

    assert "**Example.**" in page
    assert "**Way out.**" in page


def test_every_option_is_documented(tunebook):
    """The words of `tunebook audit --help` stand on the page."""
    options = set(re.findall(r"--[a-z][a-z-]+", tunebook("audit", "--help").out)) - {"--help"}

    assert options
    assert {option for option in options if f"`{option}" not in DOCS} == set()


@pytest.mark.usefixtures("toy_task")
def test_an_edited_study_is_shown_as_it_was_run_and_said_to_be(tunebook, tmp_path: Path):
    """By page and audit, on stderr; a comment is no edit."""
    book = make_book(tmp_path / "book")
    tunebook("run", book)
    file = book / "rates.study.yaml"
    file.write_text(f"# mine\n{file.read_text()}")
    before = [tunebook(command, book).err for command in ("page", "audit")]
    file.write_text(file.read_text().replace("replicates: {seed: 2}", "replicates: {seed: 3}"))
    after = [tunebook(command, book).err for command in ("page", "audit")]

    assert before == ["", ""]
    assert after == [f"rates was edited since it was run; tunebook run {book / 'rates'}\n"] * 2

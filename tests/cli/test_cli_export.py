"""`tunebook export`."""

from pathlib import Path

import polars
import pytest
from toy_study import make_book, make_study


@pytest.mark.usefixtures("toy_task")
def test_one_ledger_gives_one_file(tunebook, tmp_path: Path):
    """A row for each run, metric and split: printed, written and read back it is one table, byte for byte."""
    book = make_book(tmp_path / "book")
    tunebook("run", book)
    file, other = tmp_path / "runs.csv", tmp_path / "runs.parquet"
    printed = tunebook("export", book / "rates").out
    said = tunebook("export", book / "rates", "--format", "csv", "--to", file)
    tunebook("export", book / "rates", "--format", "parquet", "--to", other)
    frame = polars.read_parquet(other)

    assert (said.code, said.out) == (0, f"rates: {file}\n")
    assert file.read_text() == printed
    assert polars.read_csv(file, schema=frame.schema).equals(frame)
    assert set(frame["lr"]) == {0.25, 0.5}
    assert frame.filter((polars.col("metric") == "toy.score") & (polars.col("role") == "search")).height == 8


@pytest.mark.usefixtures("toy_task")
def test_without_costs_equal_books_give_equal_files(tunebook, tmp_path: Path):
    """What time and memory it took differs between two executions; with `--items` each item has its row."""
    said = []
    for name in ("one", "two"):
        book = make_book(tmp_path / name)
        tunebook("run", book)
        said.append(tunebook("export", book, "--without-costs", "--items").out)

    assert said[0] == said[1]
    assert "seconds" not in said[0].splitlines()[0]
    assert len(said[0].splitlines()) > len(tunebook("export", tmp_path / "one").out.splitlines())


@pytest.mark.usefixtures("toy_task")
def test_the_leaderboard_is_printed_as_latex(tunebook, tmp_path: Path):
    """With the decided row set apart."""
    book = make_book(tmp_path)
    tunebook("run", book)
    said = tunebook("export", book, "--format", "latex").out

    assert r"$\rightarrow$ lr=0.5 & " in said
    assert said.endswith("\\end{table}\n")


@pytest.mark.usefixtures("toy_task")
def test_what_cannot_be_exported_is_refused(tunebook, tmp_path: Path):
    """Several studies, one that was not run, Parquet without a file, items of a leaderboard; nothing is written."""
    book = make_book(tmp_path)
    make_study(book, "another")
    said = {
        words: tunebook("export", *words)
        for words in (
            (book,),
            (book / "rates",),
            (book / "nothing",),
            (book / "rates", "--format", "parquet"),
            (book / "rates", "--format", "latex", "--items"),
        )
    }

    assert {each.code for each in said.values()} == {2}
    messages = [each.err for each in said.values()]
    for message, part in zip(
        messages,
        ("must be one study of a book; it holds another, rates", "must have been run", "must be a book's folder or a "
         "study file", "must name a file: Parquet is not text", "is for csv and parquet"),
        strict=True,
    ):  # fmt: skip
        assert part in message
    assert not (book / "ledger.sqlite").exists()

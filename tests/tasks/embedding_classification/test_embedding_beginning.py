"""How a study of embeddings begins: what columns mean, by their names and values."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

from tunebook.errors import DataError
from tunebook.task import Beginning
from tunebook.tasks.embedding_classification.beginning import divided, start

ROWS = 60


def begun(tmp_path: Path, **columns: Any) -> Beginning | None:
    """A beginning on a Parquet file with these columns and embeddings of eight numbers."""
    embeddings = np.random.default_rng(0).normal(size=(ROWS, 8)).astype(np.float32)
    values: Mapping[str, Any] = {"embedding": embeddings, **columns}
    polars.DataFrame({name: each for name, each in values.items() if each is not None}).write_parquet(
        tmp_path / "t.parquet"
    )
    return start(tmp_path / "t.parquet")


def cycled(*values: Any) -> list[Any]:
    return [values[row % len(values)] for row in range(ROWS)]


def test_the_only_table_of_a_folder_is_meant(tmp_path: Path):
    """Where there are two, none of them is."""
    assert begun(tmp_path, label=cycled("wren", "robin", "tit")) is not None

    found = start(tmp_path)

    assert found is not None
    assert found.base["data.table"] == str(tmp_path / "t.parquet")
    (tmp_path / "other.parquet").write_bytes((tmp_path / "t.parquet").read_bytes())
    assert start(tmp_path) is None


@pytest.mark.parametrize(
    ("labels", "metric", "positive"),
    [
        (cycled("wren", "robin", "tit"), "macro.ap", None),
        (cycled(0, 1), "ap", None),
        (cycled(True, False), "ap", None),
        (cycled("wren", "noise"), "ap", None),
        (cycled("call", "nocall"), "ap", "call"),
        (cycled("a", "a", "b"), "ap", "b"),
        (cycled("wren,robin", "robin"), "macro.ap", None),
    ],
)
def test_labels_decide_the_kind_and_the_metric(tmp_path: Path, labels: list[Any], metric: str, positive: str | None):
    """Two values that say no by themselves which is looked for: by name, else the rarer; the comment says which."""
    found = begun(tmp_path, label=labels)

    assert found is not None
    assert (found.select[0], found.base.get("data.positive")) == (metric, positive)
    assert ("data.positive" in found.why) == (positive is not None)
    assert ("data.separator" in found.base) == ("wren,robin" in labels)


def test_a_column_of_splits_is_taken_as_it_is(tmp_path: Path):
    """Under its name and with its names; what is neither trained on nor selected by is reported, the test first."""
    column = cycled("train", "train", "ood", "valid", "test_id")
    found = begun(tmp_path, label=cycled("a", "b", "c"), set=column)

    assert found is not None
    assert found.base["data.split.column"] == "set"
    assert found.base["data.split.names"] == ["train", "valid", "test_id", "ood"]
    assert (found.select[1], found.splits) == ("valid", ("test_id", "ood"))
    assert found.base["early_stopping.split"] == "valid"


def test_without_splits_whole_groups_are_dealt_out(tmp_path: Path):
    """Recordings stay together; a column that is another in every row names the rows and is no group."""
    found = begun(
        tmp_path,
        label=cycled("a", "b", "c"),
        clip=[f"clip{row}" for row in range(ROWS)],
        recording=[f"r{row // 4}" for row in range(ROWS)],
    )

    assert found is not None
    assert found.base["data.split.fractions"] == {"train": 0.6, "val": 0.2, "test": 0.2}
    assert (found.base["data.split.by"], found.base["data.id"]) == (["recording"], "clip")


def test_splits_without_one_to_select_by_are_dealt_out_anew(tmp_path: Path):
    """And the comment says why."""
    found = begun(tmp_path, label=cycled("a", "b", "c"), split=cycled("train", "test"))

    assert found is not None
    assert "data.split.fractions" in found.base
    assert "split does not name" in found.why["data.split.fractions"]


def test_domains_get_scores_of_their_own(tmp_path: Path):
    """A column such as site, of a few values."""
    found = begun(tmp_path, label=cycled("a", "b", "c"), site=cycled("north", "south"))

    assert found is not None
    assert found.base["data.groups"] == ["site"]


def test_labels_of_another_name_are_a_guess(tmp_path: Path):
    """It is said, and less certain."""
    found = begun(tmp_path, bird=cycled("wren", "robin", "tit"))

    assert found is not None
    assert (found.base["data.label"], found.certainty) == ("bird", 0.6)
    assert found.why["data.label"].startswith("a guess: ")


def test_npz_files_are_tables(tmp_path: Path):
    """With an array for each column, under any names; recorded grids are none."""
    np.savez(tmp_path / "t.npz", x=np.zeros((ROWS, 16), np.float32), y=np.array(cycled(0, 1, 2)))
    found = start(tmp_path / "t.npz")

    assert found is not None
    assert (found.base["data.embedding"], found.base["data.label"]) == ("x", "y")
    np.savez(tmp_path / "g.npz", keys=np.array([f"{row:03d}" for row in range(9)]), vals=np.zeros((9, 5)))
    assert start(tmp_path / "g.npz") is None


def test_a_column_for_each_number_is_refused_with_the_way_out(tmp_path: Path):
    """emb_0, emb_1 and so on; what the lines of Python write is a table."""
    wide = {f"emb_{place}": np.arange(ROWS, dtype=np.float32) for place in range(8)}
    with pytest.raises(DataError) as caught:
        begun(tmp_path, embedding=None, label=cycled("a", "b", "c"), **wide)

    (problem,) = caught.value.problems
    code = problem.hint.removeprefix("in Python: ").replace("'embeddings.parquet'", repr(str(tmp_path / "e.parquet")))
    exec(code, {})
    assert start(tmp_path / "e.parquet") is not None


def test_a_damaged_table_is_said(tmp_path: Path):
    """With its path."""
    (tmp_path / "t.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="must be a table that can be read"):
        start(tmp_path / "t.parquet")


@pytest.mark.parametrize("splits", [("train", "val", "test"), ("",)])
def test_folders_of_birdnet_are_tables(tmp_path: Path, splits: tuple[str, ...]):
    """SPLIT/CLASS/*, or CLASS/*: then recordings are dealt out."""
    for split in splits:
        for label in ("wren", "noise"):
            folder = tmp_path / split / label
            folder.mkdir(parents=True)
            (folder / "a.birdnet.embeddings.txt").write_text("0\t3\t0.1,0.2\n")
    found = start(tmp_path)

    assert found is not None
    assert found.select == ("ap", "val")
    assert ("data.split.fractions" in found.base) == (splits == ("",))


@pytest.mark.parametrize("names", [("train", "test"), ("train", "val"), ("a", "b", "c")])
def test_what_lacks_a_split_divides_nothing(names: tuple[str, ...]):
    """One to train on, one to select by and one to report are needed."""
    assert divided(names) is None


@pytest.mark.parametrize("speakers", [3, 5, 10])
def test_rows_of_one_group_are_dealt_out_as_one(tmp_path: Path, speakers: int):
    """Three values are enough; where they are few, the comment says that the shares are rough."""
    names = [f"speaker{row // 3 % speakers}" for row in range(ROWS)]
    found = begun(tmp_path, label=cycled("wren", "robin", "tit"), speaker=names)

    assert found is not None
    assert (found.base["data.groups"], found.base["data.split.by"]) == (["speaker"], ["speaker"])
    assert found.base["data.split.fractions"] == {"train": 0.6, "val": 0.2, "test": 0.2}
    assert found.why["data.split.by"].startswith("rows of one speaker resemble each other: they stay in one split")
    assert (f"; {speakers} make no even shares" in found.why["data.split.by"]) == (speakers < 10)


@pytest.mark.parametrize("names", [["anna", "ben"], ["anna", "ben", "cleo"]], ids=["too few", "a class in one alone"])
def test_groups_that_cannot_be_kept_are_not(tmp_path: Path, names: list[str]):
    """Fewer than splits, or training would lack a class: it is said beside the fractions, and the study can run."""
    labels = ["wren" if row % 3 == 0 else "robin" if row % 3 == 1 else "tit" for row in range(ROWS)]
    found = begun(tmp_path, label=labels, speaker=[names[row % len(names)] for row in range(ROWS)])

    assert found is not None
    assert "data.split.by" not in found.base
    assert ("LOOK: rows of one speaker" in found.why["data.split.fractions"]) == (len(names) == 3)

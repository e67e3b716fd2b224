"""Simulated embeddings."""

import hashlib
import inspect
from pathlib import Path

import numpy as np
import polars
import pytest
from sklearn.linear_model import LogisticRegression

from tunebook.cli.simulate import embeddings as command
from tunebook.errors import InputError
from tunebook.simulate import embeddings

GOLDEN = ("wren-1-000-0", "train", "Low", pytest.approx(0.4477, abs=1e-6), 11.0914)
SMALL = {"classes": 2, "sites": 2, "recordings": 5, "windows": 2, "width": 8}


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> polars.DataFrame:
    """The table that the command writes when it is told nothing."""
    out = tmp_path_factory.mktemp("simulated")
    embeddings(out, seed=0)
    return polars.read_parquet(out / "embeddings.parquet")


def test_the_table_is_small_and_says_that_it_is_made_up(tmp_path: Path):
    """Less than 1 MB, beside a page with its command."""
    embeddings(tmp_path, seed=5)
    source = (tmp_path / "SOURCE.md").read_text()

    assert (tmp_path / "embeddings.parquet").stat().st_size < 1_000_000
    assert "made up by Tunebook" in source
    assert "--seed 5 --classes 4 --sites 4 --recordings 10 --windows 3 --width 32" in source


def test_a_row_has_what_studies_ask_for(table: polars.DataFrame):
    """Names, groups, labels, quality and hardness, and an embedding of one length."""
    assert dict(table.schema) == {
        "id": polars.String, "recording": polars.String, "site": polars.String, "split": polars.String,
        "label": polars.String, "quality": polars.String, "hardness": polars.Float32,
        "embedding": polars.Array(polars.Float32, 32),
    }  # fmt: skip
    assert table["id"].is_unique().all()
    assert table["hardness"].is_between(0, 1).all()
    assert set(table["quality"]) == {"High", "Medium", "Low", None}
    assert table.filter(polars.col("quality").is_null())["label"].unique().to_list() == ["noise"]


def test_the_last_site_is_the_unseen_one(table: polars.DataFrame):
    """It is ood, whole and alone; every class is in every split."""
    assert set(table.filter(split="ood")["site"]) == {"site-4"}
    assert set(table.filter(site="site-4")["split"]) == {"ood"}
    assert (table.group_by("split").agg(polars.col("label").n_unique())["label"] == 5).all()


def test_windows_of_a_recording_stand_in_one_split(table: polars.DataFrame):
    """Several rows each, of one site, label and quality."""
    whole = table.group_by("recording").agg(polars.col("split", "site", "label", "quality").n_unique(), polars.len())

    assert (whole["len"] == 3).all()
    assert whole.select(polars.max_horizontal("split", "site", "label", "quality").max()).item() == 1


def test_known_sites_are_learned_and_the_unseen_one_is_harder(table: polars.DataFrame):
    """What a study of such data is about: one split promises more than the other holds."""
    rows = {name: part for (name,), part in table.group_by("split")}
    head = LogisticRegression(C=0.1, max_iter=1000)
    head.fit(rows["train"]["embedding"].to_numpy() * 6, rows["train"]["label"])
    right = {name: head.score(part["embedding"].to_numpy() * 6, part["label"]) for name, part in rows.items()}

    assert right["val"] > 0.85
    assert right["test"] > 0.85
    assert right["ood"] < right["val"] - 0.1


def test_low_quality_lies_further_from_its_recording(table: polars.DataFrame):
    """As its name says: a reason to leave it out, or not."""
    calls = table.filter(polars.col("label") != "noise")
    calls = calls.with_columns(polars.Series("spread", _spread(calls)))
    spread = dict(calls.group_by("quality").agg(polars.col("spread").mean()).iter_rows())

    assert spread["High"] < spread["Medium"] < spread["Low"]


def _spread(rows: polars.DataFrame) -> np.ndarray:
    """Distance of each row from the middle of its recording."""
    vectors = rows["embedding"].to_numpy()
    whole, of = np.unique(rows["recording"].to_numpy(), return_inverse=True)
    middles = np.stack([vectors[of == k].mean(axis=0) for k in range(len(whole))])
    return np.linalg.norm(vectors - middles[of], axis=1)


def test_equal_arguments_give_equal_bytes(tmp_path: Path):
    """And may be written again; another seed gives another table and is refused in the same folder."""
    for name in ("one", "two", "one"):
        embeddings(tmp_path / name, seed=3, **SMALL)
    embeddings(tmp_path / "other", seed=4, **SMALL)

    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    assert digests(tmp_path / "one") != digests(tmp_path / "other")
    with pytest.raises(InputError, match="not drawn from version 1, seed 4"):
        embeddings(tmp_path / "one", seed=4, **SMALL)


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path):
    """Nothing is written beside files that are not ours."""
    (tmp_path / "table.parquet").write_text("precious")

    with pytest.raises(InputError, match="must be a new or empty folder; it holds 1 other files, table.parquet first"):
        embeddings(tmp_path, seed=0, **SMALL)
    assert digests(tmp_path).keys() == {"table.parquet"}


def test_every_bad_argument_is_named(tmp_path: Path):
    """Each with what it must be and what it is."""
    with pytest.raises(InputError) as caught:
        embeddings(tmp_path / "new", seed=-1, classes=9, sites=1, recordings=4, windows=0, width=7)

    assert str(caught.value).splitlines() == [
        "seed: must be an integer >= 0; got -1",
        "sites: must be at least 2; got 1",
        "recordings: must be at least 5; got 4",
        "windows: must be at least 1; got 0",
        "width: must be at least 8; got 7",
        "classes: must be at most 8; got 9",
    ]
    assert not (tmp_path / "new").exists()


def test_the_command_has_the_functions_defaults():
    """Told nothing, both write the same table."""
    function = inspect.signature(embeddings).parameters
    options = inspect.signature(command).parameters

    assert list(options) == list(function)
    assert {name: options[name].default for name in options if name not in ("out", "seed")} == {
        name: function[name].default for name in function if name not in ("out", "seed")
    }


def test_the_numbers_stay_those_of_this_version(table: polars.DataFrame):
    """Another way of drawing is another version: pages that people made must not drift."""
    first = table.row(0, named=True)

    assert (first["id"], first["split"], first["quality"], first["hardness"]) == GOLDEN[:4]
    assert float(table["embedding"].to_numpy().sum(dtype=float)) == pytest.approx(GOLDEN[4], abs=1e-3)

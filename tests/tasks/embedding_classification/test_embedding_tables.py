"""Tables of embeddings: Parquet and NPZ files, what is refused in them, and where."""

from datetime import date
from pathlib import Path

import numpy as np
import polars
import pytest
from table_examples import columns, configured, read, refused

from tunebook.errors import DataError, InputError
from tunebook.tasks.embedding_classification import tables
from tunebook.tasks.embedding_classification.config import Data

NAN = [float("nan")] * 3
ALL = "rows 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11"
THERE = "test (4 rows), train (4 rows), val (4 rows)"
NONE = "must hold an embedding in at least one row; got none"
SPOILT = "must hold finite numbers alone; {} have NaN, null or infinity among them"


# What is read -------------------------------------------------------------------------------------------


def test_rows_stand_in_their_split_in_the_order_of_the_table(tmp_path: Path):
    """Names, embeddings and targets of a split are those of its rows."""
    found = read(tmp_path, columns(), positive="wren")
    val = found.splits["val"]

    assert (found.kind, found.classes, tuple(found.splits)) == ("binary", ("wren",), ("train", "val", "test"))
    assert val.ids == val.items == ("clip4", "clip5", "clip6", "clip7")
    assert val.targets.ravel().tolist() == [1, 0, 1, 0]
    assert val.embeddings.dtype == np.float32
    assert val.embeddings[0].tolist() == [12, 13, 14]


def test_every_form_of_a_column_of_embeddings_reads_alike(tmp_path: Path):
    """Lists, fixed-size lists and doubles are the same numbers."""
    values = columns()
    expected = read(tmp_path, values).splits["test"].embeddings
    for dtype in (polars.List(polars.Float64), polars.Array(polars.Float64, 3), polars.List(polars.Int16)):
        series = polars.Series(values["embedding"].tolist()).cast(dtype)

        assert np.array_equal(read(tmp_path, {**values, "embedding": series}).splits["test"].embeddings, expected)


def test_an_npz_file_reads_as_the_parquet_file_does(tmp_path: Path):
    """An array per column: numbers, text, bytes, true and false, and a 2-D array."""
    values = columns(site=[row // 4 for row in range(12)])
    expected = read(tmp_path, values, groups=["site"])
    arrays = {name: np.array(column) for name, column in values.items()}
    np.savez(tmp_path / "clips.npz", **{**arrays, "split": arrays["split"].astype("S")})
    found = tables.read(configured("clips.npz", groups=["site"]), tmp_path)

    assert found.classes == expected.classes
    for name, rows in found.splits.items():
        assert (rows.ids, rows.groups) == (expected.splits[name].ids, expected.splits[name].groups)
        assert np.array_equal(rows.embeddings, expected.splits[name].embeddings)
        assert np.array_equal(rows.targets, expected.splits[name].targets)


def test_rows_of_other_splits_are_left_out(tmp_path: Path):
    """What stands in them does not matter: no label, no embedding that could be used, any group."""
    values = columns(site=["a"] * 4 + ["b"] * 4 + ["c"] * 4)
    rows = polars.DataFrame(values)
    other = polars.DataFrame({**{name: series[:1] for name, series in values.items()}, "split": ["unused"]})
    other = other.with_columns(polars.lit(None, polars.String).alias("label"))
    polars.concat([rows, other.select(rows.columns)]).write_parquet(tmp_path / "clips.parquet")
    found = tables.read(configured(split={"by": ["site"]}), tmp_path)

    assert sum(len(split.ids) for split in found.splits.values()) == 12
    assert found.classes == ("robin", "wren")


def test_rows_without_names_have_the_number_of_their_row(tmp_path: Path):
    """Numbers count from 0 over the whole table."""
    assert read(tmp_path, columns(), id=None).splits["val"].ids == ("4", "5", "6", "7")


def test_groups_items_quality_and_hardness_are_read(tmp_path: Path):
    """Several columns of groups are joined; a row without quality or hardness has an empty text, or NaN."""
    values = columns(
        site=["a", "b"] * 6,
        day=[date(2024, 5, 1)] * 12,
        recording=[f"{split}-{name}" for split in "tvx" for name in "aabb"],
        quality=["High", None] * 6,
        score=[0.5, None] * 6,
    )
    train = read(tmp_path, values, groups=["site", "day"], item="recording", hardness="score").splits["train"]

    assert train.groups == ("a · 2024-05-01", "b · 2024-05-01") * 2
    assert train.items == ("t-a", "t-a", "t-b", "t-b")
    assert train.quality == ("High", "", "High", "")
    assert np.array_equal(train.hardness, [0.5, np.nan, 0.5, np.nan], equal_nan=True)


def test_a_row_may_lack_a_group(tmp_path: Path):
    """Of several columns the one that it lacks is called none; without any it is in no group."""
    values = columns(site=["a", None, None, "a"] * 3, day=["1", "1", None, None] * 3)

    assert read(tmp_path, values, groups=["site", "day"]).splits["val"].groups == ("a · 1", "none · 1", "", "a · none")


def test_without_the_usual_columns_nothing_is_known_of_quality_and_hardness(tmp_path: Path):
    """A table needs no columns of these names."""
    train = read(tmp_path, columns()).splits["train"]

    assert train.quality == ("",) * 4
    assert np.isnan(train.hardness).all()


@pytest.mark.parametrize("nothing", [None, NAN], ids=["null", "NaN"])
def test_a_row_may_have_no_embedding(tmp_path: Path, nothing: list[float] | None):
    """It stays a row of its split, NaN throughout."""
    values = columns()
    values["embedding"] = [*values["embedding"].tolist()[:-1], nothing]
    test = read(tmp_path, values).splits["test"]

    assert test.embedded.tolist() == [True, True, True, False]
    assert np.isnan(test.embeddings[-1]).all()


def test_what_is_fingerprinted_is_the_file(tmp_path: Path):
    """One file; the names of the splits come from the configuration alone."""
    read(tmp_path, columns())

    assert tables.files(configured(), tmp_path) == (tmp_path / "clips.parquet",)
    assert tables.names(configured()) == ("train", "val", "test")
    assert tables.names(configured(split={"fractions": {"train": 0.5, "dev": 0.5}})) == ("train", "dev")


@pytest.mark.data
def test_the_table_of_spoken_digits_reads(tmp_path: Path):
    """2,300 rows, ten classes, four splits; quality in thirds; a group of its own for each speaker."""
    splits = {"names": ["train", "val", "test_id", "ood"]}
    table = "${TUNEBOOK_DATA}/fsdd_embeddings/fsdd_embeddings.parquet"
    data = Data.model_validate({"table": table, "id": "clip_id", "groups": ["domain"], "split": splits})
    found = tables.read(data, tmp_path)

    assert (found.kind, found.classes) == ("multi-class", tuple("0123456789"))
    assert {name: rows.embeddings.shape for name, rows in found.splits.items()} == {
        "train": (1400, 512),
        "val": (200, 512),
        "test_id": (200, 512),
        "ood": (500, 512),
    }
    assert set(found.splits["ood"].groups) == {"george"}
    assert set(found.splits["train"].quality) == {"High", "Medium", "Low"}
    assert found.splits["train"].targets.sum(axis=0).tolist() == [140] * 10


# What is refused ----------------------------------------------------------------------------------------


def test_unknown_columns_are_named_with_near_ones(tmp_path: Path):
    """All at once, each with the field that asks for it."""
    polars.DataFrame(columns()).write_parquet(tmp_path / "clips.parquet")
    data = configured(label="lable", groups=["site"], quality="grade")
    with pytest.raises(InputError) as caught:
        tables.read(data, tmp_path)

    assert [problem.message for problem in caught.value.problems] == [
        "must have the column lable (data.label); it has none",
        "must have the column site (data.groups); it has none",
        "must have the column grade (data.quality); it has none",
    ]
    assert caught.value.problems[0].hint == "did you mean label?"
    assert "clip, label, split, embedding" in caught.value.problems[1].hint


def test_a_recording_never_spans_splits(tmp_path: Path):
    """What is scored as one is kept together, whether the splits are given or made."""
    values = columns(recording=["x"] * 12)
    ((place, message),) = refused(lambda: read(tmp_path, values, item="recording"))

    assert place == "clips.parquet, column recording"
    assert message == "must keep every value in one split; got x in train and val and test"


def test_everything_wrong_in_the_columns_is_said_at_once(tmp_path: Path):
    """Spoilt embeddings, missing labels and names: each with its column and rows."""
    values = columns(recording=[["x"]] * 12, score=["low"] * 12)
    values["embedding"][5, 1] = np.inf
    values["embedding"][7, 2] = np.nan
    values["label"][3] = None
    values["clip"][0] = ""
    found = refused(
        lambda: read(
            tmp_path,
            values,
            item="recording",
            hardness="score",
            split={"names": ["train", "val", "tset"]},
        )
    )

    assert found == [
        ("clips.parquet, column split", f"must have rows of the split tset; got {THERE}"),
        ("clips.parquet, column recording", "must hold one value a row, text or a number; got List(String)"),
        ("clips.parquet, column clip", "must have a value in every row; row 0 has none"),
        ("clips.parquet, column embedding", SPOILT.format("rows 5, 7")),
        ("clips.parquet, column label", "must have a value in every row; row 3 has none"),
        ("clips.parquet, column score", "must hold numbers; got String"),
    ]  # fmt: skip


def test_embeddings_of_unequal_length_are_refused(tmp_path: Path):
    """The message says which rows differ from most."""
    values = columns()
    values["embedding"] = [*values["embedding"].tolist()[:-2], [1.0, 2.0], []]
    message = "must hold lists of one length; most have 3 numbers, rows 10, 11 have another number"

    assert refused(lambda: read(tmp_path, values)) == [("clips.parquet, column embedding", message)]


@pytest.mark.parametrize(
    ("embedding", "message"),
    [
        (["a"] * 12, "must hold lists of numbers; got String"),
        ([None] * 12, "must hold lists of numbers; got Null"),
        ([["a"]] * 12, "must hold lists of numbers; got List(String)"),
        ([NAN] * 12, NONE),
        (polars.Series([None] * 12, dtype=polars.List(polars.Float32)), NONE),
        ([[1.0, None]] * 12, SPOILT.format(ALL)),
        ([[1e39, 0.0]] * 12, SPOILT.format(ALL)),
    ],
)  # fmt: skip
def test_a_column_without_usable_embeddings_is_refused(tmp_path: Path, embedding, message: str):
    """Text, nothing at all, null within a list, or numbers too large for fp32."""
    assert refused(lambda: read(tmp_path, columns(embedding=embedding))) == [
        ("clips.parquet, column embedding", message)
    ]


def test_a_name_is_given_once_in_a_split(tmp_path: Path):
    """The same name in two splits is two rows; twice in one split is refused."""
    names = [f"clip{row % 4}" for row in range(12)]
    read(tmp_path, columns(clip=names))
    names[1] = "clip0"
    message = "must be another in every row of a split; got clip0 2 times in train"

    assert refused(lambda: read(tmp_path, columns(clip=names))) == [("clips.parquet, column clip", message)]


def test_a_missing_table_and_a_table_of_text_are_refused(tmp_path: Path):
    """The place is the path; a variable that is not set is named."""
    (tmp_path / "clips.csv").write_text("clip,label\n")

    assert (
        refused(lambda: tables.files(configured(), tmp_path))[0][1]
        == "must be a table of embeddings; it does not exist"
    )
    assert "must be a Parquet file" in refused(lambda: tables.read(configured("clips.csv"), tmp_path))[0][1]
    with pytest.raises(InputError, match="needs the environment variable NOT_SET_HERE"):
        tables.read(configured("${NOT_SET_HERE}/clips.parquet"), tmp_path)


@pytest.mark.parametrize("name", ["clips.parquet", "clips.npz"])
@pytest.mark.parametrize("content", [b"", b"PAR1 no table PAR1", b"PK\x03\x04 neither"])
def test_a_damaged_file_is_refused(tmp_path: Path, name: str, content: bytes):
    """Whatever its reader makes of it, one message names the file."""
    (tmp_path / name).write_bytes(content)
    ((place, message),) = refused(lambda: tables.read(configured(name), tmp_path))

    assert place == name
    assert message.startswith("must be a table that can be read")


def test_arrays_of_other_shapes_are_refused(tmp_path: Path):
    """Each column of an NPZ file by itself, then their lengths; Python objects are never loaded."""
    arrays = {name: np.array(column) for name, column in columns().items()}
    np.savez(tmp_path / "clips.npz", **{**arrays, "embedding": np.zeros(12), "label": np.zeros((11, 2))})
    np.savez(tmp_path / "objects.npz", **{**arrays, "label": np.array([None] * 12)})

    assert refused(lambda: tables.read(configured("clips.npz"), tmp_path)) == [
        ("clips.npz, column embedding", "must be a 2-D array of numbers or text; got float64 of shape (12,)"),
        ("clips.npz, column label", "must be a 1-D array of numbers or text; got float64 of shape (11, 2)"),
        ("clips.npz", "must hold arrays with one entry a row; got embedding 12, label 11, clip 12, split 12"),
    ]
    assert "allow_pickle" in refused(lambda: tables.read(configured("objects.npz"), tmp_path))[0][1]


# Without labels -----------------------------------------------------------------------------------------


def test_a_new_table_needs_no_labels_and_no_splits(tmp_path: Path):
    """Names and embeddings; items where the table has their column."""
    values = columns(label=None, split=None, recording=["x", "y"] * 6)
    polars.DataFrame(values).write_parquet(tmp_path / "new.parquet")
    ids, embeddings, items = tables.unlabelled(configured(item="recording"), tmp_path / "new.parquet")

    assert ids == tuple(values["clip"])
    assert np.array_equal(embeddings, values["embedding"])
    assert items == ("x", "y") * 6
    assert tables.unlabelled(configured(item="file"), tmp_path / "new.parquet")[2] is None


@pytest.mark.parametrize(
    ("data", "way"),
    [
        ({"split": {"by": ["take"]}}, "data.split.fractions: {train: 0.6, val: 0.2, test: 0.2} deals the rows out"),
        ({"folds": 3}, "with folds and without a test, data.split.fractions: {train: 1.0} deals all rows out"),
    ],
)
def test_a_table_without_splits_says_what_a_study_may_say(tmp_path: Path, data, way: str):
    """Whether groups or folds are named; and what it says is read."""
    values = columns(split=None, take=[f"take{row // 2}" for row in range(12)])
    with pytest.raises(DataError) as raised:
        read(tmp_path, values, **data)
    found = read(tmp_path, values, folds=3, split={"by": ["take"], "fractions": {"train": 1.0}}).splits

    assert raised.value.problems[0].hint.startswith(way)
    assert {name: len(rows.ids) for name, rows in found.items()} == {"train": 8, "val": 4}

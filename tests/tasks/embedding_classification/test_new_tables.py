"""A trained head on tables without labels."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest
from trained_heads import CHOSEN, CLASSES, SETTINGS, WIDTH, drawn, embeddings, trained

from tunebook.errors import DataError
from tunebook.tasks.embedding_classification import heads
from tunebook.tasks.embedding_classification.applying import predict
from tunebook.tasks.embedding_classification.rows import Kind

ROWS = 7
NAMES = [f"clip {row}" for row in range(ROWS)]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Seven rows; the third and the sixth have no embedding, and the sixth is alone in its recording."""
    rows = embeddings(ROWS)
    lists = [None if row in (2, 5) else values.tolist() for row, values in enumerate(rows)]
    frame = {"clip": NAMES, "recording": ["a", "b", "a", "a", "b", "c", "b"], "embedding": lists}
    polars.DataFrame(frame).write_parquet(tmp_path / "new.parquet")
    return tmp_path / "new.parquet"


def predicted(
    table: Path, kind: Kind, *, suffix: str = ".parquet", **config: Any
) -> tuple[polars.DataFrame, Sequence[str]]:
    """What is written of a table, and what is said."""
    data = {"table": "rows.parquet", "id": "clip", **config.pop("data", {})}
    run, context = trained(table.parent, kind, data=data, **config)
    to = table.parent / f"out{suffix}"
    said = predict(run, context, SETTINGS[kind], on=table, to=to)
    return (polars.read_csv(to) if suffix == ".csv" else polars.read_parquet(to)), said


def logits(kind: Kind) -> np.ndarray:
    """Of the table's rows that have an embedding, in float64."""
    return heads.logits(drawn(kind), embeddings(ROWS)).astype(float)[[0, 1, 3, 4, 6]]


def test_binary_has_a_probability_and_a_decision(table: Path):
    """A row for each row of the table, in its order; at the chosen threshold; null without an embedding."""
    frame, said = predicted(table, "binary")
    likely = 1 / (1 + np.exp(-logits("binary")[:, 0]))

    assert frame.columns == ["id", "p_wren", "is_wren"]
    assert frame["id"].to_list() == NAMES
    assert frame["p_wren"].is_null().to_list() == [row in (2, 5) for row in range(ROWS)]
    np.testing.assert_allclose(frame["p_wren"].drop_nulls(), likely, 1e-6)
    assert frame["is_wren"].drop_nulls().to_list() == (likely >= 0.375).tolist()
    assert said == ("7 rows of 6 numbers", "2 without an embedding, null")


def test_multi_class_has_a_label(table: Path):
    """The softmax of each class and the likeliest one."""
    frame, _ = predicted(table, "multi-class")
    shares = np.exp(logits("multi-class"))
    shares /= shares.sum(axis=1, keepdims=True)

    assert frame.columns == ["id", "p_wren", "p_robin", "p_owl", "label"]
    np.testing.assert_allclose(frame.drop("id", "label").drop_nulls(), shares, 1e-6)
    assert frame["label"].to_list()[:2] == [CLASSES["multi-class"][best] for best in shares.argmax(axis=1)[:2]]
    assert frame["label"][2] is None


def test_multi_label_decides_for_each_class(table: Path):
    """One threshold for all classes; CSV and Parquet hold the same."""
    frame, _ = predicted(table, "multi-label")
    text, _ = predicted(table, "multi-label", suffix=".csv")

    assert frame.columns == ["id", "p_wren", "p_robin", "p_owl", "is_wren", "is_robin", "is_owl"]
    for name in CLASSES["multi-label"]:
        assert frame[f"is_{name}"].equals(frame[f"p_{name}"] >= 0.375)
    assert text.equals(frame)


def test_rows_are_pooled_into_items(table: Path):
    """With the study's column of items, the largest raw score of its rows is that of a recording."""
    frame, said = predicted(table, "binary", data={"item": "recording", "pool": "max"})
    scores = logits("binary")[:, 0]
    best = [max(scores[0], scores[2]), max(scores[1], scores[3], scores[4])]

    assert frame.columns == ["item", "rows", "p_wren", "is_wren"]
    assert frame["item"].to_list() == ["a", "b", "c"]
    assert frame["rows"].to_list() == [3, 3, 1]
    np.testing.assert_allclose(frame["p_wren"].drop_nulls(), 1 / (1 + np.exp(-np.array(best))), 1e-6)
    assert said == ("7 rows of 6 numbers, pooled into 3 by recording (max)", "1 without an embedding, null")


def test_a_table_without_items_is_said_to_have_none(table: Path):
    """Rows are then judged each by itself, which the chosen threshold was not."""
    frame, said = predicted(table, "binary", data={"item": "night"})

    assert frame.height == ROWS
    assert said[0] == (
        "7 rows of 6 numbers, each by itself: there is no column night to pool them by, as those were that the "
        "threshold is for"
    )


def test_another_width_is_refused(table: Path):
    """Embeddings of another model are named with both widths; nothing is written."""
    polars.DataFrame({"clip": ["x"], "embedding": [[0.0] * (WIDTH + 1)]}).write_parquet(table)

    with pytest.raises(DataError, match="must hold embeddings of 6 numbers, as the head was trained on; got 7"):
        predicted(table, "binary")
    assert not (table.parent / "out.parquet").exists()


def test_another_suffix_is_refused(table: Path):
    """Before anything is read."""
    run, context = trained(table.parent)

    with pytest.raises(DataError, match=r"must end in .csv or .parquet; got out.xlsx"):
        predict(run, context, CHOSEN, on=table.parent / "gone", to=table.parent / "out.xlsx")


def test_birdnets_folders_need_no_classes(table: Path):
    """All files of embeddings below a folder are read; a window is named by its recording and its start."""
    folder = table.parent / "birdnet" / "site"
    folder.mkdir(parents=True)
    lines = [f"{3.0 * at}\t{3.0 * at + 3}\t{','.join(map(str, row))}" for at, row in enumerate(embeddings(2))]
    (folder / "XC1.birdnet.embeddings.txt").write_text("\n".join(lines) + "\n")
    run, context = trained(table.parent)
    predict(run, context, CHOSEN, on=table.parent / "birdnet", to=table.parent / "out.csv")

    assert polars.read_csv(table.parent / "out.csv")["id"].to_list() == ["XC1@0", "XC1@3"]

"""Folds of a table, from its rows to the page of a study."""

from collections import defaultdict

import numpy as np
import pytest
from embedding_examples import canonical, configured, write_rows
from table_examples import columns, read, refused

from tunebook import study as conductor
from tunebook.book import Book
from tunebook.execute.inline import Inline
from tunebook.study import Allowance
from tunebook.tasks.embedding_classification import tables

STUDY = """
task: embedding-classification
base:
  data: {table: rows.npz, positive: owl, folds: 3, split: {by: [recording]}}
  budget: {epochs: 1}
  early_stopping: {patience: null}
space: {lr: [0.01, 0.1]}
noise: {seeds: 2, repeats: 1}
select: {metric: ap}
baselines: false
"""


def on_fold(fold: int, **changes):
    """Values and changes of `read` for one of three folds."""
    return {"folds": 3, "fold": fold, **changes}


def test_each_row_is_val_in_one_fold(tmp_path):
    """Train and val are parted anew; test is that of the table in each fold."""
    every = [read(tmp_path, columns(24), **on_fold(fold)).splits for fold in range(3)]
    vals = [clip for found in every for clip in found["val"].ids]

    assert sorted(vals) == sorted(f"clip{row}" for row in range(16))
    assert [found["test"].ids for found in every] == [tuple(f"clip{row}" for row in range(16, 24))] * 3
    assert all(not set(found["train"].ids) & set(found["val"].ids) for found in every)


def test_a_group_never_spans_folds(tmp_path):
    """Rows of one site are in train or in val, in every fold; so are those of one item."""
    sites = [f"site{row // 3}" for row in range(24)]
    for changes in ({"split": {"by": ["site"]}}, {"item": "site"}):
        where = defaultdict(set)
        for fold in range(3):
            found = read(
                tmp_path, columns(24, site=sites, split=["train"] * 18 + ["test"] * 6), **on_fold(fold, **changes)
            )
            for split, rows in found.splits.items():
                for clip in rows.ids:
                    where[fold, int(clip.removeprefix("clip")) // 3].add(split)

        assert len(where) == 24
        assert all(len(splits) == 1 for splits in where.values())


def test_a_table_without_val_has_one_in_each_fold(tmp_path):
    """The split that folds make need not be named, nor be in the table."""
    values = columns(12, split=["train"] * 8 + ["ood"] * 4)
    found = read(tmp_path, values, **on_fold(1, split={"names": ["train", "ood"]}))

    assert tables.names(configured({"data.folds": 3, "data.split.names": ["train", "ood"]}).data) == (
        "train",
        "ood",
        "val",
    )
    assert {split: len(rows.ids) for split, rows in found.splits.items()} == {"train": 5, "ood": 4, "val": 3}


def test_a_group_of_the_test_split_is_refused_in_folds_too(tmp_path):
    """Train and val may share a group, which folds keep whole; test may not."""
    sites = ["a"] * 4 + ["a", "b", "b", "b"] + ["c", "c", "c", "b"]
    problems = refused(lambda: read(tmp_path, columns(12, site=sites), **on_fold(0, split={"by": ["site"]})))

    assert problems == [("clips.parquet, column site", "must keep every value in one split; got b in train and test")]


def test_runs_of_before_keep_their_configuration():
    """Folds that nobody asks for are no part of an id; a fold is."""
    effective = canonical().effective

    assert not {path for path in effective if "fold" in path or path == "data.split.val"}
    assert {"data.folds", "data.fold"} <= canonical({"data.folds": 3, "data.fold": 1}).effective.keys()
    assert "data.split.seed" in canonical({"data.folds": 3}).effective


def test_a_study_on_folds(tmp_path):
    """Seed × fold to the decision: each run is told its fold, noise has every fold, the lowest stands for the seed."""
    write_rows(tmp_path, split=np.array(["train", "val", "test"])[np.arange(60) // 4 % 3])
    (tmp_path / "book.yaml").write_text("")
    (tmp_path / "cv.study.yaml").write_text(STUDY)
    book = Book.load(tmp_path)
    declared = book.find("cv")
    with book.ledger() as ledger, Inline() as executor:
        prepared = conductor.prepare(declared.study, book.shelf(ledger), text=declared.text)
        list(conductor.conduct(prepared, ledger, executor, allowance=Allowance()))
        decision = conductor.decide(prepared, ledger)
        table = conductor.table("cv", ledger, tmp_path)
        lowest = {planned.run.id for planned in prepared.runs if planned.run.replicate == {"seed": 0, "fold": 0}}

    roles = defaultdict(list)
    for planned in prepared.runs:
        roles[planned.role].append(
            (planned.run.replicate, planned.run.configuration.get("data.fold"), planned.run.repeat)
        )
    assert roles["search"] == [({"seed": 0, "fold": fold}, fold, 0) for fold in (0, 1, 2) for _ in range(2)]
    fresh = [({"seed": seed, "fold": fold}, fold, 0) for seed in (1, 2) for fold in (0, 1, 2)]
    assert roles["noise"] == [*fresh, ({"seed": 0, "fold": 0}, 0, 1)]
    assert len({planned.run.id for planned in prepared.runs}) == len(prepared.runs)
    assert decision is not None
    assert set(decision.runs) == {0}
    assert decision.runs[0] in lowest
    assert decision.values["data"]["fold"] is None
    assert {run.status for row in table.rows for run in row.runs} == {"finished"}
    assert len({run.fingerprints["data"] for run in (planned.run for planned in prepared.runs)}) == 1


@pytest.mark.parametrize("changes", [{"data.fold": 1}, {"data.folds": 3, "data.fold": 3}])
def test_a_fold_that_there_is_not_is_refused(changes):
    """By the configuration itself."""
    with pytest.raises(Exception, match="must have its fold among its folds"):
        configured(changes)

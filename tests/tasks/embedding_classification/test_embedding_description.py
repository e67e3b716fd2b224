"""What embedding classification is, without torch: identity, folding, inputs, what is refused."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
from embedding_examples import WIDTH, a_run, canonical, configured, write_rows

from tunebook import task
from tunebook.errors import DataError
from tunebook.fingerprints import FingerprintCache, of_inputs
from tunebook.tasks.embedding_classification import TASK


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A book with a table, that tests read and leave alone."""
    path = tmp_path_factory.mktemp("book")
    write_rows(path)
    return path


def _same(one, other):
    return canonical(one).id == canonical(other).id


def _refused(changes, book):
    """What is wrong with a configuration, as verify says it."""
    with pytest.raises(DataError) as found:
        TASK.verify(configured(changes), book)
    return [(problem.place, problem.message) for problem in found.value.problems]


# Folding ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "idle"),
    [
        ({}, {"head.dropout": 0.5}),
        ({"head.dropout": 0.5}, {"head.dropout": 0.0}),
        ({"head.hidden_units": 8}, {"head.input_dropout": True}),
        ({}, {"head.input_dropout": True}),
        ({}, {"head.c": 7.0}),
        ({}, {"loss.smoothing": "positives"}),
        ({}, {"loss.kind": "bce"}),
        ({"data.positive": None, "data.separator": ","}, {"loss.kind": "bce"}),
        ({}, {"mixup.alpha": 0.4, "mixup.fraction": 0.5}),
        ({"mixup.kind": "batch"}, {"mixup.fraction": 0.5}),
        ({}, {"optimizer.weight_decay": 0.1}),
        ({"schedule.name": "constant"}, {"schedule.final": 0.5}),
        ({"early_stopping.patience": None, "keep_weights": "last"}, {"early_stopping.metric": "ap"}),
        ({}, {"subset.upsampling.mode": "smote"}),
        ({}, {"data.split.seed": 3}),
        ({"data.split.fractions": {"train": 0.6, "val": 0.4}}, {"data.split.column": "fold"}),
        ({}, {"data.quality": "snr", "data.hardness": "logit"}),
        ({}, {"data.groups": ["site"], "data.item": "recording", "data.pool": "mean"}),
        ({}, {"data.table": "elsewhere.parquet"}),
        ({"head.kind": "majority"}, {"head.standardise": False, "head.c": 3.0, "optimizer.lr": 1.0}),
        ({"head.kind": "logistic-regression"}, {"budget.epochs": 7, "loss.label_smoothing": 0.1, "batch_size": 3}),
    ],
)
def test_what_cannot_matter_is_no_part_of_a_configuration(changes, idle):
    """Points that differ in it alone are one run."""
    assert _same(changes, {**changes, **idle})


@pytest.mark.parametrize(
    ("changes", "matters"),
    [
        ({"head.hidden_units": 8}, {"head.dropout": 0.5}),
        ({"head.input_dropout": True}, {"head.dropout": 0.5}),
        ({"head.hidden_units": 8, "head.dropout": 0.5}, {"head.input_dropout": True}),
        ({"loss.label_smoothing": 0.1}, {"loss.smoothing": "positives"}),
        ({"data.positive": None}, {"loss.kind": "bce"}),
        ({"mixup.kind": "once"}, {"mixup.fraction": 0.5}),
        ({"optimizer.name": "adamw"}, {"optimizer.weight_decay": 0.1}),
        ({"keep_weights": "last"}, {"early_stopping.patience": 3}),
        ({"early_stopping.patience": None}, {"early_stopping.metric": "ap"}),
        ({"subset.upsampling.ratio": 0.5}, {"subset.upsampling.mode": "smote"}),
        ({"subset.quality": ["High"]}, {"data.quality": "snr"}),
        ({"head.kind": "logistic-regression"}, {"head.c": 3.0}),
        ({"head.kind": "majority"}, {"subset.balance": True}),
        ({}, {"loss.focal_alpha": 0.5}),
    ],
)
def test_what_matters_is_a_part_of_it(changes, matters):
    """The part that it belongs to is there."""
    assert not _same(changes, {**changes, **matters})


def test_a_factorial_folds_where_there_is_nothing_to_drop():
    """Five rates of dropout are one for a linear head: of 360 points 288 are distinct."""
    points = itertools.product((1e-4, 1e-3, 1e-2), (0.0, 0.1, 0.25, 0.4, 0.5), (0, 32, 128, 512), (None, ["High"]))
    names = ("optimizer.lr", "head.dropout", "head.hidden_units", "subset.quality")
    distinct = {canonical(dict(zip(names, point, strict=True))).id for point in points}

    assert 3 * len(distinct) == 288


def test_a_seed_matters_where_something_is_drawn():
    """A baseline draws nothing but its rows."""
    for kind in ("majority", "logistic-regression"):
        assert "seed" in TASK.without_effect(configured({"head.kind": kind}))
        for draws in ({"subset.balance": True}, {"subset.positives": 5}, {"subset.upsampling.ratio": 0.5}):
            assert "seed" not in TASK.without_effect(configured({"head.kind": kind, **draws}))
    assert "seed" not in TASK.without_effect(configured())


# What it says of itself -------------------------------------------------------------------------------


def test_the_task_is_installed_and_starts_quickly():
    """It is found by its name, and neither torch nor a table reader nor scikit-learn is imported for it."""
    code = (
        "import sys; from tunebook import task; found = task.find('embedding-classification'); "
        "found.baselines(found.Config(data={'table': 'x'})); "
        "print(sorted({'torch', 'polars', 'sklearn', 'scipy'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "[]"
    assert task.find("embedding-classification").name == "embedding-classification"
    assert next(iter(TASK.metrics)) == "f1"


def test_a_head_has_a_length_and_a_baseline_has_one_step(book):
    """Epochs of the budget; both baselines are fitted at once."""
    assert TASK.length(configured({"budget.epochs": 7}), book) == 7
    for values in TASK.baselines(configured()).values():
        assert TASK.length(configured({f"head.{name}": value for name, value in values["head"].items()}), book) == 1


def test_splits_are_those_that_are_named():
    """Of a column, or of fractions."""
    assert TASK.splits(configured({"data.split.names": ["train", "val", "ood"]})) == ("train", "val", "ood")
    assert TASK.splits(configured({"data.split.fractions": {"train": 0.5, "val": 0.5}})) == ("train", "val")


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer.lr": 0.3},
        {"optimizer.weight_decay": 0.1, "optimizer.name": "adamw"},
        {"head.hidden_units": 8},
        {"head.hidden_units": 8, "head.dropout": 0.5, "head.input_dropout": True},
        {"loss.label_smoothing": 0.1},
        {"loss.focal_gamma": 2.0},
        {"mixup.kind": "batch"},
        {"early_stopping.patience": 3},
        {"keep_weights": "last"},
    ],
)
def test_heads_that_differ_in_this_train_together(changes):
    """They see the same rows in the same order, step by step."""
    assert TASK.cohort(configured(changes)) == TASK.cohort(configured())


@pytest.mark.parametrize(
    "changes",
    [
        {"data.positive": "wren"},
        {"subset.balance": True},
        {"batch_size": 16},
        {"budget.epochs": 4},
        {"schedule.warmup": 0.0},
        {"precision": "fp64"},
        {"arithmetic": "fast"},
        {"head.standardise": False},
        {"mixup.kind": "once"},
        {"mixup.kind": "once", "mixup.fraction": 0.5},
    ],
)
def test_heads_that_differ_in_this_do_not(changes):
    """Other rows, other batches or other arithmetic."""
    assert TASK.cohort(configured(changes)) != TASK.cohort(configured())
    assert TASK.cohort(configured({"head.kind": "majority"})) != TASK.cohort(configured())


# The table --------------------------------------------------------------------------------------------


def test_the_table_is_its_content(book, tmp_path):
    """A table has one fingerprint whatever it is called, and another when a number changes."""
    write_rows(tmp_path)
    moved = (tmp_path / "rows.npz").rename(tmp_path / "other.npz")
    cache = FingerprintCache(tmp_path / "cache.sqlite")

    first = a_run(book).fingerprints
    assert of_inputs(TASK.inputs(configured({"data.table": "other.npz"}), tmp_path), cache=cache) == first
    write_rows(tmp_path, seed=1)
    assert moved.exists()
    assert a_run(tmp_path).fingerprints != first


def test_a_table_that_can_be_used_is(book):
    """Nothing is said of it."""
    for changes in ({}, {"data.positive": None}, {"data.groups": ["site"], "data.item": "recording"}):
        TASK.verify(configured(changes), book)


def test_softmax_is_for_several_classes(book):
    """Where labels say so alone, the table has to be read; where the configuration does, nothing is planned."""
    softmax = {"loss.kind": "softmax"}
    message = "must be bce or auto for binary labels; got softmax"

    TASK.verify(configured({**softmax, "data.positive": None}), book)
    with pytest.raises(DataError, match=message):
        TASK.inputs(configured(softmax), book)
    with pytest.raises(DataError, match="for multi-label labels"):
        TASK.inputs(configured({**softmax, "data.positive": None, "data.separator": ","}), book)


def test_softmax_of_true_and_false_is_found_in_the_table(tmp_path):
    """No configuration says that such labels are binary."""
    write_rows(tmp_path, labels=[True, False])  # type: ignore[list-item]

    changes = {"data.positive": None, "loss.kind": "softmax"}
    assert _refused(changes, tmp_path) == [("loss.kind", "must be bce or auto for binary labels; got softmax")]


def test_early_stopping_looks_at_a_split_that_there_is(book):
    """It is named before anything is read; where nothing looks at it, it may be any."""
    with pytest.raises(DataError, match=r"early_stopping.split: must be one of the splits train, val, test; got dev"):
        TASK.inputs(configured({"early_stopping.split": "dev"}), book)
    for blind in ({"early_stopping.patience": None, "keep_weights": "last"}, {"head.kind": "majority"}):
        TASK.inputs(configured({"early_stopping.split": "dev", **blind}), book)


def test_a_recording_in_two_groups_is_refused(tmp_path):
    """Its score could stand in neither: every such split is named."""
    write_rows(tmp_path, site=np.resize(np.array(["marsh", "wood"]), 60))
    found = _refused({"data.groups": ["site"], "data.item": "recording"}, tmp_path)

    assert [place for place, _ in found] == [f"data.item, split {name}" for name in ("train", "val", "test")]
    assert found[2][1] == "must be items whose rows are all of one group; 3 are of several: r11, r3, r7"


def test_a_split_without_embeddings_is_refused_where_it_is_needed(tmp_path):
    """Early stopping cannot look at rows that nothing is known of."""
    write_rows(tmp_path)
    with np.load(tmp_path / "rows.npz") as columns:
        embedding = np.where(
            (columns["split"] == "val")[:, None], np.full(WIDTH, np.nan, np.float32), columns["embedding"]
        )
    write_rows(tmp_path, embedding=embedding)

    assert _refused({}, tmp_path) == [("data.split", "must have rows with an embedding in val; got none of 16")]
    TASK.verify(configured({"early_stopping.patience": None, "keep_weights": "last"}), tmp_path)

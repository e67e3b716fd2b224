"""More rows for small classes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import KDTree
from table_examples import rows_of

from tunebook.tasks.embedding_classification.config import Upsampling
from tunebook.tasks.embedding_classification.rows import Kind, TrainingSet
from tunebook.tasks.embedding_classification.subsets import plain_set
from tunebook.tasks.embedding_classification.upsampling import neighbours, upsampled

MODES = ["repeat", "mean", "linear", "smote"]
SMALL = [[1]] * 4 + [[0]] * 20


def a_set(labels, *, seed: int = 0) -> TrainingSet:
    embeddings = np.random.default_rng(seed).standard_normal((len(labels), 5)).astype(np.float32)
    return plain_set(rows_of(labels, embeddings=embeddings))


def more(rows: TrainingSet, mode: str, ratio: float, *, kind: Kind = "binary", seed: int = 0) -> TrainingSet:
    """What up-sampling puts behind the rows, which stay as they are."""
    found = upsampled(rows, Upsampling.model_validate({"mode": mode, "ratio": ratio}), kind=kind, seed=seed)
    count = len(rows.embeddings)

    assert np.array_equal(found.embeddings[:count], rows.embeddings)
    assert np.array_equal(found.targets[:count], rows.targets)
    assert found.embeddings.dtype == found.targets.dtype == np.float32
    return TrainingSet(found.embeddings[count:], found.targets[count:])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("ratio", "count"), [(0.0, 0), (0.1, 0), (0.5, 6), (1.0, 16)])
def test_the_smaller_side_gets_its_share_of_the_larger(mode: str, ratio: float, count: int):
    """Half of twenty are ten: six more; never fewer than there are. All of them are of that side."""
    found = more(a_set(SMALL), mode, ratio)

    assert found.targets.ravel().tolist() == [1] * count


@pytest.mark.parametrize("mode", MODES)
def test_negatives_are_a_side_too(mode: str):
    """Where they are the smaller one."""
    assert more(a_set([[0]] * 3 + [[1]] * 9), mode, 1.0).targets.ravel().tolist() == [0] * 6


def test_classes_are_filled_up_and_background_is_not():
    """Each class to its share of the largest; background counts for nothing."""
    labels = [[1, 0, 0]] * 10 + [[0, 1, 0]] * 4 + [[0, 0, 1]] * 7 + [[0, 0, 0]] * 30

    assert more(a_set(labels), "linear", 0.8, kind="multi-class").targets.sum(axis=0).tolist() == [0, 4, 1]


def test_repeated_rows_take_turns():
    """Six more of four rows: each once or twice."""
    rows = a_set(SMALL)
    found = more(rows, "repeat", 0.5).embeddings
    times = [int((found == row).all(axis=1).sum()) for row in rows.embeddings[:4]]

    assert sorted(times) == [1, 1, 2, 2]


def test_means_are_halfway_between_two_rows():
    """Of different rows of the class."""
    rows = a_set(SMALL)
    own = rows.embeddings[:4]
    halves = [(own[a] + own[b]) / 2 for a in range(4) for b in range(a)]

    for row in more(rows, "mean", 1.0).embeddings:
        assert min(np.abs(row - half).max() for half in halves) < 1e-6


@pytest.mark.parametrize("mode", ["linear", "smote"])
def test_points_lie_between_two_rows_of_the_class(mode: str):
    """The ways from the point to the two rows add up to that between them, for one pair at least."""
    rows = a_set(SMALL)
    own = rows.embeddings[:4].astype(np.float64)

    for row in more(rows, mode, 1.0).embeddings:
        detours = [
            np.linalg.norm(row - own[a]) + np.linalg.norm(row - own[b]) - np.linalg.norm(own[a] - own[b])
            for a in range(4)
            for b in range(a)
        ]
        assert min(detours) < 1e-5


def test_smote_stays_among_neighbours():
    """Two clusters of six: no point lies between them, as points of linear do."""
    embeddings = np.random.default_rng(0).standard_normal((42, 3)).astype(np.float32)
    embeddings[:6, 0] += 100
    rows = plain_set(rows_of([[1]] * 12 + [[0]] * 30, embeddings=embeddings))
    nearest, anywhere = (more(rows, mode, 1.0).embeddings[:, 0] for mode in ("smote", "linear"))

    assert not ((nearest > 10) & (nearest < 90)).any()
    assert ((anywhere > 10) & (anywhere < 90)).any()


@given(rows=st.integers(2, 12), seed=st.integers(0, 50))
def test_neighbours_are_the_nearest(rows: int, seed: int):
    """Those that a k-d tree finds, the row itself left out."""
    embeddings = np.random.default_rng(seed).standard_normal((rows, 4)).astype(np.float32)
    k = min(5, rows - 1)
    expected = KDTree(embeddings).query(embeddings, k=k + 1)[1][:, 1:]

    assert neighbours(embeddings, np.arange(rows), k=k).tolist() == expected.tolist()


def test_equal_rows_are_neighbours_in_their_order():
    """Ties go to the earlier row; a row is never its own neighbour."""
    assert neighbours(np.zeros((4, 2), dtype=np.float32), np.array([0, 2]), k=2).tolist() == [[1, 2], [0, 1]]


@pytest.mark.parametrize("mode", MODES)
def test_a_single_row_is_repeated(mode: str):
    """There is nothing to mix it with."""
    rows = a_set([[1]] + [[0]] * 5)
    found = more(rows, mode, 1.0)

    assert np.array_equal(found.embeddings, np.repeat(rows.embeddings[:1], 4, axis=0))


def test_a_row_of_two_classes_counts_for_both():
    """What the first class gets, the second needs no more."""
    labels = [[1, 1, 0]] * 3 + [[0, 0, 1]] * 6

    assert more(a_set(labels), "repeat", 1.0, kind="multi-label").targets.tolist() == [[1, 1, 0]] * 3


def test_targets_are_mixed_as_embeddings_are():
    """Halfway between a row of two classes and a row of one, the second class is half there."""
    labels = [[1, 1, 0], [1, 0, 0]] + [[0, 1, 1]] * 4
    found = more(a_set(labels), "mean", 1.0, kind="multi-label")

    assert found.targets[:2].tolist() == [[1, 0.5, 0]] * 2


@pytest.mark.parametrize("mode", MODES)
def test_a_seed_repeats_itself(mode: str):
    """Another seed draws otherwise."""
    rows = a_set(SMALL)
    first, again, other = (more(rows, mode, 0.7, seed=seed).embeddings for seed in (0, 0, 1))

    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)

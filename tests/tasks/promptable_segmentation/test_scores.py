"""Scores of predicted instances."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from elf.evaluation import mean_segmentation_accuracy
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy import ndimage
from scipy.optimize import linear_sum_assignment

from tunebook.errors import DataError
from tunebook.tasks.promptable_segmentation.scores import (
    THRESHOLDS,
    matches,
    msa,
    msa_elf,
    pairs,
    segmentation_accuracy,
)

Labels = NDArray[np.integer[Any]]


def row(*runs: tuple[int, int]) -> NDArray[np.int32]:
    """A label map of one row from (id, length) runs."""
    return np.repeat([i for i, _ in runs], [length for _, length in runs])[None].astype(np.int32)


def slow_counts(pred: Labels, true: Labels) -> tuple[int, ...]:
    """Matched pairs at every threshold by sets, fractions and a full assignment."""
    ones = [pred == i for i in np.unique(pred) if i != 0]
    others = [true == i for i in np.unique(true) if i != 0]
    iou = np.array([[Fraction(int((a & b).sum()), int((a | b).sum())) for b in others] for a in ones], object)
    counts = []
    for twentieths in range(10, 20):
        reach = (iou >= Fraction(twentieths, 20)).reshape(len(ones), len(others)).astype(float)
        counts.append(int(reach[linear_sum_assignment(-reach)].sum()))
    return tuple(counts)


@st.composite
def two_maps(draw: st.DrawFn) -> tuple[Labels, Labels]:
    """Two small maps of few objects, the second partly a copy of the first; ids have gaps."""
    shape = draw(st.tuples(st.integers(1, 5), st.integers(1, 6)))
    ids = st.sampled_from([0, 1, 2, 7, 300])
    pred = draw(arrays(np.int32, shape, elements=ids))
    other = draw(arrays(np.int32, shape, elements=ids))
    return pred, np.where(draw(arrays(np.bool_, shape)), pred, other)


@given(two_maps())
@settings(deadline=None, max_examples=150)
def test_counts_equal_a_slow_reference(maps: tuple[Labels, Labels]) -> None:
    """Matched pairs are those of an optimal assignment on exact fractions, at every threshold."""
    found = matches(*maps)

    assert found.counts == slow_counts(*maps)


@given(two_maps(), st.permutations([1, 2, 7, 300]))
@settings(deadline=None, max_examples=50)
def test_ids_are_only_names(maps: tuple[Labels, Labels], names: list[int]) -> None:
    """Renaming objects, with ids far above the number of pixels too, changes nothing."""
    pred, true = maps
    renamed = np.zeros(pred.shape, np.int64)
    for old, new in zip([1, 2, 7, 300], names, strict=True):
        renamed[pred == old] = 10**12 + new

    assert matches(renamed, true) == matches(pred, true)


@given(two_maps())
@settings(deadline=None, max_examples=50)
def test_truth_and_prediction_may_be_exchanged(maps: tuple[Labels, Labels]) -> None:
    """The score is symmetric; only missed and invented change places."""
    one, other = matches(*maps), matches(*reversed(maps))

    assert one.counts == other.counts
    assert (one.fp(0.5), one.fn(0.5)) == (other.fn(0.5), other.fp(0.5))


@given(two_maps())
@settings(deadline=None, max_examples=150)
def test_elf_variant_equals_elf_in_every_bit(maps: tuple[Labels, Labels]) -> None:
    """`msa_elf` is python-elf's mean segmentation accuracy, also with ties and empty maps."""
    assert msa_elf(*maps) == float(mean_segmentation_accuracy(*maps))


@pytest.mark.parametrize("seed", range(8))
def test_elf_variant_equals_elf_on_larger_maps(seed: int) -> None:
    """Bit equality on maps of a hundred touching objects, shifted by a few pixels."""
    rng = np.random.default_rng(seed)
    true = np.kron(np.arange(100).reshape(10, 10), np.ones((9, 7), int)).astype(np.uint16)
    pred = np.roll(true, rng.integers(0, 4, 2), axis=(0, 1)) * (rng.random(true.shape) < 0.95)

    assert msa_elf(pred, true) == float(mean_segmentation_accuracy(pred, true))


def blobs(rng: np.random.Generator) -> Labels:
    """A label map of the pieces of smooth noise above a random level, at times empty."""
    noise = ndimage.gaussian_filter(rng.normal(size=(60, 70)), 2)
    labels: Labels = ndimage.label(noise > rng.choice([0.02, 0.1, 0.2, 9.0]))[0]
    return labels


@pytest.mark.parametrize("seed", range(20))
def test_scores_of_broken_blobs_equal_elf_and_the_slow_reference(seed: int) -> None:
    """Shifted objects, cut into fragments by stripes and numbered anew, against those that are there."""
    rng = np.random.default_rng(seed)
    true = blobs(rng)
    pred = np.roll(true, rng.integers(0, 3, 2), axis=(0, 1))
    pred[:, :: int(rng.integers(3, 30))] = 0
    pred = ndimage.label(pred)[0] if seed % 4 else blobs(rng)

    assert matches(pred, true).counts == slow_counts(pred, true)
    assert msa_elf(pred, true) == float(mean_segmentation_accuracy(pred, true))


def test_a_map_scored_by_hand() -> None:
    """Four objects with IoU 1, 4/5, 3/5 and 2/5, and one invented: 3, 2 and 1 pairs of 5 + 4 objects."""
    true = row((1, 20), (2, 20), (3, 20), (4, 20), (0, 20))
    pred = row((1, 20), (2, 16), (0, 4), (3, 12), (0, 8), (4, 8), (0, 12), (5, 9), (0, 11))
    expected = (3, 3, 3, 2, 2, 2, 2, 1, 1, 1)

    assert matches(pred, true).counts == expected
    assert msa(pred, true) == pytest.approx(sum(tp / (9 - tp) for tp in expected) / 10)
    assert segmentation_accuracy(pred, true, 0.75) == pytest.approx(2 / 7)


def test_an_iou_of_one_half_matches() -> None:
    """The lowest threshold is reached by half of an object, in both variants; less than half is nothing."""
    true = row((1, 20), (0, 1))

    assert (msa(row((1, 10), (0, 11)), true), msa_elf(row((1, 10), (0, 11)), true)) == (0.1, 0.1)
    assert (msa(row((1, 9), (0, 12)), true), msa_elf(row((1, 9), (0, 12)), true)) == (0.0, 0.0)


def test_fragments_count_as_invented() -> None:
    """Of an object in pieces of 7 and 3 tenths the larger one matches up to 0.70, the smaller one never."""
    found = matches(row((1, 14), (2, 6)), row((1, 20)))

    assert found.counts == (1, 1, 1, 1, 1, 0, 0, 0, 0, 0)
    assert (found.fp(0.5), found.fn(0.5), found.accuracy(0.5)) == (1, 0, 0.5)


def test_equal_maps_score_one() -> None:
    """Every object found exactly."""
    labels = row((0, 2), (5, 3), (9, 4))

    assert (msa(labels, labels), msa_elf(labels, labels)) == (1.0, 1.0)


def test_two_empty_maps_agree() -> None:
    """Nothing predicted where nothing is there is a perfect answer; elf says 0."""
    empty = np.zeros((4, 4), np.uint8)

    assert (msa(empty, empty), segmentation_accuracy(empty, empty, 0.5), msa_elf(empty, empty)) == (1.0, 1.0, 0.0)


def test_one_empty_map_scores_zero() -> None:
    """Everything missed, or everything invented."""
    empty, labels = np.zeros((1, 3), np.int32), row((0, 1), (1, 2))

    assert [msa(empty, labels), msa(labels, empty)] == [0.0, 0.0]
    assert [matches(empty, labels).fn(0.5), matches(labels, empty).fp(0.5)] == [1, 1]


def test_iou_of_three_quarters_counts_at_075() -> None:
    """Thresholds are exact decimals; elf's drift above theirs and refuse the same pair."""
    pred, true = row((1, 3), (0, 1)), row((1, 4))

    assert matches(pred, true).counts == (1, 1, 1, 1, 1, 1, 0, 0, 0, 0)
    assert (msa(pred, true), msa_elf(pred, true)) == (0.6, 0.5)


@pytest.mark.parametrize("position", range(10))
def test_every_threshold_counts_at_its_exact_value(position: int) -> None:
    """An IoU equal to a threshold reaches it, one just below does not."""
    width = 10 + position
    at = matches(row((1, width), (0, 20 - width)), row((1, 20)))
    below = matches(row((1, 10 * width - 1), (0, 201 - 10 * width)), row((1, 200)))

    assert sum(at.counts) == position + 1
    assert sum(below.counts) == position


def test_halves_of_an_object_match_once() -> None:
    """Two predictions that halve an object both have an IoU of 0.5, but only one can be its match."""
    found = matches(row((1, 2), (2, 2), (3, 1)), row((1, 4), (0, 1)))

    assert (found.tp(0.5), found.fp(0.5), found.fn(0.5)) == (1, 2, 0)


def test_halves_match_the_lower_id() -> None:
    """`pairs` names one partner, the lower id of two that tie, from either side."""
    halves, whole = row((7, 2), (4, 2)), row((9, 4))

    assert pairs(halves, whole) == ((4, 9),)
    assert pairs(whole, halves) == ((9, 4),)


@given(two_maps())
@settings(deadline=None, max_examples=50)
def test_pairs_are_as_many_as_matches(maps: tuple[Labels, Labels]) -> None:
    """`pairs` is an assignment of the size that `matches` counts, and every pair overlaps by half."""
    found = pairs(*maps)

    assert len(found) == matches(*maps).tp(0.5)
    assert len({one for one, _ in found}) == len({other for _, other in found}) == len(found)
    for one, other in found:
        a, b = maps[0] == one, maps[1] == other
        assert 2 * (a & b).sum() >= (a | b).sum()


def test_accuracy_counts_missed_and_invented() -> None:
    """One found, one missed, one invented: 1 / 3."""
    pred, true = row((1, 3), (0, 3), (2, 3)), row((1, 3), (2, 3), (0, 3))

    assert segmentation_accuracy(pred, true, 0.75) == 1 / 3
    assert msa(pred, true) == pytest.approx(1 / 3)


def test_thresholds_are_the_decimals() -> None:
    """Ten thresholds, 0.50 to 0.95."""
    assert " ".join(map(str, THRESHOLDS)) == "0.5 0.55 0.6 0.65 0.7 0.75 0.8 0.85 0.9 0.95"


def test_another_threshold_is_refused() -> None:
    """Only the ten thresholds can be asked for."""
    with pytest.raises(ValueError, match=r"threshold must be one of 0\.50, .* 0\.95; got 0\.4"):
        segmentation_accuracy(row((1, 1)), row((1, 1)), 0.4)


@pytest.mark.parametrize(
    ("pred", "true", "message"),
    [
        (np.zeros((2, 3), int), np.zeros((3, 2), int), r"prediction: must have the shape of the truth, \(3, 2\)"),
        (np.zeros((2, 2)), np.zeros((2, 2), int), "prediction: must be a label map .* got float64"),
        (np.zeros((2, 2), int), np.zeros((1, 2, 2), int), r"truth: must be a label map .* got int64 \(1, 2, 2\)"),
        (np.zeros((0, 2), int), np.zeros((0, 2), int), "prediction: must be a label map"),
        (np.zeros((1, 2), int), np.array([[0, -3]]), "truth: must hold ids from 0 .* got -3"),
    ],
)
def test_what_is_no_label_map_is_refused(pred: Labels, true: Labels, message: str) -> None:
    """Another shape, floating numbers, a third axis, no pixels and negative ids have one clear message."""
    with pytest.raises(DataError, match=message):
        matches(pred, true)

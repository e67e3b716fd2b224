"""Instances from maps, and the choice of the values."""

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from tunebook.errors import DataError
from tunebook.tasks.promptable_segmentation.distances import targets
from tunebook.tasks.promptable_segmentation.scores import msa
from tunebook.tasks.promptable_segmentation.watershed import DEFAULTS, best, grid, instances, recorded


def discs(*centres: tuple[int, int], radius: int = 7, shape: tuple[int, int] = (40, 60)) -> NDArray[np.int32]:
    """Filled discs with ids 1, 2, …; later ones lie over earlier ones."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    labels = np.zeros(shape, np.int32)
    for number, (y, x) in enumerate(centres, 1):
        labels[(rows - y) ** 2 + (columns - x) ** 2 <= radius**2] = number
    return labels


def bytes_of(maps: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Maps as they are stored."""
    return np.rint(maps * 255).astype(np.uint8)


def disturbed(labels: NDArray[np.int32], *, seed: int) -> NDArray[np.uint8]:
    """Maps with smooth noise, as a model that is not perfect predicts them."""
    noise = gaussian_filter(np.random.default_rng(seed).normal(size=(3, *labels.shape)), (0, 1, 1))
    return bytes_of(np.clip(targets(labels) + 0.5 * noise, 0, 1).astype(np.float32))


def test_perfect_maps_give_their_objects_back() -> None:
    """Touching objects are parted where their targets say so."""
    labels = discs((12, 12), (12, 25), (28, 30), (30, 50))
    found = instances(targets(labels), smoothing=0.5)

    assert np.unique(found).tolist() == [0, 1, 2, 3, 4]
    assert msa(found, labels) > 0.9


def test_stored_maps_are_the_same_in_bytes_and_in_floats() -> None:
    """0..255 means 0..1."""
    maps = disturbed(discs((12, 12), (12, 25), (28, 30)), seed=0)

    assert np.array_equal(instances(maps), instances(maps.astype(np.float32) / 255))


def test_empty_maps_have_no_objects() -> None:
    """No foreground, no instances."""
    assert not instances(targets(np.zeros((9, 9), np.int32))).any()


def test_foreground_without_a_seed_is_background() -> None:
    """Where both distances are far from any centre nothing grows."""
    maps = np.ones((3, 9, 9), np.float32)

    assert not instances(maps).any()


def test_small_objects_are_dropped_and_ids_have_no_gaps() -> None:
    """`min_size` is the smallest area that stays."""
    labels = discs((8, 8)) + 2 * discs((30, 20), radius=3) + 3 * discs((20, 50))
    found = instances(targets(labels), smoothing=0.0, foreground_smoothing=0.0, min_size=30)
    areas = np.bincount(found.ravel())[1:]

    assert areas.tolist() == [149, 149]
    assert len(np.unique(instances(targets(labels), smoothing=0.0, foreground_smoothing=0.0, min_size=29))) == 4


def test_no_smoothing_leaves_the_mask_alone() -> None:
    """With sigma 0 the foreground is the foreground."""
    labels = discs((12, 12), (12, 30))
    found = instances(targets(labels), smoothing=0.0, foreground_smoothing=0.0)

    assert np.array_equal(found > 0, labels > 0)


def test_maps_of_another_shape_are_refused() -> None:
    """Three channels come first."""
    with pytest.raises(ValueError, match=r"maps must have the shape \(3, h, w\); got \(9, 9, 3\)"):
        instances(np.zeros((9, 9, 3), np.uint8))


def test_the_published_grid_is_micro_sams() -> None:
    """525 combinations, in its order: thresholds 0.3 to 0.7, smoothing 1.0 to 2.0 and the surplus 2.2, three sizes.

    micro-sam writes a range as rounded `arange(low, high + step, step)`, which for smoothing rounds past its end.
    """
    thresholds, smoothing = (
        [float(round(value, 3)) for value in np.arange(low, high + step, step)]
        for low, high, step in ((0.3, 0.7, 0.1), (1.0, 2.0, 0.2))
    )
    names = ("centre_threshold", "boundary_threshold", "smoothing", "min_size")
    values = [
        dict(zip(names, each, strict=True)) for each in product(thresholds, thresholds, smoothing, (50, 100, 200))
    ]

    assert smoothing == [1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.2]
    assert len(values) == 525
    assert grid("micro-sam") == tuple({**DEFAULTS, **each} for each in values)


def test_the_small_grid_starts_in_the_middle() -> None:
    """36 combinations; the first, which wins every tie, has the default thresholds and drops nothing."""
    found = grid("small")

    assert len({tuple(values.items()) for values in found}) == 36
    assert found[0] == {**DEFAULTS, "smoothing": 1.0}


def test_another_grid_is_refused() -> None:
    """The message names the grids."""
    with pytest.raises(ValueError, match="grid must be one of small, micro-sam; got large"):
        grid("large")


def test_best_is_the_best_of_all_combinations() -> None:
    """Shared work changes nothing: the winner and its mean are those of one call per combination."""
    truths = [discs((12, 12), (12, 25), (28, 30)), discs((20, 20), (22, 34), radius=8)]
    maps = [disturbed(truth, seed=seed) for seed, truth in enumerate(truths)]
    alone = [np.mean([msa(instances(m, **v), t) for m, t in zip(maps, truths, strict=True)]) for v in grid("small")]
    values, score = best(maps, truths, grid=grid("small"))

    assert len(set(alone)) > 5
    assert score == pytest.approx(max(alone))
    assert values == grid("small")[int(np.argmax(alone))]


def test_ties_go_to_the_first() -> None:
    """Maps without objects score alike under every combination."""
    nothing = np.zeros((8, 8), np.int32)
    values, score = best([targets(nothing)], [nothing], grid=grid("small"))

    assert (values, score) == (grid("small")[0], 1.0)


def test_values_that_a_combination_leaves_out_are_the_defaults() -> None:
    """The winner is complete: it can be stored and given to `instances`."""
    labels = discs((12, 12))
    values, _ = best([targets(labels)], [labels], grid=[{"smoothing": 1.0}])

    assert values == {**DEFAULTS, "smoothing": 1.0}


def test_another_score_can_decide() -> None:
    """The number of objects, negated, prefers the combination that drops most."""
    labels = discs((8, 8)) + 2 * discs((30, 20), radius=5)
    sizes = [{"min_size": size} for size in (0, 110)]
    values, score = best([targets(labels)], [labels], grid=sizes, score=lambda pred, _: -float(pred.max()))

    assert (values["min_size"], score) == (110, -1.0)


def test_nothing_can_be_chosen_without_images() -> None:
    """A split without images has no best values."""
    with pytest.raises(DataError, match="post-processing: must be chosen on at least one image; got none"):
        best([], [], grid=grid("small"))


def test_recorded_values_can_be_used() -> None:
    """What was recorded with a run comes back as it is."""
    assert recorded(dict(grid("small")[5])) == grid("small")[5]


def test_recorded_values_that_do_not_fit_are_refused() -> None:
    """Unknown, missing and non-numeric values are named, all at once."""
    values = {**DEFAULTS, "smoothing": "much", "threshold": 0.5}
    del values["min_size"]

    with pytest.raises(DataError) as caught:
        recorded(values)
    assert [problem.place.split(".")[1] for problem in caught.value.problems] == ["min_size", "smoothing", "threshold"]

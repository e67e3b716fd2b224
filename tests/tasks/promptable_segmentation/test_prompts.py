"""The simulated user of interactive training."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from tunebook.tasks.promptable_segmentation.prompts import (
    boxes,
    centre,
    corrections,
    drawn_corrections,
    drawn_pixel,
    jittered,
    random_pixel,
)


def _draws(seed=0):
    return torch.Generator().manual_seed(seed)


def _masks(count=3, side=24, *, seed=0):
    """Blobs of random size, each with at least one pixel."""
    rng = np.random.default_rng(seed)
    found = ndimage.gaussian_filter(rng.normal(size=(count, side, side)), (0, 3, 3)) > 0.05
    found[:, side // 2, side // 2] = True
    return torch.from_numpy(found)


def _rectangle(rows, columns, side=16):
    mask = torch.zeros(1, side, side, dtype=torch.bool)
    mask[0, rows, columns] = True
    return mask


def _holds(masks, points):
    """Whether each (x, y) lies on its mask."""
    return [bool(mask[int(y), int(x)]) for mask, (x, y) in zip(masks, points, strict=True)]


# Boxes ------------------------------------------------------------------------------------------------


def test_a_box_ends_on_the_objects_last_pixel():
    """A box names the centres of the first and the last pixel, x before y."""
    mask = _rectangle(slice(3, 5), slice(7, 12))

    assert boxes(mask).tolist() == [[7, 3, 11, 4]]


def test_a_box_of_one_pixel_is_that_pixel():
    """The first and the last pixel are the same, at the image's corner too."""
    mask = torch.cat([_rectangle(0, 0), _rectangle(15, 15)])

    assert boxes(mask).tolist() == [[0, 0, 0, 0], [15, 15, 15, 15]]


def test_boxes_are_those_of_scipy():
    """Boxes of random blobs agree with scipy's find_objects."""
    masks = _masks(20)
    found = [ndimage.find_objects(mask.numpy().astype(int))[0] for mask in masks]

    assert boxes(masks).tolist() == [[x.start, y.start, x.stop - 1, y.stop - 1] for y, x in found]


def test_jitter_moves_sides_outwards_by_up_to_a_fraction_of_their_length():
    """Each side moves on its own, never inwards, never by more than its share, on average by half of it."""
    found = torch.tensor([[400.0, 300.0, 500.0, 340.0]]).repeat(4000, 1)

    moved = (jittered(found, fraction=0.1, size=1024, generator=_draws()) - found) * torch.tensor([-1, -1, 1, 1])

    assert (moved >= 0).all()
    assert (moved <= torch.tensor([10, 4, 10, 4])).all()
    assert moved.mean(dim=0).tolist() == pytest.approx([5, 2, 5, 2], rel=0.05)
    assert torch.corrcoef(moved.T).fill_diagonal_(0).abs().max() < 0.1


def test_jitter_stays_inside_the_image():
    """A box at the image's rim does not leave it."""
    found = torch.tensor([[0.0, 0.0, 63.0, 63.0]])

    assert jittered(found, fraction=1.0, size=64, generator=_draws()).tolist() == [[0, 0, 63, 63]]


def test_no_jitter_is_the_tight_box():
    """A fraction of 0 changes nothing."""
    found = boxes(_masks())

    assert torch.equal(jittered(found, fraction=0.0, size=24, generator=_draws()), found)


# Points -----------------------------------------------------------------------------------------------


def test_a_random_pixel_lies_in_its_region():
    """Whatever is drawn, the point is of the region; x is the column."""
    masks = _masks(200, seed=3)

    points, found = random_pixel(masks, generator=_draws())

    assert found.all()
    assert all(_holds(masks, points))


def test_every_pixel_of_a_region_is_as_likely():
    """Over many draws each of four pixels is hit a quarter of the time."""
    region = torch.zeros(8000, 6, 6, dtype=torch.bool)
    region[:, 1, 2] = region[:, 1, 3] = region[:, 4, 0] = region[:, 5, 5] = True

    points, _ = random_pixel(region, generator=_draws())
    _, counts = points.unique(dim=0, return_counts=True)

    assert (counts / 8000).tolist() == pytest.approx([0.25] * 4, abs=0.02)


def test_an_empty_region_says_so():
    """There is no point in an empty region; the others have theirs."""
    region = torch.cat([_rectangle(2, 3), torch.zeros(1, 16, 16, dtype=torch.bool)])

    points, found = random_pixel(region, generator=_draws())

    assert found.tolist() == [True, False]
    assert points[0].tolist() == [3, 2]


BELOW_ONE = float(np.nextafter(1, 0))
UNIFORM = st.one_of(st.floats(0, BELOW_ONE), st.sampled_from([0.0, 0.5, BELOW_ONE]))


@given(arrays(np.bool_, st.tuples(st.integers(1, 4), st.integers(1, 6), st.integers(1, 7))), UNIFORM)
def test_a_number_picks_the_pixel_of_its_rank(regions, draw):
    """Of a region's n pixels in reading order it is the one at floor(n x draw); an empty region says so."""
    points, found = drawn_pixel(torch.from_numpy(regions), torch.full((len(regions),), draw, dtype=torch.float64))

    assert found.tolist() == regions.any(axis=(1, 2)).tolist()
    for region, (x, y), held in zip(regions, points.tolist(), found, strict=True):
        if held:
            ys, xs = np.nonzero(region)
            nth = int(draw * len(ys))
            assert (x, y) == (xs[nth], ys[nth])


def test_numbers_pick_every_pixel_as_often():
    """1000 evenly spaced numbers over a region of 8 pixels: 125 each, as `random_pixel` gives in the mean."""
    region = _rectangle(slice(3, 5), slice(7, 11)).repeat(1000, 1, 1)

    points, _ = drawn_pixel(region, (torch.arange(1000, dtype=torch.float64) + 0.5) / 1000)

    assert points.unique(dim=0, return_counts=True)[1].tolist() == [125] * 8


def test_the_centre_is_the_pixel_farthest_from_the_border():
    """Of a rectangle it is the middle; the image's edge is a border too."""
    mask = np.zeros((20, 30), bool)
    mask[0:9, 11:16] = True

    y, x = centre(mask)

    assert x == 13
    assert 2 <= y <= 6
    assert centre(np.ones((5, 5), bool)) == (2, 2)


def test_the_centre_lies_on_the_object():
    """The centroid of a ring or a crescent may lie beside it; its centre does not."""
    y, x = np.mgrid[:41, :41] - 20
    ring = (np.hypot(y, x) < 20) & (np.hypot(y - 3, x) > 10)

    assert not ring[20, 20]
    assert ring[centre(ring)]


def test_the_first_of_equal_centres_is_taken():
    """Two pixels of equal depth: the first in reading order."""
    mask = np.zeros((4, 6), bool)
    mask[1, 1] = mask[2, 4] = True

    assert centre(mask) == (1, 1)


# Corrections ------------------------------------------------------------------------------------------


def test_corrections_fall_where_the_mask_is_wrong():
    """The positive click is on what was missed, the negative one on what was invented."""
    true, predicted = _masks(100, seed=1), _masks(100, seed=2)
    missed, invented = true & ~predicted, predicted & ~true
    both = missed.any(dim=(1, 2)) & invented.any(dim=(1, 2))

    points, labels = corrections(predicted[both], true[both], generator=_draws())

    assert both.sum() > 80
    assert (labels == torch.tensor([1, 0])).all()
    assert all(_holds(missed[both], points[:, 0]))
    assert all(_holds(invented[both], points[:, 1]))


def test_a_perfect_mask_is_confirmed_and_bounded():
    """Without errors the positive click is on the object, the negative one in its box grown by 3 pixels."""
    true = _rectangle(slice(6, 9), slice(6, 9)).repeat(300, 1, 1)

    points, labels = corrections(true, true, generator=_draws())
    x, y = points[:, 1].unbind(dim=1)

    assert labels.tolist() == [[1, 0]] * 300
    assert all(_holds(true, points[:, 0]))
    assert all(_holds(~true, points[:, 1]))
    assert (x.min(), x.max(), y.min(), y.max()) == (3, 11, 3, 11)


def test_a_negative_click_needs_a_place_outside_the_object():
    """An object that fills the image has no negative click: its label is -1."""
    true = torch.ones(1, 8, 8, dtype=torch.bool)

    _, labels = corrections(torch.zeros_like(true), true, generator=_draws())

    assert labels.tolist() == [[1, -1]]


def test_draws_do_not_depend_on_the_masks():
    """Whatever was predicted, the generator ends in the same state: one seed means the same draws for all."""
    true = _masks(4)
    generators = [_draws(5) for _ in range(3)]

    for predicted, generator in zip([true, ~true, _masks(4, seed=9)], generators, strict=True):
        corrections(predicted, true, generator=generator)

    states = [generator.get_state() for generator in generators]
    assert torch.equal(states[0], states[1])
    assert torch.equal(states[0], states[2])


def test_equal_masks_and_seeds_give_equal_clicks():
    """A click is a function of masks and generator; another seed clicks elsewhere."""
    true, predicted = _masks(5, seed=1), _masks(5, seed=2)

    first, again, other = (corrections(predicted, true, generator=_draws(seed))[0] for seed in (0, 0, 1))

    assert torch.equal(first, again)
    assert not torch.equal(first, other)


# Corrections by given numbers -------------------------------------------------------------------------


@st.composite
def _two_masks(draw):
    """Predicted and true masks of a few objects, each of which has a pixel."""
    shape = draw(st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 9)))
    kind = draw(st.sampled_from(["any", "perfect", "nothing", "all of it"]))
    true = draw(arrays(np.bool_, shape))
    true[:, draw(st.integers(0, shape[1] - 1)), draw(st.integers(0, shape[2] - 1))] = True
    if kind == "any":
        return draw(arrays(np.bool_, shape)), true
    return {"perfect": true, "nothing": np.zeros_like(true), "all of it": np.ones_like(true)}[kind], true


@given(_two_masks(), st.integers(0, 4), st.integers(0, 2**31))
def test_clicks_fall_only_where_they_should(masks, margin, seed):
    """On what is missed, else on the object; on what is invented, else near the object, else beside it, else not."""
    predicted, true = masks
    draws = torch.rand(len(true), 2, generator=_draws(seed), dtype=torch.float64)

    points, labels = drawn_corrections(torch.from_numpy(predicted), torch.from_numpy(true), margin=margin, draws=draws)

    for mask, object_, clicks, signs in zip(predicted, true, points.int().tolist(), labels.tolist(), strict=True):
        (on_x, on_y), (beside_x, beside_y) = clicks
        missed, invented = object_ & ~mask, mask & ~object_
        near = (
            ndimage.binary_dilation(_boxed(object_), np.ones((3, 3)), iterations=margin) if margin else _boxed(object_)
        )
        near = near & ~object_
        beside = next((region for region in (invented, near, ~object_) if region.any()), None)
        assert (missed if missed.any() else object_)[on_y, on_x]
        assert signs == [1, -1 if beside is None else 0]
        assert beside is None or beside[beside_y, beside_x]


def _boxed(mask):
    """The mask's tight box, filled."""
    filled = np.zeros_like(mask)
    filled[ndimage.find_objects(mask.astype(int))[0]] = True
    return filled


def test_a_click_is_a_function_of_its_number():
    """Clicks of one object are the same alone and among others, and the other click's number does not move it."""
    true, predicted = _masks(5, seed=1), _masks(5, seed=2)
    draws = torch.rand(5, 2, generator=_draws(), dtype=torch.float64)

    together, _ = drawn_corrections(predicted, true, draws=draws)
    alone, _ = drawn_corrections(predicted[3:4], true[3:4], draws=draws[3:4])
    moved, _ = drawn_corrections(predicted, true, draws=torch.stack([draws[:, 0], 1 - draws[:, 1]], dim=1))

    assert torch.equal(together[3:4], alone)
    assert torch.equal(together[:, 0], moved[:, 0])
    assert not torch.equal(together[:, 1], moved[:, 1])


@pytest.mark.parametrize("margin", [1, 3, 6])
def test_the_margin_is_that_of_the_clicks_beside_a_perfect_mask(margin):
    """In training as in scoring: the negative click falls into the box grown by as many pixels, all of it."""
    true = _rectangle(slice(7, 9), slice(7, 9)).repeat(600, 1, 1)
    draws = torch.rand(600, 2, generator=_draws(), dtype=torch.float64)

    for points, _ in (
        corrections(true, true, margin=margin, generator=_draws()),
        drawn_corrections(true, true, margin=margin, draws=draws),
    ):
        x, y = points[:, 1].unbind(dim=1)
        assert (x.min(), x.max(), y.min(), y.max()) == (7 - margin, 8 + margin, 7 - margin, 8 + margin)

"""Masks from a simulated user: how objects are asked for and corrected, and what a known model gets for it."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from seeing_model import CELL, Seeing, shown
from segmentation_examples import a_sample
from skimage.segmentation import relabel_sequential

from tunebook.tasks.promptable_segmentation import interactive
from tunebook.tasks.promptable_segmentation.config import Iterative
from tunebook.tasks.promptable_segmentation.inference import label_map, predict
from tunebook.tasks.promptable_segmentation.sam import SIZES, build
from tunebook.tasks.promptable_segmentation.scores import matches

SIDE = 128
MODES = ("point", "box", "ip", "ib")


def _predicted(model, sample, *, item="one", iterations=8, masks=False, crop=None):
    iterative = Iterative(iterations=iterations, masks=masks)
    how = {"crop": crop, "automatic": False, "iterative": iterative, "device": "cpu"}
    return predict(model, sample.image, sample.label, item=item, **how)


def _scores(arrays, truth):
    return {mode: matches(label_map(arrays, mode, shape=truth.shape, window=SIDE), truth).msa for mode in MODES}


def _same(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def _cells(rows):
    """A label map from its cells."""
    return np.kron(rows, np.ones((CELL, CELL), int)).astype(np.int32)


def _discs(shape):
    """Discs of several sizes beside each other."""
    y, x = np.mgrid[: shape[0] // CELL, : shape[1] // CELL]
    number = y // 12 * 100 + x // 12
    disc = np.hypot(y % 12 - 5, x % 12 - 5) < 2 + number % 4
    return relabel_sequential(_cells(np.where(disc, number + 1, 0)))[0].astype(np.int32)


def _believed(bars=3):
    """Two objects of 20 x 20 cells, and a belief that misses some bars of each and invents as many beside it."""
    truth, belief = np.zeros((64, 64), int), np.zeros((64, 64), int)
    for number, top in ((1, 8), (2, 36)):
        truth[top : top + 20, 8:28] = belief[top : top + 20, 8:28] = number
        for bar in range(bars):
            belief[top + 4 * bar + 2, 10:26] = 0
            belief[top + 4 * bar + 2, 28:44] = number
    return shown(_cells(truth), _cells(belief))


@pytest.fixture(scope="module")
def model():
    return build(SIZES["small"], generator=torch.Generator().manual_seed(0), automatic=False)


# What the answer is worth -----------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(128, 128), (50, 70), (200, 150), (300, 128)])
@pytest.mark.parametrize("iterations", [1, 2, 8])
def test_a_model_that_sees_everything_scores_one(shape, iterations):
    """Point, box, ip and ib, in windows of any number: corrections have nothing to correct and do no harm."""
    truth = _discs(shape)

    found = _scores(_predicted(Seeing(), shown(truth), iterations=iterations), truth)

    assert truth.max() > 5
    assert found == dict.fromkeys(MODES, 1)


@pytest.mark.parametrize("bars", [1, 2, 3])
def test_a_model_that_takes_clicks_at_their_word_is_right_after_as_many_as_it_has_errors(bars):
    """Every correction mends one thing that was missed and one that was invented; then the score is 1."""
    sample = _believed(bars)

    found = [
        _scores(_predicted(Seeing(), sample, iterations=iterations), sample.label) for iterations in range(1, bars + 3)
    ]

    for start, corrected in interactive.STARTS.items():
        values = [one[corrected] for one in found]
        assert values[0] == found[0][start] < 1
        assert values == sorted(values)
        assert [value == 1 for value in values] == [False] * bars + [True, True]
        assert all(one[start] == values[0] for one in found)


def test_one_iteration_is_the_start_alone(model):
    """ip is then point and ib is box, to the bit."""
    arrays = _predicted(model, a_sample(size=100), iterations=1)

    for start, corrected in interactive.STARTS.items():
        assert np.array_equal(arrays[start], arrays[corrected])
        assert np.array_equal(arrays[f"{start}-iou"], arrays[f"{corrected}-iou"])


def test_the_predicted_iou_is_that_of_the_last_mask():
    """The best of the three candidates for a single point, that of the one mask otherwise."""
    arrays = _predicted(Seeing(), _believed())

    found = {mode: arrays[f"{mode}-iou"].tolist() for mode in MODES}
    assert found == {mode: pytest.approx([0.8 if mode == "point" else 0.7] * 2) for mode in MODES}


# How objects are asked --------------------------------------------------------------------------------


def test_prompts_add_up_and_the_start_is_asked_once():
    """Eight questions from a point and eight from a box; each correction is a click on and one beside."""
    model = Seeing()
    _predicted(model, _believed())
    point, box = model.asked[:8], model.asked[8:]

    assert len(box) == 8
    assert all(one["boxes"] is None for one in point)
    assert all(torch.equal(one["boxes"], box[0]["boxes"]) for one in box)
    assert box[0]["points"] is None
    assert point[-1]["labels"].tolist() == [[1] + [1, 0] * 7] * 2
    assert box[-1]["labels"].tolist() == [[1, 0] * 7] * 2
    for asked in (point, box[1:]):
        for before, after in pairwise(asked):
            assert torch.equal(after["points"][:, : before["points"].shape[1]], before["points"])


def test_the_last_mask_is_shown_where_that_is_asked_for():
    """The logits of the last answer, from the first correction on; not at the start, and never without `masks`."""
    showing, without = Seeing(), Seeing()
    _predicted(showing, _believed(), masks=True)
    _predicted(without, _believed())

    assert all(one["masks"] is None for one in without.asked)
    for asked in (showing.asked[:8], showing.asked[8:]):
        assert asked[0]["masks"] is None
        assert all(torch.equal(after["masks"], before["answer"][:, None]) for before, after in pairwise(asked))


def _clicked(model, sample, **how):
    """The clicks on and beside the first object of the last question from a box, as (x, y) of the model's input."""
    _predicted(model, sample, **how)
    points = model.asked[-1]["points"][0]
    return points[0::2], points[1::2]


def test_clicks_fall_within_the_image():
    """What lies beyond an image smaller than its window is no error, and no place to click."""
    truth = _cells(np.ones((20, 20), int))
    truth[:, -CELL:] = 0
    beyond = np.ones_like(truth)

    on, beside = _clicked(Seeing(), shown(truth, beyond), iterations=30)

    assert len(on) == len(beside) == 29
    assert on.max() < 40
    assert beside.max() < 40
    assert (beside[:, 0] >= 38).all()


def test_an_object_that_fills_the_image_has_no_click_beside_it():
    """The label of the place that is left is -1: no prompt."""
    model = Seeing()
    arrays = _predicted(model, shown(np.ones((40, 60), np.int32)))

    assert model.asked[-1]["labels"].tolist() == [[1, -1] * 7]
    assert _scores(arrays, np.ones((40, 60), np.int32)) == dict.fromkeys(MODES, 1)


@pytest.mark.parametrize("crop", [32, 64, 256])
def test_clicks_are_centres_of_the_images_pixels(model, monkeypatch, crop):
    """Whatever the window's scale, a click names a pixel of the image, on the object or beside it."""
    truth = np.zeros((crop, crop), np.int32)
    truth[crop // 4 : crop // 2, crop // 8 : crop // 2] = 1
    asked = []
    monkeypatch.setattr(type(model), "decode", _recording(type(model).decode, asked))

    _predicted(model, shown(truth), crop=crop)

    pixels = (asked[-1]["points"][0] + 0.5) * crop / SIDE - 0.5
    assert torch.equal(pixels, pixels.round())
    x, y = pixels.long().T
    assert torch.from_numpy(truth)[y, x].tolist() == [1, 0] * 7


def _recording(decode, asked):
    def decoding(self, embeddings, **given):
        asked.append(given)
        return decode(self, embeddings, **given)

    return decoding


def test_a_thin_object_is_clicked_at(model, monkeypatch):
    """A line one pixel wide that the decoder's cells cannot hold: every positive click lies on it."""
    truth = np.zeros((256, 256), np.int32)
    truth[101, 20:230] = 1
    asked = []
    monkeypatch.setattr(type(model), "decode", _recording(type(model).decode, asked))

    _predicted(model, shown(truth), crop=256)

    pixels = ((asked[-1]["points"][0] + 0.5) * 2 - 0.5).long()
    assert (pixels[0::2, 1] == 101).all()
    assert (pixels[1::2, 1] != 101).all()


# The same luck for everybody --------------------------------------------------------------------------


def test_asking_again_is_the_same_in_every_bit(model):
    """Whatever the process-wide generators did meanwhile, and whatever was asked in between."""
    first, other = a_sample(size=150), a_sample("fluorescence", size=90, seed=1)

    forwards = [_predicted(model, one, item=item) for item, one in (("a", first), ("b", other))]
    torch.manual_seed(7)
    np.random.seed(7)  # noqa: NPY002  # what must not matter
    backwards = [_predicted(model, one, item=item) for item, one in (("b", other), ("a", first))]

    assert _same(forwards[0], backwards[1])
    assert _same(forwards[1], backwards[0])


@pytest.mark.parametrize("at_once", [1, 2, 5])
def test_objects_at_once_change_nothing(monkeypatch, at_once):
    """The answers of a model that does not round are the same in every bit, however objects are grouped."""
    truth = _discs((140, 60))
    sample = shown(truth, np.roll(truth, (2, 4), axis=(0, 1)))

    together = _predicted(Seeing(), sample)
    monkeypatch.setattr(interactive, "OBJECTS_AT_ONCE", at_once)

    assert truth.max() > 5
    assert _same(_predicted(Seeing(), sample), together)


def test_the_clicks_on_an_object_do_not_depend_on_the_others():
    """Neither on how many there are nor on their order."""
    truth = _discs((128, 128))
    belief = np.roll(truth, (2, 2), axis=(0, 1))
    count = int(truth.max())
    backwards = np.where(truth > 0, count + 1 - truth, 0).astype(np.int32)
    first = np.where(truth == 1, 1, 0).astype(np.int32)

    whole = _clicked(Seeing(), shown(truth, belief))
    alone = _clicked(Seeing(), shown(first, np.where(belief == 1, 1, 0).astype(np.int32)))
    last = Seeing()
    _predicted(last, shown(backwards, np.where(belief > 0, count + 1 - belief, 0).astype(np.int32)))

    assert torch.equal(torch.stack(whole), torch.stack(alone))
    points = last.asked[-1]["points"][-1]
    assert torch.equal(torch.stack(whole), torch.stack([points[0::2], points[1::2]]))


def test_fewer_iterations_click_at_the_same_places():
    """The first corrections of many are those of few."""
    many, few = (_clicked(Seeing(), _believed(), iterations=iterations)[0] for iterations in (8, 4))

    assert torch.equal(many[:3], few)


def test_another_image_and_another_object_have_other_luck():
    """Clicks differ with the item's name, and between objects of one shape."""
    sample = _believed()
    one, other = Seeing(), Seeing()
    _predicted(one, sample, item="one")
    _predicted(other, sample, item="other")

    points = one.asked[-1]["points"]
    assert not torch.equal(points, other.asked[-1]["points"])
    assert not torch.equal(points[0], points[1] - points.new_tensor([0, 2 * 28]))


@given(st.integers(0, 2**31), st.integers(1, 5))
def test_clicks_fall_on_errors_while_there_are_any(seed, bars):
    """Of random beliefs: a positive click is missed when it is made, a negative one invented."""
    rng = np.random.default_rng(seed)
    truth = np.zeros((64, 64), int)
    truth[16:40, 16:40] = 1
    belief = truth.copy()
    for y, x in rng.integers(8, 44, (bars, 2)):
        belief[y : y + 4, x : x + 4] = rng.integers(0, 2)

    model = Seeing()
    _predicted(model, shown(_cells(truth), _cells(belief)), iterations=2)

    cells = ((model.asked[-1]["points"][0] + 0.5) // CELL).int().tolist()
    (on_x, on_y), (beside_x, beside_y) = cells
    assert truth[on_y, on_x] == 1
    assert truth[beside_y, beside_x] == 0
    assert belief[on_y, on_x] == 0 or not (truth > belief).any()
    assert belief[beside_y, beside_x] == 1 or not (belief > truth).any()

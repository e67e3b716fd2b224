"""From images to raw predictions, and from them to label maps."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from skimage.segmentation import relabel_sequential
from torch.nn import functional

from tunebook.images import pixels
from tunebook.tasks.promptable_segmentation.config import Iterative
from tunebook.tasks.promptable_segmentation.inference import label_map, predict
from tunebook.tasks.promptable_segmentation.prompts import boxes
from tunebook.tasks.promptable_segmentation.sam import SIZES, Sam, build
from tunebook.tasks.promptable_segmentation.scores import matches

SIDE = 128
MODES = ("point", "box", "ip", "ib")


@pytest.fixture(scope="module")
def model():
    return build(SIZES["small"], generator=torch.Generator().manual_seed(0), automatic=True)


@pytest.fixture
def asked(monkeypatch) -> list[Mapping[str, Any]]:
    """What every call of encoder and decoder is given."""
    calls: list[Mapping[str, Any]] = []
    encode, decode = Sam.encode, Sam.decode

    def encoding(self, images):
        calls.append({"windows": len(images)})
        return encode(self, images)

    def decoding(self, embeddings, **given):
        calls.append(given)
        return decode(self, embeddings, **given)

    monkeypatch.setattr(Sam, "encode", encoding)
    monkeypatch.setattr(Sam, "decode", decoding)
    return calls


def _image(shape, *, seed=0):
    return np.random.default_rng(seed).uniform(0, 255, (*shape, 3)).astype(np.float32)


def _truth(shape, *places):
    truth = np.zeros(shape, np.int32)
    for number, place in enumerate(places, start=1):
        truth[place] = number
    return truth


def _predicted(model, truth, *, iterations=1, **changes):
    """With one iteration an object is asked twice: by a point and by a box."""
    how = {"crop": None, "automatic": True, "iterative": Iterative(iterations=iterations), "device": "cpu", **changes}
    return predict(model, _image(truth.shape), truth, item="one", **how)


def _perfect(arrays, truth, *, window=SIDE):
    """The same predictions with the true masks as logits, each cut to its object's window."""
    ids = range(1, int(truth.max()) + 1)
    padded = np.pad(truth, ((0, window), (0, window)))
    masks = [
        padded[y : y + window, x : x + window] == number for number, (y, x) in zip(ids, arrays["windows"], strict=True)
    ]
    small = [functional.adaptive_avg_pool2d(torch.from_numpy(mask).float()[None], 64)[0].numpy() for mask in masks]
    logits = np.stack([np.rint(mask * 200 + 28) for mask in small]).astype(np.uint8)
    return {**arrays, **dict.fromkeys(MODES, logits)}


# Raw predictions --------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(128, 128), (50, 70), (200, 150), (129, 40)])
def test_predictions_of_any_size_are_small_integers(model, shape):
    """Maps are as large as the image; every object has a window, four masks and their quality."""
    truth = _truth(shape, np.s_[2:12, 3:9], np.s_[30:48, 20:38], np.s_[-3:, -3:])

    arrays = _predicted(model, truth, iterations=2)

    described = {name: (array.dtype.name, array.shape) for name, array in arrays.items()}
    assert described == {
        "ais": ("uint8", (3, *shape)),
        "windows": ("int32", (3, 2)),
        **dict.fromkeys(MODES, ("uint8", (3, 64, 64))),
        **{f"{mode}-iou": ("float32", (3,)) for mode in MODES},
    }


def test_an_image_without_objects_has_maps_and_no_masks(model, asked):
    """Nothing is asked, and the label maps of the interactive modes are empty."""
    arrays = _predicted(model, np.zeros((60, 64), np.int32))

    assert [set(call) for call in asked] == [{"windows"}]
    assert arrays["ais"].shape == (3, 60, 64)
    for mode in MODES:
        assert (arrays[mode].shape, arrays[f"{mode}-iou"].shape) == ((0, 64, 64), (0,))
        assert not label_map(arrays, mode, shape=(60, 64), window=SIDE).any()


def test_windows_are_embedded_once_for_all_modes(model, asked):
    """Six windows cover 200 x 150 pixels; they are embedded once, whatever is asked of them."""
    truth = _truth((200, 150), *(np.s_[20 * k : 20 * k + 9, 10:30] for k in range(10)))

    _predicted(model, truth, iterations=3)

    assert sum(call.get("windows", 0) for call in asked) == len(pixels.tiles((200, 150), size=128, overlap=64)) == 6
    assert [len(call["image_of"]) for call in asked if "image_of" in call] == [10] * 6


def test_without_automatic_there_are_no_maps(model):
    """The maps are made where they are wanted."""
    assert "ais" not in _predicted(model, _truth((40, 40), np.s_[3:9, 3:9]), automatic=False)


def test_many_objects_are_those_of_few(model):
    """Objects are decoded in batches; what one of them gets does not depend on the others."""
    places = [np.s_[9 * k : 9 * k + 6, 9 * j : 9 * j + 6] for k in range(10) for j in range(10)]
    many, few = (_predicted(model, _truth((100, 100), *places[:count])) for count in (100, 3))

    for mode in MODES:
        assert np.abs(many[mode][:3].astype(int) - few[mode]).max() <= 1
        assert many[f"{mode}-iou"][:3] == pytest.approx(few[f"{mode}-iou"], abs=1e-5)


def test_logits_are_stored_in_eighths(model, monkeypatch):
    """128 is 0; what is beyond the range is cut; the mask of the highest predicted IoU is taken."""
    logits = torch.stack([torch.full((64, 64), value) for value in (1.0, -2.0, 3.3, 99.0)])[None]
    quality = torch.tensor([[0.9, 0.1, 0.8, 0.2]])
    monkeypatch.setattr(Sam, "decode", lambda *_, image_of, **__: (logits, quality))

    arrays = _predicted(model, _truth((40, 40), np.s_[3:9, 3:9]))

    assert np.unique(arrays["box"]).tolist() == [128 + 8]
    assert np.unique(arrays["point"]).tolist() == [128 + 26]  # 3.3 is the best of the three candidates
    assert arrays["point-iou"].tolist() == pytest.approx([0.8])


# Prompts ----------------------------------------------------------------------------------------------


def test_objects_are_asked_by_their_centre_and_their_tight_box(model, asked):
    """One positive point at the pixel farthest from the border, and a box from the first to the last pixel."""
    _predicted(model, _truth((60, 60), np.s_[10:19, 20:25], np.s_[40:41, 50:51]))
    point, box = (call for call in asked if "image_of" in call)

    assert point["points"][:, 0].tolist()[1] == [50, 40]
    assert point["points"][0, 0, 0] == 22
    assert 12 <= point["points"][0, 0, 1] <= 16
    assert point["labels"].tolist() == [[1], [1]]
    assert box["boxes"].tolist() == [[20, 10, 24, 18], [50, 40, 50, 40]]


@pytest.mark.parametrize("crop", [32, 64, 256])
def test_prompts_are_scaled_with_the_window(model, asked, crop):
    """Boxes are those of the resized object, as in training; points are pixel centres of the resized image."""
    scale = SIDE / crop
    truth = _truth((crop, crop), np.s_[8:20, 4:12], np.s_[24:28, 16:32])

    _predicted(model, truth, crop=crop)
    point, box = (call for call in asked if "image_of" in call)

    resized = functional.interpolate(
        torch.from_numpy(truth).double()[None, None], size=(SIDE, SIDE), mode="nearest-exact"
    )
    masks = torch.stack([resized[0, 0] == number for number in (1, 2)])
    assert torch.equal(box["boxes"], boxes(masks))
    for mask, (x, y) in zip(masks, point["points"][:, 0].tolist(), strict=True):
        assert mask[round(y), round(x)]
        assert (x + 0.5) / scale % 1 == 0.5


def _home_truth(truth, arrays):
    """Every object's pixels in its window."""
    padded = np.pad(truth, ((0, SIDE), (0, SIDE)))
    for number, (y, x) in enumerate(arrays["windows"], start=1):
        yield padded[y : y + SIDE, x : x + SIDE] == number


@pytest.mark.parametrize(
    "places",
    [
        [np.s_[60:160, 100:250]],
        [np.s_[5:255, 100:104]],
        [np.s_[100:104, 5:255], np.s_[104:250, 5:9]],
        [np.s_[0:260, 0:260]],
    ],
    ids=["across a border", "longer than a window", "two long ones", "the whole image"],
)
def test_a_prompt_lies_on_its_object_in_its_window(model, asked, places):
    """Also of an object that no window holds whole: point and box are those of the part in its window."""
    truth = _truth((260, 260), *places)

    arrays = _predicted(model, truth)
    point, box = (call for call in asked if "image_of" in call)

    masks = list(_home_truth(truth, arrays))
    assert torch.equal(box["boxes"], boxes(torch.from_numpy(np.stack(masks))))
    for mask, (x, y) in zip(masks, point["points"][:, 0].int().tolist(), strict=True):
        assert mask[y, x]


def test_an_object_that_leaves_its_best_window_empty_is_asked_where_it_is(model, asked):
    """A thin frame around the image: the window that covers most of its box sees nothing of it."""
    truth = np.zeros((260, 260), np.int32)
    truth[:3], truth[-3:], truth[:, :3], truth[:, -3:] = 1, 1, 1, 1

    arrays = _predicted(model, truth)
    point, _ = (call for call in asked if "image_of" in call)

    (mask,) = _home_truth(truth, arrays)
    x, y = point["points"][0, 0].int().tolist()
    assert mask[y, x]


def test_an_object_that_fits_is_held_whole_by_its_window(model):
    """Windows overlap by half, so an object of up to half a window lies in one of them entirely."""
    corners = [(y, x) for y in range(1, 198, 66) for x in range(2, 198, 66)]
    truth = _truth((261, 263), *(np.s_[y : y + 64, x : x + 64] for y, x in corners))

    windows = _predicted(model, truth, automatic=False)["windows"]

    inside = np.array(corners) - windows
    assert (inside >= 0).all()
    assert (inside + 64 <= SIDE).all()


# Label maps -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(128, 128), (50, 70), (200, 150), (300, 128)])
@pytest.mark.parametrize("mode", MODES)
def test_perfect_masks_score_one(model, shape, mode):
    """Logits of the true masks come back as the true instances, across window borders too."""
    truth = _discs(shape)

    found = label_map(_perfect(_predicted(model, truth), truth), mode, shape=shape, window=SIDE)

    assert truth.max() > 5
    assert matches(found, truth).msa == 1
    assert np.array_equal(found > 0, truth > 0)


def _discs(shape):
    """Discs of several sizes beside each other, made of blocks of 2 x 2 pixels: the cells of the decoder."""
    y, x = np.mgrid[: shape[0] // 2, : shape[1] // 2]
    number = y // 12 * 100 + x // 12
    disc = np.hypot(y % 12 - 5, x % 12 - 5) < 2 + number % 4
    return relabel_sequential(np.kron(np.where(disc, number + 1, 0), np.ones((2, 2), int)))[0].astype(np.int32)


def test_logit_zero_is_background(model):
    """A mask is where the logit is above 0; 128 stands for 0."""
    arrays = _predicted(model, _truth((64, 64), np.s_[3:30, 3:30]), automatic=False)

    at, above = (
        label_map({**arrays, "box": np.full((1, 64, 64), value, np.uint8)}, "box", shape=(64, 64), window=SIDE)
        for value in (128, 129)
    )

    assert not at.any()
    assert (above == 1).all()


def test_a_mask_is_painted_in_its_window(model):
    """A mask that fills its window fills that part of the image, and ends with it."""
    arrays = {"box": np.full((1, 64, 64), 200, np.uint8), "windows": np.array([[72, 22]], np.int32)}

    found = label_map(arrays, "box", shape=(190, 145), window=SIDE)

    expected = np.zeros((190, 145), int)
    expected[72:, 22:] = 1
    assert np.array_equal(found, expected)

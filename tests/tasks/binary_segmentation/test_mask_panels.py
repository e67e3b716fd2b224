"""Small pictures of scans with masks."""

from pathlib import Path

import numpy as np
import pytest
from skimage.color import rgb2lab

from tunebook.images.pixels import normalise, read_image
from tunebook.tasks.binary_segmentation import counts
from tunebook.tasks.binary_segmentation.counts import Confusion
from tunebook.tasks.binary_segmentation.panels import FOUND, INVENTED, LEGEND, MISSED, TRUE, caption, panels

SIZE = 32
DEUTERANOPIA = np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]])
PROTANOPIA = np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]])
TRITANOPIA = np.array([[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]])
"""Machado et al. 2009, full severity, on linear RGB."""


def _scene(height=100, width=128):
    """A ramp; one vessel that is found, one that is missed, one that is invented, each one pixel wide."""
    image = np.repeat(np.tile(np.linspace(10, 90, width), (height, 1))[..., None], 3, axis=2).astype(np.uint8)
    truth, probability = np.zeros((height, width), bool), np.full((height, width), 20, np.uint8)
    truth[height // 4] = truth[height // 2] = True
    probability[height // 4] = 200
    probability[3 * height // 4] = 150
    return image, truth, probability


def _shown(threshold=0.5, size=SIZE, **changed):
    image, truth, probability = _scene()
    given = {"image": image, "truth": truth, "probability": probability, **changed}
    return panels("scan", **given, threshold=threshold, size=size)


def _is(panel, colour):
    return (panel == np.array(colour)).all(axis=-1)


def test_three_pictures_and_two_layers_in_order():
    """RGB and grey, of one size, the longest side at most `size`."""
    found = _shown().panels

    assert list(found) == ["image", "truth", "prediction", "mask", "probability"]
    assert [panel.shape for panel in found.values()] == [(25, 32, 3)] * 3 + [(25, 32)] * 2
    assert {panel.dtype for panel in found.values()} == {np.dtype(np.uint8)}


def test_found_missed_and_invented_pixels_have_their_colours():
    """Each where it lies, over the whole width, though it is one of four rows that became one."""
    panel = _shown().panels["prediction"]

    assert np.flatnonzero(_is(panel, FOUND).all(axis=1)).tolist() == [6]
    assert np.flatnonzero(_is(panel, MISSED).all(axis=1)).tolist() == [12]
    assert np.flatnonzero(_is(panel, INVENTED).all(axis=1)).tolist() == [18]
    assert sum(_is(panel, colour).sum() for colour in (FOUND, MISSED, INVENTED)) == 3 * 32


def test_the_true_mask_is_shown_alone_and_as_a_layer():
    """Both true vessels; the layer is 0 and 255."""
    found = _shown().panels

    assert np.flatnonzero(_is(found["truth"], TRUE).any(axis=1)).tolist() == [6, 12]
    assert np.flatnonzero(found["mask"].any(axis=1)).tolist() == [6, 12]
    assert set(np.unique(found["mask"])) == {0, 255}


def test_no_pixel_of_foreground_vanishes():
    """A single pixel anywhere is one pixel of the picture; so is its probability."""
    for row, column in ((0, 0), (57, 93), (99, 127)):
        truth, probability = np.zeros((100, 128), bool), np.zeros((100, 128), np.uint8)
        truth[row, column], probability[row, column] = True, 77
        found = _shown(truth=truth, probability=probability).panels

        assert (found["mask"] > 0).sum() == 1
        assert found["probability"].max() == 77


@pytest.mark.parametrize("threshold", [21 / 255, 0.3, 0.5, 0.7])
def test_colours_are_what_a_slider_over_the_layers_shows(threshold):
    """At every level the two layers alone give the picture of errors."""
    rng = np.random.default_rng(0)
    truth, probability = rng.random((90, 110)) < 0.05, rng.integers(0, 190, (90, 110)).astype(np.uint8)
    found = _shown(threshold, truth=truth, probability=probability).panels
    said, true = found["probability"] / 255 >= threshold, found["mask"] == 255

    np.testing.assert_array_equal(_is(found["prediction"], FOUND), said & true)
    np.testing.assert_array_equal(_is(found["prediction"], INVENTED), said & ~true)
    np.testing.assert_array_equal(_is(found["prediction"], MISSED), ~said & true)


def test_counts_are_of_all_pixels_of_the_scan():
    """Not of the small picture: from the histogram, at the chosen threshold."""
    _, truth, probability = _scene()
    found = _shown(150 / 255)

    assert found.pixels is not None
    assert np.array([found.pixels.background, found.pixels.foreground]).tolist() == (
        counts.histogram(probability, truth).tolist()
    )
    assert found.pixels.threshold == 150 / 255
    assert found.caption == (
        "threshold 0.588: 128 true positive (blue), 128 false positive (yellow), 128 false negative (orange) pixels; "
        "recall 0.50, precision 0.50"
    )


def test_a_scan_without_foreground_says_so():
    """Instead of scores that it does not have."""
    assert caption(Confusion(0, 1200, 0, 9), threshold=1 / 255) == (
        "threshold 0.00392: 0 true positive (blue), 1,200 false positive (yellow), 0 false negative (orange) pixels; "
        "no pixel is foreground"
    )


def test_small_scans_are_enlarged_by_a_whole_factor():
    """Pixels stay squares of one colour."""
    image, truth, probability = _scene(10, 12)
    found = panels("scan", image, truth, probability, threshold=0.5, size=50).panels

    for panel in found.values():
        blocks = panel.reshape(10, 4, 12, 4, -1)
        assert (blocks == blocks[:, :1, :, :1]).all()


def test_the_image_may_be_smaller_than_the_mask():
    """Predictions are brought back to the scan's own size, images are not; another shape of either has no effect."""
    image = _scene()[0]

    assert _shown(image=image[::2, ::2]).panels["prediction"].shape == (25, 32, 3)
    assert _shown(image=image[::8, ::8]).panels["image"].shape == (25, 32, 3)


def test_the_picture_under_the_colours_is_darkened_and_grey():
    """So that the colours stand out whatever the scan looks like."""
    image = np.random.default_rng(0).integers(0, 256, (100, 128, 3)).astype(np.uint8)
    panel = _shown(image=image, truth=np.zeros((100, 128), bool), threshold=1.0).panels["prediction"]

    assert (panel == panel[..., :1]).all()
    assert panel.max() <= 128


@pytest.mark.parametrize("vision", [np.eye(3), DEUTERANOPIA, PROTANOPIA, TRITANOPIA])
def test_colours_are_told_apart_with_any_colour_vision(vision):
    """Each from each other and from the grey under it, by far more than a just noticeable difference (about 2)."""
    colours = np.array([TRUE, FOUND, MISSED, INVENTED, (0, 0, 0), (64, 64, 64)]) / 255
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ vision.T, 0, 1)
    lab = rgb2lab(np.where(seen <= 0.0031308, seen * 12.92, 1.055 * seen ** (1 / 2.4) - 0.055))
    apart = np.linalg.norm(lab[1:4, None] - lab[None, 1:], axis=-1)

    assert apart[apart > 0].min() > 20


def test_the_legend_names_the_colours_of_the_caption():
    """Blue, yellow, orange, and what they stand for."""
    words = caption(Confusion(1, 1, 1, 1), threshold=0.5)

    for colour, meaning in LEGEND.items():
        assert f"{meaning.partition(':')[0]} ({colour})" in words


@pytest.mark.data
def test_the_vessels_of_a_real_scan_stay_whole(data_root: Path):
    """Of the eye scans with vessels, every true pixel has its part in the small mask, and none appears from nowhere."""
    path = min((data_root / "hrf_vessels" / "pages_test" / "images").iterdir())
    image = normalise(read_image(path), "none").astype(np.uint8)
    truth = read_image(path.parents[1] / "masks" / path.name) > 0
    mask = panels(path.stem, image, truth, truth.astype(np.uint8), threshold=1 / 255).panels["mask"] > 0
    rows, columns = (np.repeat(np.arange(small), np.diff(np.arange(small + 1) * large // small))
                     for small, large in zip(mask.shape, truth.shape, strict=True))  # fmt: skip

    assert max(mask.shape) == 256
    assert mask[np.ix_(rows, columns)][truth].all()
    assert mask.sum() <= truth.sum()

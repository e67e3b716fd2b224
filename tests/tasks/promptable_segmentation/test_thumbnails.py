"""Small pictures of images, truth and prediction."""

import numpy as np
from numpy.typing import NDArray

from tunebook.tasks.promptable_segmentation.scores import matches
from tunebook.tasks.promptable_segmentation.thumbnails import INVENTED, MATCHED, MISSED, TRUE, legend, thumbnails


def scene(side: int = 40) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32]]:
    """A grey ramp; one object found, one missed, one invented."""
    image = np.repeat(np.tile(np.linspace(10, 60, side), (side, 1))[..., None], 3, axis=-1).astype(np.float32)
    truth, predicted = np.zeros((side, side), np.int32), np.zeros((side, side), np.int32)
    quarter = side // 4
    truth[:quarter, :quarter] = predicted[:quarter, : quarter - 1] = 8
    truth[:quarter, 2 * quarter : 3 * quarter] = 3
    predicted[2 * quarter : 3 * quarter, :quarter] = 5
    return image, truth, predicted


def holds(panel: NDArray[np.uint8], colour: tuple[int, int, int]) -> bool:
    """Whether any pixel has exactly this colour."""
    return bool((panel == np.array(colour)).all(axis=-1).any())


def test_three_panels_in_order() -> None:
    """Image, truth, prediction; uint8 RGB of one shape."""
    panels = thumbnails(*scene())

    assert list(panels) == ["image", "truth", "prediction"]
    assert {(panel.shape, panel.dtype) for panel in panels.values()} == {((240, 240, 3), np.dtype(np.uint8))}


def test_matched_missed_and_invented_have_their_colours() -> None:
    """Each colour is where its object is, and nowhere else."""
    panel = thumbnails(*scene())["prediction"]
    half = 120

    assert [holds(panel[:half, :half], c) for c in (MATCHED, MISSED, INVENTED)] == [True, False, False]
    assert [holds(panel[:half, half:], c) for c in (MATCHED, MISSED, INVENTED)] == [False, True, False]
    assert [holds(panel[half:], c) for c in (MATCHED, MISSED, INVENTED)] == [False, False, True]


def test_truth_shows_all_true_objects() -> None:
    """Both true objects are outlined, the invented one is not."""
    panel = thumbnails(*scene())["truth"]

    assert [holds(part, TRUE) for part in (panel[:120, :120], panel[:120, 120:], panel[120:])] == [True, True, False]


def test_small_images_are_enlarged_by_a_whole_factor() -> None:
    """Pixels stay squares of one colour; outlines stay one pixel wide."""
    panels = thumbnails(*scene(), size=200)
    blocks = panels["image"].reshape(40, 5, 40, 5, 3)

    assert (blocks == blocks[:, :1, :, :1]).all()
    assert int((panels["truth"][25, :60] == np.array(TRUE)).all(axis=-1).sum()) == 1


def test_large_images_are_reduced() -> None:
    """The longest side is the panel's size, the shape keeps its proportion."""
    image, truth, predicted = scene(120)
    panels = thumbnails(image[:60], truth[:60], predicted[:60], size=48)

    assert {panel.shape for panel in panels.values()} == {(24, 48, 3)}
    assert holds(panels["prediction"], MATCHED)


def test_faint_images_are_stretched() -> None:
    """An image from 10 to 60 uses the whole range."""
    image = thumbnails(*scene())["image"]

    assert (image.min(), image.max()) == (0, 255)


def test_an_image_without_contrast_is_black() -> None:
    """Nothing is divided by zero."""
    nothing = np.zeros((5, 5), np.int32)

    assert not thumbnails(np.full((5, 5, 3), 9, np.uint8), nothing, nothing)["prediction"].any()


def test_the_legend_counts() -> None:
    """The caption says how many of each."""
    _, truth, predicted = scene()

    assert legend(matches(predicted, truth)) == "1 matched (blue), 1 missed (orange), 1 invented (yellow) at IoU 0.5"

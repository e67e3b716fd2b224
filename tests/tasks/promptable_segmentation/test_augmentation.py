"""Training windows changed by chance: what each change does."""

import numpy as np
import pytest

from tunebook.tasks.promptable_segmentation.augmentation import lit, turned, zoomed
from tunebook.tasks.promptable_segmentation.config import Augmentation

RAMP = np.repeat(np.linspace(0, 255, 64 * 64, dtype=np.float32).reshape(64, 64)[..., None], 3, axis=2)
LIGHT = ("brightness", "contrast", "noise", "blur")


def _lit(image=RAMP, number=(0, 0), **how):
    return lit(image, Augmentation(**how), seed=0, number=number)


def test_nothing_is_changed_by_default():
    """The very same pixels, also those out of range, and the window as it is."""
    image = RAMP - 9

    assert _lit(image) is image
    assert zoomed(96, Augmentation(), seed=0, number=(0, 0)) == 96


@pytest.mark.parametrize("name", LIGHT)
def test_values_stay_in_range(name):
    """However strong the change."""
    for step in range(20):
        found = _lit(number=(step, 0), **{name: 1.0})
        assert found.dtype == np.float32
        assert found.shape == RAMP.shape
        assert 0 <= found.min() <= found.max() <= 255


@pytest.mark.parametrize("name", LIGHT)
def test_a_change_is_drawn_for_every_step_and_place(name):
    """The same for the same, and grey stays grey."""
    again, *others = (_lit(number=number, **{name: 0.5}) for number in ((3, 1), (3, 1), (3, 2), (4, 1)))

    assert np.array_equal(again, others[0])
    assert not any(np.array_equal(again, other) for other in others[1:])
    assert np.ptp(again, axis=2).max() == 0


def test_changes_of_light_draw_for_themselves():
    """Blur and contrast do nothing to an even image, and nothing to what the others draw."""
    middle = np.full((16, 16, 3), 128, np.float32)
    alone, among = _lit(middle, brightness=0.2, noise=0.1), _lit(middle, brightness=0.2, noise=0.1, blur=2, contrast=1)

    np.testing.assert_allclose(alone, among, atol=1e-3)
    np.testing.assert_allclose(_lit(middle, noise=0.1).std(), alone.std(), rtol=1e-3)


def test_brightness_is_added():
    """The same number everywhere, of either sign, within the bound."""
    middle = np.full((8, 8, 3), 128, np.float32)
    shifts = [_lit(middle, (step, 0), brightness=0.2) - 128 for step in range(200)]

    assert all(np.ptp(shift) == 0 for shift in shifts)
    found = [shift.flat[0] for shift in shifts]
    assert (min(found), max(found)) == pytest.approx((-51, 51), abs=3)


def test_contrast_keeps_the_mean():
    """Values are stretched about it, by up to e to the bound and down to its inverse."""
    middle = np.clip(RAMP, 100, 150)
    found = [_lit(middle, (step, 0), contrast=0.5) for step in range(200)]
    factors = [np.ptp(image) / 50 for image in found]

    assert all(image.mean() == pytest.approx(middle.mean(), abs=1e-3) for image in found)
    assert (min(factors), max(factors)) == pytest.approx((np.exp(-0.5), np.exp(0.5)), rel=0.03)


def test_noise_has_a_deviation_up_to_its_bound():
    """Around zero."""
    middle = np.full((64, 64, 3), 128, np.float32)
    found = [_lit(middle, (step, 0), noise=0.1) - 128 for step in range(100)]
    deviations = [image[..., 0].std() for image in found]

    assert max(deviations) == pytest.approx(25.5, rel=0.05)
    assert min(deviations) < 2
    assert max(abs(image.mean()) for image in found) < 3


def test_blur_spreads_a_pixel():
    """It keeps the sum, and channels apart."""
    image = np.zeros((33, 33, 3), np.float32)
    image[16, 16, 0] = 255
    found = _lit(image, blur=2.0)

    assert found[..., 0].sum() == pytest.approx(255, rel=1e-3)
    assert 0 < found[16, 17, 0] < found[16, 16, 0] < 255
    assert not found[..., 1:].any()


def test_zoom_multiplies_the_side():
    """By up to e to the bound and down to its inverse, as often as not; a window never vanishes."""
    sides = np.array([zoomed(100, Augmentation(zoom=0.4), seed=0, number=(step, 0)) for step in range(400)])

    assert (sides.min(), sides.max()) == pytest.approx((67, 149), abs=1)
    assert (sides > 100).mean() == pytest.approx(0.5, abs=0.07)
    assert min(zoomed(1, Augmentation(zoom=1), seed=0, number=(step, 0)) for step in range(50)) == 1


def test_every_quarter_turn_occurs_and_the_label_follows():
    """Image and label as one, four ways alike."""
    label = np.arange(16, dtype=np.int32).reshape(4, 4)
    image = np.repeat(label[..., None], 3, axis=2).astype(np.float32)
    how = Augmentation(flips=False, rotations=True)

    corners = []
    for step in range(200):
        picture, truth = turned(image, label, how, flips=(True, True), seed=0, number=(step, 0))
        assert np.array_equal(picture[..., 0], truth)
        corners.append(int(truth[0, 0]))
    assert set(corners) == {0, 3, 12, 15}
    assert min(map(corners.count, set(corners))) > 30

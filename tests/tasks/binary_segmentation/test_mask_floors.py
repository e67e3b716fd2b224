"""The baselines of masks."""

import numpy as np
import pytest

from tunebook.tasks.binary_segmentation.floors import fit, probability, side
from tunebook.tasks.binary_segmentation.scans import Loaded


def _scan(*, foreground, background, share=0.25, name="one"):
    """Grey values of a foreground, in the upper part, and of a background with a little noise."""
    mask = np.zeros((16, 20), bool)
    mask[: int(16 * share)] = True
    noise = np.random.default_rng(0).integers(-3, 4, mask.shape)
    grey = (np.where(mask, foreground, background) + noise).astype(np.uint8)
    return Loaded(name, np.repeat(grey[..., None], 3, axis=2), mask, mask)


SCAN = _scan(foreground=200, background=60)


@pytest.mark.parametrize(("family", "level"), [("black", 0), ("white", 255)])
def test_black_and_white_say_one_thing(family, level):
    """Whatever the training scans and the image."""
    facts = fit(family, [SCAN])

    assert facts == {}
    assert (probability(family, facts, SCAN.image) == level).all()


def test_constant_says_the_share_of_foreground_in_training():
    """Over the pixels of all scans, in 255ths."""
    other = _scan(foreground=200, background=60, share=0.5)
    facts = fit("constant", [SCAN, other])

    assert facts == {"share": 0.375}
    assert (probability("constant", facts, SCAN.image) == round(255 * 0.375)).all()


def test_constant_is_not_black_where_foreground_is_rare():
    """A share that rounds to 0 of 255 is 1; one of 0 is 0."""
    assert (probability("constant", {"share": 1e-4}, SCAN.image) == 1).all()
    assert (probability("constant", {"share": 0.0}, SCAN.image) == 0).all()


@pytest.mark.parametrize(("foreground", "background", "bright"), [(200, 60, 1.0), (60, 200, 0.0)])
def test_otsu_takes_the_side_that_training_scans_say(foreground, background, bright):
    """The bright one or the dark one; then it finds the foreground of scans that are lighter or darker as a whole."""
    facts = fit("otsu", [_scan(foreground=foreground, background=background)])
    lighter = _scan(foreground=foreground + 30, background=background + 30)

    assert facts == {"bright": bright}
    np.testing.assert_array_equal(probability("otsu", facts, lighter.image), lighter.mask * 255)


def test_all_training_scans_have_a_say_on_the_side():
    """Two scans with dark foreground outweigh one with bright foreground."""
    dark = _scan(foreground=60, background=200)

    assert fit("otsu", [SCAN, dark, dark]) == {"bright": 0.0}
    assert fit("otsu", [SCAN, SCAN, dark]) == {"bright": 1.0}


def test_a_black_surround_has_its_part_in_otsus_threshold():
    """With it the threshold separates the surround from the rest; without it two greys."""
    inside = np.where(np.arange(20) < 10, 150, 200).astype(np.uint8)
    alone = np.repeat(np.tile(inside, (8, 1))[..., None], 3, axis=2)
    surrounded = np.concatenate([np.zeros((16, 20, 3), np.uint8), alone])

    assert side(alone, bright=True).sum() == 80
    assert side(surrounded, bright=True).sum() == 160


def test_a_scan_of_one_value_has_no_sides():
    """Nothing is predicted in it, on either side."""
    flat = np.full((4, 5, 3), 90, np.uint8)

    assert not side(flat, bright=True).any()
    assert not side(flat, bright=False).any()

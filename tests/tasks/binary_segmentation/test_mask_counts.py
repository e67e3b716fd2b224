"""Histograms of probabilities, and the scores that follow from them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as reference

from tunebook.tasks.binary_segmentation import counts

SCORES = {
    counts.f1: reference.f1_score,
    counts.precision: reference.precision_score,
    counts.recall: reference.recall_score,
    counts.iou: reference.jaccard_score,
}


@st.composite
def _scan(draw):
    """Probabilities with many ties, and a truth with some foreground."""
    shape = draw(st.tuples(st.integers(1, 8), st.integers(1, 8)))
    levels = st.sampled_from([0, 1, 60, 127, 128, 200, 254, 255])
    truth = draw(arrays(bool, shape))
    truth[draw(st.integers(0, shape[0] - 1)), draw(st.integers(0, shape[1] - 1))] = True
    return draw(arrays(np.uint8, shape, elements=levels)), truth


@given(scan=_scan())
def test_a_histogram_counts_every_pixel_once(scan):
    """Row 0 is the background, row 1 the foreground, and a column a probability."""
    probability, truth = scan
    found = counts.histogram(probability, truth)

    for level in range(256):
        here = probability == level
        assert found[:, level].tolist() == [(here & ~truth).sum(), (here & truth).sum()]


@settings(max_examples=20)
@given(scan=_scan(), level=st.integers(0, 255))
def test_counts_and_scores_are_those_of_scikit_learn(scan, level):
    """Of the pixels that are predicted at a level; 0 where nothing is predicted."""
    probability, truth = scan
    found = counts.at_level(counts.histogram(probability, truth), level)
    true, said = truth.ravel(), (probability >= level).ravel()
    tn, fp, fn, tp = reference.confusion_matrix(true, said, labels=[False, True]).ravel().tolist()

    assert found == counts.Confusion(tp=tp, fp=fp, fn=fn, tn=tn)
    for own, other in SCORES.items():
        assert own(found) == pytest.approx(other(true, said, zero_division=0))


@given(scan=_scan())
def test_average_precision_is_that_of_scikit_learn(scan):
    """On the same 255ths, ties and all."""
    probability, truth = scan
    found = counts.average_precision(counts.histogram(probability, truth))

    assert found == pytest.approx(reference.average_precision_score(truth.ravel(), probability.ravel()))


def test_histograms_of_scans_add_up():
    """The average precision of two scans is that of their pixels together, and not the mean of two."""
    rng = np.random.default_rng(0)
    truths = rng.random((2, 30, 40)) < np.array([0.02, 0.4])[:, None, None]
    said = (rng.integers(0, 200, truths.shape) + 50 * truths).astype(np.uint8)
    parts = [counts.histogram(*scan) for scan in zip(said, truths, strict=True)]
    pooled = counts.average_precision(parts[0] + parts[1])

    assert pooled == pytest.approx(reference.average_precision_score(truths.ravel(), said.ravel()))
    assert abs(pooled - np.mean([counts.average_precision(part) for part in parts])) > 0.005


def test_a_half_is_128_of_255():
    """At 0.5 a pixel is predicted from 128 / 255 on."""
    assert counts.level_of(0.5) == counts.HALF == 128
    assert 127 / 255 < 0.5 <= 128 / 255


def test_the_level_of_a_threshold_is_the_level_it_was_made_from():
    """Division by 255 and what a file keeps of it round nothing away; what lies between levels is the next one."""
    for level in range(256):
        assert counts.level_of(level / 255) == counts.level_of(float(f"{level / 255:.9f}")) == level
    assert counts.level_of(0.501) == 128
    assert counts.level_of(0.503) == 129


def test_without_foreground_nothing_is_defined():
    """Whatever is predicted."""
    said = np.array([[0, 200]], np.uint8)
    found = counts.histogram(said, np.zeros((1, 2), bool))

    assert np.isnan([score(counts.at_level(found, level)) for score in SCORES for level in (1, 255)]).all()
    assert np.isnan(counts.average_precision(found))

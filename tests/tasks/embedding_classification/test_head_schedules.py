"""The learning rate of every step."""

import pytest

from tunebook.tasks.embedding_classification.config import Schedule
from tunebook.tasks.embedding_classification.schedules import factor


def factors(*, epochs=10, steps=4, **schedule):
    how = Schedule(**schedule)
    return [factor(step, steps_per_epoch=steps, epochs=epochs, schedule=how) for step in range(epochs * steps)]


def test_warm_up_is_linear_from_zero():
    """Over a tenth of ten epochs of four steps the rate rises by a quarter a step."""
    assert factors(warmup=0.1)[:5] == [0.25, 0.5, 0.75, 1.0, 1.0]


def test_warm_up_lasts_five_epochs_at_most():
    """However long the training is."""
    found = factors(epochs=100, steps=2, warmup=0.5, name="constant")

    assert found[8] < 1
    assert found[9:] == [1.0] * 191


def test_cosine_ends_at_final():
    """Halfway it is between one and final; the last step is a step away from final, and none rises."""
    found = factors(warmup=0, final=0.1, epochs=100)

    assert found[200] == pytest.approx(0.55)
    assert found[-1] == pytest.approx(0.1, abs=1e-4)
    assert found == sorted(found, reverse=True)


def test_constant_stays():
    """Without warm-up every step has the whole rate."""
    assert set(factors(warmup=0, name="constant")) == {1.0}

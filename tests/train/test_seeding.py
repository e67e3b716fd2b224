"""Named generators."""

import numpy as np
import pytest
import torch

from tunebook.train.seeding import deterministic, generator, numpy_generator


def _torch(*name):
    return torch.rand(4, generator=generator(*name)).tolist()


def _numpy(*name):
    return numpy_generator(*name).random(4).tolist()


@pytest.mark.parametrize("draw", [_torch, _numpy])
def test_a_name_decides_the_draws(draw):
    """Equal names draw the same; another seed, stream or number draws something else."""
    names = [(0, "order"), (1, "order"), (0, "prompts"), (0, "order", 1), (0, "order", 1, 2), (0, "order", 12)]

    assert [draw(*name) for name in names] == [draw(*name) for name in names]
    assert len({tuple(draw(*name)) for name in names}) == len(names)


def test_the_draws_are_the_same_everywhere():
    """Pinned numbers: another machine or version that draws otherwise trains otherwise."""
    assert torch.randint(1000, (4,), generator=generator(0, "order", 3)).tolist() == [109, 451, 432, 690]
    assert numpy_generator(0, "order", 3).integers(1000, size=4).tolist() == [329, 292, 790, 190]


def test_the_process_wide_generators_are_left_alone():
    """Neither NumPy's nor torch's moves."""
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002  # looked at, not drawn from
    generator(0, "order")
    numpy_generator(0, "order")

    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()  # noqa: NPY002


def test_deterministic_sets_threads_and_operations():
    """Torch then refuses operations that do not repeat."""
    threads = torch.get_num_threads()
    try:
        deterministic(threads=1, device="cpu")

        assert torch.get_num_threads() == 1
        assert torch.are_deterministic_algorithms_enabled()
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(False)
        torch.utils.deterministic.fill_uninitialized_memory = True

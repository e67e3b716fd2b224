"""Parts of the image encoder."""

import pytest
import torch
from sam_examples import numbers

from tunebook.tasks.promptable_segmentation.sam.image_encoder import (
    attend_with_bias,
    attend_with_flash,
    join_windows,
    relative,
    split_windows,
)


@pytest.mark.parametrize(("height", "width"), [(4, 4), (3, 5)])
def test_both_forms_of_attention_agree(height, width):
    """The fused kernel with further channels gives what the written-out bias gives, gradients too."""
    draw = numbers(0)
    q, k, v = (torch.randn(2, 3, height * width, 8, generator=draw).requires_grad_() for _ in range(3))
    rows, columns = (torch.randn(n, n, 8, generator=draw).requires_grad_() for n in (height, width))
    given = (q, k, v, rows, columns)
    plain, fused = attend_with_bias(*given), attend_with_flash(*given)

    torch.testing.assert_close(plain, fused, atol=1e-5, rtol=1e-5)
    weights = torch.randn(plain.shape, generator=draw)
    for one, other in zip(*(torch.autograd.grad(out, given, weights) for out in (plain, fused)), strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("side", [2, 3, 4, 7])
def test_windows_join_to_what_was_split(side):
    """Whatever the padding."""
    tokens = torch.randn(2, 6, 5, 3, generator=numbers(0))
    windows = split_windows(tokens, side)

    assert windows.shape[1:] == (side, side, 3)
    assert torch.equal(join_windows(windows, side, height=6, width=5), tokens)


def test_relative_counts_from_the_farthest_key_after_the_query():
    """Query i and key j take the table's row i - j + side - 1."""
    table = torch.arange(5.0)[:, None]

    assert relative(table, 3)[..., 0].tolist() == [[2, 1, 0], [3, 2, 1], [4, 3, 2]]

"""Matrix products into given memory, and whether they treat all rows alike."""

import functools
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

PANEL = 16
"""Rows of a panel at least: a product with so many costs little more than one with a single row, so a run alone is
given a panel too, and its bits never depend on how many share it."""


@dataclass(frozen=True)
class Products:
    """Products in the precision of the run. `halved`: factors rounded to bfloat16."""

    halved: bool = False

    def product(
        self,
        left: Float[Tensor, "rows inner"],
        right: Float[Tensor, "inner columns"],
        out: Float[Tensor, "rows columns"],
        *,
        times: float = 1.0,
    ) -> None:
        """Write times · left · right."""
        if self.halved:
            out.copy_(torch.mm(left.bfloat16(), right.bfloat16()))
            if times != 1.0:
                out.mul_(times)
        elif times == 1.0:
            torch.mm(left, right, out=out)
        else:
            out.addmm_(left, right, beta=0, alpha=times)


@functools.cache
def alike(products: Products, *, rows: int, inner: int, columns: int, device: torch.device, dtype: torch.dtype) -> bool:
    """Whether every row of a product has the same bits wherever it stands among `rows`.

    It is tried, with the given shapes on the given device: kernels do not promise it, and one that treats the last rows
    of a matrix otherwise would make a run depend on its place in a panel. A kernel's order of additions depends on
    shapes, not on numbers, so one trial decides.
    """
    draws = torch.Generator().manual_seed(0)
    left = torch.randn(rows, inner, generator=draws).to(device, dtype)
    right = torch.randn(columns, inner, generator=draws).to(device, dtype).t()
    found = [_rolled(products, left, right, shift) for shift in range(rows)]
    return all(torch.equal(found[0], other) for other in found[1:])


def _rolled(products: Products, left: Tensor, right: Tensor, shift: int) -> Tensor:
    out = left.new_empty(left.shape[0], right.shape[1])
    products.product(left.roll(shift, 0), right, out)
    return out.roll(-shift, 0)

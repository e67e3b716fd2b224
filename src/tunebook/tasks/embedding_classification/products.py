"""Matrix products into given memory, and whether they treat all rows alike."""

import functools
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

ROWS = 4
"""Rows of a product of linear heads are filled up to a multiple of so many, those of a run alone too.

Of fewer rows, or of another number in double precision, MKL's kernels add in another order; a product of 4 rows takes
1.5 to 2 times as long as one of a single row, one of 16 rows 3 to 4 times.
"""


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
def alike(
    products: Products, *, few: int, rows: int, inner: int, columns: int, device: torch.device, dtype: torch.dtype
) -> bool:
    """Whether every row of a product has the same bits wherever it stands, among `rows` or among `few` of them.

    It is tried, with the given shapes on the given device: kernels do not promise it, and one that treats the last rows
    of a matrix otherwise would make a run depend on its place in a panel. A kernel's order of additions depends on
    shapes, not on numbers, so one trial decides.

    Args:
        few: A divisor of `rows`.
    """
    draws = torch.Generator().manual_seed(0)
    left = torch.randn(rows, inner, generator=draws).to(device, dtype)
    right = torch.randn(columns, inner, generator=draws).to(device, dtype).t()
    found = _product(products, left, right)
    moved = (_product(products, left.roll(shift, 0), right).roll(-shift, 0) for shift in range(1, few))
    pieces = torch.cat([_product(products, piece, right) for piece in left.split(few)])
    return all(torch.equal(found, other) for other in (*moved, pieces))


def _product(products: Products, left: Tensor, right: Tensor) -> Tensor:
    out = left.new_empty(left.shape[0], right.shape[1])
    products.product(left, right, out)
    return out

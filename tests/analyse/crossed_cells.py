"""Cells made of arrays of seeds and items, for the tests of what is compared."""

import numpy as np
from study_tables import AIS, a_row, a_run

from tunebook.analyse import Cell, cell


def scored(*values: float, first: int = 0) -> Cell:
    """A cell of one run for each value, by seed."""
    runs = [a_run(seed, val=value) for seed, value in enumerate(values, start=first)]
    return cell(a_row("a", *runs), metric=AIS, split="val")


def fixed(value: float) -> Cell:
    """A cell that no seed can change."""
    return cell(a_row("floor", a_run(None, val=value)), metric=AIS, split="val")


def itemised(values: np.ndarray, *, prefix: str = "cell", seeds: bool = True) -> Cell:
    """A cell of seeds x items; without seeds it has one row."""
    runs = [
        a_run(
            seed if seeds else None,
            val=float(np.mean(row)),
            items={(AIS, "val"): {f"{prefix}-{at:02}": value for at, value in enumerate(row.tolist())}},
        )
        for seed, row in enumerate(values)
    ]
    return cell(a_row("a", *runs), metric=AIS, split="val")


def drawn(
    chance: np.random.Generator, *, k: int, seeds: int, items: int, by_seed: float, by_item: float, both: float
) -> np.ndarray:
    """Configurations x seeds x items of equal true means, with what seeds and items do to all of them."""
    shared = chance.normal(0, 1, (1, seeds, 1)) + chance.normal(0, 1, (1, 1, items))
    own = by_seed * chance.normal(size=(k, seeds, 1)) + by_item * chance.normal(size=(k, 1, items))
    values: np.ndarray = shared + own + both * chance.normal(size=(k, seeds, items))
    return values

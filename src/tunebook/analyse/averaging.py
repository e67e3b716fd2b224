"""Configurations as the unit of evidence: their means over replicates, and where these must be judged in their place.

What other parameters do together is in every replicate of a configuration. Where the runs do not tell it from a term,
replicates that pass for independent runs make it look certain: they repeat one lack of fit, they do not test it.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

import numpy as np

from tunebook.analyse.designs import TINY, Design, Factor, Numbers, Observed, grouped
from tunebook.analyse.projections import basis, centred


def averaged(found: Observed) -> Observed:
    """One score per configuration and case: the mean over its replicates.

    It belongs to all blocks of its replicates in equal parts, so that configurations with the same replicates differ
    in nothing but their parameters, and a lost run does not make its configuration look better or worse.
    """
    design = found.design
    cases = design.case.codes if design.case is not None else (0,) * len(found.values)
    groups = grouped(zip(found.configurations, cases, strict=True))
    members = [np.flatnonzero(groups == group).tolist() for group in range(int(groups.max()) + 1)]
    firsts = [runs[0] for runs in members]
    return replace(
        found,
        values=tuple(float(np.mean([found.values[run] for run in runs])) for runs in members),
        configurations=tuple(found.configurations[first] for first in firsts),
        design=replace(
            design,
            factors=tuple(_at(factor, firsts) for factor in design.factors),
            blocks=tuple(tuple(sorted({block for run in runs for block in design.blocks[run]})) for runs in members),
            case=None if design.case is None else _at(design.case, firsts),
        ),
        replicated=False,
    )


def mixed(design: Design, own: Numbers, given: Numbers, without: Iterable[Factor]) -> bool:
    """Whether what the other factors do together can pass for a term: then replicates are not its error.

    Args:
        own: Orthonormal basis of what the term adds to `given`.
        given: Orthonormal basis of what its model holds beside it.
        without: The factors of the term. Whatever is done without any one of them, the case included, is not it.
    """
    for left_out in without:
        beside = basis(_all_they_do(design, left_out), given)
        if float(np.sum((beside.T @ own) ** 2)) > TINY:
            return True
    return False


@lru_cache(maxsize=64)
def _all_they_do(design: Design, left_out: Factor) -> Numbers:
    """An orthonormal basis of any sum of products of all factors but one."""
    runs = len(design.blocks)
    nothing, found = np.zeros((runs, 0)), np.full((runs, 1), runs**-0.5)
    for factor in [*design.factors, *([] if design.case is None else [design.case])]:
        if factor != left_out:
            products = found[:, :, None] * centred(factor)[:, None, :]
            found = np.hstack([found, basis(products.reshape(runs, -1), found)])
    return basis(found, nothing)


def _at(factor: Factor, runs: Iterable[int]) -> Factor:
    return replace(factor, codes=tuple(factor.codes[run] for run in runs))

"""F tests: the ratio, its tail, and the smallest effect that a design would have shown."""

import math

from tunebook.analyse.designs import TINY, Design
from tunebook.analyse.projections import hardest, left_of

LEVEL = 0.05
"""Share of parameters without effect that a test calls effective."""
POWER = 0.8
"""Share of effects that a test shall find."""


def ratio(explained: float, left: float, df: tuple[int, int], *, total: float) -> float | None:
    """F: (explained / df) / (left / df). Infinite when nothing is left, None when nothing is explained either.

    Args:
        explained, left: Sums of squares. `total`: beside which they are nothing or not.
    """
    if left > TINY * total:
        return (explained / df[0]) / (left / df[1])
    return math.inf if explained > TINY * total else None


def tail(f: float, df: tuple[int, int]) -> float:
    """How often F is larger if the errors are normal and nothing has an effect."""
    from scipy.special import fdtrc  # noqa: PLC0415  a command that judges nothing does not wait for it

    return float(fdtrc(*df, f))


def detectable(design: Design, at: int, df: tuple[int, int], *, sd: float) -> float:
    """The smallest range between level means that an F test finds with 80 % power at 5 %.

    Two levels lie a range d apart, at -d/2 and d/2, the others between them at 0: of all effects with this range the
    one that is hardest to see. F then follows the noncentral F distribution with noncentrality
    ||M x||^2 / sd^2 = d^2 ||M u||^2 / sd^2, where x are the runs' effects, u the same for d = 1, and M takes out
    blocks and all other parameters (balanced, n runs a level: n d^2 / (2 sd^2)). The noncentrality L that gives 80 %
    is found by halving, and d = sd sqrt(L) / ||M u||, for the two levels that are hardest to tell apart. The sd is
    that of the residuals: between runs, of what blocks and parameters do not explain.
    Source: Cohen, Statistical Power Analysis (1988), section 8.2, pattern 1; noncentral F from SciPy.

    Args:
        at: Index of the parameter. `df`: degrees of freedom of its F.
    """
    return sd * math.sqrt(noncentrality(df) / hardest(left_of(design, at))[2])


def noncentrality(df: tuple[int, int]) -> float:
    """Where F exceeds its 5 % point in 80 % of cases."""
    from scipy.special import fdtri, ncfdtr  # noqa: PLC0415  a command that judges nothing does not wait for it

    point = fdtri(*df, 1 - LEVEL)
    low, high = 0.0, 1.0
    while ncfdtr(*df, high, point) > 1 - POWER:
        low, high = high, 2 * high
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if ncfdtr(*df, middle, point) > 1 - POWER else (low, middle)
    return high

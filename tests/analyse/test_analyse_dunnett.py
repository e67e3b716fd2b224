"""Critical values of several comparisons with one."""

import numpy as np
import pytest
from scipy import stats

from tunebook.analyse.dunnett import critical

# Dunnett, 1955, J. Am. Stat. Assoc. 50, table 1a (one-sided, 95 %), as textbooks print it:
# degrees of freedom -> for 1, 2, 3, 4, 5 and 9 comparisons.
PUBLISHED = {
    5: (2.02, 2.44, 2.68, 2.85, 2.98, 3.30),
    6: (1.94, 2.34, 2.56, 2.71, 2.83, 3.12),
    10: (1.81, 2.15, 2.34, 2.47, 2.56, 2.81),
    20: (1.72, 2.03, 2.19, 2.30, 2.39, 2.60),
    60: (1.67, 1.95, 2.10, 2.21, 2.28, 2.48),
    10**6: (1.64, 1.92, 2.06, 2.16, 2.23, 2.42),
}


@pytest.mark.parametrize("df", PUBLISHED)
def test_the_published_table_is_met(df):
    """Dunnett's one-sided 95 % points, to the two digits that are printed."""
    found = [critical(comparisons, df, 0.95) for comparisons in (1, 2, 3, 4, 5, 9)]

    assert np.allclose(found, PUBLISHED[df], atol=0.0051)


def test_it_is_the_quantile_of_a_multivariate_t():
    """With correlations of 1/2, as SciPy integrates it, at other levels too."""
    for comparisons, df, level in ((3, 4, 0.995), (6, 7, 0.955)):
        shape = np.full((comparisons, comparisons), 0.5) + 0.5 * np.eye(comparisons)
        law = stats.multivariate_t(shape=shape, df=df, seed=0)

        assert law.cdf(np.full(comparisons, critical(comparisons, df, level))) == pytest.approx(level, abs=2e-4)


def test_one_comparison_is_students():
    """Exactly, down to one degree of freedom."""
    found = [critical(1, df, 0.975) for df in (1, 2, 29)]

    assert np.allclose(found, stats.t.ppf(0.975, [1, 2, 29]))


def test_more_comparisons_reach_further_and_more_freedom_less_far():
    """Up to as many as a large grid has."""
    by_number = [critical(number, 6, 0.95) for number in (1, 2, 5, 30, 300)]
    by_freedom = [critical(5, df, 0.95) for df in (1, 2, 4, 8, 100)]

    assert by_number == sorted(set(by_number))
    assert by_freedom == sorted(set(by_freedom), reverse=True)

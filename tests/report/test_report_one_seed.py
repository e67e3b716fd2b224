"""A page of runs with one seed each."""

import re
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from study_tables import a_row, a_run, a_table

from tunebook.report import render

SPREAD = re.compile(r"\d ± \d")
"""A mean with its spread, as every score with two replicates or more is printed."""
scores = st.floats(0, 1)


def page(seeds: int, means: list[float]) -> str:
    """The Markdown of a study of so many configurations, each with these scores and so many seeds."""
    rows = [a_row(f"c{at}", *(a_run(seed, val=mean) for seed in range(seeds))) for at, mean in enumerate(means)]
    with tempfile.TemporaryDirectory() as folder:
        return render(a_table(*rows), to=Path(folder)).markdown.read_text()


@given(st.lists(scores, min_size=1, max_size=4))
@settings(max_examples=8)
def test_one_seed_never_has_a_spread(means: list[float]):
    """No ± stands between two numbers, whatever the scores."""
    assert not SPREAD.search(page(1, means))


def test_two_seeds_have_one():
    """What is looked for is what a page prints where there is a spread."""
    assert SPREAD.search(page(2, [0.25, 0.5]))

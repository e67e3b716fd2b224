"""What a study crossed with what, and what its runs can tell apart."""

from itertools import combinations

import numpy as np
import pytest
from crossed_studies import constrained, crossed, grid, judged, noisy
from study_tables import AIS, a_row, a_run, a_table

from tunebook.analyse.designs import Design, alike, observed
from tunebook.analyse.projections import confounded, hardest, left_of, projections, within
from tunebook.records import Table


def design_of(table: Table) -> Design:
    """The design of a study without alternatives."""
    return observed(table, "", metric=AIS, split="val").design


def test_a_run_without_a_factor_belongs_to_all_blocks_that_agree():
    """A run with a fold and no seed lies in the blocks of that fold; a run with neither in all of its case."""
    replicates = [{"fold": fold, "seed": seed} for fold in (0, 1) for seed in (0, 1)] + [{"fold": 1}, {}]
    runs = [a_run(None, val=at / 10, replicate=replicate) for at, replicate in enumerate(replicates)]
    design = design_of(a_table(a_row("a", *runs)))

    assert design.names == ("fold=0 seed=0", "fold=0 seed=1", "fold=1 seed=0", "fold=1 seed=1")
    assert design.blocks == ((0,), (1,), (2,), (3,), (2, 3), (0, 1, 2, 3))


def test_metrics_share_what_a_design_can_tell():
    """Equal designs are worked out once."""
    one, other = (design_of(crossed(constrained(), noisy(seed))) for seed in (0, 1))

    assert projections(one) is projections(other)


@pytest.mark.parametrize(
    ("points", "share"),
    [
        (grid(alpha=(1, 2, 3), rank=(1, 2, 3)), 1.0),
        (constrained(), 1.0),
        ([{"alpha": 1, "rank": 1}, {"alpha": 2, "rank": 1}, {"alpha": 2, "rank": 2}, {"alpha": 3, "rank": 2}], 1.0),
        ([each for each in grid(alpha=(1, 2, 3), rank=(1, 2), lr=(1, 2)) if sum(each.values()) % 3], None),
    ],
    ids=["full grid", "constrained grid", "chain", "two thirds of a grid"],
)
def test_runs_alike_tell_everything_of_two_crossed_parameters(points, share: float | None):
    """With a third parameter and holes, part of what is known comes from comparing runs that differ in more."""
    design = design_of(crossed(points, noisy(0)))
    found = within(design, 0, alike(design, design.factors[0]))

    assert found == pytest.approx(share) if share is not None else 0 < found < 0.9


def test_levels_that_meet_in_no_group_are_not_compared_there():
    """In a Latin square no two runs differ in one parameter alone: runs that are alike tell nothing."""
    points = [{**each, "lr": (each["alpha"] + each["rank"]) % 3} for each in grid(alpha=(1, 2, 3), rank=(1, 2, 3))]
    design = design_of(crossed(points, noisy(0)))

    assert within(design, 0, alike(design, design.factors[0])) == pytest.approx(0, abs=1e-9)


def test_the_hardest_levels_are_those_whose_difference_is_least_of_all():
    """-1/2 on one level and 1/2 on another, less what the other parameters explain of it: the smallest of the pairs."""
    points = [each for each in constrained() if each["alpha"] < 16]
    design = design_of(crossed(points, noisy(0)))
    ranks = np.array([[float(each["rank"] == rank) for rank in (1, 2, 4, 8, 16, 32)] for each in points])
    lengths = {}
    for one, other in combinations((1, 2, 4, 8), 2):
        apart = np.array([(each["alpha"] == other) / 2 - (each["alpha"] == one) / 2 for each in points])
        lengths[one, other] = float(np.linalg.lstsq(ranks, apart, rcond=None)[1][0])
    one, other, square = hardest(left_of(design, 0))
    levels = design.factors[0].levels

    assert square == pytest.approx(min(lengths.values()))
    assert lengths[levels[one], levels[other]] == pytest.approx(square)


def test_a_level_that_stands_in_a_block_of_its_own_is_confounded():
    """A rank that was run with one seed alone cannot be told from that seed."""
    rows = [a_row(f"{rank}", a_run(int(rank > 2), val=rank / 10), parameters={"rank": rank}) for rank in (1, 2, 3, 4)]
    table = a_table(*rows)

    assert (
        confounded(design_of(table), 0) == "rank cannot be judged: the runs do not tell its levels from their blocks."
    )
    assert judged(table).main == ()


def test_bases_are_orthonormal():
    """Squares of projections are sums of squares."""
    found = projections(design_of(crossed(constrained(), noisy(1, lost=0.2), seeds=2, cases=("a", "b"))))

    for each in (found.blocks, found.whole, *found.rest, *found.own):
        assert np.allclose(each.T @ each, np.eye(each.shape[1]))
    assert found.whole.shape[1] == 4 + 6 + 6

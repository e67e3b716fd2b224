"""Whether what one parameter does depends on another."""

import math

import numpy as np
from crossed_studies import constrained, crossed, grid, judged, noisy
from study_tables import AIS

from tunebook.analyse.designs import grouped, observed
from tunebook.analyse.interactions import interactions
from tunebook.analyse.permuting import rearranged
from tunebook.analyse.projections import projections


def interplay(points, *, seeds: int = 1, cases=("",), by: float = 0.0, lost: float = 0.0):
    """A study in which alpha helps with a large rank only, and more in a longer-named data set."""
    score = noisy(6, lost=lost)

    def value(point, case, seed):
        base = score(point, case, seed)
        return None if base is None else base + by * point["alpha"] * (point.get("rank", 1) - 2) * max(1, len(case))

    return crossed(points, value, seeds=seeds, cases=cases)


def test_f_compares_regressions_with_and_without_cells():
    """F, df and eta² of the pair are those of ordinary regressions on dummies of parameters and of cells."""
    table = interplay(constrained(), seeds=3, by=0.0005, lost=0.1)
    runs = [(row, run) for row in table.rows for run in row.runs if (AIS, "val") in run.scores]
    scores = np.array([run.scores[AIS, "val"] for _, run in runs])
    keys = [
        [run.replicate["seed"] for _, run in runs],
        *([row.parameters[name] for row, _ in runs] for name in ("alpha", "rank")),
        [row.configuration for row, _ in runs],
    ]
    seed, alpha, rank, cell = (
        np.array([[float(one == each) for one in sorted(set(key))] for each in key]) for key in keys
    )

    def left(*columns):
        found, _, used, _ = np.linalg.lstsq(np.hstack(columns), scores, rcond=None)
        return np.sum((scores - np.hstack(columns) @ found) ** 2), used

    (sum_of_parts, fewer), (cells, more), (blocks, _) = left(seed, alpha, rank), left(seed, cell), left(seed)
    (found,) = judged(table).interactions

    assert found.df == (more - fewer, len(scores) - more)
    assert math.isclose(found.f, (sum_of_parts - cells) / found.df[0] / (cells / found.df[1]))
    assert math.isclose(found.eta2, (sum_of_parts - cells) / blocks)


def test_an_interaction_is_found_where_there_is_one():
    """Alpha helps with large ranks and harms with small ones."""
    (nothing,) = judged(interplay(grid(alpha=(1, 2, 4), rank=(1, 2, 4)), seeds=3)).interactions
    (something,) = judged(interplay(grid(alpha=(1, 2, 4), rank=(1, 2, 4)), seeds=3, by=0.01)).interactions

    assert something.parameters == ("alpha", "rank")
    assert something.p < 0.01 < nothing.p


def test_a_parameter_that_matters_in_one_data_set_is_said_to():
    """The case is the other side of the pair, called by the field in which cases differ."""
    table = crossed(
        grid(alpha=(1, 2, 4, 8)),
        lambda point, case, seed: len(case) * point["alpha"] / 50 + math.sin(9 * point["alpha"] + 5 * seed) / 50,
        seeds=3,
        cases=("a", "bbbb"),
    )
    (found,) = judged(table).interactions

    assert found.parameters == ("alpha", "data.root")
    assert found.p < 0.01


def test_without_replicates_the_only_pair_cannot_be_judged():
    """The interaction of two parameters is the error itself where each cell has one run."""
    assert judged(interplay(grid(alpha=(1, 2, 4), rank=(1, 2, 4)))).interactions == ()


def test_a_third_parameter_is_error_enough():
    """With three crossed parameters and one seed, every pair can be judged."""
    found = judged(interplay(grid(alpha=(1, 2, 4), rank=(1, 2, 4), lr=(1, 2, 3)), by=0.01)).interactions

    assert [each.parameters for each in found] == [("alpha", "rank"), ("alpha", "lr"), ("rank", "lr")]
    assert [each.p < 0.01 for each in found] == [True, False, False]


def test_a_pair_that_a_third_parameter_mimics_is_left_out():
    """In half of a 2 x 2 x 2 grid each pair is the third parameter; in a Latin square it is in part."""
    half = [each for each in grid(alpha=(1, 2), rank=(1, 2), lr=(1, 2)) if sum(each.values()) % 2]
    square = [{**each, "lr": (each["alpha"] + each["rank"]) % 3} for each in grid(alpha=(1, 2, 3), rank=(1, 2, 3))]

    assert judged(interplay(half, seeds=4)).interactions == ()
    assert judged(interplay(square, seeds=4)).interactions == ()


def test_p_compares_with_regressions_on_rearranged_residuals():
    """Freedman and Lane: F of the residuals of the sum of parts, rearranged within blocks, by ordinary regressions."""
    found = observed(interplay(constrained(), seeds=3), "", metric=AIS, split="val")
    projected = projections(found.design)
    values = np.array(found.values)
    parts, blocks = projected.whole, grouped(found.design.blocks)
    cells = np.array(
        [[float(one == each) for one in sorted(set(found.configurations))] for each in found.configurations]
    )
    residual = values - parts @ (parts.T @ values)
    drawn = np.vstack([residual, rearranged(residual, blocks, np.random.default_rng(5))]).T

    def left(columns):
        return np.sum((drawn - columns @ np.linalg.lstsq(columns, drawn, rcond=None)[0]) ** 2, axis=0)

    f = left(parts) / left(np.hstack([projected.blocks, cells]))
    (judged_here,) = interactions(found, seed=5)

    assert math.isclose(judged_here.p, np.mean(f >= f[0] - 1e-9))
    assert 0.01 < judged_here.p < 0.99

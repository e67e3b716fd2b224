"""What each parameter does."""

import math
from dataclasses import replace

import numpy as np
import pytest
from crossed_studies import constrained, crossed, grid, judged, noisy
from scipy import stats
from study_tables import AIS, a_row, a_run, a_table, failed

from tunebook.analyse import Unavailable
from tunebook.analyse.effects import effects
from tunebook.records import MetricFacts

# alpha, r, ais, box, point, ib, ip of the LoRA-scaling table of livecell-lora, 29 rows (None: `-` on the page).
# Source: "Hyperparameter-Search for PEFT Methods of LIVECell", section LoRA, Scaling Parameter.
LIVECELL = (
    (1, 1, 0.395807, 0.615486, 0.325721, 0.804661, 0.750683),
    (1, 2, 0.389637, 0.615844, 0.325124, 0.806115, 0.76001),
    (1, 4, 0.395916, 0.612913, 0.319702, 0.802269, 0.759263),
    (2, 1, 0.392165, 0.617992, 0.311999, 0.810508, 0.760272),
    (2, 2, 0.39624, 0.618162, 0.323697, 0.809942, 0.759084),
    (2, 4, 0.392891, 0.615925, 0.322978, 0.807443, 0.762258),
    (2, 8, 0.393931, 0.613252, 0.31585, 0.806363, 0.759939),
    (4, 1, 0.394343, 0.613421, 0.323378, 0.796296, 0.739636),
    (4, 2, 0.395642, 0.617249, 0.328365, 0.805607, 0.75684),
    (4, 4, 0.397209, 0.615531, 0.323281, 0.804482, 0.763157),
    (4, 8, 0.391641, 0.6144223, 0.32448, 0.80583, 0.753668),
    (8, 2, 0.396141, 0.614827, 0.314724, 0.804398, 0.760238),
    (8, 4, 0.394748, 0.615699, 0.329198, 0.804913, 0.75928),
    (8, 8, 0.392926, 0.618693, 0.315886, 0.810534, 0.762898),
    (16, 2, 0.393683, 0.617609, 0.319744, 0.808339, 0.761741),
    (16, 4, 0.397685, 0.61206, 0.324873, 0.803977, 0.758423),
    (16, 8, 0.392153, 0.613068, 0.309891, 0.797537, 0.7442),
    (16, 16, 0.388047, 0.609197, 0.31795, 0.79696, 0.749713),
    (16, 32, 0.388334, 0.613198, 0.317615, 0.803437, 0.75849),
    (16, 64, 0.397055, 0.616314, 0.318261, 0.807479, 0.763853),
    (32, 4, 0.395519, 0.61525, 0.327982, 0.807934, 0.764921),
    (32, 8, 0.395654, 0.616085, 0.320207, 0.807549, 0.756795),
    (32, 16, 0.387483, 0.61037, None, 0.802246, None),
    (32, 32, 0.397351, 0.615492, 0.324578, 0.805679, 0.75966),
    (32, 64, 0.393369, None, None, None, None),
    (64, 8, 0.395667, 0.618078, 0.331249, 0.80991, 0.760305),
    (64, 16, 0.386835, None, None, None, None),
    (64, 32, 0.390477, None, 0.323396, None, 0.755243),
    (64, 64, 0.392746, 0.610687, 0.309833, 0.795832, 0.747857),
)
METRICS = ("ais", "box", "point", "ib", "ip")


def livecell(*parameters: str):
    """The published table as a study of one or both of its parameters, one run each."""
    rows = []
    for alpha, rank, *values in LIVECELL:
        scores = {(metric, "test"): value for metric, value in zip(METRICS, values, strict=True) if value is not None}
        point = {name: value for name, value in (("alpha", alpha), ("rank", rank)) if name in parameters}
        rows.append(a_row(f"alpha={alpha} rank={rank}", a_run(None, scores=scores), parameters=point))
    return a_table(*rows, metrics={name: MetricFacts(name, "maximize", "") for name in METRICS})


def dummies(values) -> np.ndarray:
    """One column of zeros and ones for each distinct value."""
    return np.array([[float(value == level) for level in sorted(set(values))] for value in values])


def unexplained(scores: np.ndarray, *columns: np.ndarray) -> tuple[float, int]:
    """Residual sum of squares of a regression on columns, and their rank."""
    together = np.hstack(columns)
    found, _, rank, _ = np.linalg.lstsq(together, scores, rcond=None)
    return float(np.sum((scores - together @ found) ** 2)), int(rank)


@pytest.mark.parametrize(("metric", "f"), [("ais", 0.46), ("box", 0.67), ("point", 0.93), ("ib", 1.04), ("ip", 0.84)])
def test_the_published_f_of_an_idle_alpha_is_found(metric: str, f: float):
    """livecell-lora never passed alpha on; F over its 29 rows is that of reference and SciPy, and p is no finding."""
    (found,) = effects(livecell("alpha"), metric, "test")
    (alpha,) = found.main
    by_level = {}
    for row in livecell("alpha").rows:
        if (metric, "test") in row.runs[0].scores:
            by_level.setdefault(row.parameters["alpha"], []).append(row.runs[0].scores[metric, "test"])
    reference = stats.f_oneway(*by_level.values())

    assert round(alpha.f, 2) == f
    assert math.isclose(alpha.f, reference.statistic)
    assert abs(alpha.p - reference.pvalue) < 0.04


def test_type_two_f_on_a_constrained_grid_is_that_of_statsmodels():
    """Both parameters of livecell-lora: `anova_lm(ols("ais ~ C(alpha) + C(rank)", rows).fit(), typ=2)` of 0.15."""
    (found,) = effects(livecell("alpha", "rank"), "ais", "test")
    alpha, rank = found.main

    assert (alpha.df, rank.df) == ((6, 16), (6, 16))
    assert math.isclose(alpha.f, 0.377866, rel_tol=1e-5)
    assert math.isclose(rank.f, 3.324775, rel_tol=1e-5)
    assert abs(alpha.p - 0.882450) < 0.04
    assert abs(rank.p - 0.025447) < 0.02


def test_f_and_share_compare_regressions_with_and_without_the_parameter():
    """With blocks, losses and a constraint, F and eta² are those of ordinary regressions on dummies."""
    table = crossed(constrained(), noisy(3, rank=0.003, lost=0.2), seeds=2, cases=("a", "b"))
    runs = [(row, run, run.scores[AIS, "val"]) for row in table.rows for run in row.runs if (AIS, "val") in run.scores]
    scores = np.array([value for *_, value in runs])
    block = dummies([(row.case.label, run.replicate["seed"]) for row, run, _ in runs])
    alpha, rank = (dummies([row.parameters[name] for row, *_ in runs]) for name in ("alpha", "rank"))
    (full, used), (without, fewer), (total, _) = (
        unexplained(scores, *columns) for columns in ((block, alpha, rank), (block, alpha), (block,))
    )
    found = judged(table).main[1]

    assert found.df == (used - fewer, len(scores) - used)
    assert math.isclose(found.f, (without - full) / found.df[0] / (full / found.df[1]))
    assert math.isclose(found.eta2, (without - full) / total)


def test_means_of_a_full_grid_are_plain_means():
    """Nothing is adjusted where every level meets every other equally often; the interval is the pooled t interval."""
    table = crossed(grid(alpha=(1, 2, 4), rank=(1, 2)), noisy(1, rank=0.01), seeds=3)
    rank = judged(table).main[1]
    plain = [
        [run.scores[AIS, "val"] for row in table.rows if row.parameters["rank"] == value for run in row.runs]
        for value in (1, 2)
    ]

    assert [level.value for level in rank.levels] == [1, 2]
    assert [level.n for level in rank.levels] == [9, 9]
    assert np.allclose([level.mean for level in rank.levels], np.mean(plain, axis=1))
    assert all(math.isclose(level.high - level.mean, level.mean - level.low) for level in rank.levels)


def test_means_of_a_constrained_grid_are_adjusted():
    """Scores that are exactly a sum of parts give means that differ by those parts, whatever meets what."""
    table = crossed(constrained(), lambda point, case, seed: 0.1 * seed + point["rank"] / 100, seeds=2)
    alpha, rank = judged(table).main

    assert np.allclose([level.mean - alpha.levels[0].mean for level in alpha.levels], 0)
    assert np.allclose(
        [level.mean - rank.levels[0].mean for level in rank.levels], np.array([0, 1, 3, 7, 15, 31, 63]) / 100
    )
    assert rank.f == math.inf
    assert (rank.p, rank.permutations, rank.test) == (0.001, 999, "exact")


def test_the_interval_of_a_mean_is_that_of_a_regression():
    """One parameter, one block: mean ± t sqrt(s² / n), s² pooled over the levels."""
    values = {1: (0.4, 0.42, 0.47), 2: (0.5, 0.53, 0.51)}
    rows = [
        a_row(f"{rank}-{at}", a_run(None, val=value), parameters={"rank": rank})
        for rank in (1, 2)
        for at, value in enumerate(values[rank])
    ]
    (rank,) = judged(a_table(*rows)).main
    pooled = math.sqrt(sum(np.var(each, ddof=1) for each in values.values()) / 2)

    assert math.isclose(rank.levels[0].high, np.mean(values[1]) + stats.t.ppf(0.975, 4) * pooled / math.sqrt(3))
    assert math.isclose(rank.f, stats.f_oneway(*values.values()).statistic)


def test_blocks_are_taken_out_first():
    """However far data sets and seeds lie apart, what the parameters do is judged as if they did not."""
    near, far = (
        crossed(
            grid(alpha=(1, 2, 4), rank=(1, 2, 4)),
            lambda point, case, seed, gap=gap: (
                gap * (len(case) + seed) + math.sin(7 * point["alpha"] + 3 * point["rank"] + seed)
            ),
            seeds=2,
            cases=("a", "bb"),
        )
        for gap in (0.0, 100.0)
    )
    here, there = judged(near), judged(far)

    assert here.blocks == ("a seed=0", "a seed=1", "bb seed=0", "bb seed=1")
    assert np.allclose([each.f for each in here.main], [each.f for each in there.main])
    assert [each.p for each in here.main] == [each.p for each in there.main]


def test_runs_that_agree_to_the_last_digit_are_the_strongest_no_effect():
    """A parameter that never reached training changes no digit: p = 1, and the groups that show it are counted."""
    table = crossed(constrained(), lambda point, case, seed: math.sin(point["rank"] * (seed + 1)), seeds=3)
    alpha, rank = judged(table).main

    assert (alpha.equal, alpha.p, rank.equal) == (3 * 7, 1.0, 0)
    assert rank.p == 0.001


def test_equal_runs_are_no_effect_in_a_torn_table_too():
    """Where a lost run makes F larger than 0 and too few runs share all else to be rearranged, p is 1 all the same."""

    def score(point, case, seed):
        return None if (point["alpha"], point["rank"], seed) == (2, 4, 0) else math.sin(point["rank"] * (seed + 1))

    alpha = judged(crossed(grid(alpha=(1, 2), rank=(1, 2, 4)), score, seeds=2)).main[0]

    assert alpha.f > 0.01
    assert (alpha.test, alpha.equal, alpha.p) == ("residuals", 5, 1.0)


def test_one_equal_pair_is_no_proof():
    """Equal scores of a pair say nothing of a level that no run is compared with on equal terms."""
    square = [{**each, "lr": (each["alpha"] + each["rank"]) % 3} for each in grid(alpha=(1, 2, 3), rank=(1, 2, 3))]
    points = [*square, {"alpha": 2, "rank": 1, "lr": 2}]
    score = noisy(0)
    table = crossed(points, lambda point, case, seed: score(point, case, seed) if point["alpha"] == 3 else 0.4, seeds=2)

    assert judged(table).main[0].equal == 0


def test_a_score_that_nothing_changes_has_no_f():
    """Where all runs have the same score, F is nothing by nothing."""
    found = judged(crossed(grid(alpha=(1, 2, 4), rank=(1, 2, 4)), lambda point, case, seed: 0.3 + 0.1 * seed, seeds=2))

    assert [(each.f, each.p, each.eta2, each.seen) for each in found.main] == [(None, 1.0, 0.0, 0.0)] * 2
    assert [each.equal for each in found.main] == [6, 6]


def test_copies_are_no_replicates():
    """Seeds that change no score are no evidence: F and p are those of one seed."""
    points, score = grid(alpha=(1, 2, 4), rank=(1, 2, 4, 8)), noisy(4)
    values = {tuple(point.values()): score(point, "", 0) for point in points}
    one, three = (
        judged(crossed(points, lambda point, case, seed: values[tuple(point.values())], seeds=seeds))
        for seeds in (1, 3)
    )

    assert (one.runs, three.runs) == (12, 12)
    assert [each.f for each in one.main] == [each.f for each in three.main]
    assert "Replicates change no score" in three.reason


def test_one_seed_is_judged_by_the_other_configurations():
    """Without replicates the error is what the sum of the parameters leaves, and that is said."""
    points = grid(alpha=(1, 2, 4), rank=(1, 2, 4, 8))
    found = judged(crossed(points, noisy(0, rank=0.1)))
    both = judged(crossed(points, noisy(0, rank=0.1), cases=("a", "b")))

    assert [each.df for each in found.main] == [(2, 6), (3, 6)]
    assert found.main[1].p < 0.01 < found.main[0].p
    assert found.reason.startswith("One run per configuration: the error is")
    assert both.reason.startswith("One run per configuration and case: the error is")


def test_a_run_that_no_seed_changes_belongs_to_every_block():
    """It stands in the middle of the seeds of its case, so that the others are not mistaken for better or worse."""
    seeded = [
        a_row(f"{rank}", *(a_run(seed, val=0.5 + seed) for seed in range(3)), parameters={"rank": rank})
        for rank in (1, 2)
    ]
    still = a_row("0", a_run(None, val=1.5), parameters={"rank": 0})
    (rank,) = judged(a_table(*seeded, still)).main

    assert np.allclose([level.mean for level in rank.levels], 1.5)


def test_a_parameter_that_some_configurations_lack_is_judged_among_the_others():
    """dice_smooth is absent where bce_weight is 1; both are judged where they exist, bce_weight at mean smoothness."""
    points = [*grid(bce_weight=(0.0, 0.5), dice_smooth=(1e-6, 1e-4, 1e-2)), {"bce_weight": 1.0}]

    def score(point, case, seed):
        return 0.2 * point["bce_weight"] + 0.01 * math.log10(point.get("dice_smooth", 1e-4)) + 0.1 * seed

    weight, smooth = judged(crossed(points, score, seeds=4)).main

    assert (weight.df[0], smooth.df[0]) == (2, 2)
    assert [level.n for level in smooth.levels] == [8, 8, 8]
    assert np.allclose(np.diff([level.mean for level in weight.levels]), 0.1)
    assert np.allclose(np.diff([level.mean for level in smooth.levels]), 0.02)


def test_parameters_that_change_together_are_not_judged():
    """Nobody can tell what alpha does from what rank does where they never part."""
    points = [{"alpha": 2 * rank, "rank": rank, "lr": lr} for rank in (1, 2, 4) for lr in (1, 2)]
    found = judged(crossed(points, noisy(0), seeds=2))
    alone = judged(crossed([{"alpha": 2 * rank, "rank": rank} for rank in (1, 2, 4, 8)], noisy(0), seeds=2))

    assert [each.parameter for each in found.main] == ["lr"]
    assert "alpha cannot be judged: the runs do not tell it from rank." in alone.reason
    assert "alpha cannot be judged: the runs do not tell it from rank." in found.reason


def test_as_many_levels_as_runs_leave_no_error():
    """One parameter, one run of each value: there is nothing to judge by."""
    found = judged(crossed(grid(lr=(1, 2, 3, 4)), noisy(0)))

    assert found.main == ()
    assert found.reason.startswith("The 4 runs leave no error to judge by")


def test_runs_without_a_value_are_counted():
    """What failed is no part of the judgement, and how much that is stands beside it."""
    lost = judged(
        crossed(
            grid(rank=(1, 2, 4)), lambda point, case, seed: None if point["rank"] + seed == 2 else seed / 9, seeds=3
        )
    )

    assert (lost.runs, lost.reason) == (7, "2 runs have no value and no part in this.")


def test_nothing_to_compare_is_said():
    """No run with a value, one configuration with a value, and no varied parameter at all."""
    points = grid(rank=(1, 2))
    nothing = judged(crossed(points, lambda point, case, seed: None))
    one = judged(crossed(points, lambda point, case, seed: 0.5 if point["rank"] == 1 else None, seeds=2))

    assert nothing.reason == "No run has a value."
    assert one.reason == "1 configuration has a value, and no parameter has two levels among them."
    assert effects(a_table(a_row("a", a_run())), AIS, "val") == Unavailable("no parameter was varied")


def test_alternatives_are_judged_apart():
    """Each by its own rows and parameters; one that varies nothing is left out."""
    table = crossed(grid(rank=(1, 2, 4)), noisy(0), seeds=3)
    rows = [replace(row, alternative="lora") for row in table.rows]
    rows += [a_row(f"lr={lr}", a_run(0), a_run(1, val=0.4), parameters={"lr": lr}, alternative="full") for lr in (1, 2)]
    rows.append(a_row("floor", a_run(None), parameters={"method": "none"}, alternative="floor"))
    found = effects(a_table(*rows), AIS, "val")

    assert [(each.alternative, [effect.parameter for effect in each.main]) for each in found] == [
        ("lora", ["rank"]), ("full", ["lr"]),
    ]  # fmt: skip


def test_only_searched_runs_with_a_value_count():
    """Repeats, other roles, failures and other splits are no part of it."""
    rows = [
        a_row(
            f"{rank}-{at}",
            a_run(0, val=rank / 10 + at / 100),
            a_run(0, val=9.0, repeat=1),
            a_run(7, val=9.0, role="confirm"),
            failed(1),
            parameters={"rank": rank, "at": at},
        )
        for rank in (1, 2, 3)
        for at in (1, 2, 3)
    ]
    found = judged(a_table(*rows))

    assert (found.runs, found.configurations, found.blocks) == (9, 9, ("seed=0",))
    assert np.allclose([level.mean for level in found.main[0].levels], [0.12, 0.22, 0.32])


def test_one_and_true_are_two_levels():
    """Python holds 1 and True for equal; a study does not."""
    found = judged(crossed(grid(on=(True, False, 1), rank=(1, 2, 4)), noisy(0)))

    assert [level.value for level in found.main[0].levels] == [True, False, 1]


def test_a_table_is_judged_the_same_twice():
    """The random rearrangements depend on names alone."""
    table = crossed(constrained(), noisy(8), seeds=2)

    assert judged(table) == judged(table)
    assert judged(table).main[0].p != judged(replace(table, study="another")).main[0].p

"""The benchmark of the sweep trains what it says in every way, and its tables say what was measured."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
ALONE = ["usual", "tuned", "tunebook exact", "tunebook fast"]
"""The ways that Tunebook's own dependencies suffice for, beside scikit-learn."""


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The benchmarks are scripts beside each other."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))


@pytest.fixture(name="plan")
def _plan(tmp_path: Path) -> Any:
    """A plan over 96 rows, one epoch, one seed."""
    from sweep_trials import Plan, synthetic

    rows = synthetic(96)
    for quality, each in rows.items():
        each.save(tmp_path, quality)
    counts = {quality: len(each.x) for quality, each in rows.items()}
    return Plan(tmp_path, counts, epochs=1, batch=32, few=2, agreeing=2, seeds=(0,), hidden=(0, 128))


# Runs -------------------------------------------------------------------------------------------------


def test_the_factorial_has_288_distinct_runs():
    """Of 360 points those without a hidden layer differ in no dropout; beside them stand two lists of 90 runs."""
    from sweep_trials import INPUT, RATES, Plan

    plan = Plan(Path(), {}, epochs=5, batch=64, few=6)
    families = plan.families()

    assert len(plan.sweep()) == len(set(plan.sweep())) == 288
    assert {name: len(set(trials)) for name, trials in families.items()} == {
        "0": 18, "128": 90, "512": 90, "1024": 90, RATES: 90, INPUT: 90,
    }  # fmt: skip


def test_a_block_shares_rows_and_is_no_larger_than_a_cohort():
    """Blocks part the runs into those of one quality, seed after seed."""
    from sweep_trials import Plan, blocks

    plan = Plan(Path(), {}, epochs=5, batch=64, few=6)
    found = list(blocks(plan.sweep()))

    assert [len(block) for block in found] == [64, 64, 16] * 2
    assert all(len({trial.quality for trial in block}) == 1 for block in found)
    assert [sorted({trial.seed for trial in block}) for block in found[:3]] == [[0, 1], [1, 2], [2]]
    assert sorted(trial for block in found for trial in block) == sorted(plan.sweep())


def test_few_runs_are_spread_over_all():
    """A few runs of a family are of both qualities and all hidden units; more than there are is all."""
    from sweep_trials import Plan, spread

    sweep = Plan(Path(), {}, epochs=5, batch=64, few=6).sweep()
    few = spread(sweep, 60)

    assert len(set(few)) == 60
    assert {trial.quality for trial in few} == {"all", "good"}
    assert {trial.hidden for trial in few} == {0, 128, 512, 1024}
    assert sorted(spread(sweep, 999)) == sorted(sweep)


def test_steps_are_counted_with_the_last_short_batch():
    """65 rows in batches of 64 are two steps an epoch."""
    from sweep_trials import Plan, Trial

    plan = Plan(Path(), {"all": 65, "good": 64}, epochs=5, batch=64, few=6)

    assert plan.steps([Trial("all", 0, 0, 1e-3, 0.0)]) == 10
    assert plan.steps([Trial("all", 0, 0, 1e-3, 0.0), Trial("good", 1, 128, 1e-3, 0.5)]) == 15


def test_made_rows_are_standardised_and_good_ones_fewer():
    """Each quality is centred and scaled by its own training rows; validation is the same rows for both."""
    from sweep_trials import synthetic

    rows = synthetic(200)

    assert len(rows["good"].x) < len(rows["all"].x) == 200
    assert all(np.abs(each.x.mean(0)).max() < 1e-5 and each.x.dtype == np.float32 for each in rows.values())
    assert np.array_equal(rows["all"].val_y, rows["good"].val_y)
    assert 0.1 < rows["all"].y.mean() < 0.35


@pytest.mark.data
def test_a_table_is_read_as_the_task_reads_it(data_root: Path):
    """fsdd_embeddings has 1,400 training rows, two thirds of them good, and one digit in ten is positive."""
    from sweep_trials import from_table

    rows = from_table(data_root / "fsdd_embeddings" / "fsdd_embeddings.parquet", positive="3")

    assert rows["all"].x.shape == (1400, 512)
    assert 850 < len(rows["good"].x) < 1000
    assert rows["all"].y.mean() == pytest.approx(0.1)
    assert rows["all"].val_x.shape == (200, 512)


# Ways -------------------------------------------------------------------------------------------------


@given(values=st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=2, max_size=30))
def test_average_precision_is_scikit_learns(values: list[tuple[int, bool]]):
    """With ties and without, wherever something is positive."""
    from sklearn.metrics import average_precision_score
    from sweep_loops import average_precision

    scores = np.array([score for score, _ in values], np.float32)
    true = np.array([truth for _, truth in values], np.float32)
    true[0] = 1

    assert average_precision(scores, true[:, None]) == pytest.approx(average_precision_score(true, scores))


@pytest.mark.parametrize("way", [*ALONE, "scikit-learn"])
def test_a_way_trains_every_run(way: str, plan: Any):
    """What is measured holds the runs, their steps, seconds and a score of each."""
    from sweep_trials import blocks
    from sweep_ways import WAYS, measure

    block = [trial for trial in next(blocks(plan.sweep())) if WAYS[way].can(trial)][:6]
    found = measure(way, block, plan, family="some")

    assert (found.way, found.family, found.runs, found.steps) == (way, "some", len(block), 3 * len(block))
    assert list(found.aps) == block
    assert all(0 < ap <= 1 for ap in found.aps.values())
    assert found.wall > 0
    assert found.cpu > 0


def test_keras_trains_every_run(plan: Any):
    """Keras expresses all runs; it is not among Tunebook's dependencies."""
    pytest.importorskip("keras", reason="Keras is installed by benchmarks/requirements-sweep.txt alone")
    from sweep_trials import INPUT
    from sweep_ways import measure

    block = [plan.sweep()[0], plan.sweep()[-1], plan.families()[INPUT][4]]

    assert list(measure("keras", block[:1], plan).aps) == block[:1]


def test_every_way_learns(tmp_path: Path):
    """On rows that a line tells apart, all ways end with nearly all positives before the others."""
    from sweep_trials import Plan, Trial, standardised
    from sweep_ways import measure

    chance = np.random.default_rng(0)
    truth = np.arange(300)[:, None] % 3 == 0
    x = chance.normal(size=(300, 32)) + 1.5 * truth
    standardised(x[:200], truth[:200], x[200:], truth[200:]).save(tmp_path, "all")
    plan = Plan(tmp_path, {"all": 200}, epochs=4, batch=32, few=2)
    trials = [Trial("all", 0, 0, 1e-2, 0.0), Trial("all", 0, 32, 1e-2, 0.5)]

    for way in ALONE:
        assert min(measure(way, trials, plan).aps.values()) > 0.95


def test_scikit_learn_drops_nothing():
    """It is asked for no run with dropout, so none is measured in its name."""
    from sweep_trials import Trial
    from sweep_ways import WAYS

    assert WAYS["scikit-learn"].can(Trial("all", 0, 128, 1e-3, 0.0))
    assert not WAYS["scikit-learn"].can(Trial("all", 0, 128, 1e-3, 0.5))
    assert not WAYS["scikit-learn"].can(Trial("all", 0, 0, 1e-3, 0.0, input_dropout=True))


# Measuring --------------------------------------------------------------------------------------------


def test_the_clock_counts_children_that_ended():
    """A child that keeps a processor busy is in the CPU time, by the seconds it took."""
    from sweep_peak import Clock, peak_mb

    start = Clock.read()
    busy = "import time\nwhile time.process_time() < 0.2: pass"
    subprocess.run([sys.executable, "-S", "-c", busy], check=True)
    taken = Clock.read().since(start)

    assert taken.cpu >= 0.2
    assert taken.wall >= 0.2
    assert peak_mb() > 1


# Tables -----------------------------------------------------------------------------------------------


def measured(way: str, family: str, *, runs: int, steps: int, cpu: float, round: int = 0) -> Any:
    from sweep_ways import Measured

    return Measured(way, family, round, runs, steps, 2 * cpu, cpu, 100.0, {})


def test_a_ratio_is_taken_round_by_round(plan: Any):
    """A round that is slow for all changes no ratio; the range over rounds stands beside the median."""
    from sweep_tables import lines

    steps = plan.steps(plan.families()["0"])
    found = [
        measured(way, "0", runs=6, steps=steps, cpu=cpu, round=number)
        for number, slow in enumerate((1, 3, 1))
        for way, cpu in (("usual", 8.0 * slow), ("tuned", 4.0 * slow), ("tunebook exact", (1.0 + number) * slow))
    ]
    exact = next(line for line in lines(found, plan) if line.way == "tunebook exact")

    assert str(exact.less["usual"]) == "4 (2.67 to 8)"
    assert str(exact.less["tuned"]) == "2 (1.33 to 4)"
    assert (exact.runs, exact.of, exact.cpu) == (6, 6, 3.0)


def test_few_runs_stand_for_all_by_their_steps(plan: Any):
    """A way measured on a third of a family's steps is said to take three times as long for all of them."""
    from sweep_tables import by_family, lines

    trials = plan.families()["128"]
    few = [
        measured("usual", "128", runs=30, steps=plan.steps(trials), cpu=6.0),
        measured("keras", "128", runs=10, steps=plan.steps(trials) // 3, cpu=4.0),
    ]
    keras = lines(few, plan)[1]

    assert (keras.runs, keras.of) == (10, 30)
    assert keras.cpu == pytest.approx(12.0)
    assert str(keras.less["usual"]) == "0.5"
    assert any("| 10 of 30 |" in line for line in by_family(few, plan))


def test_the_whole_sweep_is_a_sum_where_runs_are_trained_alone(plan: Any):
    """Loops take what their families take together; cohorts what mixed hidden units take; nothing is left out."""
    from sweep_tables import lines
    from sweep_trials import INPUT, WHOLE

    families = plan.families()
    steps = {name: plan.steps(trials) for name, trials in families.items()}
    found = [measured("usual", name, runs=1, steps=steps[name], cpu=5.0) for name in ("0", "128", INPUT)]
    found.append(measured("tunebook fast", WHOLE, runs=36, steps=plan.steps(plan.sweep()), cpu=2.0))
    whole = {line.way: line for line in lines(found, plan) if line.family == WHOLE}
    without = [line for line in lines(found[1:], plan) if line.family == WHOLE]

    assert (whole["usual"].cpu, whole["usual"].of) == (10.0, 36)
    assert str(whole["tunebook fast"].less["usual"]) == "5"
    assert [line.way for line in without] == ["tunebook fast"]


def test_two_processes_are_compared_with_one_per_trial(plan: Any):
    """A trial's process counts as often as there are runs: 9 of 36 in 10 s are 40 s, 8 times those of 5 s."""
    from sweep_rounds import PER_TRIAL, Whole
    from sweep_tables import whole

    found = [
        Whole("tunebook exact", 0, 36, 100, 5.0, 9.0, 300.0, {0: 6, 128: 30}),
        Whole(PER_TRIAL, 0, 9, 25, 10.0, 18.0, 280.0, {0: 2, 128: 7}),
    ]
    text = list(whole(found, plan))

    assert "| **Tunebook, exact** | 36 of 36 | 5.0 | 9.0 | 8 | 300 |" in text
    assert f"| {PER_TRIAL} | 9 of 36 | 40.0 | 72.0 | – | 280 |" in text
    assert text[-1].endswith("2 at 0, 7 at 128.")


def test_agreement_is_judged_over_seeds(plan: Any):
    """Gaps of 0.01 and 0.03 in two seeds are 0.02 with half width 12.706 × 0.01."""
    from sweep_tables import agreement
    from sweep_ways import Measured

    trials = plan.alike()["0"]
    aps = {"usual": (0.5, 0.6), "tuned": (0.51, 0.63)}
    found = [Measured(way, "0", 0, 2, 6, 1, 1, 1, dict(zip(trials, each, strict=True))) for way, each in aps.items()]

    assert "| 0 | tuned PyTorch loop | 2 | 0.5700 | +0.0200 ± 0.1271 |" in list(agreement(found, plan))


# Whole ------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_all_parts_run_in_small(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """Every part prints its table, with a line for each way that can do it, and every measurement is written."""
    from sweep import main
    from sweep_ways import THREADS

    for name in THREADS:
        monkeypatch.setenv(name, "1")  # and as before afterwards
    small = {"rounds": 1, "epochs": 1, "rows": 96, "seeds": 0, "few": 2, "trials": 2, "agreeing": 2}
    options = [word for name, value in small.items() for word in (f"--{name}", str(value))]
    main([*options, "--hidden", "0", "128", "--ways", *ALONE[:3], "--json", str(tmp_path / "found.json")])
    printed, written = capsys.readouterr().out, json.loads((tmp_path / "found.json").read_text())

    assert all(f"## {part}" in printed for part in ("One", "Two", "Peak", "Validation"))
    assert all(f"| {family} | **Tunebook, exact** |" in printed for family in ("0", "128", "whole sweep"))
    assert "| one process per trial | 2 of 36 |" in printed
    assert {each["way"] for each in written["one"]} == {*ALONE[:3]}

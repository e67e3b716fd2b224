"""The benchmarks of the judging and of the page measure what they say, in small."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tunebook.book import Book

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
SMALL = """\
task: promptable-segmentation
base: {data: {root: cells}, model: {weights: tunebook-small}, adapter: {method: lora}}
space: {adapter.alpha: [4, 8], adapter.rank: [4, 8]}
replicates: {seed: 2}
select: {metric: ais.msa, split: val}
report: {metrics: [ais.msa, box.msa], splits: [test]}
"""


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The benchmarks are scripts beside each other."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))


# Random studies ---------------------------------------------------------------------------------------


def test_a_random_study_is_drawn_from_its_number():
    """Equal numbers give equal studies, other numbers others."""
    from random_studies import random_study

    one, again, other = random_study(3), random_study(3), random_study(4)

    assert one.table(seeds=3) == again.table(seeds=3)
    assert one.truth == again.truth
    assert one.table(seeds=3) != other.table(seeds=3)


def test_fewer_seeds_are_the_first_ones():
    """A study seen with two seeds holds the first two runs of each row that it has with five."""
    from random_studies import random_study

    few, many = random_study(3).table(seeds=2), random_study(3).table(seeds=5)

    assert [row.runs for row in few.rows] == [row.runs[:2] for row in many.rows]


def test_a_silent_parameter_changes_no_truth():
    """Configurations that differ in silent parameters alone are truly equal; in others that matter they are not."""
    from random_studies import random_study

    studies = [each for each in map(random_study, range(40)) if {"silent", "matters"} <= set(each.roles.values())]
    heard: dict[object, set[tuple[float, ...]]] = {}
    for study in studies:
        for point, truth in zip(study.points, study.means.tolist(), strict=True):
            values = [value for name, value in point.items() if study.roles[name] == "matters"]
            heard.setdefault((study.name, *values), set()).add(tuple(np.round(truth, 12)))

    assert studies
    assert all(len(each) == 1 for each in heard.values())
    assert len(set().union(*heard.values())) > len(studies)


def test_items_do_not_tell_silent_parameters_apart():
    """Points that differ in silent parameters alone share what they are better at; others do not."""
    from random_studies import _alike

    levels = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])

    assert _alike(levels, ["matters", "silent"]).tolist() == [0, 0, 1, 1]
    assert _alike(levels, ["matters", "mixed"]).tolist() == [0, 1, 2, 3]
    assert _alike(levels, ["silent", "silent"]).tolist() == [0, 0, 0, 0]


def test_values_scatter_about_the_truth():
    """Over many studies, scores rise by as much as the truth does."""
    from random_studies import random_study

    slopes = []
    for study in (each for each in map(random_study, range(150)) if "matters" in each.roles.values()):
        seen = study.values.mean((2, 3))
        seen, true = seen - seen.mean(0), study.means - study.means.mean(0)
        slopes.append(float((seen * true).sum() / (true**2).sum()))

    assert np.mean(slopes) == pytest.approx(1, abs=3 * np.std(slopes) / np.sqrt(len(slopes)))
    assert 0.05 < np.std(slopes) < 2


# Judging ----------------------------------------------------------------------------------------------


def test_without_chance_the_best_is_chosen_and_nothing_is_flattered(monkeypatch: pytest.MonkeyPatch):
    """In a study whose scores are the truth, best-mean loses nothing and the tied set holds the best."""
    import judging
    from random_studies import random_study

    study = next(each for each in map(random_study, range(20)) if "matters" in each.roles.values())
    still = np.broadcast_to(study.means[..., None, None], study.values.shape).copy()
    monkeypatch.setattr(judging, "random_study", lambda number, seed: replace(study, values=still, floor=None))
    found = judging.judged(0, seeds=3)

    assert found.held
    assert found.tied < found.of
    assert found.losses["best-mean"] == pytest.approx(0)
    assert found.flattered == pytest.approx(0, abs=1e-9)


def test_losses_and_flattery_are_above_none():
    """With chance, no choice beats the truly best, and the best mean flatters on average."""
    from judging import RULES, judged

    found = [judged(number, seeds=2) for number in range(6)]

    assert all(each.losses[rule] >= -1e-9 for each in found for rule in RULES)
    assert max(each.losses["most-stable"] for each in found) > 0
    assert np.mean([each.flattered for each in found]) > 0


def test_rates_have_exact_intervals():
    """190 of 200 is 95 % with the interval of Clopper and Pearson, 91.0 to 97.6 %."""
    from judging import Rate

    assert str(Rate(190, 200)) == "95.0% (91.0% to 97.6%) of 200"
    assert Rate(0, 0).interval == (0.0, 1.0)


def test_one_silent_parameter_of_a_study_counts():
    """False effects count the first silent parameter of each study that has one."""
    from judging import Judged, Tested, found_matters, found_silent

    tested = (
        Tested("matters", 0.01, 2.0, "exact"),
        Tested("silent", 0.2, 0, "exact"),
        Tested("silent", 0.01, 0, "exact"),
    )
    study = Judged(("two cases",), True, 1, 2, tested, {}, 0.0)
    none = replace(study, traits=(), tested=tested[:1])

    assert (found_silent([study, none]).hits, found_silent([study, none]).of) == (0, 1)
    assert found_silent([study], trait="incomplete grid").of == 0
    assert (found_matters([study, none], 1.5, np.inf).hits, found_matters([study], 0, 1).of) == (2, 0)


def test_the_tables_name_every_rule_and_every_number_of_seeds():
    """What is printed holds a line for each rule and each number of seeds."""
    from judging import RULES, judged, tables

    printed = "\n".join(tables({seeds: [judged(number, seeds=seeds) for number in range(2)] for seeds in (2, 3)}))

    assert all(f"| {seeds} | {rule} |" in printed for seeds in (2, 3) for rule in RULES)
    assert "| that do nothing: said to matter |" in printed


# Confirming -------------------------------------------------------------------------------------------


def recorded(folder: Path, name: str, values: np.ndarray) -> Path:
    """A table of a grid with two parameters."""
    keys = [f"{one}{other}" for one in range(values.shape[0]) for other in range(values.shape[1])]
    np.savez(folder / f"{name}.npz", keys=np.array(keys), vals=values.reshape(len(keys), -1))
    return folder / f"{name}.npz"


def test_the_pool_is_good_by_its_neighbours(tmp_path: Path):
    """A lucky configuration among bad ones is not in the pool; a bad one among good ones is."""
    from confirming import read

    grid = np.tile(np.arange(5.0), (5, 1))
    grid[0, 0], grid[2, 4] = 10.0, -10.0
    values = np.repeat(grid[..., None], 5, axis=2)
    more, less = (
        read(recorded(tmp_path, "hpobench__made", values), share=0.2),
        read(recorded(tmp_path, "hpolib__made", 10.0**-values), share=0.2),
    )

    assert "00" not in [more.keys[at] for at in more.pool]
    assert "24" in [more.keys[at] for at in more.pool]
    assert set(more.pool) == set(less.pool)


def test_confirming_forgets_the_lucky_seed():
    """A configuration that is the best on the searched seed alone is chosen by it, and not once it is confirmed."""
    from confirming import Plan, choice

    seen = np.array([[2.5, 0.1, 0.1, 0.1], [0.8, 0.7, 0.7, 0.7], *([[0.5, 0.5, 0.5, 0.5]] * 6)])
    ids = [f"configuration-{at}" for at in range(8)]

    assert choice(Plan(8), ids, seen, maximized=True) == ids[0]
    assert choice(Plan(8, 1, 3), ids, seen, maximized=True) == ids[1]
    assert choice(Plan(8, 4), ids, seen, maximized=True) == ids[1]
    assert choice(Plan(8), ids, seen, maximized=False) in ids[2:]


def test_gains_are_read_on_the_held_out_seed(tmp_path: Path):
    """Where seeds agree, the choice among all gains what the best has more than the mean, whatever the plan."""
    from confirming import Plan, gains, read

    values = np.arange(36.0).reshape(6, 6)[..., None] + 100 * np.arange(5)  # a seed is good or bad for all
    found = gains(
        read(recorded(tmp_path, "hpobench__made", values), share=1.0), [Plan(36), Plan(36, 1, 3)], repetition=0
    )

    assert list(found.values()) == [35 - 17.5, 35 - 17.5]


def test_compared_plans_take_as_many_runs():
    """The other plan never takes fewer runs than the one that confirms, and at most one seed's round to even more."""
    from confirming import comparisons

    for seeds in (4, 5):
        for each in comparisons(seeds):
            assert 0 <= each.declared.runs - each.confirmed.runs < each.declared.seeds


def test_gaps_have_students_interval():
    """The mean of 1, 2, 3 is 2 with half width 4.303 / sqrt(3): not told from 0."""
    from confirming import gap

    found = gap(np.array([1.0, 2.0, 3.0]))

    assert (found.mean, found.low) == (2.0, pytest.approx(2 - 4.3027 / 3**0.5, abs=1e-4))
    assert found.verdict == "no difference shown"
    assert gap(np.array([1.0, 1.1, 1.2])).verdict == "better"
    assert gap(-np.array([1.0, 1.1, 1.2])).verdict == "worse"


# Page -------------------------------------------------------------------------------------------------


def test_a_written_book_is_a_study_that_has_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The book of the page's benchmark is decided, with every number of every run, a curve and pictures."""
    import page

    from tunebook import study as conductor

    monkeypatch.setattr(os, "fsync", lambda handle: None)
    runs = page.write_book(tmp_path, text=SMALL, items=2, curve=3)
    book = Book.load(tmp_path)
    with book.look() as ledger:
        table, decision = conductor.table(page.STUDY, ledger, tmp_path), ledger.decision(page.STUDY)
    every = [run for row in table.rows for run in row.runs]

    assert (runs, len(every)) == (8, 8)
    assert decision is not None
    assert all(len(run.scores) == len(page.METRICS) * len(page.SPLITS) for run in every)
    assert {len(items) for run in every for items in run.items.values()} == {2}
    assert all(len(run.curve) == 3 and len(run.pictures) == 2 for run in every)


def test_a_command_is_timed_as_a_whole():
    """Times are of whole processes; the warm-up is not among them."""
    from page import seconds_of

    taken = seconds_of("--help", repeats=1)

    assert len(taken) == 1
    assert taken[0].wall > 0.05
    assert taken[0].processor > 0.05
